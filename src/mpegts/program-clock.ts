// The one clock of a program: lines the clocks of its feeds up by arrival and moves their stamps onto it.
// Pure: no clock, no I/O; time is an argument. ISO/IEC 13818-1 §2.4.3.7, §2.7.
//
//   time(now) = now * 90 + base          a feed's offset is right when offset = least sample + base + trim
//
// One feed is the reference: its stamps are never slewed, `base` follows it. The others are slewed towards it.

import { FeedClock } from './feed-clock.js';
import { PcrOutput } from './pcr-output.js';
import { TICKS_PER_MS, ticksAfter } from './timestamp.js';
import type { TrackKind } from './track.js';

/** Where output time begins: like ffmpeg's, so that a PCR before the first DTS is not negative. */
const FIRST_DTS = 1400 * TICKS_PER_MS;
/** Stamps that go back by more than this, or ahead of arrival by more than that, jump. */
const BACK = 100 * TICKS_PER_MS;
const AHEAD = 1000 * TICKS_PER_MS;
/** Two tracks of one feed whose stamps are nearer than this share a clock. */
const SAME_CLOCK = 10_000 * TICKS_PER_MS;
/** No unit is sent with a DTS nearer to the PCR. */
const MARGIN = 20 * TICKS_PER_MS;
/** First sound that comes this much too late is sent all the same. */
const SLIGHTLY_LATE = 150 * TICKS_PER_MS;
/** A feed that has been too late for this long is lined up anew. */
const LATE_MS = 1000;
const GOOD_ERROR = 5 * TICKS_PER_MS;
/** How long a PES of sound is taken to be before the second one tells. */
const LIKELY_UNIT = 150 * TICKS_PER_MS;
const LONGEST_UNIT = 1000 * TICKS_PER_MS;

/** What the clock keeps of a feed. */
export interface ClockedFeed {
  clock: FeedClock | null;
  /** Ticks, positive is later. */
  trim: number;
  /** The latest output stamp of the clocks it had before. */
  pastOutput: number;
  /** A sample from before its clock began, if there is one. */
  firstSample: { stamp: number; arrivalMs: number } | null;
}

/** What the clock keeps of an input track. */
export interface ClockedTrack {
  readonly kind: TrackKind;
  /** How long sound is held before it is sent, ms. */
  readonly heldMs: number;
  clock: FeedClock | null;
  /** The last unit's DTS, unwrapped by `clock`. */
  dts: number;
  dtsAtMs: number;
  /** How long the last unit of sound was, ticks. */
  unitTicks: number;
}

export class ProgramClock {
  readonly pcr = new PcrOutput();
  /** What `stamp` found: output stamps, unwrapped whole ticks. */
  pts = 0;
  dts = 0;
  /** Units whose DTS had to be held up, because it came too late or would have gone back. */
  heldUnits = 0;
  /** Units of sound left out because they came too late. */
  lateUnits = 0;
  /** Times a feed was lined up anew because its stamps jumped or stayed too late. */
  jumps = 0;

  #base = NaN;
  #reference: FeedClock | null = null;
  readonly #clocks = new Set<FeedClock>();
  readonly #lateSince = new Map<FeedClock, number>();

  /** The feed's source is gone or another begins: its clock ends, the program's goes on. */
  retire(feed: ClockedFeed): void {
    if (!feed.clock) return;
    this.#drop(feed.clock, feed);
    feed.clock = null;
  }

  /** Whether a feed that starts now has something to be in time with. */
  get hasReference(): boolean {
    return this.#reference !== null;
  }

