// What a stream finds wrong with its feeds: looked at once a second, told as a fault of the feed.
// No clock, no timers: time is an argument.

import type { RemuxedFeed } from '../mpegts/remux-report.js';
import type { Fault } from './event.js';

/** Packets that were dropped are told of for so long. */
const DROPPED_MS = 10_000;
/** What comes too late again and again, as in bursts, stays a fault without a break where it does so this often. */
const LATE_AGAIN_MS = 5000;
/** A rate that has hardly changed is told as it was: each other one is an event. */
const SAME_RATE = 0.08;

/** Remembers what is needed to tell whether something is wrong, and to say it in the same words for as long as it is. */
export class FeedStateFaults {
  #dropped = 0;
  #droppedAtMs = -Infinity;
  #rate = NaN;
  #late: Fault | null = null; // as last reported
  #wasLate = false; // at the last look
  #lateAtMs = -Infinity; // when it was last found late
  #lateEveryMs = 0; // how often it becomes late; 0: seldom

  /** What is wrong now; null: nothing. */
  look({ rate, tooLateMs, dropped, tracksLeftOut }: RemuxedFeed, nowMs: number): Fault | null {
    if (dropped > this.#dropped) this.#droppedAtMs = nowMs;
    this.#dropped = dropped;
    if (!(Math.abs(rate - this.#rate) < SAME_RATE)) this.#rate = rate;
    if (this.#rate < 1) return { code: 'slow-source', words: `encodes at ${this.#rate.toFixed(1)} of real time` };
    const late = this.#lateness(tooLateMs, nowMs);
    if (late) return late;
    if (nowMs - this.#droppedAtMs < DROPPED_MS) {
      return { code: 'dropped', words: 'packets are dropped: they are damaged or scrambled' };
    }
    if (tracksLeftOut === 0) return null;
    const tracks = tracksLeftOut === 1 ? '1 track is' : `${tracksLeftOut} tracks are`;
    return { code: 'dropped', words: `${tracks} dropped: there is no room in the PMT` };
  }

  /** How late it is, for as long as it is. */
  #lateness(tooLateMs: number, nowMs: number): Fault | null {
    const isLate = tooLateMs > 0;
    if (isLate && !this.#wasLate) {
      const sinceMs = nowMs - this.#lateAtMs;
      this.#lateEveryMs = sinceMs < LATE_AGAIN_MS ? sinceMs * 1.5 : 0;
    }
    this.#wasLate = isLate;
    if (isLate) {
      const seconds = Math.ceil(tooLateMs / 1000);
      this.#late = { code: 'late', words: `comes up to ${seconds} s after its time; a stream waits 3 s at most` };
      this.#lateAtMs = nowMs;
    } else if (nowMs - this.#lateAtMs >= this.#lateEveryMs) this.#late = null;
    return this.#late;
  }
}
