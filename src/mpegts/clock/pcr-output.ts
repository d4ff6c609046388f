// The program clock reference of the output: it never decreases, and lags behind the program's time by a variable amount.
// Pure: no clock, no I/O; time is an argument. ISO/IEC 13818-1 §2.4.2.1, §2.4.3.5, §2.7.2.

import type { FeedClock } from './feed-clock.js';
import { TICKS_PER_MS, ZERO } from '../packet/timestamp.js';

/**
 * The target for how far DTS is ahead of the PCR, where the PCR needs a lag at all. A unit that is later than all before it
 * by less than this is still in time: a busy machine reads some tens of ms late, and a PES packet of audio may have one
 * frame (20 to 40 ms) or two more than the last. Decoders add this much delay: with at most 30 ms between PCRs, DTS - PCR
 * is 145 ms on average, and live pictures should be delayed by at most 150 ms.
 */
const HEADROOM = 130 * TICKS_PER_MS;
/** Below this the lag grows to the target: by one picture at 25 a second, so that the PCR is not stopped for every unit. */
const LOW_HEADROOM = 90 * TICKS_PER_MS;
/**
 * The lag shrinks if it exceeds what is needed by this. It is more than the smallest growth, or the lag would oscillate.
 */
const MUCH_HEADROOM = 50 * TICKS_PER_MS;
/** The largest lag. */
export const MAX_LAG = 3000 * TICKS_PER_MS;
/** By how much of the elapsed time the lag may shrink. */
const SHRINKING = 0.1;
/** The same of what was given to units of which it was not known when they would come, once that is known. */
const RETURNING = 1;
/** In a program of several feeds a source's own DTS - PCR is kept up to this: 1 s must do for all of them (§2.4.2). */
const MAX_AHEAD = 500 * TICKS_PER_MS;
/** A feed that the rule delays is further ahead by its trim: up to this, which is close to 1 s. */
const MAX_AHEAD_MOVED = 940 * TICKS_PER_MS;
/** Until this long after a source's start, its need may not be known yet. */
const YOUNG_MS = 3000;
/** The largest step of the PCR: 100 ms (§2.7.2), less a margin for rounding. */
export const MAX_AT_ONCE = 98 * TICKS_PER_MS;
/**
 * If the interval between two PCRs exceeds this while media flows, this process was not running. The data that came
 * meanwhile is still to be read, and is older than it would have been. So the PCR advances by no more than its largest
 * step, as long as that adds no more than this much lag.
 */
const MIN_STALL = 130 * TICKS_PER_MS;
const MAX_STALL = 600 * TICKS_PER_MS;
const MAX_FOR_STALLS = 500 * TICKS_PER_MS;
/** One tick of 27 MHz. */
const SMALLEST_STEP = 1 / 300;

/** The state when a PCR is due. */
export interface PcrTime {
  /** The feed whose time is used. */
  driver: FeedClock | null;
  /** Program time, ticks, unwrapped; NaN: unknown. */
  time: number;
  /** The largest time by which units arrive after their DTS, measured at `time`; negative: all arrive before it. */
  need: number;
  /** What it may turn out to be, where that is more: first units wait, or a track has yet to come. */
  guess: number;
  /** Whether `time` follows the stamps alone, or else the clock on the wall. */
  isByStamps: boolean;
}

/**
 * PCR = time - lag. For a source whose units are ahead of its PCR, the lag is 0: its own relation of PCR to DTS is kept. If
 * more lag is needed, the PCR stops (it advances by its smallest step) until the lag is reached, so that it is correct
 * again as soon as possible and never goes back. A lag that is no longer needed shrinks by a tenth of the elapsed time.
 */
export class PcrOutput {
  /** The last PCR sent, unwrapped, in 90 kHz ticks with a fraction; NaN before the first. */
  last = NaN;
  atMs = NaN;
  /** How far the PCR is behind time, ticks; negative after a change from a feed whose PCR was ahead. */
  lag = ZERO;
  /** Whether the program may have other feeds than the driver. */
  mayHaveOtherFeeds = false;
  /** The largest trim in the rule, in ticks: that feed's DTS is ahead of the others' by as much. */
  maxTrim = 0;
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
    const isShort = driver !== null && this.lag < guess + LOW_HEADROOM;
    return time - (isShort ? Math.max(this.lag, Math.min(MAX_LAG, guess + HEADROOM)) : this.lag) - this.last;
  }

  /** Returns the PCR to send now. */
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
      const most = this.#maxLead(at, keep, elapsed);
      if (value > most) {
        value = most;
        this.lag = at.time - value;
      }
    }
    return this.#send(value, nowMs);
  }

  /** As far as it may have come now. */
  #maxLead({ time, guess }: PcrTime, keep: number, elapsed: number): number {
    const isStall = elapsed > MIN_STALL && elapsed < MAX_STALL;
    if (!isStall) return this.last + elapsed * (1 + this.#shrinking);
    const least = time - this.#enough(guess, keep) - MAX_FOR_STALLS;
    return Math.max(this.last + MAX_AT_ONCE, Math.min(least, this.last + elapsed));
  }

  #adjust({ time, need, guess }: PcrTime, keep: number, passed: number): void {
    const enough = this.#enough(guess, keep);
    if (this.lag < guess + LOW_HEADROOM) {
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

  /** The lag required. */
  #enough(need: number, keep: number): number {
    return Math.min(MAX_LAG, Math.max(keep, need + HEADROOM));
  }

  /** The lag if no unit needs more: 0, or less if other feeds must be in time with this source. */
  #keptLag(driver: FeedClock, need: number, nowMs: number): number {
    if (!this.mayHaveOtherFeeds) return 0;
    const kept = Math.min(0, Math.min(MAX_AHEAD, MAX_AHEAD_MOVED - this.maxTrim + driver.trim) + need);
    // Not all of its tracks may have arrived yet: leave them the room that they may need.
    const isYoung = !Number.isNaN(this.last) && nowMs - driver.startedMs < YOUNG_MS;
    return isYoung ? Math.max(kept, Math.min(0, this.lag)) : kept;
  }

  #send(value: number, nowMs: number): number {
    this.last = value > this.last || Number.isNaN(this.last) ? value : this.last + SMALLEST_STEP;
    this.atMs = nowMs;
    return this.last;
  }
}
