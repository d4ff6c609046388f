// The program's clock: aligns the feeds' clocks by arrival time, maps their timestamps onto the program's timeline, and
// computes the PCR that is due. Pure: no clock, no I/O; time is an argument. ISO/IEC 13818-1 §2.4.2, §2.4.3.7, §2.7.
//
// Timestamps. Each feed has one clock (FeedClock), with one map from its ticks to the program's (TimeMap). The map
// applies to all of the feed's tracks, so that its audio and video keep the offset that they arrived with, and no unit is
// delayed, shifted or dropped for being late. One feed is the reference: a constant is added to its timestamps. The
// others are aligned with it by arrival time and slewed towards it:
//
//   time(now) = now * 90 + base          a feed's offset is right when offset = least sample + base + trim
//
// PCR. A source's time is given by its PCR, continued by its timestamps (SenderTime). In a program of one feed, the
// output's PCR is that time plus the feed's constant: its relation to DTS is kept, and it waits for a slow source and
// follows a fast one. In a program of several feeds, it is the reference's time without delays, continued by the wall
// clock: a feed that stalls does not hold up the others.
//
// Lag. A feed's need is the largest time by which its units arrive after their DTS, on that timeline. The PCR lags by the
// largest need of all feeds plus some headroom, by 3 s at most (PcrOutput). A unit that is before the PCR because its
// feed's need was not yet known is sent and counted. A delay of more than a second adds to the need only if it recurs.
//
// Slow feeds. A feed that is 1 s later than when it was last aligned, and is not catching up, encodes too slowly or was
// suspended. It is aligned again: its map jumps ahead, for all tracks at once. If it was the reference, the best punctual
// feed replaces it; without one, all wait for it.

import {
  MAX_STEP_BACK,
  type ClockedFeed,
  type ClockedTrack,
  continuesTimeline,
  isAsideOf,
  isNearTo,
  MAX_UNIT_TICKS,
  needOfHeld,
  nextOutput,
  noteUnit,
  offsetOfSample,
  SAME_CLOCK,
  staysOnClock,
  type UnitTimes,
} from './clocked-feed.js';
import { isMedia } from '../psi/track.js';
import { bestOf, FeedClock, TRACK_GONE_MS } from './feed-clock.js';
import { MAX_LAG, PcrOutput, type PcrTime } from './pcr-output.js';
import { TICKS_PER_MS, ticksAfter } from '../packet/timestamp.js';

/** The start of output time: late enough that no PCR, and no DTS of a track that lags behind, is negative. */
const FIRST_DTS = 10_000 * TICKS_PER_MS;
/** If its DTS is a guess, a new clock starts at least this far after the PCR. */
const MARGIN = 20 * TICKS_PER_MS;
/** A feed whose error is below this may become the reference: an error this small is neither audible nor visible. */
const GOOD_ERROR = 5 * TICKS_PER_MS;
/** A larger error of a young feed is put right at once. EBU R37: sound is 40 ms early at most, as near as that can be known. */
const MAX_ERROR = 30 * TICKS_PER_MS;
/** A source's own PCR is waited for, this long, before one is made. */
const OWN_PCR_MS = 200;
/** A source that has sent nothing for this long does not define the time. */
const GONE_MS = 600;

export class ProgramClock {
  readonly pcr = new PcrOutput();
  /** The result of `stamp`: output timestamps, unwrapped whole ticks. */
  pts = NaN;
  dts = NaN;
  /** Units whose DTS was increased because it would have gone back. */
  heldUnits = 0;
  /** Units sent with a DTS before the PCR. */
  lateUnits = 0;
  /** How often a feed was aligned again because its timestamps jumped or it had fallen behind. */
  jumps = 0;

  /** Feeds whose first units are held: they have no clock yet. */
  held: readonly ClockedFeed[] = [];
  /** How long the unit being observed was held, ms: it counts as of its arrival. */
  waitedMs = 0;

  #base = NaN;
  #reference: FeedClock | null = null;
  #clocks: readonly FeedClock[] = [];
  readonly #pcrTime: PcrTime = { driver: null, time: NaN, need: NaN, guess: NaN, isByStamps: true };

