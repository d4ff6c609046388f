// The program clock reference of the output: one rising line, a lag behind the time that the program's clock says.
// Pure: no clock, no I/O; time is an argument. ISO/IEC 13818-1 §2.4.2.1, §2.4.3.5, §2.7.2.

import type { FeedClock } from './feed-clock.js';
import { TICKS_PER_MS, ZERO } from './timestamp.js';

/**
 * How far units should be ahead of the PCR at least, where it has to be given a lag anyhow. What is later than all before it
 * by less than this is still in time: a busy machine reads some tens of ms late, and a PES packet of sound may have one
 * frame (20 to 40 ms) or two more than the last. A decoder waits for as long: with the 30 ms at most from one PCR to the
 * next, DTS - PCR is 145 ms on average, where 150 ms are the most that live pictures should take.
 */
const HEADROOM = 130 * TICKS_PER_MS;
/** Where they are nearer than this, the lag grows: by a picture at 25 a second, so that the PCR does not stand every time. */
const LEAST_HEADROOM = 90 * TICKS_PER_MS;
/** Where the lag is larger than it has to be by this, it shrinks: more than it grows by at least, or it would do both in turns. */
const MUCH_HEADROOM = 50 * TICKS_PER_MS;
/** The largest lag. */
export const MOST_LAG = 3000 * TICKS_PER_MS;
/** How much of the time that passes a lag may shrink by. */
const SHRINKING = 0.1;
/** The same of what was given to units of which it was not known when they would come, once that is known. */
const RETURNING = 1;
/** In a program of several feeds a source's own DTS - PCR is kept up to this: 1 s must do for all of them (§2.4.2). */
const MOST_AHEAD = 500 * TICKS_PER_MS;
/** A feed that the rule moves later is further ahead by as much: up to this, which is near 1 s. */
const MOST_AHEAD_MOVED = 940 * TICKS_PER_MS;
/** So long after its start a source's need may not be known yet. */
const YOUNG_MS = 3000;
/** What the PCR may advance by at once: 100 ms (§2.7.2), and what becomes of them by rounding. */
export const MOST_AT_ONCE = 98 * TICKS_PER_MS;
/**
 * A PCR that comes later than this after the one before, while media flows, was late because this process did not run. What came
 * meanwhile is yet to be read, and older than it would have been: the PCR goes on by no more than it may at once, as long as
 * it lags by no more than so much for that.
 */
const STALLED = 130 * TICKS_PER_MS;
const FLOWING = 600 * TICKS_PER_MS;
const MOST_FOR_STALLS = 500 * TICKS_PER_MS;
/** One tick of 27 MHz. */
const SMALLEST_STEP = 1 / 300;

/** What is known when a PCR is due. */
export interface PcrTime {
  /** Whose time it is. */
  driver: FeedClock | null;
  /** Program time, ticks, unwrapped; NaN: not known. */
  time: number;
  /** The largest time by which units come after their DTS, measured at `time`; negative: they come before it. */
  need: number;
  /** What it may turn out to be, where that is more: first units wait, or a track has yet to come. */
  guess: number;
  /** Whether `time` follows the stamps alone, or else the clock on the wall. */
  isByStamps: boolean;
}

/**
 * PCR = time - lag. The lag of a source whose units are ahead of its PCR is 0: its own relation of PCR to DTS is kept.
 * Where more is needed, the PCR stands (it goes on by its smallest step) until it lags enough, so it is right again as soon
 * as can be and never goes back. A lag that is not needed any more shrinks by a tenth of the time that passes.
 */
export class PcrOutput {
  /** The last one sent, unwrapped, in 90 kHz ticks with a fraction; NaN before the first. */
  last = NaN;
  atMs = NaN;
  /** How far it is behind time, ticks; below 0 where it was taken over from a feed whose PCR was later. */
  lag = ZERO;
  /** Whether other feeds may join the one whose time it is. */
  isShared = false;
  /** The largest correction that the rule asks for, in ticks: that feed's DTS is ahead of the others' by as much. */
  mostTrim = 0;
  #driver: FeedClock | null = null;
  #isByStamps = true;
  #time = NaN;
  #shrinks = false;
  #hasGuess = false; // some of the lag was given to what was not known
  #shrinking = SHRINKING;

