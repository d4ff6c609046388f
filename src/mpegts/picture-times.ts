// What the time stamps of pictures tell: how long a group of pictures is, and how many come a second.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.3.7 (PTS, DTS).

import { PACKET_BYTES, payloadStart } from './packet.js';
import { plausibleRate } from './parameters.js';
import { PES_FIXED_BYTES, stampsOf, startsPes } from './pes.js';
import { isStamped } from './picture-part.js';
import { readTimestamp, TICKS_PER_MS, ticksAfter } from './timestamp.js';

const NONE = -1;
const STAMP_BYTES = 5;
/** Pictures are counted over so long at least: stamps of cameras are some milliseconds off. */
const LEAST_TICKS = 500 * TICKS_PER_MS;
/** And so long where no random access point came by then: a rate is to be known within two seconds. */
const FIRST_TICKS = 1000 * TICKS_PER_MS;
/** Between two of a program's stamps that have to do with each other there is less: ten minutes. */
const MOST_TICKS = 600_000 * TICKS_PER_MS;
/** Where no random access point comes, pictures are counted so far. */
const MOST_UNITS = 300;
/** A rate that is so near the last is the same. */
const SAME = 0.01;

/** Follows the pictures of one track in the order they are sent, which is that of their DTS. */
export class PictureTimes {
  /** From the last but one random access point to the last, by PTS, milliseconds; null: not known. */
  gopMs: number | null = null;
  /** Units (pictures) a second by their stamps, to a thousandth; null: not known. */
  unitsPerSecond: number | null = null;

  #pts = NONE; // of the unit that began last, where they are of use
  #dts = NONE;
  #accessPts = NONE;
  #countedFrom = NONE; // DTS
  #units = 0; // since then
  #losses = 0; // as they were then
  #lastDts = NONE; // of the unit that began last

  /** The stamps that come have nothing to do with those before. */
  reset(): void {
    this.gopMs = this.unitsPerSecond = null;
    this.#accessPts = this.#countedFrom = NONE;
    this.#units = 0;
  }

  /**
   * A unit begins in the packet at `at`; `isAccess` undefined: {@link isAccess} tells later. `losses` is a count that has gone
   * up if packets were lost since the unit before: then units may be, and are not counted.
   */
  begins(data: Uint8Array, at: number, isAccess: boolean | undefined, losses: number): void {
    if (!isStamped(data, at)) return; // more of the picture that began last
    // Where each NAL unit has a PES packet, all of them may have the picture's stamps.
    const dts = readStamp(data, at, true);
    if (dts === NONE || dts !== this.#lastDts) this.#units++;
    else if (isAccess === false) return;
    this.#lastDts = dts;
    const isDue = this.unitsPerSecond === null || this.#units >= MOST_UNITS;
    if (isAccess === false && !isDue) return;
    this.#pts = readStamp(data, at, false);
    this.#dts = dts;
    if (isAccess === true) this.isAccess(losses);
    else if (isDue) this.#count(this.#units >= MOST_UNITS ? LEAST_TICKS : FIRST_TICKS, losses);
  }

  /** The unit that began last is a random access point. */
  isAccess(losses: number): void {
    if (this.#pts !== NONE && this.#pts === this.#accessPts) return; // more of it
    const ticks = between(this.#accessPts, this.#pts);
    this.gopMs = ticks === NONE ? null : Math.round(ticks / TICKS_PER_MS);
    this.#accessPts = this.#pts;
    this.#count(LEAST_TICKS, losses);
  }

  #count(leastTicks: number, losses: number): void {
    const ticks = between(this.#countedFrom, this.#dts);
    if (ticks !== NONE && losses === this.#losses) {
      if (ticks < leastTicks) return; // go on to the next one
      this.#take(plausibleRate(this.#units, ticks / (1000 * TICKS_PER_MS)));
    }
    this.#countedFrom = this.#dts;
    this.#losses = losses;
    this.#units = 0;
  }

  #take(rate: number | null): void {
    const last = this.unitsPerSecond;
    if (rate === null || last === null || Math.abs(rate / last - 1) > SAME) this.unitsPerSecond = rate;
  }
}

/** From one stamp to the next; -1 where one is missing, or they belong to different runs of the source. */
function between(from: number, to: number): number {
  if (from === NONE || to === NONE) return NONE;
  const ticks = ticksAfter(to, from);
  return ticks > 0 && ticks < MOST_TICKS ? ticks : NONE;
}

/** PTS or DTS of the PES packet that begins in the packet at `at`; without a DTS both are the same. -1: none in this packet. */
function readStamp(data: Uint8Array, at: number, isDts: boolean): number {
  const from = payloadStart(data, at);
  const bytes = at + PACKET_BYTES - from;
  if (bytes < PES_FIXED_BYTES || !startsPes(data, from)) return NONE;
  const stamps = stampsOf(data, from);
  const skip = isDts && stamps === 2 ? STAMP_BYTES : 0;
  if (stamps === 0 || bytes < PES_FIXED_BYTES + skip + STAMP_BYTES) return NONE;
  return readTimestamp(data, from + PES_FIXED_BYTES + skip);
}
