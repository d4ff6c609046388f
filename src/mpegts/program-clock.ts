// The one clock of a program: lines the clocks of its feeds up by arrival, moves their stamps onto it, and says what PCR is
// due. Pure: no clock, no I/O; time is an argument. ISO/IEC 13818-1 §2.4.2, §2.4.3.7, §2.7.
//
// Stamps. Each feed has one clock (FeedClock), and with it one map from its ticks to the program's (TimeMap): all of its
// tracks are moved by the same map, so sound and picture of a feed stay as far apart as they came, and nothing is held up,
// drawn together or left out because it comes late. One feed is the reference and is moved by a constant. The others are
// lined up with it by arrival and slewed towards it:
//
//   time(now) = now * 90 + base          a feed's offset is right when offset = least sample + base + trim
//
// PCR. What time it is at a source is said by its PCR, carried on by its stamps (SenderTime). In a program of one feed the
// output's PCR is that time, moved by the feed's constant: its relation to DTS is kept, it waits for a slow source and runs
// with a fast one. In a program of several feeds it is the reference's time as it would be without delays, carried on by
// the clock on the wall: one feed that stalls does not hold up the others.
//
// Lag. A feed's need is the largest time by which its units come after their DTS, at that time. The PCR lags by the largest
// need of the feeds, with some headroom; 3 s at most (PcrOutput). A unit that is before the PCR all the same, since its
// feed's need was not known, is sent and counted. A delay of more than a second counts as need only if it comes again.
//
// Slow feeds. A feed that is 1 s later than when it was last lined up, and is not catching up, encodes too slowly or was
// stopped. It is lined up anew: its map moves ahead at once, for all of its tracks. If it was the reference, the best of
// those that are punctual is from now on. If there is none, all wait for it.

import {
  BACK,
  type ClockedFeed,
  type ClockedTrack,
  goesOn,
  isMedia,
  LONGEST_UNIT,
  needOfHeld,
  nextOutput,
  noteUnit,
  placeOf,
} from './clocked-feed.js';
import { bestOf, FeedClock, TRACK_GONE_MS } from './feed-clock.js';
import { MOST_LAG, PcrOutput, type PcrTime } from './pcr-output.js';
import { TICKS_PER_MS, ticksAfter } from './timestamp.js';

/** Where output time begins: late enough that no PCR, and no DTS of a track that is behind, is negative. */
const FIRST_DTS = 10_000 * TICKS_PER_MS;
/** Two tracks of one feed whose stamps are nearer than this share a clock. */
const SAME_CLOCK = 10_000 * TICKS_PER_MS;
/** Subtitles and the like may be further ahead of picture and sound: as far as §2.4.2 lets anything wait, a still picture. */
const ASIDE_AHEAD = 60_000 * TICKS_PER_MS;
/** No clock is begun with a DTS nearer to the PCR, if that is a guess. */
const MARGIN = 20 * TICKS_PER_MS;
/** A feed that is so near to where it should be may become the reference: what is left of the error can be neither heard nor seen. */
const GOOD_ERROR = 5 * TICKS_PER_MS;
/** A larger error of a young feed is put right at once. EBU R37: sound is 40 ms early at most, as near as that can be known. */
const MOST_ERROR = 30 * TICKS_PER_MS;
/** A source's own PCR is waited for, this long, before one is made. */
const OWN_PCR_MS = 200;
/** A source that has sent nothing for so long does not say what time it is. */
const GONE_MS = 600;

export class ProgramClock {
  readonly pcr = new PcrOutput();
  /** What `stamp` found: output stamps, unwrapped whole ticks. */
  pts = NaN;
  dts = NaN;
  /** Units whose DTS had to be held up because it would have gone back. */
  heldUnits = 0;
  /** Units sent with a DTS before the PCR. */
  lateUnits = 0;
  /** Times a feed was lined up anew because its stamps jumped or it had fallen behind. */
  jumps = 0;

  /** Feeds whose first units wait: they have no clock yet. */
  held: readonly ClockedFeed[] = [];
  /** For how long what is observed has waited, ms: it counts as it came. */
  waitedMs = 0;

