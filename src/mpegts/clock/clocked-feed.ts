// State that the program's clock keeps for a feed and for its tracks.
// Pure: no clock, no I/O; time is an argument.

import type { FeedClock } from './feed-clock.js';
import { type FirstSample, OLDEST, type StartHold } from './start-hold.js';
import { TICKS_PER_MS, ticksAfter } from '../packet/timestamp.js';
import { isMedia, type TrackKind } from '../psi/track.js';

/** A unit that comes later than this after the previous one, with a jump of its stamps, was captured after a pause. */
const MAX_ARRIVAL_GAP = 250 * TICKS_PER_MS;

/** Stamps jump if they go back by more than this, or are ahead of arrival and of the unit's length by more than this. */
export const MAX_STEP_BACK = 100 * TICKS_PER_MS;
const MAX_STEP_AHEAD = 1000 * TICKS_PER_MS;
export const MAX_UNIT_TICKS = 3000 * TICKS_PER_MS;
/** Timestamps of two tracks that jump by amounts this near to each other have made the same jump. */
const SAME_JUMP = 50 * TICKS_PER_MS;
/** Two tracks of one feed share a clock if their timestamps differ by less than this. */
export const SAME_CLOCK = 10_000 * TICKS_PER_MS;
/** Subtitles and data may be this far ahead of video and audio: the longest delay in §2.4.2, that of a still picture. */
const MAX_DATA_AHEAD = 60_000 * TICKS_PER_MS;

/** The clock's state for a feed. */
export interface ClockedFeed {
  clock: FeedClock | null;
  /** Ticks, positive is later. */
  trim: number;
  /** The latest output stamp of its earlier clocks. */
  pastOutput: number;
  /** How far the latest sampled unit was ahead of the PCR, ticks. */
  decodeAhead: number;
  /** Units sent with a DTS before the PCR. */
  lateUnits: number;
  /** The PCR that came before its first unit, 33 bits and a fraction; NaN: none. */
  earlyPcr: number;
  /** Whether its PMT names a PCR_PID. */
  readonly promisesPcr: boolean;
  /** Whether its PMT lists a track that is, or may be, video or audio. */
  readonly hasMedia: boolean;
  /** How many video and audio tracks its PMT lists. */
  readonly mediaCount: number;
  /** Holds its first units until their age is known. */
  readonly startHold: StartHold | null;
  /** The first sample that {@link startHold} found. */
  firstSample: FirstSample | null;
}

/** A unit's times as they came: 33 bits, and a fraction in the PCR. */
export interface UnitTimes {
  pts: number;
  /** Where there is none, the PTS. */
  dts: number;
  /** The PCR in the unit's first packet; NaN: none. */
  pcr: number;
}

/** The clock's state for an input track. */
export interface ClockedTrack {
  readonly kind: TrackKind;
  /** How long the encoder typically holds audio before sending it, ms. */
  readonly heldMs: number;
  /** Its track in the output, with the DTS that was sent last on its PID; `null`: it is not sent. */
  readonly out: { dts: number } | null;
  clock: FeedClock | null;
  /** The last unit's DTS, unwrapped by `clock`. */
  dts: number;
  dtsAtMs: number;
  /** The last unit's duration, ticks. */
  unitTicks: number;
  /** PTS - DTS of the last unit, ticks. */
  lead: number;
  /** How far the last unit's DTS was before its source's time, ticks; NaN: unknown. */
  behind: number;
  /** Whether that is more of the picture before: a slice or field in a PES packet of its own, with the same stamps. */
  isPart: boolean;
}

/** The output time of a track's next unit: right after the last, unless there was a pause. */
export function nextOutput(clock: FeedClock, { dts, dtsAtMs, unitTicks }: ClockedTrack, nowMs: number): number {
  const elapsed = (nowMs - dtsAtMs) * TICKS_PER_MS;
  return clock.toOutputIfKnown(dts) + (unitTicks > 0 && elapsed < unitTicks + MAX_ARRIVAL_GAP ? unitTicks : elapsed);
}