  /** Milliseconds since a PCR was sent; Infinity before the first. */
  sinceMs(nowMs: number): number {
    return Number.isNaN(this.atMs) ? Infinity : nowMs - this.atMs;
  }

  /** How far the PCR would advance, ticks, were it sent now; Infinity for the first. */
  advance({ driver, time, guess }: PcrTime): number {
    if (Number.isNaN(this.last)) return Infinity;
    const isShort = driver !== null && this.lag < guess + LEAST_HEADROOM;
    return time - (isShort ? Math.max(this.lag, Math.min(MOST_LAG, guess + HEADROOM)) : this.lag) - this.last;
  }

  /** The PCR to send now. */
  make(at: PcrTime, nowMs: number): number {
    const elapsed = (nowMs - this.atMs) * TICKS_PER_MS;
    if (Number.isNaN(at.time) || !at.driver) return this.#send(this.last + elapsed, nowMs);
    const keep = this.#keptLag(at.driver, at.need, nowMs);
    const slip = at.driver.sender.slip;
    at.driver.sender.slip = 0;
    if (Number.isNaN(this.last)) this.lag = this.#enough(at.guess, keep);
    // Another's time is joined where the PCR has come to: of stamps, where it was when the newest of them came.
    else if (this.#driver !== at.driver || this.#isByStamps !== at.isByStamps) {
      const { sender, offset } = at.driver;
      this.lag = at.isByStamps
        ? sender.time + offset - this.last - (sender.atMs - this.atMs) * TICKS_PER_MS
        : at.time - this.last - elapsed;
    } else this.lag += slip;
    const passed = at.isByStamps ? at.time - slip - this.#time : elapsed;
    this.#driver = at.driver;
    this.#isByStamps = at.isByStamps;
    this.#time = at.time;
    this.#adjust(at, keep, passed);
    let value = at.time - this.lag;
    if (!at.isByStamps) {
      const most = this.#mostNow(at, keep, elapsed);
      if (value > most) {
        value = most;
        this.lag = at.time - value;
      }
    }
    return this.#send(value, nowMs);
  }

  /** As far as it may have come now. */
  #mostNow({ time, guess }: PcrTime, keep: number, elapsed: number): number {
    const isStall = elapsed > STALLED && elapsed < FLOWING;
    if (!isStall) return this.last + elapsed * (1 + this.#shrinking);
    const least = time - this.#enough(guess, keep) - MOST_FOR_STALLS;
    return Math.max(this.last + MOST_AT_ONCE, Math.min(least, this.last + elapsed));
  }

  #adjust({ time, need, guess }: PcrTime, keep: number, passed: number): void {
    const enough = this.#enough(guess, keep);
    if (this.lag < guess + LEAST_HEADROOM) {
      const standing = Number.isNaN(this.last) ? Infinity : time - this.last;
      this.lag = Math.max(this.lag, Math.min(enough, standing));
      this.#shrinks = false;
      if (guess > need) this.#hasGuess = true;
      return;
    }
    if (this.lag > enough + MUCH_HEADROOM) this.#shrinks = true;
    else if (!this.#shrinks && guess <= need) this.#hasGuess = false;
    this.#shrinking = this.#shrinks && this.#hasGuess ? RETURNING : SHRINKING;
    if (!this.#shrinks) return;
    this.lag = Math.max(enough, this.lag - Math.max(0, passed) * this.#shrinking);
    if (this.lag === enough) this.#shrinks = false;
  }

  /** The lag to have. */
  #enough(need: number, keep: number): number {
    return Math.min(MOST_LAG, Math.max(keep, need + HEADROOM));
  }

  /** The lag where nothing needs more: none, or less where others have to be in time with this source. */
  #keptLag(driver: FeedClock, need: number, nowMs: number): number {
    if (!this.isShared) return 0;
    const kept = Math.min(0, Math.min(MOST_AHEAD, MOST_AHEAD_MOVED - this.mostTrim + driver.trim) + need);
    // Not all of its tracks may have come: what they need is not to be taken from them.
    const isYoung = !Number.isNaN(this.last) && nowMs - driver.beganMs < YOUNG_MS;
    return isYoung ? Math.max(kept, Math.min(0, this.lag)) : kept;
  }

  #send(value: number, nowMs: number): number {
    this.last = value > this.last || Number.isNaN(this.last) ? value : this.last + SMALLEST_STEP;
    this.atMs = nowMs;
    return this.last;
  }
}
