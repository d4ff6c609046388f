// A program written in letters, for tests of what is cut where.

import { Inspector } from '../../../src/mpegts/inspect/inspector.js';
import type { Splicer } from '../../../src/mpegts/splice/splicer.js';
import { type ProgramFacts } from '../../../src/mpegts/splice/splicer.js';
import { packetsOf } from './packets-of.js';
import { packet, patSection, pmtSection, section, sectionPackets } from './ts.js';

export const VIDEO = 0x100;
export const AUDIO = 0x101;
export const DATA = 0x102;
export const PMT = 0x1000;
export const SDT = 0x11;
export const NULLS = 0x1fff;
export const NO_TABLES: ProgramFacts = { tables: null, keyPid: -1, pids: [], marksAccess: false };

export const pidOf = (bytes: Uint8Array, at = 0) => ((bytes[at + 1]! & 0x1f) << 8) | bytes[at + 2]!;
export const pidsOf = (bytes: Uint8Array | null) =>
  Array.from({ length: (bytes?.length ?? 0) / 188 }, (_, i) => pidOf(bytes!, i * 188));
export const isAccess = (one: Uint8Array) => (one[3]! & 0x20) !== 0 && one[4]! > 0 && (one[5]! & 0x40) !== 0;
export const starts = (one: Uint8Array) => (one[1]! & 0x40) !== 0;
/** A discontinuity packet: no payload, discontinuity_indicator. */
export const announces = (one: Uint8Array) => (one[3]! & 0x30) === 0x20 && (one[5]! & 0x80) !== 0;

/**
 * A program written in letters: T is PAT and PMT, `*` a random access point, V and v video, A and a audio, D and d data, S
 * another table, n a null packet. Upper case starts a unit. Every packet except tables contains its number.
 */
export class Program {
  readonly inspector = new Inspector();
  readonly sent: Buffer[] = [];
  readonly #counters = new Map<number, number>();
  readonly #pmt: Buffer;

  constructor(isPmtLong = false, tracks = [VIDEO, AUDIO], counter = 0) {
    const types: Record<number, number> = { [VIDEO]: 0x02, [AUDIO]: 0x03, [DATA]: 0x06 };
    const descriptors = isPmtLong ? [0x0a, 250, ...Array<number>(250).fill(7)] : [];
    this.#pmt = pmtSection(tracks.map((pid) => ({ streamType: types[pid]!, pid, descriptors })));
    for (const pid of [0, PMT, SDT, VIDEO, AUDIO, DATA, NULLS]) this.#counters.set(pid, counter);
  }

  #next(pid: number, packets = 1): number {
    const counter = this.#counters.get(pid)!;
    this.#counters.set(pid, (counter + packets) & 0x0f);
    return counter;
  }

  #tables(): Buffer[] {
    const pmt = sectionPackets(PMT, this.#pmt);
    const count = pmt.length / 188;
    const numbered = sectionPackets(PMT, this.#pmt, this.#next(PMT, count));
    return [sectionPackets(0, patSection(PMT), this.#next(0)), ...packetsOf(numbered)];
  }

  #one(letter: string): Buffer {
    if (letter === 'S') return sectionPackets(SDT, section(0x42, [0, 1, 0xc1, 0, 0]), this.#next(SDT));
    const pid = letter === 'n' ? NULLS : 'Aa'.includes(letter) ? AUDIO : 'Dd'.includes(letter) ? DATA : VIDEO;
    const one = packet({
      ...{ pid, counter: this.#next(pid), startsUnit: '*VAD'.includes(letter), randomAccess: letter === '*' },
    });
    one.set([0, 0, 1, 0xbd], letter === '*' ? 6 : 4); // a PES packet in which no random access point is found
    one.writeUInt32BE(this.sent.length, 20);
    return one;
  }

  /** The packets for these letters. */
  make(letters: string): Buffer {
    const made: Buffer[] = [];
    for (const letter of letters) {
      for (const one of letter === 'T' ? this.#tables() : [this.#one(letter)]) {
        made.push(one);
        this.sent.push(one);
      }
    }
    return Buffer.concat(made);
  }

  /** Splits a message after inspecting it as a feed does. */
  split(splicer: Splicer, data: Buffer, atMs = 0) {
    const accessPointOffset = this.inspector.inspect(data);
    const {
      outgoing,
      incoming,
      accessPointOffset: goJoinAt,
    } = splicer.splice(data, accessPointOffset, this.inspector, atMs);
    return {
      outgoing: Buffer.from(outgoing ?? []),
      incoming: Buffer.from(incoming ?? []),
      accessPointOffset: goJoinAt,
    };
  }

  /** A program that has been inspected from its first packet on. */
  static begun(...options: ConstructorParameters<typeof Program>): Program {
    const one = new Program(...options);
    one.inspector.inspect(one.make('T*vAaDd'));
    one.sent.length = 0;
    return one;
  }
}
