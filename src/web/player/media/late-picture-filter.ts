// Buffers late media while it catches up, and delivers it in one piece: a busy page processes it in a fraction of the
// time, and only from the last random access point on. Media that is on time passes immediately.

import { adaptationFlags, PACKET_BYTES, RANDOM_ACCESS, readPid, startsUnit } from '../../../mpegts/packet/packet.js';
import { concatenate } from '../../../mpegts/packet/packet-runs.js';
import { TICKS_PER_MS } from '../../../mpegts/packet/timestamp.js';
import { LatenessMeter } from './lateness-meter.js';
import { readUnitTime } from './unit-time.js';

/** Lateness at which buffering starts, and ends; it also ends when the media no longer catches up. Milliseconds. */
const LATE = { tooLate: 150, liveAgain: 60, catchingUp: 20, patience: 100 };
/** The longest that anything is buffered. Milliseconds. */
const MAX_WAIT_MS = 100;
/** Shorter runs of pictures are delivered whole: dropping some would gain nothing. Milliseconds. */
const WORTH_LEAVING_OUT_MS = 300;
const MAX_BYTES = 8_000_000;

/** 'cut': units of the tracked PID were dropped right before a message. */
export type Continuity = 'whole' | 'cut';

/** Passes messages to `deliver`. */
export class LatePictureFilter {
  readonly #deliver: (data: Uint8Array, continuity: Continuity) => void;
  #lateness = new LatenessMeter(LATE);
  #isLate = false;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #cutFrom = -1; // position and time of the first unit that starts in the buffer
  #firstTicks = -1;
  #cutTo = -1; // position of the last random access point, and time of the last unit
  #lastTicks = -1;
  #pid = -1;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(deliver: (data: Uint8Array, continuity: Continuity) => void) {
    this.#deliver = deliver;
  }

  /**
   * Handles a message of whole packets. `pid`: the track that lateness and random access points are taken from; -1:
   * unknown.
   */
  push(data: Uint8Array, pid: number, nowMs: number): void {
    if (pid !== this.#pid) {
      this.release();
      this.#lateness = new LatenessMeter(LATE);
      this.#isLate = false;
      this.#pid = pid;
    }
    this.#readTimes(data, nowMs);
    if (!this.#isLate && this.#held.length === 0) {
      this.#cutFrom = this.#cutTo = -1;
      return this.#deliver(data, 'whole');
    }
    this.#held.push(data);
    this.#heldBytes += data.length;
    if (!this.#isLate || this.#heldBytes > MAX_BYTES) this.release();
    else this.#timer ??= setTimeout(() => this.release(), MAX_WAIT_MS);
  }

  /** Whether everything has been delivered. */
  get isEmpty(): boolean {
    return this.#held.length === 0;
  }

  /** Delivers the buffer. */
  release(): void {
    if (this.#held.length === 0) return;
    const data = concatenate(this.#held);
    const [from, to, pid] = [this.#cutFrom, this.#cutTo, this.#pid];
    const spanMs = (this.#lastTicks - this.#firstTicks) / TICKS_PER_MS;
    this.forget();
    const isCut = from !== -1 && to > from && spanMs > WORTH_LEAVING_OUT_MS;
    if (!isCut) return this.#deliver(data, 'whole');
    // What precedes the cut, such as the end of a unit that began before, continues what was delivered last.
    if (from > 0) this.#deliver(data.subarray(0, from), 'whole');
    this.#deliver(without(data.subarray(from), pid, to - from), 'cut');
  }

  /** Discards the buffer. */
  forget(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#held = [];
    this.#heldBytes = 0;
    this.#cutFrom = this.#cutTo = -1;
  }

  /** Reads from a message how late its units are, and where the last random access point is. */
  #readTimes(data: Uint8Array, nowMs: number): void {
    for (let at = 0; at < data.length; at += PACKET_BYTES) {
      if (readPid(data, at) !== this.#pid || !startsUnit(data, at)) continue;
      const ticks = readUnitTime(data, at);
      if (ticks === -1) continue;
      this.#isLate = this.#lateness.isTooLate(ticks / TICKS_PER_MS, nowMs);
      this.#lateness.pictureAccepted();
      if (this.#cutFrom === -1) [this.#cutFrom, this.#firstTicks] = [this.#heldBytes + at, ticks];
      if (adaptationFlags(data, at) & RANDOM_ACCESS) this.#cutTo = this.#heldBytes + at;
      this.#lastTicks = ticks;
    }
  }
}

/** The packets without those of one PID before a position; overwrites them. */
function without(data: Uint8Array, pid: number, to: number): Uint8Array {
  let filled = 0;
  for (let at = 0; at < data.length; at += PACKET_BYTES) {
    if (at < to && readPid(data, at) === pid) continue;
    data.copyWithin(filled, at, at + PACKET_BYTES);
    filled += PACKET_BYTES;
  }
  return data.subarray(0, filled);
}
