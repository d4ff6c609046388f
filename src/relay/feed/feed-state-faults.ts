// Faults that a stream finds in its feeds: checked once a second, reported as faults of the feed.
// No clock, no timers: time is an argument.

import type { RemuxedFeed } from '../../mpegts/remux/remux-report.js';
import type { Fault } from '../events/event.js';

/** How long dropped packets remain a fault. */
const DROPPED_MS = 10_000;
/** A feed that is late repeatedly, as with bursts, keeps its fault in between if the interval is shorter than this. */
const LATE_AGAIN_MS = 5000;
/** A smaller change of the rate is not reported: every new figure is an event. */
const SAME_RATE = 0.08;

/** Detects the faults of one feed, and keeps a fault's message the same for as long as the fault lasts. */
export class FeedStateFaults {
  #dropped = 0;
  #droppedAtMs = -Infinity;
  #rate = NaN;
  #late: Fault | null = null; // as last reported
  #wasLate = false; // at the last check
  #lateAtMs = -Infinity; // when it was last found late
  #lateEveryMs = 0; // the interval at which it becomes late; 0: rarely

  /** The fault now; null: none. */
  check({ rate, tooLateMs, dropped, omittedTracks }: RemuxedFeed, nowMs: number): Fault | null {
    if (dropped > this.#dropped) this.#droppedAtMs = nowMs;
    this.#dropped = dropped;
    if (!(Math.abs(rate - this.#rate) < SAME_RATE)) this.#rate = rate;
    if (this.#rate < 1) return { code: 'slow-source', message: `encodes at ${this.#rate.toFixed(1)} of real time` };
    const late = this.#lateness(tooLateMs, nowMs);
    if (late) return late;
    if (nowMs - this.#droppedAtMs < DROPPED_MS) {
      return { code: 'dropped', message: 'packets are dropped: they are damaged or scrambled' };
    }
    if (omittedTracks === 0) return null;
    const tracks = omittedTracks === 1 ? '1 track is' : `${omittedTracks} tracks are`;
    return { code: 'dropped', message: `${tracks} dropped: there is no room in the PMT` };
  }

  /** The fault of a late feed, while it lasts. */
  #lateness(tooLateMs: number, nowMs: number): Fault | null {
    const isLate = tooLateMs > 0;
    if (isLate && !this.#wasLate) {
      const sinceMs = nowMs - this.#lateAtMs;
      this.#lateEveryMs = sinceMs < LATE_AGAIN_MS ? sinceMs * 1.5 : 0;
    }
    this.#wasLate = isLate;
    if (isLate) {
      const seconds = Math.ceil(tooLateMs / 1000);
      this.#late = { code: 'late', message: `comes up to ${seconds} s after its time; a stream waits 3 s at most` };
      this.#lateAtMs = nowMs;
    } else if (nowMs - this.#lateAtMs >= this.#lateEveryMs) this.#late = null;
    return this.#late;
  }
}
