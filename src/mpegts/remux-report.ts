// What a Remuxer says of itself: counters, tracks, clocks.
// Pure: data only.

import type { TrackKind } from './track.js';

/** Packets, unless said otherwise, since the Remuxer was made. */
export interface RemuxCounters {
  /** Packets that came. */
  taken: number;
  /** Of these, sent on. */
  sent: number;
  nulls: number;
  /** The inputs' PAT and PMT. */
  tables: number;
  /** Of PIDs that no PMT lists: SDT, EIT, tracks before their tables. */
  unknown: number;
  /** Of tracks that are not selected, or that wait for their first unit. */
  leftOut: number;
  duplicates: number;
  /** Left out because they contradict the standard or are scrambled. */
  damaged: number;
  /** Missing from the inputs, told by continuity_counter. */
  lost: number;
  /** Tracks for which the PMT has no room, now. */
  tracksLeftOut: number;
}

/** A track of the output, for those who want to know. */
export interface RemuxedTrack {
  readonly feed: string;
  readonly inputPid: number;
  readonly pid: number;
  readonly streamType: number;
  readonly kind: TrackKind;
  /** stream_id as sent; -1 before the first unit. */
  readonly streamId: number;
}

/** The output's program. */
export interface RemuxedProgram {
  /** version_number of its PMT; -1 before the first. */
  readonly version: number;
  readonly pcrPid: number;
  readonly tracks: readonly RemuxedTrack[];
}

/** How a feed's clock stands to the program's. */
export interface RemuxedClock {
  readonly feed: string;
  /** What is added to its stamps, milliseconds. */
  readonly offsetMs: number;
  /** How far that is from where it should be; NaN if unknown. */
  readonly errorMs: number;
  /** Its clock against ours, millionths. */
  readonly driftPpm: number;
  readonly isReference: boolean;
}

export function newCounters(): RemuxCounters {
  return {
    taken: 0,
    sent: 0,
    nulls: 0,
    tables: 0,
    unknown: 0,
    leftOut: 0,
    duplicates: 0,
    damaged: 0,
    lost: 0,
    tracksLeftOut: 0,
  };
}
