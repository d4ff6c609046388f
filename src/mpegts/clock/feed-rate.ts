// The rate of a source's time against ours: whether it encodes in real time, and whether it falls behind.
// Pure: no clock, no I/O; time is an argument.

import { TICKS_PER_MS } from '../packet/timestamp.js';

const MARK_MS = 600;
const MARKS = 9;
const HALF = (MARKS - 1) / 2;
/** Older measurements say nothing about the present. */
const FRESH_MS = 3000;
/** A rate outside these limits for 2.4 s, and for the 2.4 s before, is not jitter. */
const SLOWEST = 0.95;
const FASTEST = 1.05;
/** A feed that is later by this much, for this long, without catching up, has fallen behind. */
const BEHIND = 1000 * TICKS_PER_MS;
const BEHIND_MS = 500;
const CATCHING_UP = 0.1;

export class FeedRate {
  readonly #atMs = new Float64Array(MARKS).fill(NaN);
  readonly #time = new Float64Array(MARKS).fill(NaN);
  #marks = 0;
  #markedMs = -Infinity; // copy of the last of #atMs
  #rate = NaN;
  #isBehind = false;
  #behindFromMs = NaN;
  #behindFrom = NaN;
  #minBehind = Infinity;

  /** Source time per unit of our time over the last 4.8 s, if it differs from 1; NaN: it does not, or is unknown. */
  rate(nowMs: number): number {
    return this.#isFresh(nowMs) ? this.#rate : NaN;
  }

  /** Whether data comes in real time: neither too slow, nor too fast, nor behind. */
  isPunctual(nowMs: number): boolean {
    return this.#isFresh(nowMs) && Number.isNaN(this.#rate) && !this.#isBehind;
  }

  /**
   * Records the source's current time, `delay` ticks later than possible. Returns by how much the feed has fallen behind
   * for good; 0: it has not.
   */
  observe(time: number, delay: number, nowMs: number): number {
    if (!(nowMs - this.#markedMs < MARK_MS)) this.#mark(time, nowMs);
    return delay > BEHIND || this.#isBehind ? this.#behind(delay, nowMs) : 0;
  }

  #behind(delay: number, nowMs: number): number {
    if (delay <= BEHIND) {
      this.#isBehind = false;
      return 0;
    }
    if (!this.#isBehind) this.#startBehind(delay, nowMs);
    if (delay < this.#minBehind) this.#minBehind = delay;
    const elapsed = nowMs - this.#behindFromMs;
    if (elapsed < BEHIND_MS) return 0;
    if (this.#behindFrom - delay > elapsed * TICKS_PER_MS * CATCHING_UP) {
      this.#startBehind(delay, nowMs);
      return 0;
    }
    this.#isBehind = false;
    return this.#minBehind;
  }

  /** Whether data has come recently. A mark is set when data comes, unless the last mark is very recent. */
  #isFresh(nowMs: number): boolean {
    return nowMs - this.#markedMs < FRESH_MS + MARK_MS;
  }

  #startBehind(delay: number, nowMs: number): void {
    this.#isBehind = true;
    this.#behindFromMs = nowMs;
    this.#behindFrom = this.#minBehind = delay;
  }

  #mark(time: number, nowMs: number): void {
    const to = this.#marks++ % MARKS;
    this.#atMs[to] = this.#markedMs = nowMs;
    this.#time[to] = time;
    const before = this.#between(2 * HALF, HALF);
    const now = this.#between(HALF, 0);
    const isSlow = before < SLOWEST && now < SLOWEST;
    const isFast = before > FASTEST && now > FASTEST;
    this.#rate = isSlow || isFast ? this.#between(2 * HALF, 0) : NaN;
  }

  /** The rate between two marks, given as numbers of marks back. */
  #between(from: number, to: number): number {
    const a = (this.#marks - 1 - from + MARKS * 2) % MARKS;
    const b = (this.#marks - 1 - to + MARKS * 2) % MARKS;
    return (this.#time[b]! - this.#time[a]!) / ((this.#atMs[b]! - this.#atMs[a]!) * TICKS_PER_MS);
  }
}
