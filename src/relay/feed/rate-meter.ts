// Computes rates from a counter that is sampled once a second, at no cost per message.
// No clock, no timers: time is an argument.

import type { Rate } from '../stats-schema.js';

const MINUTE_MS = 60_000;
/** Samples that are kept: those of a minute, and the one before. */
const KEPT = 61;
/** A shorter interval is too short for a rate. */
const MIN_MS = 200;

/** The rates of one counter of bytes. */
export class RateMeter {
  #startedMs: number; // when the counter was last seen at 0
  // Allocated with the first byte: of a thousand feeds most may only wait.
  #times: Float64Array | null = null;
  #counterValues: Float64Array | null = null;
  #count = 0; // samples so far

  /** @param nowMs when the counter was 0. */
  constructor(nowMs: number) {
    this.#startedMs = nowMs;
  }

  /** Samples the counter; to be called about once a second. */
  sample(bytes: number, nowMs: number): void {
    if (this.#counterValues === null && bytes === 0) {
      this.#startedMs = nowMs;
      return;
    }
    this.#times ??= new Float64Array(KEPT);
    this.#counterValues ??= new Float64Array(KEPT);
    const at = this.#count++ % KEPT;
    this.#times[at] = nowMs;
    this.#counterValues[at] = bytes;
  }

  /** The rates now; `bytes` is the counter's value. */
  rate(bytes: number, nowMs: number): Rate {
    return {
      now: this.#rateSince(this.#lookBack(2), bytes, nowMs),
      minute: this.#rateSince(this.#oldest(nowMs), bytes, nowMs),
    };
  }

  /** The index of the sample `looks` samples ago; -1: there are not so many. */
  #lookBack(looks: number): number {
    return this.#count < looks ? -1 : (this.#count - looks) % KEPT;
  }

  /** The index of the oldest sample that is at most a minute old; -1: the counter started later than that. */
  #oldest(nowMs: number): number {
    if (nowMs - this.#startedMs <= MINUTE_MS) return -1;
    for (let looks = Math.min(this.#count, KEPT); looks > 0; looks--) {
      const at = this.#lookBack(looks);
      if (nowMs - (this.#times?.[at] ?? 0) <= MINUTE_MS) return at;
    }
    return this.#lookBack(1);
  }

  #rateSince(at: number, bytes: number, nowMs: number): number {
    const fromMs = this.#times?.[at] ?? this.#startedMs;
    const fromBytes = this.#counterValues?.[at] ?? 0;
    const ms = nowMs - fromMs;
    return ms < MIN_MS ? 0 : Math.round(((bytes - fromBytes) * 8000) / ms);
  }
}
