// The progress of a track.

/** Times are those of the track's element. Seconds. */
export interface TrackTimes {
  /** The time stamp at the element's time 0, at which it starts without a seek; -1: unknown. */
  readonly origin: number;
  /** When the newest appended unit begins and ends; -1: none. */
  readonly newestStart: number;
  readonly newestEnd: number;
  /** The time between pictures by their time stamps; how long it may take until more sound arrives. */
  readonly gap: number;
  /** Times of the newest random access points. */
  readonly accesses: readonly number[];
}

/** The times of a track without media. */
export const NO_TIMES: TrackTimes = { origin: -1, newestStart: -1, newestEnd: -1, gap: 0, accesses: [] };

/** Pictures further apart than this are shown without waiting for the next. Seconds. */
export const SLOW = 0.2;
