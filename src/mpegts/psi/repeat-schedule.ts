// How often PAT, PMT and PCR are repeated in a stream, and when they have to be sent for that: packets are only sent with a
// message.
// Pure: no clock, no I/O; time is an argument.

import { ZERO } from '../packet/timestamp.js';

/**
 * PAT and PMT of a stream are repeated at least this often while media flows; EN 300 468 requires no more. (A feed's are
 * those of its source; `relay/feed/mute-gate.ts` repeats them while all of it is muted.)
 */
export const TABLES_EVERY_MS = 100;
/** The largest interval between PCRs (§2.7.2). */
export const PCR_EVERY_MS = 100;
/** How often a stream is polled for what becomes due by time alone: a little more often than either. */
export const TICK_MS = Math.min(TABLES_EVERY_MS, PCR_EVERY_MS) - 10;
/** Upper limit of the expected message interval: beyond it, every message would carry tables. */
const MAX_GAP_MS = 60;
const FORGETTING = 0.1;
/** A message this much later than expected is still expected. */
const LATE_MS = 10;
/** The next message may be later than any before by this much. */
const MARGIN_MS = 5;

/** Estimates the interval between messages, weighting long ones more. Simultaneous messages count as one. */
export class RepeatSchedule {
  #lastMs = NaN;
  #gapMs = ZERO;
  #wholeGapMs = ZERO; // without the upper limit

  /** Records a message. */
  messageArrived(nowMs: number): void {
    if (!(nowMs > this.#lastMs) && !Number.isNaN(this.#lastMs)) return;
    const gap = nowMs - this.#lastMs;
    if (!Number.isNaN(gap)) {
      this.#gapMs = Math.min(MAX_GAP_MS, Math.max(gap, this.#gapMs + (gap - this.#gapMs) * FORGETTING));
      this.#wholeGapMs = Math.max(gap, this.#wholeGapMs + (gap - this.#wholeGapMs) * FORGETTING);
    }
    this.#lastMs = nowMs;
  }

  /** Whether the next message is expected by `byMs`. */
  isExpected(nowMs: number, byMs: number): boolean {
    const nextMs = this.#lastMs + this.#wholeGapMs;
    return nextMs + LATE_MS >= nowMs && nextMs <= byMs;
  }

  /** Milliseconds since the last message; Infinity before the first. */
  sinceMs(nowMs: number): number {
    return Number.isNaN(this.#lastMs) ? Infinity : nowMs - this.#lastMs;
  }

  /** Whether data last sent at `sentMs`, and wanted every `everyMs`, would be late if it waited for the next message. */
  isDue(sentMs: number, everyMs: number, nowMs: number): boolean {
    return !(nowMs - sentMs + this.#gapMs + MARGIN_MS <= everyMs) && nowMs !== sentMs;
  }
}
