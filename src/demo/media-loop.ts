// A recording of one track that is played in an endless loop without a discontinuity: continuity counters and time
// stamps go on over its end, as if one ffmpeg had sent it all.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.3.3 (continuity), §2.4.3.5 (PCR), §2.4.3.7 (PTS, DTS).

import {
  adaptationFlags,
  HAS_PCR,
  hasPayload,
  PACKET_BYTES,
  payloadStart,
  PID_COUNT,
  RANDOM_ACCESS,
  readPid,
  startsUnit,
} from '../mpegts/packet/packet.js';
import { stampsOf, startsPes } from '../mpegts/packet/pes.js';
import { readPcr, readTimestamp, ticksAfter, writePcr, writeTimestamp } from '../mpegts/packet/timestamp.js';

const NO_TABLES = new Uint8Array(0);

/** One PES packet of the recording, with the tables in front of it. */
interface LoopUnit {
  readonly from: number;
  to: number;
  readonly dts: number;
  readonly isAccess: boolean;
}

/** Returns units of a recording by number; numbers go on from lap to lap. */
export class MediaLoop {
  /** The distance between units, in 90 kHz ticks: the same everywhere, also across the end of a lap. */
  readonly unitTicks: number;
  /** Units in a lap. */
  readonly count: number;
  /** PTS minus DTS of the first unit, in ticks. */
  readonly leadTicks: number;

  readonly #file: Uint8Array;
  readonly #units: readonly LoopUnit[];
  readonly #tables: Uint8Array;
  readonly #counters = new Uint8Array(PID_COUNT); // of the next packet with payload

  /** @param file whole packets: tables, then one track with evenly spaced units. Throws otherwise. */
  constructor(file: Uint8Array) {
    this.#file = file;
    this.#units = findUnits(file);
    const [first, second] = this.#units;
    if (!first || !second) throw new Error('the recording holds fewer than two units');
    this.count = this.#units.length;
    this.unitTicks = ticksAfter(second.dts, first.dts);
    const isEven = this.#units.every(({ dts }, i) => ticksAfter(dts, first.dts) === i * this.unitTicks);
    if (!isEven || this.unitTicks <= 0) throw new Error('the units of the recording are not evenly spaced');
    let media = 0;
    while (!isMedia(file, media)) media += PACKET_BYTES;
    this.#tables = file.subarray(0, media);
    const pes = payloadStart(file, media);
    this.leadTicks = stampsOf(file, pes) === 2 ? ticksAfter(readTimestamp(file, pes + 9), first.dts) : 0;
  }

  /** Whether unit `number` (from 0 on) is a random access point. */
  isAccess(number: number): boolean {
    return this.#unit(number).isAccess;
  }

  /**
   * A copy of the packets of unit `number`: time stamps as in the recording plus the laps before; counters continue
   * those of the previous call.
   */
  packets(number: number): Uint8Array {
    return this.#copy(number, NO_TABLES);
  }

  /** The same with the tables in front, for a source that starts here. */
  firstPackets(number: number): Uint8Array {
    const isFirstOfLap = this.#unit(number).from === 0; // which has them
    return this.#copy(number, isFirstOfLap ? NO_TABLES : this.#tables);
  }

  #unit(number: number): LoopUnit {
    const unit = this.#units[number % this.count];
    if (!unit) throw new RangeError(`no unit has the number ${number}`);
    return unit;
  }

  #copy(number: number, tables: Uint8Array): Uint8Array {
    const { from, to } = this.#unit(number);
    const later = Math.floor(number / this.count) * this.count * this.unitTicks;
    const out = new Uint8Array(tables.length + to - from);
    out.set(tables);
    out.set(this.#file.subarray(from, to), tables.length);
    for (let at = 0; at < out.length; at += PACKET_BYTES) this.#rewrite(out, at, later);
    return out;
  }

  #rewrite(out: Uint8Array, at: number, later: number): void {
    const pid = readPid(out, at);
    // A packet without payload repeats the counter of the one before it.
    const next = this.#counters[pid] ?? 0;
    const counter = hasPayload(out, at) ? next : next - 1;
    this.#counters[pid] = counter + 1;
    out[at + 3] = ((out[at + 3] ?? 0) & 0xf0) | (counter & 0x0f); // continuity_counter
    if (adaptationFlags(out, at) & HAS_PCR) writePcr(out, at, readPcr(out, at) + later);
    if (!isMedia(out, at)) return;
    const pes = payloadStart(out, at);
    const stamps = stampsOf(out, pes);
    if (stamps > 0) writeTimestamp(out, pes + 9, readTimestamp(out, pes + 9) + later);
    if (stamps > 1) writeTimestamp(out, pes + 14, readTimestamp(out, pes + 14) + later);
  }
}

/** Whether a PES packet starts in the packet at `at`. */
function isMedia(data: Uint8Array, at: number): boolean {
  return startsUnit(data, at) && startsPes(data, payloadStart(data, at));
}

function findUnits(file: Uint8Array): LoopUnit[] {
  const units: LoopUnit[] = [];
  let from = 0; // of what belongs to the next unit
  for (let at = 0; at < file.length; at += PACKET_BYTES) {
    const isTable = startsUnit(file, at) && !isMedia(file, at);
    if (isTable) continue;
    if (isMedia(file, at)) {
      const pes = payloadStart(file, at);
      const stamps = stampsOf(file, pes);
      if (stamps === 0) throw new Error('a unit of the recording has no time stamp');
      const dts = readTimestamp(file, pes + (stamps === 2 ? 14 : 9));
      units.push({ from, to: 0, dts, isAccess: (adaptationFlags(file, at) & RANDOM_ACCESS) !== 0 });
    }
    from = at + PACKET_BYTES;
    const last = units.at(-1);
    if (last) last.to = from;
  }
  return units;
}
