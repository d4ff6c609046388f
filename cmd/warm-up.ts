// Runs the whole path once before the first camera comes: uploads through a relay of its own to far ends of its own, on
// this machine's loopback, for about half a second. V8 compiles what turns out to be hot, and does it now, not while
// pictures wait; a relay that cannot pass its own pictures on says so before anybody relies on it.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DEFAULT_SERVER_OPTIONS, startServer } from '../src/api/server.js';
import type { Log } from '../src/log.js';
import { OutputTables } from '../src/mpegts/output-tables.js';
import { PACKET_BYTES } from '../src/mpegts/packet.js';
import { writePcr, writeTimestamp } from '../src/mpegts/timestamp.js';
import { DEFAULT_LIMITS } from '../src/relay/limits.js';
import { Relay } from '../src/relay/relay.js';
import { compileLess } from './compiler.js';

/**
 * Several rounds: how connections end changes what V8 knows of their objects, and what it compiled before is thrown away.
 * Where a round ends, ended uploads and lost links have been seen too.
 */
const ROUNDS_MS = [120, 180, 400];
/** More than the seven objects of a class after which V8 settles their layout. */
const FEEDS = 9;
/** A frame's worth of packets: 10 kB, as a camera at 2 Mbit/s sends. */
const FRAME_PACKETS = 54;
const PIECE_BYTES = 53 * PACKET_BYTES;
const PID = 0x100; // ffmpeg's, of a picture as of a sound
/** Beyond what fits into 32 bits, as stamps may well be. */
const FIRST_TICKS = 2 ** 32;
const NO_BYTES = new Uint8Array(0);
const SILENT: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Exercises the path for about half a second. Whatever goes wrong is logged and does no harm. */
export async function warmUp(log: Log): Promise<void> {
  for (const ms of ROUNDS_MS) await exercise(ms, log);
  compileLess();
}

async function exercise(ms: number, log: Log): Promise<void> {
  const relay = new Relay(DEFAULT_LIMITS, SILENT);
  const links = new Set<Socket>();
  const host = new Host();
  const farEnds = await startFarEnds(links);
  try {
    const server = await startServer(relay, { ...DEFAULT_SERVER_OPTIONS, port: 0 }, SILENT);
    const { port } = farEnds.address() as AddressInfo;
    for (let i = 0; i < FEEDS; i++) await host.setRules(server.port, i, `ws://127.0.0.1:${port}/`);
    const uploads = Array.from({ length: FEEDS }, (_, i) => upload(server.port, `${i}`));
    const sound = upload(server.port, 'sound');
    const cutter = new Cutter();
    const began = performance.now();
    for (let frame = 0; performance.now() - began < ms; frame++) {
      const part = (performance.now() - began) / ms;
      const isPause = part > 0.3 && part < 0.9; // of some: time alone makes tables and PCR due
      const ticks = FIRST_TICKS + (performance.now() - began) * 90 + leapAt(part);
      const picture = makePicture(frame, ticks);
      const cut = frame % 4 === 0 ? 5000 : picture.length; // in a packet, now and then
      const pieces = cutter.push(picture);
      const senders = uploads.filter((_, i) => !isPause || i % 3 > 0);
      for (const [i, socket] of senders.entries()) {
        if (i % 2 === 0) send(socket, picture.subarray(0, cut));
        else for (const piece of pieces) send(socket, piece);
      }
      if (frame % 4 === 0) send(sound, makeSound(frame / 4, ticks));
      if (frame % 8 === 0) relay.look(performance.now()); // what it does once a second
      await nextTurn();
      await nextTurn();
      if (cut === picture.length) continue;
      for (const [i, socket] of senders.entries()) if (i % 2 === 0) send(socket, picture.subarray(cut));
    }
    for (const socket of uploads) socket.end('0\r\n\r\n');
    await once(uploads[0]!, 'close');
    // Cut, not closed: a closing handshake would be waited for.
    for (const socket of [...uploads, sound, ...links]) socket.destroy();
    await Promise.all([server.close(), relay.close()]);
  } catch (error) {
    log.warn('warming up failed', { reason: (error as Error).message });
  } finally {
    host.leave();
    farEnds.close();
    farEnds.closeAllConnections();
  }
}

