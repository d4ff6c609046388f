// How far a track has come, and how often more of it does.

/** Times are those of the track's element. Seconds. */
export interface TrackTimes {
  /** Where the element's time begins, by the track's own time stamps: an element begins at 0 without a seek; -1: not known. */
  readonly origin: number;
  /** When the newest unit that was handed on begins and ends; -1: none was. */
  readonly newestStart: number;
  readonly newestEnd: number;
  /** The time between pictures by their time stamps; how long it may take until more sound arrives. */
  readonly gap: number;
  /** The newest places from which a decoder can begin, by time. */
  readonly accesses: readonly number[];
}

/** Of a track of which nothing has come. */
export const NO_TIMES: TrackTimes = { origin: -1, newestStart: -1, newestEnd: -1, gap: 0, accesses: [] };

/** Pictures further apart than this are shown without waiting for the next to come. Seconds. */
export const SLOW = 0.2;
