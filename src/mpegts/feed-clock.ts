// One feed's clock against arrival: how far its stamps must be moved, and the slewing that moves them.
// Pure: no clock, no I/O; time is an argument.

import { TICKS_PER_MS, ticksAfter } from './timestamp.js';
import { TimeMap } from './time-map.js';
import type { TrackKind } from './track.js';

/** The least delay is looked for over BUCKETS * BUCKET_MS: long enough to meet an undelayed packet, short for drift. */
const BUCKETS = 8;
const BUCKET_MS = 2000;
/** Within this time of its start a feed is lined up fast: what was queued before it came (a burst) is over by then. */
const SETTLING_MS = 3000;
/** Errors above this are heard and seen (EBU R37: 40 ms early), so they are worth a slew that might be noticed. */
const LARGE_ERROR = 50 * TICKS_PER_MS;
/** A slew begins at the one and ends at the other, so that jitter of the estimate does not make the line tremble. */
const SLEW_FROM = 3 * TICKS_PER_MS;
const SLEW_TO = 0.5 * TICKS_PER_MS;
const SETTLING_SLOPES = [0.1, 2] as const;
/** Frames of a PES have no stamps of their own: drawn together more than this, one PES would begin inside another. */
const SETTLING_SOUND_SLOPES = [0.95, 2] as const;
const LARGE_SLOPES = [0.95, 1.05] as const;
const SMALL_SLOPES = [0.99, 1.01] as const;
const DRIFT_MS = 60_000;

const RANKS = { unknown: 0, other: 0, audio: 1, video: 2 } as const;

/**
 * Lives from the first stamp of a source to its end or to a jump of its stamps. A *sample* is arrival time minus
 * stamp, in ticks: its least value over the last 16 s belongs to a packet that nothing delayed.
 */
export class FeedClock {
  /** What `TrackKind` the samples come from, and from which track: video before sound before the rest. */
  rank = -1;
  sampler: unknown = null;
  /** The correction the rule asks for, in ticks; positive is later. */
  trim = 0;
  /** Output time this feed has reached: that of what is captured when its newest unit arrives. */
  reached = -Infinity;
  /** The same on its own clock, unwrapped. */
  reachedIn = NaN;
  reachedAtMs = -Infinity;
  /** Reached minus PCR in the input, ticks, as first seen; NaN before that. */
  pcrDistance = NaN;
  readonly beganMs: number;

  readonly #map: TimeMap;
  readonly #least = new Float64Array(BUCKETS).fill(Infinity);
  #bucket = NaN;
  #min = Infinity;
  #slewing = false;
  #lead = Infinity;
  #latest: number;
  #driftFromMs = NaN;
  #driftFrom = 0;
  #driftPpm = 0;

  /** `stamp` (33 bits) is put at `output`, the program's time in ticks. */
  constructor(stamp: number, output: number, nowMs: number) {
    this.#latest = stamp;
    this.#map = new TimeMap(stamp, output);
    this.beganMs = nowMs;
  }

  /** The stamp without its wrap: the one nearest to the latest DTS. */
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

  /** The latest output time given to any stamp. */
  get end(): number {
    return this.#map.endOut;
  }

  /** What is added to stamps now, in ticks. */
  get offset(): number {
    return this.#map.endOut - this.#map.endIn;
  }

  /** The least sample of the window; Infinity before the first. */
  get least(): number {
    return this.#min;
  }

  /** How fast the feed's clock runs against ours, in millionths; 0 until two minutes have been seen. */
  get driftPpm(): number {
    return this.#driftPpm;
  }

  isSettled(nowMs: number): boolean {
    return nowMs - this.beganMs >= SETTLING_MS && this.#min !== Infinity;
  }

  /** Whether samples of this track count; the best kind of track seen so far gives them all. */
  samplesFrom(track: unknown, kind: TrackKind): boolean {
    if (RANKS[kind] > this.rank) {
      this.rank = RANKS[kind];
      this.sampler = track;
      this.#least.fill(Infinity);
      this.#min = Infinity;
    }
    return this.sampler === track;
  }

  /** The least PTS - DTS seen, this one included: 0 as soon as a picture is shown when it is decoded. */
  shortestLead(lead: number): number {
    if (lead < this.#lead) {
      this.#lead = lead;
      this.#least.fill(Infinity); // what was sampled before counted on more
      this.#min = Infinity;
    }
    return this.#lead;
  }

  /** Takes a sample: something that was whole at `arrivalMs` was as old as `stamp` (unwrapped) says. */
  sample(stamp: number, arrivalMs: number): void {
    const value = arrivalMs * TICKS_PER_MS - stamp;
    const bucket = Math.floor(arrivalMs / BUCKET_MS);
    if (bucket !== this.#bucket) this.#turn(bucket, arrivalMs);
    const slot = bucket % BUCKETS;
    if (value < this.#least[slot]!) {
      this.#least[slot] = value;
      // A window that has only just been emptied keeps its old figure: see #turn.
      if (value < this.#min) this.#min = value;
    }
  }

  /** The output time of an unwrapped stamp. `target` is the offset wanted; NaN where the feed is not to be slewed. */
  toOutput(stamp: number, target: number, nowMs: number): number {
    const ahead = stamp - this.#map.endIn;
    if (ahead > 0) this.#map.extend(stamp, this.#slope(ahead, target, nowMs));
    return this.#map.at(stamp);
  }

  /** The output time of a stamp (a PCR) that binds nothing. */
  peek(stamp: number): number {
    return this.#map.at(stamp);
  }

  #slope(ahead: number, target: number, nowMs: number): number {
    const error = target - this.offset;
    if (Number.isNaN(error)) return 1;
    const size = Math.abs(error);
    const settling = nowMs - this.beganMs < SETTLING_MS;
    if (this.#slewing ? size < SLEW_TO : size < SLEW_FROM) this.#slewing = false;
    else this.#slewing = true;
    if (!this.#slewing) return 1;
    const fast = this.rank === RANKS.video ? SETTLING_SLOPES : SETTLING_SOUND_SLOPES;
    const [least, most] = settling ? fast : size > LARGE_ERROR ? LARGE_SLOPES : SMALL_SLOPES;
    return Math.min(most, Math.max(least, 1 + error / ahead));
  }

  /** Opens a bucket: the ones that are too old leave the window. */
  #turn(bucket: number, nowMs: number): void {
    const skipped = Number.isNaN(this.#bucket) ? BUCKETS : Math.min(Math.abs(bucket - this.#bucket), BUCKETS);
    for (let i = 0; i < skipped; i++) this.#least[(bucket - i + BUCKETS * 2) % BUCKETS] = Infinity;
    this.#bucket = bucket;
    let min = Infinity;
    for (const value of this.#least) min = Math.min(min, value);
    // After a pause longer than the window the first packet may be a late one: what was known holds for a bucket more.
    if (min !== Infinity) this.#min = min;
    this.#measureDrift(nowMs);
  }

  #measureDrift(nowMs: number): void {
    if (!this.isSettled(nowMs)) return;
    const elapsed = nowMs - this.#driftFromMs;
    if (elapsed < DRIFT_MS) return;
    if (elapsed >= DRIFT_MS) this.#driftPpm = ((this.#driftFrom - this.#min) / (elapsed * TICKS_PER_MS)) * 1e6;
    this.#driftFromMs = nowMs;
    this.#driftFrom = this.#min;
  }
}