  /** The feed's source is gone or is replaced: the feed's clock ends, the program's continues. */
  retire(feed: ClockedFeed): void {
    if (!feed.clock) return;
    this.#drop(feed.clock, feed);
    feed.clock = null;
  }

  /** Sets the trim from the rule, ticks; positive is later. */
  setTrim(feed: ClockedFeed, trim: number): void {
    feed.trim = trim;
    if (feed.clock) feed.clock.trim = trim;
    if (feed.clock && feed.clock === this.#reference) this.#followReference();
  }

  /** The feed that the others are aligned with; `null`: none has started. */
  get reference(): FeedClock | null {
    return this.#reference;
  }

  /** Samples the times of a unit that arrives now, whether it is sent or not. Sets `track.clock`. */
  observe(feed: ClockedFeed, track: ClockedTrack, times: UnitTimes, sentMs: number): void {
    const { pts, dts, pcr } = times;
    const nowMs = sentMs - this.waitedMs;
    const own = track.clock;
    const isNext = own !== null && own === feed.clock && continuesTimeline(own, track, dts, nowMs);
    const clock = isNext ? own : this.#clockOf(feed, track, times, nowMs);
    if (clock !== own || nowMs - track.dtsAtMs >= TRACK_GONE_MS) clock.include(track, nowMs);
    const whole = clock.unwrap(dts);
    if (isMedia(track) || clock.rank <= 0) clock.follow(whole);
    const isSampler = clock.samplesFrom(track, whole, nowMs);
    const lead = ticksAfter(pts, dts);
    if (isSampler) {
      const isOther =
        track.kind === 'audio' ? sampleSound(clock, track, whole) : clock.samplePicture(whole, lead, nowMs);
      if (clock !== this.#reference) this.#considerAsReference(clock, nowMs);
      else if (isOther) this.#followReference();
      clock.sender.advance(whole, nowMs);
    }
    noteUnit(track, whole, lead, nowMs);
    const given = Number.isNaN(pcr) && !clock.sender.hasPcr ? feed.earlyPcr : pcr;
    clock.sender.observeUnit(whole, Number.isNaN(given) ? NaN : clock.unwrap(given), nowMs);
    if (!isSampler) return;
    if (clock.isInForce && clock.isYoung(nowMs)) this.#checkPlacement(clock, nowMs);
    clock.toOutput(whole, this.#slewTarget(clock), nowMs);
    const behind = clock.pace.observe(clock.sender.time, clock.sender.delay, nowMs);
    if (behind > 0 && clock.isInForce) this.#lineUp(clock, behind, nowMs);
  }

  /** Samples a PCR (33 bits and a fraction) outside a unit's first packet. */
  observePcr(feed: ClockedFeed, pcr: number, nowMs: number): void {
    const { clock } = feed;
    if (clock) clock.sender.observePcr(clock.unwrap(pcr), clock.latest, nowMs - this.waitedMs);
    feed.earlyPcr = clock ? NaN : pcr;
  }

  /**
   * Maps the timestamps of a unit that is sent onto the program's timeline, into `pts` and `dts`. Call `observe` first. On
   * the unit's PID DTS never goes back, whatever the input does.
   */
  stamp(feed: ClockedFeed, track: ClockedTrack, pts: number, nowMs: number): void {
    const clock = track.clock!; // set by observe
    const out = track.out!; // it is sent
    const target = this.#slewTarget(clock);
    const whole = clock.unwrap(pts);
    const isAside = isAsideOf(clock, track); // it may be far ahead: that does not fix the time of what is yet to come
    this.dts = Math.round(isAside ? clock.toOutputIfKnown(track.dts) : clock.toOutput(track.dts, target, nowMs));
    // A slow slew keeps PTS - DTS; if a fast one did so too, pictures would be out of order.
    const isFast = whole !== track.dts && clock.isSlewedFastAt(track.dts, nowMs);
    this.pts = isFast ? Math.round(clock.toOutput(whole, target, nowMs)) : this.dts + whole - track.dts;
    if (this.dts <= out.dts) {
      const by = track.isPart ? 0 : 1; // more of a picture goes with it
      this.heldUnits += by;
      this.pts += out.dts + by - this.dts;
      this.dts = out.dts + by;
    }
    out.dts = this.dts;
    const { pcr } = this;
    if (this.pts > clock.lastPts && !isAside) clock.lastPts = this.pts;
    if (Number.isNaN(pcr.last)) return;
    const ahead = this.dts - pcr.last;
    if (clock.sampler === track) feed.decodeAhead = ahead;
    if (ahead < MARGIN && this.#isAlone() && clock.isInForce) {
      clock.sender.need = Math.max(clock.sender.need, pcr.lag - ahead);
    }
    if (ahead >= 0 || track.isPart) return;
    feed.lateUnits++;
    this.lateUnits++;
  }

  /** Returns the PCR to send now; from then on, `last` of `pcr` is this value. */
  makePcr(nowMs: number): number {
    return this.pcr.make(this.#timeNow(nowMs), nowMs);
  }

  /** Whether the program's time is known. */
  get isTimeKnown(): boolean {
    return this.#reference !== null || !Number.isNaN(this.pcr.last);
  }

  /** How far the PCR would advance now, ticks, where it follows timestamps: these may be ahead of the wall clock. */
  pcrAdvance(nowMs: number): number {
    return this.#isAlone() && this.#reference ? this.pcr.advance(this.#timeNow(nowMs)) : 0;
  }

  /** The unit interval, ms, of the feed where it is longest. */
  get unitIntervalMs(): number {
    return this.#clocks.reduce((longest, { sender }) => Math.max(longest, sender.stepMs), 0);
  }

  /** Whether to wait before generating the first PCR: for the source's own, or for a better estimate of its time. */
  awaitsPcr(feed: ClockedFeed, nowMs: number): boolean {
    const { clock } = feed;
    if (!Number.isNaN(this.pcr.last) || !clock || nowMs - clock.startedMs > OWN_PCR_MS) return false;
    if (clock.latest - clock.first > OWN_PCR_MS * TICKS_PER_MS) return false;
    return (feed.promisesPcr && !clock.sender.hasPcr) || (clock.rank === 0 && feed.hasMedia);
  }

  /** Maps a PCR on another PID than PCR_PID: decoders ignore it, so it has no lasting effect on the map. */
  moveOtherPcr(clock: FeedClock, pcr: number): number {
    return clock.unwrap(pcr) + clock.offset - this.pcr.lag;
  }

  /** By how much units of this clock arrive after their DTS on the program's timeline, ticks; negative: before it. */
  needOf(clock: FeedClock, nowMs: number): number {
    const driver = this.#reference;
    if (!driver) return -Infinity;
    if (this.#isAlone()) return clock.sender.need;
    if (clock.sender.delays.minimum === Infinity) return -Infinity; // its time is not known yet
    // One that is yet to be moved ahead of where it is will need more.
    const error = clock.isYoung(nowMs) ? Math.min(0, this.errorOf(clock) || 0) : 0;
    const apart = driver.offset - driver.sender.delays.minimum - (clock.offset + error - clock.sender.delays.minimum);
    return apart + clock.sender.lateness(nowMs);
  }

  /** This clock's current need, ticks, if it exceeds the largest lag of the PCR; otherwise 0, even if it was late. */
  tooLate(clock: FeedClock, nowMs: number): number {
    const apart = this.needOf(clock, nowMs) - clock.sender.lateness(nowMs); // offset of its time from the program's
    const need = this.#isAlone() ? clock.sender.needNow(nowMs) : apart + clock.sender.latenessNow(nowMs);
    return need > MAX_LAG ? need : 0;
  }

  /** How far a feed's offset is from its target, in ticks; NaN if unknown. */
  errorOf(clock: FeedClock): number {
    return this.#targetOf(clock) - clock.offset;
  }

  #isAlone(): boolean {
    return this.#clocks.length === 1;
  }

  #timeNow(nowMs: number): PcrTime {
    const driver = this.#reference;
    const at = this.#pcrTime;
    at.driver = driver;
    if (!driver) return at;
    at.isByStamps = this.#isAlone();
    if (at.isByStamps) {
      const { sender } = driver;
      // The driver has stalled while another feed is held until its age is known: let time continue without it.
      const isGone = this.held.length > 0 && nowMs - sender.atMs > Math.max(GONE_MS, sender.stepMs * 1.5);
      const isUnknown = isGone && !Number.isNaN(this.pcr.last);
      at.time = isUnknown ? NaN : sender.at(nowMs, driver.nextDts(nowMs)) + driver.offset;
      at.need = sender.need + driver.margin(nowMs);
    } else {
      const { minimum } = driver.sender.delays;
      at.time = minimum === Infinity ? NaN : nowMs * TICKS_PER_MS - minimum + driver.offset;
      at.need = -Infinity;
      for (const clock of this.#clocks) at.need = Math.max(at.need, this.needOf(clock, nowMs) + clock.margin(nowMs));
    }
    // Held units are sent later than they arrived, but their need is measured on arrival.
    at.guess = at.isByStamps ? at.need : at.need + this.waitedMs * TICKS_PER_MS;
    if (Number.isNaN(at.time)) return at;
    // The first unit of a missing track would show how late that track is: the PCR stops rather than pass its DTS.
    for (const one of this.#clocks)
      if (one.awaitsTrack(nowMs)) at.guess = Math.max(at.guess, at.time - one.first - one.offset);
    for (const feed of this.held) at.guess = Math.max(at.guess, needOfHeld(feed, at.time, this.#base, nowMs));
    return at;
  }

  /** Returns the clock that a unit belongs to: a new one where its timestamps jump. */
  #clockOf(feed: ClockedFeed, track: ClockedTrack, times: UnitTimes, nowMs: number): FeedClock {
    const { dts } = times;
    const own = track.clock;
    const known = feed.clock;
    // Other tracks are sporadic (subtitles) or have a time of their own (data): they do not affect clocks.
    const isAside = known !== null && isAsideOf(known, track);
    const isNear = known !== null && isNearTo(known, track, dts);
    if (isAside && isNear && own !== known) {
      track.dts = NaN;
      return (track.clock = known);
    }
    if (own && staysOnClock(track, isNear && !isAside ? known : null, dts, nowMs)) return own;
    const next = own !== null && own === known && !isAside ? nextOutput(own, track, nowMs) : NaN;
    track.dts = NaN;
    if (own && !isAside) {
      this.jumps++;
      if (own === known) this.retire(feed);
      else if (isNear) return (track.clock = known);
    } else if (isNear) return (track.clock = known);
    if (isAside) track.clock = this.#spareClock(feed, dts, nowMs);
    else if (Number.isNaN(next)) track.clock = this.#startFeed(feed, track, times, nowMs);
    else {
      track.clock = this.#open(feed, dts, next, nowMs);
      track.clock.inherit(own!, nowMs); // the feed continues where it would be without the jump; `own` is known
      this.#reference ??= track.clock;
    }
    return track.clock;
  }

  #slewTarget(clock: FeedClock): number {
    return clock === this.#reference || !clock.isInForce ? NaN : this.#targetOf(clock);
  }

  #targetOf(clock: FeedClock): number {
    return clock.leastDelay === Infinity ? NaN : clock.leastDelay + this.#base + clock.trim;
  }

  #startFeed(feed: ClockedFeed, track: ClockedTrack, times: UnitTimes, nowMs: number): FeedClock {
    const { pts, dts: stamp } = times;
    if (feed.clock) this.retire(feed);
    const now = nowMs * TICKS_PER_MS;
    const sample = feed.firstSample;
    const first = sample && Math.abs(ticksAfter(sample.stamp, stamp)) < SAME_CLOCK ? sample : null;
    // The timestamp's age: for audio, its duration plus the time that the encoder and muxer held it.
    const soundLength = track.unitTicks > 0 ? track.unitTicks + track.heldMs * TICKS_PER_MS : 0;
    const length = track.kind === 'audio' ? soundLength : 2 * ticksAfter(pts, stamp);
    let output = Number.isNaN(this.#base) ? FIRST_DTS : now + this.#base - length + feed.trim;
    if (first) output = offsetOfSample(first, stamp, feed.trim, this.#base);
    // A guess must not be in the past. First units that are known to be late are sent all the same.
    else if (!Number.isNaN(this.pcr.last)) {
      output = Math.max(
        output,
        this.pcr.last + (this.#clocks.length === 0 ? Math.max(MARGIN, feed.decodeAhead) : MARGIN),
      );
    }
    const clock = this.#open(feed, stamp, Math.max(output, feed.pastOutput + 1), nowMs);
    if (first) clock.useFirstSample(first);
    if (first || isMedia(track)) feed.firstSample = null;
    clock.mediaTrackCount = feed.mediaCount;
    if (!this.#reference) {
      this.#reference = clock;
      this.#base = clock.offset + stamp - now + length - feed.trim;
    }
    return clock;
  }

  #open(feed: ClockedFeed, stamp: number, output: number, nowMs: number): FeedClock {
    const clock = new FeedClock(stamp, Math.ceil(output), nowMs);
    clock.trim = feed.trim;
    feed.clock = clock;
    this.#clocks = [...this.#clocks, clock];
    return clock;
  }

  /** A clock for a track whose timestamps are unrelated to its feed's. */
  #spareClock(feed: ClockedFeed, stamp: number, nowMs: number): FeedClock {
    const now = Number.isNaN(this.#base) ? FIRST_DTS : nowMs * TICKS_PER_MS + this.#base + feed.trim;
    const output = Number.isNaN(this.pcr.last) ? now : Math.max(now, this.pcr.last + MARGIN);
    const clock = new FeedClock(stamp, Math.ceil(output), nowMs);
    clock.isInForce = false;
    return clock;
  }

  #considerAsReference(clock: FeedClock, nowMs: number): void {
    if (!clock.isInForce || !this.#isBetter(clock, nowMs)) return;
    this.#reference = clock;
    this.#followReference();
  }

  /** Whether a feed should become the reference instead: preferably one with video, because video should not be slewed. */
  #isBetter(clock: FeedClock, nowMs: number): boolean {
    if (!clock.isSettled(nowMs) || !clock.pace.isPunctual(nowMs)) return false;
    const reference = this.#reference;
    if (reference?.pace.isPunctual(nowMs) && clock.rank <= reference.rank) return false;
    return reference !== null && Math.abs(this.errorOf(clock)) < GOOD_ERROR;
  }

  /** Aligns a feed that has permanently fallen behind by this many ticks. */
  #lineUp(clock: FeedClock, behind: number, nowMs: number): void {
    if (clock === this.#reference) {
      this.#reference = bestOf(this.#clocks, (other) => other !== clock && other.pace.isPunctual(nowMs)) ?? clock;
    }
    clock.raise(behind);
    this.#followReference();
    const error = clock === this.#reference ? 0 : this.errorOf(clock);
    if (!(error > MAX_STEP_BACK)) return;
    this.jumps++;
    clock.shift(Math.ceil(error));
  }

  /** A young feed that was put where it does not belong, by more than R37 has it, is moved as soon as its delay is known. */
  #checkPlacement(clock: FeedClock, nowMs: number): void {
    if (clock === this.#reference || clock.isSettling(nowMs) || !(Math.abs(this.errorOf(clock)) > MAX_ERROR)) return;
    if (!clock.isSteady(nowMs) || this.#reference?.isSteady(nowMs) === false) return;
    clock.move(nowMs);
    this.jumps++;
  }

  #followReference(): void {
    const clock = this.#reference!; // only called if there is one
    if (clock.leastDelay !== Infinity) this.#base = clock.offset - clock.leastDelay - clock.trim;
  }

  #drop(clock: FeedClock, feed: ClockedFeed): void {
    feed.pastOutput = Math.max(feed.pastOutput, clock.end, clock.lastPts);
    clock.isInForce = false;
    this.#clocks = this.#clocks.filter((other) => other !== clock);
    if (this.#reference !== clock) return;
    this.#reference = bestOf(this.#clocks, () => true);
    if (this.#reference) this.#followReference();
  }
}

/** Adds the sample of a unit of sound. True if the estimate of its age may have changed. */
function sampleSound(clock: FeedClock, track: ClockedTrack, dts: number): boolean {
  const length = dts - track.dts;
  if (!(length > 0 && length < MAX_UNIT_TICKS)) return false;
  // An audio PES packet is as old as its end, where the next one starts, plus the frame that did not fit into it.
  return clock.sample(dts + track.heldMs * TICKS_PER_MS, track.dtsAtMs);
}
