// One feed's clock against arrival: how far its stamps must be moved, and the slewing that moves them.
// Pure: no clock, no I/O; time is an argument.

import { FeedRate } from './feed-rate.js';
import { MinimumWindow } from './minimum-window.js';
import { SenderTime } from './sender-time.js';
import type { FirstSample } from './start-hold.js';
import { TICKS_PER_MS, ticksAfter } from '../packet/timestamp.js';
import { TimeMap } from './time-map.js';
import { isMedia, type TrackKind } from '../psi/track.js';

/** For this long after its start a feed is aligned fast: an initial burst of queued data has passed by then. */
const SETTLING_MS = 3000;
/** Errors above this are noticeable (EBU R37: 40 ms early), so they justify a slew that may be noticed. */
const LARGE_ERROR = 50 * TICKS_PER_MS;
/** A slew starts at the first and ends at the second error: hysteresis against jitter of the estimate. */
const SLEW_FROM = 3 * TICKS_PER_MS;
const SLEW_TO = 0.5 * TICKS_PER_MS;
const SETTLING_SLOPES = [0.1, 2] as const;
/** Frames within a PES packet have no stamps: compressed more than this, one PES packet would start inside another. */
const SETTLING_SOUND_SLOPES = [0.95, 2] as const;
/** A feed that is in the wrong place goes to the right one at once: one glitch, and not ten seconds in which it is out of time. */
const MOVING_SLOPES = [0.02, Infinity] as const;
const MAX_MOVING_MS = 2000;
/** A feed is young so long. Shorter than the window of samples: none of them has been forgotten. */
const YOUNG_MS = 10_000;
/** So long after a feed began what came last is not younger than all before: what waited elsewhere has come. */
const STEADY_MS = 200;
const MIN_DELAY_DROP = 10 * TICKS_PER_MS;
const LARGE_SLOPES = [0.95, 1.05] as const;
const SMALL_SLOPES = [0.99, 1.01] as const;
const DRIFT_MS = 60_000;
/** Stamps further ahead than this (subtitles) do not determine the clock of other tracks. */
const FAR_AHEAD = 4000 * TICKS_PER_MS;
/** Audio in PES packets longer than this has a variable rate: the next one may be longer, and then comes later. */
const LONG_SOUND = 200 * TICKS_PER_MS;
const LONGER = 0.25;
/** How long, in our time and in its stamps, a feed's listed tracks are awaited (§2.4.2: audio has 1 s). */
const PROMISED_MS = 1200;
/** Pictures that show how far PTS is from DTS. */
const LEADS = 16;
/** A track without data for this long says nothing about the present. */
export const TRACK_GONE_MS = 3000;

/** A track's last unit. */
export interface TimedTrack {
  readonly kind: TrackKind;
  readonly clock: FeedClock | null;
  /** Its DTS, unwrapped; its arrival time; its duration, ticks. */
  readonly dts: number;
  readonly dtsAtMs: number;
  readonly unitTicks: number;
}

/** A track that may give samples. */
interface SampledTrack {
  readonly kind: TrackKind;
  /** When its last unit came; NaN: none has. */
  readonly dtsAtMs?: number;
}

const KIND_RANKS = { unknown: 0, other: 0, audio: 1, video: 2 } as const;

/**
 * Lives from the first stamp of a source to its end or to a jump of its stamps. A *sample* is arrival time minus
 * stamp, in ticks: the minimum over the last 16 s belongs to an undelayed packet.
 */
export class FeedClock {
  /** The `TrackKind` of the track that gives the samples: video before audio before the rest. */
  rank = -1;
  sampler: unknown = null;
  /** The correction the rule asks for, in ticks; positive is later. */
  trim = 0;
  /** The source's current time. */
  readonly sender = new SenderTime();
  readonly pace = new FeedRate();
  /** Whether it is its feed's current clock; a former one still maps its own units, without slewing. */
  isInForce = true;
  /** The latest output PTS assigned, ticks. */
  lastPts = -Infinity;
  readonly startedMs: number;
  /** The first stamp. */
  readonly first: number;

  /** By how much a unit was last longer (shorter) than the one before, ticks: it may be that a track's timestamps jumped. */
  takenJump = NaN;
  /** How many video and audio tracks its feed's tables list. */
  mediaTrackCount = 0;