  /** Learns from the stamps (33 bits) of a unit that arrives now, sent on or not. Sets `track.clock`. */
  observe(feed: ClockedFeed, track: ClockedTrack, pts: number, dts: number, nowMs: number): void {
    let clock = track.clock;
    if (clock) {
      const elapsed = (nowMs - track.dtsAtMs) * TICKS_PER_MS;
      const step = clock.unwrap(dts) - track.dts;
      if (step < -BACK || step > elapsed + AHEAD) {
        this.jumps++;
        if (clock === feed.clock) this.retire(feed);
        clock = null;
      }
    }
    if (!clock) {
      const known = feed.clock;
      clock =
        known && Math.abs(ticksAfter(dts, known.latest)) < SAME_CLOCK
          ? known
          : this.#begin(feed, track, pts, dts, nowMs);
      track.clock = clock;
      track.dts = NaN;
    }
    const whole = clock.unwrap(dts);
    clock.follow(whole);
    this.#sample(clock, track, whole + ticksAfter(pts, dts), whole, nowMs);
    const length = whole - track.dts;
    if (length > 0 && length < LONGEST_UNIT) track.unitTicks = length;
    track.dts = whole;
    track.dtsAtMs = nowMs;
    if (clock.sampler !== track && clock.reached !== -Infinity) return;
    const output = clock.toOutput(whole, this.#slewTarget(clock), nowMs);
    let ahead = (track.unitTicks || LIKELY_UNIT) + track.heldMs * TICKS_PER_MS;
    if (track.kind !== 'audio') {
      const lead = ticksAfter(pts, dts);
      ahead = clock.sampler === track ? lead + clock.shortestLead(lead) : lead;
    }
    if (output + ahead > clock.reached) {
      clock.reached = output + ahead;
      clock.reachedIn = whole + ahead;
    }
    clock.reachedAtMs = nowMs;
  }

  /**
   * Moves a unit's stamps onto the program's clock, into `pts` and `dts`. `observe` comes first. `after` is the output
   * DTS of the unit before it on its PID: time does not go back, whatever the input does. False for sound that is too
   * late to be sent: its frames cannot be drawn together as pictures can.
   */
  stamp(feed: ClockedFeed, track: ClockedTrack, pts: number, after: number, nowMs: number): boolean {
    let clock = track.clock!; // set by observe
    let dts = track.dts;
    this.#move(clock, dts, pts, nowMs);
    const floor = Number.isNaN(this.pcr.last) ? -Infinity : this.pcr.last + MARGIN;
    if (this.dts < floor && this.#isLateForLong(clock, nowMs) && clock === feed.clock) {
      this.jumps++;
      this.retire(feed);
      clock = this.#begin(feed, track, pts, dts, nowMs);
      track.clock = clock;
      track.dts = dts = clock.latest;
      this.#move(clock, dts, pts, nowMs);
    }
    if (this.dts >= floor && this.#lateSince.size > 0) this.#lateSince.delete(clock);
    this.pcr.noteUnit(this.dts);
    if (this.dts < floor && track.kind === 'audio') {
      this.lateUnits++;
      return false;
    }
    const short = Math.ceil(Math.max(floor - this.dts, after + 1 - this.dts));
    if (short > 0) {
      this.heldUnits++;
      this.dts += short;
      this.pts += short;
    }
    return true;
  }

  /** How far a feed's offset is from where it should be, in ticks; NaN if that is not known. */
  errorOf(clock: FeedClock): number {
    return this.#targetOf(clock) - clock.offset;
  }

  isReference(clock: FeedClock): boolean {
    return this.#reference === clock;
  }

  #move(clock: FeedClock, dts: number, pts: number, nowMs: number): void {
    const target = this.#slewTarget(clock);
    this.dts = Math.round(clock.toOutput(dts, target, nowMs));
    const whole = clock.unwrap(pts);
    this.pts = whole === dts ? this.dts : Math.round(clock.toOutput(whole, target, nowMs));
  }

  #slewTarget(clock: FeedClock): number {
    return clock === this.#reference ? NaN : this.#targetOf(clock);
  }

