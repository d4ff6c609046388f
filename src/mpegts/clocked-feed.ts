// What the program's clock keeps of a feed and of its tracks.
// Pure: no clock, no I/O; time is an argument.

import type { FeedClock } from './feed-clock.js';
import { type FirstSample, OLDEST, type StartHold } from './start-hold.js';
import { TICKS_PER_MS, ticksAfter } from './timestamp.js';
import type { TrackKind } from './track.js';

/** Where a unit comes later than by this after the one before, and its stamps jump, it was not captured right after that. */
const PAUSE = 250 * TICKS_PER_MS;

/** Stamps that go back by more than this, or ahead of arrival and of the unit's length by more than that, jump. */
export const BACK = 100 * TICKS_PER_MS;
const AHEAD = 1000 * TICKS_PER_MS;
export const LONGEST_UNIT = 3000 * TICKS_PER_MS;

/** What the clock keeps of a feed. */
export interface ClockedFeed {
  clock: FeedClock | null;
  /** Ticks, positive is later. */
  trim: number;
  /** The latest output stamp of the clocks it had before. */
  pastOutput: number;
  /** How far the last unit that gave a sample was ahead of the PCR, ticks. */
  ahead: number;
  /** Units of it that were sent with a DTS before the PCR. */
  lateUnits: number;
  /** The PCR that came before its first unit, 33 bits and a fraction; NaN: none did. */
  earlyPcr: number;
  /** Whether its PMT names a PCR_PID. */
  readonly promisesPcr: boolean;
  /** How many pictures and sounds its PMT lists. */
  readonly mediaCount: number;
  /** What its first units wait in, until it is known how old they are. */
  readonly hold: StartHold | null;
  /** What that has found. */
  firstSample: FirstSample | null;
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
  /** How long the last unit was, ticks. */
  unitTicks: number;
  /** PTS - DTS of the last unit, ticks. */
  lead: number;
  /** Whether that is more of the picture before: a slice or field in a PES packet of its own, with the same stamps. */
  isPart: boolean;
}

/** Where the next unit of a track belongs in output time: behind the last, unless there was a pause. */
export function nextOutput(clock: FeedClock, { dts, dtsAtMs, unitTicks }: ClockedTrack, nowMs: number): number {
  const elapsed = (nowMs - dtsAtMs) * TICKS_PER_MS;
  return clock.peek(dts) + (unitTicks > 0 && elapsed < unitTicks + PAUSE ? unitTicks : elapsed);
}

/** Notes a unit of a track with this DTS, unwrapped by its clock. */
export function noteUnit(track: ClockedTrack, dts: number, lead: number, nowMs: number): void {
  const length = dts - track.dts;
  if (length > 0 && length < LONGEST_UNIT) track.unitTicks = length;
  track.isPart = length === 0 && lead === track.lead && track.kind === 'video';
  track.lead = lead;
  track.dts = dts;
  track.dtsAtMs = nowMs;
}

/** Whether a track's time is that of its feed. What is not known may be sound, or data with a time of its own. */
export function isMedia({ kind }: Pick<ClockedTrack, 'kind'>): boolean {
  return kind === 'video' || kind === 'audio';
}

/** Whether a unit with this DTS (33 bits), of a track whose last unit `clock` moved, goes on where that one was. */
export function goesOn(
  clock: FeedClock,
  { dts: last, dtsAtMs, unitTicks }: ClockedTrack,
  dts: number,
  nowMs: number,
): boolean {
  const step = clock.unwrap(dts) - last;
  const length = unitTicks > 0 ? unitTicks * 1.5 : LONGEST_UNIT;
  return step >= -BACK && step <= (nowMs - dtsAtMs) * TICKS_PER_MS + AHEAD + length;
}

/** Where a stamp of a feed belongs on the program's clock, by what its first unit tells; `base` as a ProgramClock has it. */
export function placeOf({ stamp, arrivalMs }: FirstSample, of: number, trim: number, base: number): number {
  return arrivalMs * TICKS_PER_MS + base - ticksAfter(stamp, of) + trim;
}

/**
 * By how much the first of a feed's units that wait is after its DTS at `time` already, as far as is known; the PCR stands as
 * long as they wait rather than leave them behind. Not for what had waited elsewhere: its time is over.
 */
export function needOfHeld({ hold, trim }: ClockedFeed, time: number, base: number, nowMs: number): number {
  const first = hold?.guess(nowMs);
  if (!hold || !first || Number.isNaN(time)) return -Infinity;
  const place = placeOf(first, hold.earliest, trim, base);
  const isQueued = hold.earliestAtMs * TICKS_PER_MS + base - place > OLDEST;
  return isQueued ? -Infinity : time - place + hold.mayBeOlder(nowMs);
}