  #base = NaN;
  #reference: FeedClock | null = null;
  #clocks: readonly FeedClock[] = [];
  readonly #pcrTime: PcrTime = { driver: null, time: NaN, need: NaN, guess: NaN, isByStamps: true };

  /** The feed's source is gone or another begins: its clock ends, the program's goes on. */
  retire(feed: ClockedFeed): void {
    if (!feed.clock) return;
    this.#drop(feed.clock, feed);
    feed.clock = null;
  }

  /** The correction that the rule asks for, ticks; positive is later. */
  setTrim(feed: ClockedFeed, trim: number): void {
    feed.trim = trim;
    if (feed.clock) feed.clock.trim = trim;
    if (feed.clock && feed.clock === this.#reference) this.#followReference();
  }

  /** Whether a feed that starts now has something to be in time with. */
  get hasReference(): boolean {
    return this.#reference !== null;
  }

  /**
   * Learns from the stamps (33 bits) of a unit that arrives now, sent on or not. Sets `track.clock`. `pcr` is what its first
   * packet carries, 33 bits and a fraction; NaN: nothing.
   */
  observe(feed: ClockedFeed, track: ClockedTrack, pts: number, dts: number, pcr: number, sentMs: number): void {
    const nowMs = sentMs - this.waitedMs;
    const own = track.clock;
    const isNext = own !== null && own === feed.clock && goesOn(own, track, dts, nowMs);
    const clock = isNext ? own : this.#clockOf(feed, track, pts, dts, nowMs);
    if (clock !== own || nowMs - track.dtsAtMs >= TRACK_GONE_MS) clock.include(track, nowMs);
    const whole = clock.unwrap(dts);
    if (isMedia(track) || clock.rank <= 0) clock.follow(whole);
    const isSampler = clock.samplesFrom(track, whole, nowMs);
    const lead = ticksAfter(pts, dts);
    if (isSampler) this.#sample(clock, track, whole + lead, whole, nowMs);
    noteUnit(track, whole, lead, nowMs);
    const given = Number.isNaN(pcr) && !clock.sender.hasPcr ? feed.earlyPcr : pcr;
    clock.sender.unit(whole, isSampler, Number.isNaN(given) ? NaN : clock.unwrap(given), nowMs);
    if (!isSampler) return;
    if (clock.isInForce && clock.isYoung(nowMs)) this.#checkPlace(clock, nowMs);
    clock.toOutput(whole, this.#slewTarget(clock), nowMs);
    const behind = clock.pace.note(clock.sender.time, clock.sender.delay, nowMs);
    if (behind > 0 && clock.isInForce) this.#lineUp(clock, behind, nowMs);
  }

  /** Learns from a PCR (33 bits and a fraction) that comes without a unit. */
  observePcr(feed: ClockedFeed, pcr: number, nowMs: number): void {
    const { clock } = feed;
    if (clock) clock.sender.carry(clock.unwrap(pcr), clock.latest, nowMs - this.waitedMs);
    feed.earlyPcr = clock ? NaN : pcr;
  }

  /**
   * Moves a unit's stamps onto the program's clock, into `pts` and `dts`. `observe` comes first. `after` is the output
   * DTS of the unit before it on its PID: time does not go back, whatever the input does.
   */
  stamp(feed: ClockedFeed, track: ClockedTrack, pts: number, after: number, nowMs: number): void {
    const clock = track.clock!; // set by observe
    const target = this.#slewTarget(clock);
    const whole = clock.unwrap(pts);
    this.dts = Math.round(clock.toOutput(track.dts, target, nowMs));
    // A slow slew leaves PTS - DTS as it is; a fast one would put pictures out of order if it did.
    const isFast = whole !== track.dts && clock.isSettling(nowMs);
    this.pts = isFast ? Math.round(clock.toOutput(whole, target, nowMs)) : this.dts + whole - track.dts;
    if (this.dts <= after) {
      const by = track.isPart ? 0 : 1; // more of a picture goes with it
      this.heldUnits += by;
      this.pts += after + by - this.dts;
      this.dts = after + by;
    }
    const { pcr } = this;
    if (this.pts > clock.lastPts) clock.lastPts = this.pts;
    if (Number.isNaN(pcr.last)) return;
    const ahead = this.dts - pcr.last;
    if (clock.sampler === track) feed.ahead = ahead;
    if (ahead < MARGIN && this.#isAlone() && clock.isInForce) {
      clock.sender.need = Math.max(clock.sender.need, pcr.lag - ahead);
    }
    if (ahead >= 0 || track.isPart) return;
    feed.lateUnits++;
    this.lateUnits++;
  }

  /** The PCR to send now; `last` of `pcr` says where it is from then on. */
  makePcr(nowMs: number): number {
    return this.pcr.make(this.#timeNow(nowMs), nowMs);
  }

  /** Whether it is known what time it is. */
  get isTimeKnown(): boolean {
    return this.#reference !== null || !Number.isNaN(this.pcr.last);
  }

  /** How far the PCR would go ahead now, ticks, where it follows the stamps: they may come faster than time passes. */
  pcrAdvance(nowMs: number): number {
    return this.#isAlone() && this.#reference ? this.pcr.advance(this.#timeNow(nowMs)) : 0;
  }

  /** How far apart units come, ms, of the feed whose units are the longest. */
  get stepMs(): number {
    return Math.max(0, ...this.#clocks.map(({ sender }) => sender.stepMs));
  }

  /** Whether the first PCR is better waited for than made: the source's own, or what tells its time better. */
  awaitsPcr(feed: ClockedFeed, hasMedia: boolean, nowMs: number): boolean {
    const { clock } = feed;
    if (!Number.isNaN(this.pcr.last) || !clock || nowMs - clock.beganMs > OWN_PCR_MS) return false;
    if (clock.latest - clock.first > OWN_PCR_MS * TICKS_PER_MS) return false;
    return (feed.promisesPcr && !clock.sender.hasPcr) || (hasMedia && clock.rank === 0);
  }

  /** What a PCR in a packet of another PID becomes: nobody reads it, so it binds nothing. */
  moveOtherPcr(clock: FeedClock, pcr: number): number {
    return clock.unwrap(pcr) + clock.offset - this.pcr.lag;
  }

  /** By how much units of this clock come after their DTS on the program's, ticks; negative: before it. */
  needOf(clock: FeedClock, nowMs: number): number {
    const driver = this.#reference;
    if (!driver) return -Infinity;
    if (this.#isAlone()) return clock.sender.need;
    if (clock.sender.delays.least === Infinity) return -Infinity; // its time is not known yet
    // One that is yet to be moved ahead of where it is will need more.
    const error = clock.isYoung(nowMs) ? Math.min(0, this.errorOf(clock) || 0) : 0;
    const apart = driver.offset - driver.sender.delays.least - (clock.offset + error - clock.sender.delays.least);
    return apart + clock.sender.lateness(nowMs);
  }

  /** The need of this clock now, ticks, if it is more than the PCR may lag; or else 0: also of one that was late before. */
  tooLate(clock: FeedClock, nowMs: number): number {
    const { sender } = clock;
    const apart = this.needOf(clock, nowMs) - sender.lateness(nowMs); // of its time and the program's
    const need = this.#isAlone() ? sender.needNow(nowMs) : apart + sender.latenessNow(nowMs);
    return need > MOST_LAG ? need : 0;
  }

  /** How far a feed's offset is from where it should be, in ticks; NaN if that is not known. */
  errorOf(clock: FeedClock): number {
    return this.#targetOf(clock) - clock.offset;
  }

  isReference(clock: FeedClock): boolean {
    return this.#reference === clock;
  }

  // Not a private getter: V8 looks each of those up at every use.
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
      // It stands still, and another feed waits for what tells how old it is: time goes on by itself.
      const isGone = this.held.length > 0 && nowMs - sender.atMs > Math.max(GONE_MS, sender.stepMs * 1.5);
      const isUnknown = isGone && !Number.isNaN(this.pcr.last);
      at.time = isUnknown ? NaN : sender.at(nowMs, driver.nextDts(nowMs)) + driver.offset;
      at.need = sender.need + driver.margin(nowMs);
    } else {
      const { least } = driver.sender.delays;
      at.time = least === Infinity ? NaN : nowMs * TICKS_PER_MS - least + driver.offset;
      at.need = -Infinity;
      for (const clock of this.#clocks) at.need = Math.max(at.need, this.needOf(clock, nowMs) + clock.margin(nowMs));
    }
    at.guess = at.need;
    if (Number.isNaN(at.time)) return at;
    // What is late of a track that is yet to come, its first unit would tell: the PCR stands rather than pass that.
    for (const one of this.#clocks)
      if (one.awaitsTrack(nowMs)) at.guess = Math.max(at.guess, at.time - one.first - one.offset);
    for (const feed of this.held) at.guess = Math.max(at.guess, needOfHeld(feed, at.time, this.#base, nowMs));
    return at;
  }

  /** The clock a unit belongs to: another begins where its stamps jump. */
  #clockOf(feed: ClockedFeed, track: ClockedTrack, pts: number, dts: number, nowMs: number): FeedClock {
    const own = track.clock;
    const known = feed.clock;
    // What is neither picture nor sound comes when it likes (subtitles), or has a time of its own (data): it moves nothing.
    const isAside = !isMedia(track) && known !== null && known.rank > 0;
    const ahead = known === null ? NaN : ticksAfter(dts, known.latest);
    const isNear = known !== null && ahead > -SAME_CLOCK && ahead < (isAside ? ASIDE_AHEAD : SAME_CLOCK);
    if (isAside && isNear && own !== known) {
      track.dts = NaN;
      return (track.clock = known);
    }
    if (own && goesOn(own, track, dts, nowMs)) return own;
    const next = own !== null && own === known && !isAside ? nextOutput(own, track, nowMs) : NaN;
    track.dts = NaN;
    if (own && !isAside) {
      this.jumps++;
      if (own === known) this.retire(feed);
      else if (isNear) return (track.clock = known);
    } else if (isNear) return (track.clock = known);
    if (isAside) track.clock = this.#asideClock(feed, dts, nowMs);
    else if (Number.isNaN(next)) track.clock = this.#begin(feed, track, pts, dts, nowMs);
    else track.clock = this.#goOn(feed, own!, dts, next, nowMs); // known from it
    return track.clock;
  }

  #slewTarget(clock: FeedClock): number {
    return clock === this.#reference || !clock.isInForce ? NaN : this.#targetOf(clock);
  }

  #targetOf(clock: FeedClock): number {
    return clock.least === Infinity ? NaN : clock.least + this.#base + clock.trim;
  }

  #begin(feed: ClockedFeed, track: ClockedTrack, pts: number, stamp: number, nowMs: number): FeedClock {
    if (feed.clock) this.retire(feed);
    const now = nowMs * TICKS_PER_MS;
    const sample = feed.firstSample;
    const first = sample && Math.abs(ticksAfter(sample.stamp, stamp)) < SAME_CLOCK ? sample : null;
    // How much older than now the stamp is: sound by its length, and by what passed while it was held.
    const soundLength = track.unitTicks > 0 ? track.unitTicks + track.heldMs * TICKS_PER_MS : 0;
    const length = track.kind === 'audio' ? soundLength : 2 * ticksAfter(pts, stamp);
    let output = Number.isNaN(this.#base) ? FIRST_DTS : now + this.#base - length + feed.trim;
    if (first) output = placeOf(first, stamp, feed.trim, this.#base);
    // A guess must not lie in the past. Where it is known that the first units do, they are sent all the same.
    else if (!Number.isNaN(this.pcr.last)) {
      output = Math.max(output, this.pcr.last + (this.#clocks.length === 0 ? Math.max(MARGIN, feed.ahead) : MARGIN));
    }
    const clock = this.#open(feed, stamp, Math.max(output, feed.pastOutput + 1), nowMs);
    if (first) clock.place(first);
    if (first || isMedia(track)) feed.firstSample = null;
    clock.promised = feed.mediaCount;
    if (!this.#reference) {
      this.#reference = clock;
      this.#base = clock.offset + stamp - now + length - feed.trim;
    }
    return clock;
  }

  /** A feed's stamps jump: it goes on, at `stamp`, where it would have without that. */
  #goOn(feed: ClockedFeed, before: FeedClock, stamp: number, output: number, nowMs: number): FeedClock {
    const clock = this.#open(feed, stamp, output, nowMs);
    clock.takeOver(before, nowMs);
    this.#reference ??= clock;
    return clock;
  }

  #open(feed: ClockedFeed, stamp: number, output: number, nowMs: number): FeedClock {
    const clock = new FeedClock(stamp, Math.ceil(output), nowMs);
    clock.trim = feed.trim;
    feed.clock = clock;
    this.#clocks = [...this.#clocks, clock];
    return clock;
  }

  /** A clock for a track whose stamps have nothing to do with its feed's. */
  #asideClock(feed: ClockedFeed, stamp: number, nowMs: number): FeedClock {
    const now = Number.isNaN(this.#base) ? FIRST_DTS : nowMs * TICKS_PER_MS + this.#base + feed.trim;
    const output = Number.isNaN(this.pcr.last) ? now : Math.max(now, this.pcr.last + MARGIN);
    const clock = new FeedClock(stamp, Math.ceil(output), nowMs);
    clock.isInForce = false;
    return clock;
  }

  #sample(clock: FeedClock, track: ClockedTrack, pts: number, dts: number, nowMs: number): void {
    // A picture was captured at its PTS. An encoder that holds pictures back without reordering them (ffmpeg's MPEG-1:
    // one) says so by a DTS that is always earlier, and is behind by as much again.
    let isOther = false; // what is known of how old it is
    if (track.kind !== 'audio') isOther = clock.sample(pts + clock.shortestLead(pts - dts), nowMs);
    // A PES of sound is as old as its end, which is where the next one begins, and by the frame that did not fit any more.
    else if (dts - track.dts > 0 && dts - track.dts < LONGEST_UNIT)
      isOther = clock.sample(dts + track.heldMs * TICKS_PER_MS, track.dtsAtMs);
    if (!clock.isInForce) return;
    if (clock === this.#reference) {
      if (isOther) this.#followReference();
    } else if (this.#isBetter(clock, nowMs)) {
      this.#reference = clock;
      this.#followReference();
    }
  }

  /** Whether a feed should be the reference instead: pictures, not sound, are what should not be slewed. */
  #isBetter(clock: FeedClock, nowMs: number): boolean {
    if (!clock.isSettled(nowMs) || !clock.pace.isPunctual(nowMs)) return false;
    const reference = this.#reference;
    if (reference?.pace.isPunctual(nowMs) && clock.rank <= reference.rank) return false;
    return reference !== null && Math.abs(this.errorOf(clock)) < GOOD_ERROR;
  }

  /** A feed has fallen behind by so many ticks, for good. */
  #lineUp(clock: FeedClock, behind: number, nowMs: number): void {
    if (clock === this.#reference) {
      const others = this.#clocks.filter((other) => other !== clock);
      this.#reference = bestOf(others, ({ pace }) => pace.isPunctual(nowMs)) ?? clock;
    }
    clock.raise(behind);
    this.#followReference();
    const error = clock === this.#reference ? 0 : this.errorOf(clock);
    if (!(error > BACK)) return;
    this.jumps++;
    clock.shift(Math.ceil(error));
  }

  /** A young feed that was put where it does not belong, by more than R37 has it, is moved as soon as its delay is known. */
  #checkPlace(clock: FeedClock, nowMs: number): void {
    if (clock === this.#reference || clock.isSettling(nowMs) || !(Math.abs(this.errorOf(clock)) > MOST_ERROR)) return;
    if (!clock.isSteady(nowMs) || this.#reference?.isSteady(nowMs) === false) return;
    clock.move(nowMs);
    this.jumps++;
  }

  #followReference(): void {
    const clock = this.#reference!; // asked only where there is one
    if (clock.least !== Infinity) this.#base = clock.offset - clock.least - clock.trim;
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