  readonly #map: TimeMap;
  readonly #samples = new MinimumWindow();
  #tracks: readonly TimedTrack[] = [];
  #samplerAtMs = NaN;
  #samplerDts = NaN;
  #slewing = false;
  #isPlaced = false;
  #fastUntil = -Infinity; // the last input stamp up to which it was slewed fast
  #movesUntilMs = -Infinity;
  #youngest = Infinity; // the least sample, but for less than YOUNGER, and when it came
  #youngestAtMs = NaN;
  #leads = 0; // pictures that the next two are of, at most LEADS
  #lead = Infinity; // the least PTS - DTS
  #longestLead = 0; // and the largest
  #latest = NaN;
  #driftFromMs = NaN;
  #driftFrom = NaN;
  #driftPpm = NaN;

  /** Maps `stamp` (33 bits) to `output`, the program's time in ticks. */
  constructor(stamp: number, output: number, nowMs: number) {
    this.first = this.#latest = stamp;
    this.#map = new TimeMap(stamp, output);
    this.startedMs = nowMs;
  }

  /** The unwrapped stamp: the value nearest to the latest DTS. */
  unwrap(stamp: number): number {
    return this.#latest + ticksAfter(stamp, this.#latest);
  }

  /** Remembers an unwrapped DTS as the latest. */
  follow(dts: number): void {
    this.#latest = dts;
  }

  /** The latest DTS, unwrapped. */
  get latest(): number {
    return this.#latest;
  }

