// Rates out of a counter that somebody looks at once a second: nothing is done for a message.
// No clock, no timers: time is an argument.

import type { Rate } from './stats-schema.js';

const MINUTE_MS = 60_000;
/** Looks that are kept: a minute's, and the one before. */
const KEPT = 61;
/** A shorter time says nothing. */
const LEAST_MS = 200;

/** The rates of one counter of bytes. */
export class Meter {
  #beganMs: number; // when the counter was last seen at 0
  // Made when there is something to measure: of a thousand feeds most may only wait.
  #times: Float64Array | null = null;
  #totals: Float64Array | null = null;
  #count = 0; // looks so far

  /** @param nowMs when the counter was 0. */
  constructor(nowMs: number) {
    this.#beganMs = nowMs;
  }

  /** Notes what the counter has come to; to be called about once a second. */
  look(bytes: number, nowMs: number): void {
    if (this.#totals === null && bytes === 0) {
      this.#beganMs = nowMs;
      return;
    }
    this.#times ??= new Float64Array(KEPT);
    this.#totals ??= new Float64Array(KEPT);
    const at = this.#count++ % KEPT;
    this.#times[at] = nowMs;
    this.#totals[at] = bytes;
  }

  /** The rates now, the counter standing at `bytes`. */
  rate(bytes: number, nowMs: number): Rate {
    return {
      now: this.#since(this.#lookBack(2), bytes, nowMs),
      minute: this.#since(this.#oldest(nowMs), bytes, nowMs),
    };
  }

  /** The place of the look so many looks ago; -1: there were not so many. */
  #lookBack(looks: number): number {
    return this.#count < looks ? -1 : (this.#count - looks) % KEPT;
  }

  /** The place of the oldest look that is not over a minute old; -1: the counter began later than that. */
  #oldest(nowMs: number): number {
    if (nowMs - this.#beganMs <= MINUTE_MS) return -1;
    for (let looks = Math.min(this.#count, KEPT); looks > 0; looks--) {
      const at = this.#lookBack(looks);
      if (nowMs - this.#times![at]! <= MINUTE_MS) return at; // there are looks
    }
    return this.#lookBack(1);
  }

  #since(at: number, bytes: number, nowMs: number): number {
    const fromMs = at === -1 ? this.#beganMs : this.#times![at]!; // `at` is a look's
    const fromBytes = at === -1 ? 0 : this.#totals![at]!;
    const ms = nowMs - fromMs;
    return ms < LEAST_MS ? 0 : Math.round(((bytes - fromBytes) * 8000) / ms);
  }
}
