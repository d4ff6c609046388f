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

/** A track that is left out because it is sound or may be. */
export interface LeftOutTrack {
  readonly feed: string;
  readonly pid: number;
  readonly streamType: number;
  /** Why, for people. */
  readonly why: string;
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

/** How a feed does in the program. */
export interface RemuxedFeed {
  readonly feed: string;
  /** The source's time that passes in a second of ours, where it is not 1; NaN: it is, or not known. */
  readonly rate: number;
  /** By how much its units come after their DTS at most, milliseconds, where that is too much for the PCR; or else 0. */
  readonly tooLateMs: number;
  /** Packets left out because they contradict the standard or are scrambled, since it is an input. */
  readonly dropped: number;
  /** Tracks for which the PMT has no room, now. */
  readonly tracksLeftOut: number;
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
