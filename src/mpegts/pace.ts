// When something that is due every 100 ms has to go out, given that packets only leave when a message comes.
// Pure: no clock, no I/O; time is an argument.

import { ZERO } from './timestamp.js';

/** At most this between two tables, and between two PCRs (§2.7.2; EN 300 468 asks no more of tables). */
export const REPEAT_MS = 100;
/** How often a stream is asked what time alone makes due. */
export const TICK_MS = 90;
/** A message may be expected at most this late: beyond, each message would carry tables. */
const MOST_GAP_MS = 60;
const FORGETTING = 0.1;
/** What is this much later than expected still is. */
const LATE_MS = 10;
/** The next message may be this much later than any did before. */
const MARGIN_MS = 5;

/** Knows how far apart messages come, the longer ones counting more. Messages of one instant count as one. */
export class Pace {
  #lastMs = NaN;
  #gapMs = ZERO;
  #wholeGapMs = ZERO; // however long

  /** A message comes. */
  note(nowMs: number): void {
    if (!(nowMs > this.#lastMs) && !Number.isNaN(this.#lastMs)) return;
    const gap = nowMs - this.#lastMs;
    if (!Number.isNaN(gap)) {
      this.#gapMs = Math.min(MOST_GAP_MS, Math.max(gap, this.#gapMs + (gap - this.#gapMs) * FORGETTING));
      this.#wholeGapMs = Math.max(gap, this.#wholeGapMs + (gap - this.#wholeGapMs) * FORGETTING);
    }
    this.#lastMs = nowMs;
  }

  /** Whether the next message should come, now or later, but not after `byMs`. */
  isExpected(nowMs: number, byMs: number): boolean {
    const nextMs = this.#lastMs + this.#wholeGapMs;
    return nextMs + LATE_MS >= nowMs && nextMs <= byMs;
  }

  /** Milliseconds since the last message; Infinity before the first. */
  sinceMs(nowMs: number): number {
    return Number.isNaN(this.#lastMs) ? Infinity : nowMs - this.#lastMs;
  }

  /** Whether what was last sent at `sentMs` would be late with the next message. */
  isDue(sentMs: number, nowMs: number): boolean {
    return !(nowMs - sentMs + this.#gapMs + MARGIN_MS <= REPEAT_MS) && nowMs !== sentMs;
  }
}