/** Notes a unit of a track with this DTS, unwrapped by its clock. */
export function noteUnit(track: ClockedTrack, dts: number, lead: number, nowMs: number): void {
  const length = dts - track.dts;
  if (track.clock && track.unitTicks > 0) noteJump(track.clock, length - track.unitTicks);
  if (length > 0 && length < MAX_UNIT_TICKS) track.unitTicks = length;
  track.isPart = length === 0 && lead === track.lead && track.kind === 'video';
  track.lead = lead;
  if (track.clock?.isInForce) track.behind = track.clock.sender.time - dts; // a former clock's source has no time
  track.dts = dts;
  track.dtsAtMs = nowMs;
}

/** Notes a unit that is longer by this than the one before; the next one, which is as long as they were, is no jump back. */
function noteJump(clock: FeedClock, by: number): void {
  if (Math.abs(by) > MAX_STEP_BACK && !(Math.abs(by + clock.takenJump) < SAME_JUMP)) clock.takenJump = by;
}

/** Whether a track is data beside the video or audio that its clock follows. */
export function isAsideOf(clock: FeedClock, track: Pick<ClockedTrack, 'kind'>): boolean {
  return !isMedia(track) && clock.rank > 0;
}

/** Whether a unit of a track with this DTS (33 bits) may belong to `clock`. */
export function isNearTo(clock: FeedClock, track: Pick<ClockedTrack, 'kind'>, dts: number): boolean {
  const ahead = ticksAfter(dts, clock.latest);
  return ahead > -SAME_CLOCK && ahead < (isAsideOf(clock, track) ? MAX_DATA_AHEAD : SAME_CLOCK);
}

/** Whether a unit with this DTS (33 bits) continues from its track's last unit, which `clock` mapped. */
export function continuesTimeline(
  clock: FeedClock,
  { dts: last, dtsAtMs, unitTicks }: ClockedTrack,
  dts: number,
  nowMs: number,
): boolean {
  const step = clock.unwrap(dts) - last;
  const length = unitTicks > 0 ? unitTicks * 1.5 : MAX_UNIT_TICKS;
  return step >= -MAX_STEP_BACK && step <= (nowMs - dtsAtMs) * TICKS_PER_MS + MAX_STEP_AHEAD + length;
}

/** Whether a unit with this DTS (33 bits) belongs to its track's clock. `next` is its feed's, which may be another; `null`: none. */
export function staysOnClock(track: ClockedTrack, next: FeedClock | null, dts: number, nowMs: number): boolean {
  const own = track.clock!; // only called if it has one
  const beyond = own.unwrap(dts) - track.dts - track.unitTicks; // by how much more than a unit its timestamps advance
  if (next === own && Math.abs(beyond - own.takenJump) < SAME_JUMP) return true;
  if (next && next !== own && followsJump(track, next, dts, beyond)) return false;
  return continuesTimeline(own, track, dts, nowMs);
}

/**
 * Whether a unit belongs to its feed's next clock: another track's timestamps have jumped. Its own do not always show it: a
 * small jump may be less than the difference between two units. How far they are before the source's time tells then.
 */
function followsJump({ clock, behind }: ClockedTrack, next: FeedClock, dts: number, beyond: number): boolean {
  const jump = ticksAfter(Math.round(clock!.offset), Math.round(next.offset));
  if (Math.abs(beyond - jump) < Math.min(SAME_JUMP, Math.abs(jump) / 2)) return true;
  const off = next.sender.time - next.unwrap(dts) - behind; // from where it was, if it has jumped
  return Math.abs(off) < Math.abs(off - jump);
}

/** The program time of a feed's stamp, derived from the feed's first sample; `base` as in ProgramClock. */
export function offsetOfSample({ stamp, arrivalMs }: FirstSample, of: number, trim: number, base: number): number {
  return arrivalMs * TICKS_PER_MS + base - ticksAfter(stamp, of) + trim;
}

/**
 * How far `time` is already past the DTS of the first held unit of a feed, as far as known: the PCR stands still while
 * units are held so that they do not fall behind it. Units delayed elsewhere do not count: they are too late.
 */
export function needOfHeld({ startHold, trim }: ClockedFeed, time: number, base: number, nowMs: number): number {
  const first = startHold?.guess(nowMs);
  if (!startHold || !first || Number.isNaN(time)) return -Infinity;
  const place = offsetOfSample(first, startHold.earliest, trim, base);
  const isQueued = startHold.earliestAtMs * TICKS_PER_MS + base - place > OLDEST;
  return isQueued ? -Infinity : time - place + startHold.mayBeOlder(nowMs);
}
