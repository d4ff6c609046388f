// Derives the length of a group of pictures and the picture rate from the pictures' timestamps.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.3.7 (PTS, DTS).

import { PACKET_BYTES, payloadStart } from '../packet/packet.js';
import { plausibleFrameRate } from '../codecs/parameters.js';
import { PES_FIXED_BYTES, stampsOf, startsPes } from '../packet/pes.js';
import { isStamped } from './picture-part.js';
import { readTimestamp, TICKS_PER_MS, ticksAfter } from '../packet/timestamp.js';

const NONE = -1;
const STAMP_BYTES = 5;
/** The shortest time over which pictures are counted: cameras' timestamps are some milliseconds off. */
const MIN_TICKS = 500 * TICKS_PER_MS;
/** The same if there is no random access point by then: the rate should be known within two seconds. */
const FIRST_TICKS = 1000 * TICKS_PER_MS;
/** Two timestamps of a program are less than this apart (ten minutes), or they are unrelated. */
const MAX_TICKS = 600_000 * TICKS_PER_MS;
/** Without random access points, pictures are counted up to this many. */
const MAX_UNITS = 300;
/** A rate that differs from the last by less than this fraction is the same rate. */
const SAME = 0.01;

/** Whether a unit is a random access point; `undecided`: {@link PictureRate.isAccess} follows if it is. */
export type PictureStart = 'access' | 'other' | 'undecided';

/** Follows the pictures of one track in transmission order, which is DTS order. */
export class PictureRate {
  /** From the previous random access point to the last, by PTS, milliseconds; null: unknown. */
  gopMs: number | null = null;
  /** Units (pictures) a second by their timestamps, rounded to a thousandth; null: unknown. */
  unitsPerSecond: number | null = null;

  #pts = NONE; // of the unit that started last, if usable
  #dts = NONE;
  #accessPts = NONE;
  #countedFrom = NONE; // DTS
  #units = 0; // since then
  #losses = 0; // the loss count at that time
  #lastDts = NONE; // of the unit that started last

  /** The following timestamps are unrelated to earlier ones. */
  reset(): void {
    this.gopMs = this.unitsPerSecond = null;
    this.#accessPts = this.#countedFrom = NONE;
    this.#units = 0;
  }

  /**
   * A unit starts in the packet at `at`. `losses` is a counter that has increased if packets were lost since the unit before:
   * units may be lost too, so they are not counted.
   */
  startPicture(data: Uint8Array, at: number, start: PictureStart, losses: number): void {
    if (!isStamped(data, at)) return; // more of the same picture
    // If each NAL unit has a PES packet, all of them may carry the picture's timestamps.
    const dts = readStamp(data, at, 'dts');
    if (dts === NONE || dts !== this.#lastDts) this.#units++;
    else if (start === 'other') return;
    this.#lastDts = dts;
    const isDue = this.unitsPerSecond === null || this.#units >= MAX_UNITS;
    if (start === 'other' && !isDue) return;
    this.#pts = readStamp(data, at, 'pts');
    this.#dts = dts;
    if (start === 'access') this.isAccess(losses);
    else if (isDue) this.#count(this.#units >= MAX_UNITS ? MIN_TICKS : FIRST_TICKS, losses);
  }

  /** The unit that started last is a random access point. */
  isAccess(losses: number): void {
    if (this.#pts !== NONE && this.#pts === this.#accessPts) return; // more of the same picture
    const ticks = between(this.#accessPts, this.#pts);
    this.gopMs = ticks === NONE ? null : Math.round(ticks / TICKS_PER_MS);
    this.#accessPts = this.#pts;
    this.#count(MIN_TICKS, losses);
  }

  #count(leastTicks: number, losses: number): void {
    const ticks = between(this.#countedFrom, this.#dts);
    if (ticks !== NONE && losses === this.#losses) {
      if (ticks < leastTicks) return; // continue to the next one
      this.#setRate(plausibleFrameRate(this.#units, ticks / (1000 * TICKS_PER_MS)));
    }
    this.#countedFrom = this.#dts;
    this.#losses = losses;
    this.#units = 0;
  }

  #setRate(rate: number | null): void {
    const last = this.unitsPerSecond;
    if (rate === null || last === null || Math.abs(rate / last - 1) > SAME) this.unitsPerSecond = rate;
  }
}

/** From one timestamp to the next; -1 if one is missing, or they belong to different runs of the source. */
function between(from: number, to: number): number {
  if (from === NONE || to === NONE) return NONE;
  const ticks = ticksAfter(to, from);
  return ticks > 0 && ticks < MAX_TICKS ? ticks : NONE;
}

/** PTS or DTS of the PES packet that begins in the packet at `at`; without a DTS both are the same. -1: none in this packet. */
function readStamp(data: Uint8Array, at: number, which: 'pts' | 'dts'): number {
  const from = payloadStart(data, at);
  const bytes = at + PACKET_BYTES - from;
  if (bytes < PES_FIXED_BYTES || !startsPes(data, from)) return NONE;
  const stamps = stampsOf(data, from);
  const skip = which === 'dts' && stamps === 2 ? STAMP_BYTES : 0;
  if (stamps === 0 || bytes < PES_FIXED_BYTES + skip + STAMP_BYTES) return NONE;
  return readTimestamp(data, from + PES_FIXED_BYTES + skip);
}