  #targetOf(clock: FeedClock): number {
    return clock.least === Infinity ? NaN : clock.least + this.#base + clock.trim;
  }

  #isLateForLong(clock: FeedClock, nowMs: number): boolean {
    const since = this.#lateSince.get(clock);
    if (since === undefined) this.#lateSince.set(clock, nowMs);
    return since !== undefined && nowMs - since > LATE_MS;
  }

  #begin(feed: ClockedFeed, track: ClockedTrack, pts: number, stamp: number, nowMs: number): FeedClock {
    if (feed.clock) this.retire(feed);
    const now = nowMs * TICKS_PER_MS;
    const first = track.kind === 'audio' ? feed.firstSample : null;
    // How much older than now the stamp is: sound by its length, and by what passed while it was held.
    const held = track.heldMs * TICKS_PER_MS;
    const sinceFirst = first ? now - first.arrivalMs * TICKS_PER_MS + ticksAfter(first.stamp, stamp) + held : 0;
    const soundLength = track.unitTicks > 0 ? track.unitTicks + held : 0;
    const length = first ? sinceFirst : track.kind === 'audio' ? soundLength : 2 * ticksAfter(pts, stamp);
    let output = Number.isNaN(this.#base) ? FIRST_DTS : now + this.#base - length + feed.trim;
    const floor = Number.isNaN(this.pcr.last) ? 0 : this.pcr.last + MARGIN;
    // A guess must not lie in the past. Where it is known that the first units do, by little, they are sent later than
    // they should be and drawn nearer afterwards; if by much, they are left out.
    if (!first) output = Math.max(output, feed.pastOutput + 1, floor);
    else if (output < floor && floor - output <= SLIGHTLY_LATE) output = floor;
    output = Math.ceil(output);
    const clock = new FeedClock(stamp, output, nowMs);
    clock.trim = feed.trim;
    feed.clock = clock;
    this.#clocks.add(clock);
    if (first && clock.samplesFrom(track, track.kind)) {
      clock.sample(clock.unwrap(first.stamp) + held, first.arrivalMs);
    }
    feed.firstSample = null;
    if (!this.#reference) {
      this.#reference = clock;
      this.#base = output - now + length - feed.trim;
    }
    return clock;
  }

  #sample(clock: FeedClock, track: ClockedTrack, pts: number, dts: number, nowMs: number): void {
    if (!clock.samplesFrom(track, track.kind)) return;
    // A picture was captured at its PTS. An encoder that holds pictures back without reordering them (ffmpeg's MPEG-1:
    // one) says so by a DTS that is always earlier, and is behind by as much again.
    if (track.kind !== 'audio') clock.sample(pts + clock.shortestLead(pts - dts), nowMs);
    // A PES of sound is as old as its end, which is where the next one begins, and by the frame that did not fit any more.
    else if (dts - track.dts > 0 && dts - track.dts < LONGEST_UNIT)
      clock.sample(dts + track.heldMs * TICKS_PER_MS, track.dtsAtMs);
    if (clock === this.#reference) this.#followReference();
    else if (this.#isBetter(clock, nowMs)) {
      this.#reference = clock;
      this.#followReference();
    }
  }

  /** Whether a feed should be the reference instead: pictures, not sound, are what should not be slewed. */
  #isBetter(clock: FeedClock, nowMs: number): boolean {
    if (!this.#reference || clock.rank <= this.#reference.rank || !clock.isSettled(nowMs)) return false;
    return Math.abs(this.errorOf(clock)) < GOOD_ERROR;
  }

  #followReference(): void {
    const clock = this.#reference!; // asked only where there is one
    if (clock.least !== Infinity) this.#base = clock.offset - clock.least - clock.trim;
  }

  #drop(clock: FeedClock, feed: ClockedFeed): void {
    feed.pastOutput = Math.max(feed.pastOutput, clock.end);
    this.#clocks.delete(clock);
    this.#lateSince.delete(clock);
    if (this.#reference !== clock) return;
    this.#reference = null;
    let best: FeedClock | null = null;
    for (const other of this.#clocks) {
      if (other.least !== Infinity && (!best || other.rank > best.rank)) best = other;
    }
    if (!best) return;
    this.#reference = best;
    this.#followReference();
  }
}