/** A server that answers WebSocket handshakes (RFC 6455 §4.2.2) and throws away what comes then. */
function startFarEnds(links: Set<Socket>): Promise<Server> {
  const server = createServer();
  server.on('upgrade', (request, socket: Socket) => {
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key'] ?? ''}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.on('error', () => undefined).resume();
    links.add(socket);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** Somebody who sets rules over REST. */
class Host {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  /** A feed goes to a far end as it is, as a stream of its own, and joined with sound. */
  async setRules(port: number, feed: number, destination: string): Promise<void> {
    const streams = { [`stream/${feed}`]: [`${feed}`], [`stream/joined${feed}`]: [`${feed}`, 'sound'] };
    for (const [stream, feeds] of Object.entries(streams)) await this.#post(port, '/api/streams', { stream, feeds });
    for (const [i, stream] of [`${feed}`, ...Object.keys(streams)].entries()) {
      await this.#post(port, '/api/destinations', { id: `${feed}.${i}`, stream, destination });
    }
  }

  async #post(port: number, path: string, body: object): Promise<void> {
    const data = JSON.stringify(body);
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(data) };
    const one = request({ host: '127.0.0.1', port, path, method: 'POST', headers, agent: this.#agent });
    one.end(data);
    const [response] = (await once(one, 'response')) as [IncomingMessage];
    response.resume();
    await once(response, 'end');
  }

  leave(): void {
    this.#agent.destroy();
  }
}

function upload(port: number, feed: string): Socket {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  socket.on('error', () => undefined).resume();
  socket.write(`POST /ts/${feed} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`);
  return socket;
}

/** Where stamps stand at a part of a round, ticks after the clock: a second's pictures in no time, and a start over. */
function leapAt(part: number): number {
  return (part > 0.6 ? -180_000 : 0) + (part > 0.1 ? 63_000 : 0) + (part > 0.8 ? 63_000 : 0);
}

/** Cuts pictures anew, between packets, as a program does that knows nothing of them. */
class Cutter {
  #rest: Buffer = Buffer.alloc(0);

  push(picture: Buffer): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, picture]);
    const pieces: Buffer[] = [];
    while (this.#rest.length >= PIECE_BYTES) {
      pieces.push(this.#rest.subarray(0, PIECE_BYTES));
      this.#rest = this.#rest.subarray(PIECE_BYTES);
    }
    return pieces;
  }
}

/** A chunk, in three writes, as ffmpeg sends it. */
function send(socket: Socket, bytes: Buffer): void {
  socket.write(`${bytes.length.toString(16)}\r\n`);
  socket.write(bytes);
  socket.write('\r\n');
}

const pictureTables = new OutputTables();
pictureTables.describe(PID, NO_BYTES, [{ pid: PID, streamType: 0x02, descriptors: NO_BYTES }]);
const soundTables = new OutputTables();
soundTables.describe(PID, NO_BYTES, [{ pid: PID, streamType: 0x04, descriptors: NO_BYTES }]);

/** Packets as ffmpeg sends a picture at `ticks` (90 kHz): tables now and then, PCR, PTS and DTS, stuffing at the end. */
function makePicture(frame: number, ticks: number): Buffer {
  // Random access points often for a while, and then none: tables are put in for either reason.
  const isAccess = (frame >> 6) % 2 === 0 && frame % 8 === 0;
  const flags = (isAccess ? 0x40 : 0) | (frame % 5 === 4 ? 0 : 0x10); // random_access_indicator, PCR_flag
  const pcr = frame % 32 === 5 ? ticks - 9000 : ticks; // late, now and then
  const stamps = { pts: ticks + 63_000, dts: frame % 7 === 0 ? null : ticks + 59_400 };
  return makeUnit(frame % 3 === 1 ? pictureTables : null, FRAME_PACKETS - (frame % 4), 0xe0, flags, pcr, stamps);
}

/** As {@link makePicture}, a PES packet of sound. */
function makeSound(count: number, ticks: number): Buffer {
  return makeUnit(count % 3 === 0 ? soundTables : null, 3, 0xc0, 0x50, ticks, { pts: ticks + 63_000, dts: null });
}

const counters = new Map<number, number>();

function makeUnit(
  tables: OutputTables | null,
  packets: number,
  streamId: number,
  flags: number,
  ticks: number,
  { pts, dts }: { pts: number; dts: number | null },
): Buffer {
  const head = tables ? tables.length + 2 * PACKET_BYTES : 0;
  const bytes = Buffer.alloc(head + packets * PACKET_BYTES, 0x55);
  if (tables) {
    tables.write(bytes, 0);
    bytes.set([0x47, 0x40, 0x11, 0x10], tables.length); // where an SDT would be
    bytes.set([0x47, 0x1f, 0xff, 0x10], tables.length + PACKET_BYTES); // null packet
  }
  let counter = counters.get(streamId) ?? 0;
  const last = bytes.length - PACKET_BYTES;
  for (let at = head; at <= last; at += PACKET_BYTES) {
    bytes.set([0x47, PID >> 8, PID & 0xff, 0x10 | (counter++ & 0x0f)], at);
    if (at === head) {
      bytes[at + 1]! |= 0x40; // payload_unit_start_indicator
      bytes[at + 3]! |= 0x20; // adaptation_field_control = '11'
      bytes.set([7, flags], at + 4);
      if (flags & 0x10) writePcr(bytes, at, ticks);
      bytes.set([0, 0, 1, streamId, 0, 0, 0x80, dts === null ? 0x80 : 0xc0, 10], at + 12); // PES_header_data_length
      bytes.set(dts === null ? [0x21, 0, 1, 0, 1] : [0x31, 0, 1, 0, 1, 0x11, 0, 1, 0, 1], at + 21);
      writeTimestamp(bytes, at + 21, Math.floor(pts));
      if (dts !== null) writeTimestamp(bytes, at + 26, Math.floor(dts));
      bytes.set([0, 0, 1, flags & 0x40 ? 0xb3 : 0], at + 31); // a sequence header, or a picture
    } else if (at === last) {
      bytes[at + 3]! |= 0x20; // stuffing
      bytes.set([20, 0], at + 4);
    }
  }
  counters.set(streamId, counter);
  return bytes;
}
