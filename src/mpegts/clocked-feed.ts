// What the program's clock keeps of a feed and of its tracks.
// Pure: no clock, no I/O; time is an argument.

import type { FeedClock } from './feed-clock.js';
import type { FirstSample, StartHold } from './start-hold.js';
import { TICKS_PER_MS } from './timestamp.js';
import type { TrackKind } from './track.js';

/** Where a unit comes later than by this after the one before, and its stamps jump, it was not captured right after that. */
const PAUSE = 250 * TICKS_PER_MS;

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
}

/** Where the next unit of a track belongs in output time: behind the last, unless there was a pause. */
export function nextOutput(clock: FeedClock, { dts, dtsAtMs, unitTicks }: ClockedTrack, nowMs: number): number {
  const elapsed = (nowMs - dtsAtMs) * TICKS_PER_MS;
  return clock.peek(dts) + (unitTicks > 0 && elapsed < unitTicks + PAUSE ? unitTicks : elapsed);
}

/** Whether a track's time is that of its feed. What is not known may be sound, or data with a time of its own. */
export function isMedia({ kind }: ClockedTrack): boolean {
  return kind === 'video' || kind === 'audio';
}