  /** Adds a track whose stamps it maps: called when the track first comes, and when it returns. */
  include(track: TimedTrack, nowMs: number): void {
    for (const one of this.#tracks) if (one === track) return;
    this.#tracks = [...this.#tracks.filter(({ dtsAtMs }) => nowMs - dtsAtMs < TRACK_GONE_MS), track];
  }

  /** The least DTS still expected of any active track; Infinity if there is none. */
  nextDts(nowMs: number): number {
    let next = Infinity;
    for (const { clock, kind, dts, dtsAtMs, unitTicks } of this.#tracks) {
      const isRunning = kind !== 'other' && clock === this && nowMs - dtsAtMs < TRACK_GONE_MS;
      if (isRunning && dts + unitTicks < next) next = dts + unitTicks;
    }
    return next;
  }

  /** By how much future units may be later than any before, ticks. */
  margin(nowMs: number): number {
    let longest = 0;
    for (const { clock, kind, dts, dtsAtMs, unitTicks } of this.#tracks) {
      if (kind !== 'audio' || clock !== this || nowMs - dtsAtMs >= TRACK_GONE_MS) continue;
      // The first unit's duration is unknown; where there is video, the unit comes later than it by that duration.
      longest = Math.max(longest, unitTicks > 0 ? unitTicks : this.#samplerDts - dts);
    }
    return longest > LONG_SOUND ? (longest - LONG_SOUND) * LONGER : 0;
  }

  /**
   * Whether a video or audio track that the tables list has yet to come: its units may be as old as the first that came,
   * unless the source's own PCR shows that they are not.
   */
  awaitsTrack(nowMs: number): boolean {
    if (!(nowMs - this.startedMs < PROMISED_MS) || this.#latest - this.first > PROMISED_MS * TICKS_PER_MS) return false;
    if (!this.sender.isByStamps) return false;
    return this.#tracks.filter(isMedia).length < this.mediaTrackCount;
  }

  /** The latest output time given to any stamp. */
  get end(): number {
    return this.#map.endOutput;
  }

  /** What is added to stamps now, in ticks. */
  get offset(): number {
    return this.#map.endOutput - this.#map.endInput;
  }

  /** The minimum sample of the window; Infinity before the first. */
  get leastDelay(): number {
    return this.#samples.minimum;
  }

  /** How fast the feed's clock runs against ours, in millionths; 0 during the first two minutes. */
  get driftPpm(): number {
    return Number.isNaN(this.#driftPpm) ? 0 : this.#driftPpm;
  }

  /** Sets the offset from the known age of the source's first unit. */
  useFirstSample({ track, stamp, arrivalMs, lead, longestLead }: FirstSample): void {
    const whole = this.unwrap(stamp);
    this.samplesFrom(track, this.first, arrivalMs);
    if (track.kind === 'video') {
      this.#lead = lead;
      this.#longestLead = longestLead;
      this.#leads = LEADS;
    }
    this.sample(whole, arrivalMs);
    this.#isPlaced = true;
  }

  /** Takes over the state of the source's previous clock after a jump of its stamps: nothing else has changed. */
  inherit(before: FeedClock, nowMs: number): void {
    this.rank = before.rank;
    this.sampler = before.sampler;
    this.#samplerAtMs = before.#samplerAtMs;
    this.#samplerDts = this.first;
    this.#lead = before.#lead;
    this.#longestLead = before.#longestLead;
    this.#leads = before.#leads;
    const by = before.offset - this.offset;
    if (before.leastDelay !== Infinity) this.#samples.add(before.leastDelay - by, nowMs);
    this.#youngest = before.#youngest - by;
    this.#youngestAtMs = before.#youngestAtMs;
    this.sender.continueFrom(before.sender, by, nowMs);
    this.#isPlaced = true;
  }

  /** Whether it is still aligned fast, since its first mapping may be wrong. */
  isSettling(nowMs: number): boolean {
    return (!this.#isPlaced && nowMs - this.startedMs < SETTLING_MS) || nowMs < this.#movesUntilMs;
  }

  /** Whether it has begun not long ago: it may turn out that it has begun where it does not belong. */
  isYoung(nowMs: number): boolean {
    return nowMs - this.startedMs < YOUNG_MS;
  }

  /** Whether no unit of late was younger, when it came, than all before it: its delay is known. */
  isSteady(nowMs: number): boolean {
    return nowMs - this.#youngestAtMs >= STEADY_MS;
  }

  /**
   * Whether others can be placed by it. The age of a unit of sound is known only when the next one comes: while units of a
   * sound that has just started catch up, each is younger than it seems.
   */
  isFitToPlace(nowMs: number): boolean {
    return this.rank > KIND_RANKS.audio || nowMs - this.#youngestAtMs >= STEADY_MS + 2 * this.sender.stepMs;
  }

  /** Whether a fast slew applies at this unwrapped DTS: then its PTS is moved otherwise, by where in the slew it is. */
  isSlewedFastAt(dts: number, nowMs: number): boolean {
    return dts <= this.#fastUntil || this.isSettling(nowMs);
  }

  /** It goes to where it belongs at once, not by a slew. */
  move(nowMs: number): void {
    this.#movesUntilMs = nowMs + MAX_MOVING_MS;
  }

  isSettled(nowMs: number): boolean {
    return nowMs - this.startedMs >= SETTLING_MS && this.leastDelay !== Infinity;
  }

  /** Whether this track's unit with this DTS counts as a sample; the best kind of track so far gives all samples. */
  samplesFrom(track: SampledTrack, dts: number, nowMs: number): boolean {
    if (this.sampler !== track && !this.#takesSamplesFrom(track, nowMs)) return false;
    this.#samplerAtMs = nowMs;
    this.#samplerDts = dts;
    return true;
  }

  #takesSamplesFrom(track: SampledTrack, nowMs: number): boolean {
    const rank = KIND_RANKS[track.kind];
    if (rank <= this.rank && !this.#isSamplerGone(track, nowMs)) return false;
    this.rank = rank;
    this.sampler = track;
    this.#leads = this.#longestLead = 0;
    this.#lead = Infinity;
    this.#forgetSamples();
    this.sender.restartSampling();
    return true;
  }

  /** Whether the sampled track has stopped while the feed, and this track, go on. */
  #isSamplerGone({ dtsAtMs = NaN }: SampledTrack, nowMs: number): boolean {
    if (!(nowMs - this.#samplerAtMs > TRACK_GONE_MS)) return false;
    if (!(dtsAtMs - this.#samplerAtMs < TRACK_GONE_MS / 2)) return true;
    this.#samplerAtMs = nowMs;
    return false;
  }

  /**
   * Adds the sample of a picture: it was captured at its PTS. An encoder that delays pictures without reordering them
   * (ffmpeg's MPEG-1 encoder: by one) shows this by a DTS that is always earlier, and the picture is older by the same time
   * once more. How far ahead of its display a picture is decoded counts as it did at first: an encoder that chooses the
   * number of its B-pictures chooses larger ones later, but is no faster then. True if {@link leastDelay} may have changed.
   */
  samplePicture(dts: number, lead: number, nowMs: number): boolean {
    if (this.#leads < LEADS) {
      this.#leads++;
      if (lead > this.#longestLead) this.#longestLead = lead;
      if (lead < this.#lead) {
        this.#lead = lead;
        this.#forgetSamples(); // what was sampled before counted on more
      }
    }
    return this.sample(dts + (lead < this.#longestLead ? lead : this.#longestLead) + this.#lead, nowMs);
  }

  /**
   * Adds a sample: a unit with `stamp` (unwrapped) was complete at `arrivalMs`. True if {@link leastDelay} may have
   * changed.
   */
  sample(stamp: number, arrivalMs: number): boolean {
    if (!this.#samples.add(arrivalMs * TICKS_PER_MS - stamp, arrivalMs)) return false;
    if (this.leastDelay < this.#youngest - MIN_DELAY_DROP) {
      this.#youngest = this.leastDelay;
      this.#youngestAtMs = arrivalMs;
    }
    this.#measureDrift(arrivalMs);
    return true;
  }

  #forgetSamples(): void {
    this.#samples.reset();
    this.#youngest = Infinity;
  }

  /** All that comes is `by` ticks later from now on than it was. */
  raise(by: number): void {
    this.#samples.raise(by);
    this.#youngest += by;
    this.sender.raise(by);
  }

  /** Moves all tracks of the feed by `by` ticks at once. */
  shift(by: number): void {
    this.#map.shift(by);
  }

  /** The output time of an unwrapped stamp. `target` is the desired offset; NaN: do not slew. */
  toOutput(stamp: number, target: number, nowMs: number): number {
    const map = this.#map;
    const ahead = stamp - map.endInput;
    if (ahead > 0 && !(stamp - this.#samplerDts > FAR_AHEAD)) {
      if (Number.isNaN(target)) map.extend(stamp, 1);
      else this.#extend(stamp, this.#slope(ahead, target, nowMs));
    }
    return map.at(stamp);
  }

  #extend(stamp: number, slope: number): void {
    if (slope < SMALL_SLOPES[0] || slope > SMALL_SLOPES[1]) {
      // What was sent with a later PTS stays where it is: what comes is shown after it.
      const sent = stamp > this.#fastUntil ? this.lastPts - this.offset : -Infinity;
      if (sent > this.#map.endInput && sent - stamp < FAR_AHEAD) this.#map.extend(sent, 1);
      this.#fastUntil = Math.max(stamp, this.#map.endInput);
    }
    if (stamp > this.#map.endInput) this.#map.extend(stamp, slope);
  }

  /** The output time of a stamp (a PCR), without changing any state. */
  toOutputIfKnown(stamp: number): number {
    return this.#map.at(stamp);
  }

  #slope(ahead: number, target: number, nowMs: number): number {
    const error = target - this.offset;
    const size = Math.abs(error);
    this.#slewing = this.#slewing ? size >= SLEW_TO : size >= SLEW_FROM;
    if (!this.#slewing) {
      this.#movesUntilMs = -Infinity;
      return 1;
    }
    const [least, most] = this.#slopes(size, nowMs);
    return Math.min(most, Math.max(least, 1 + error / ahead));
  }

  #slopes(error: number, nowMs: number): readonly [number, number] {
    if (nowMs < this.#movesUntilMs) return MOVING_SLOPES;
    const isPicture = this.rank === KIND_RANKS.video;
    if (this.isSettling(nowMs)) return isPicture ? SETTLING_SLOPES : SETTLING_SOUND_SLOPES;
    // An estimate from one audio unit may be off by an audible amount: it is corrected early, before that matters.
    const isNew = !isPicture && nowMs - this.startedMs < SETTLING_MS;
    return isNew || error > LARGE_ERROR ? LARGE_SLOPES : SMALL_SLOPES;
  }

  #measureDrift(nowMs: number): void {
    if (!this.isSettled(nowMs)) return;
    const elapsed = nowMs - this.#driftFromMs;
    if (elapsed < DRIFT_MS) return;
    if (elapsed >= DRIFT_MS) this.#driftPpm = ((this.#driftFrom - this.leastDelay) / (elapsed * TICKS_PER_MS)) * 1e6;
    this.#driftFromMs = nowMs;
    this.#driftFrom = this.leastDelay;
  }
}

/** The clock that is best as the reference, of those that are fit: pictures, not sound, are what should not be slewed. */
export function bestOf(clocks: readonly FeedClock[], isFit: (clock: FeedClock) => boolean): FeedClock | null {
  let best: FeedClock | null = null;
  for (const one of clocks) {
    if (one.leastDelay !== Infinity && isFit(one) && (!best || one.rank > best.rank)) best = one;
  }
  return best;
}
