// A viewer of a feed, a stream or a topic that reads what the tables say.

import { once } from 'node:events';
import { get } from 'node:http';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { signalledMute } from '../../../src/mpegts/mute/mute-descriptor.js';
import { ProgramReader } from '../../../src/mpegts/psi/program.js';
import { afterTest } from '../cleanup.js';

/** A viewer, and what it has received. */
export class TableViewer {
  readonly pieces: Buffer[] = [];
  /** Packets that are no tables, as PIDs. */
  readonly media: number[] = [];
  /** How many PMTs came. */
  tableCount = 0;
  /** What its PMT said, one by one: the version, and what is muted. */
  readonly said: string[] = [];
  readonly #reader = new ProgramReader();
  #rest = Buffer.alloc(0);

  static async socket(url: string): Promise<TableViewer> {
    const viewer = new TableViewer();
    const socket = new WebSocket(url);
    afterTest(() => socket.terminate());
    socket.on('message', (data: Buffer) => viewer.#take(data));
    await once(socket, 'open');
    return viewer;
  }

  static async http(url: string): Promise<TableViewer> {
    const viewer = new TableViewer();
    const request = get(url, (response) => response.on('data', (data: Buffer) => viewer.#take(data)));
    request.on('error', () => undefined);
    afterTest(() => request.destroy());
    await once(request, 'socket');
    return viewer;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }

  /** What its PMT says is muted: `audio`, `all`, or `-`; undefined: none has come. */
  get mute(): string | undefined {
    return this.said.at(-1)?.split(' ')[1];
  }

  /** Reads what came, packet by packet: what comes is read once. Messages of a topic and pieces of HTTP are not aligned alike. */
  #take(data: Buffer): void {
    this.pieces.push(data);
    const bytes = Buffer.concat([this.#rest, data]);
    let at = 0;
    for (; at + 188 <= bytes.length; at += 188) this.#read(bytes, at);
    this.#rest = bytes.subarray(at);
  }

  #read(bytes: Buffer, at: number): void {
    const hasChanged = this.#reader.push(bytes, at);
    const { pmtPid, program, badSections } = this.#reader;
    const pid = bytes.readUInt16BE(at + 1) & 0x1fff;
    if (pid === pmtPid && (bytes[at + 1]! & 0x40) !== 0) this.tableCount++;
    if (pid !== 0 && pid !== pmtPid) this.media.push(pid);
    expect(badSections).to.equal(0);
    if (!hasChanged || !program) return;
    const next = `${program.version} ${signalledMute(program) ?? '-'}`;
    if (next !== this.said.at(-1)) this.said.push(next);
  }
}
