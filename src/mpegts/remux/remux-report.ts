// The counters, tracks and clocks that a Remuxer reports.
// Pure: data only.

import type { ProgramClock } from '../clock/program-clock.js';
import type { RemuxFeed } from './remux-feed.js';
import { TICKS_PER_MS } from '../packet/timestamp.js';
import type { TrackKind } from '../psi/track.js';

/** Counted since the Remuxer was created; in packets unless stated otherwise. */
export interface RemuxCounters {
  /** Packets received. */
  received: number;
  /** Packets of these that were sent. */
  sent: number;
  nulls: number;
  /** Packets of the inputs' PAT and PMT. */
  tables: number;
  /** Packets on PIDs that no PMT lists: SDT, EIT, tracks before their PMT. */
  unknown: number;
  /** Packets of tracks that are not selected, or that wait for their first unit. */
  omitted: number;
  duplicates: number;
  /** Packets dropped because they violate the standard or are scrambled. */
  damaged: number;
  /** Packets missing from the inputs according to continuity_counter. */
  lost: number;
  /** Tracks that currently do not fit into the PMT. */
  omittedTracks: number;
}

/** A track of the output, for status reports. */
export interface RemuxedTrack {
  readonly feed: string;
  readonly inputPid: number;
  readonly pid: number;
  readonly streamType: number;
  readonly kind: TrackKind;
  /** stream_id as sent; -1 before the first unit. */
  readonly streamId: number;
}

/** A track that is left out because it is, or may be, audio. */
export interface OmittedTrack {
  readonly feed: string;
  readonly pid: number;
  readonly streamType: number;
  /** The reason as text. */
  readonly reason: string;
}

/** The output's program. */
export interface RemuxedProgram {
  /** version_number of its PMT; -1 before the first. */
  readonly version: number;
  readonly pcrPid: number;
  readonly tracks: readonly RemuxedTrack[];
}

/** The state of a feed's clock relative to the program's. */
export interface RemuxedClock {
  readonly feed: string;
  /** The offset added to its timestamps, milliseconds. */
  readonly offsetMs: number;
  /** The difference of that offset from its target; NaN if unknown. */
  readonly errorMs: number;
  /** The drift of its clock against ours, in millionths. */
  readonly driftPpm: number;
  readonly isReference: boolean;
}

/** The state of a feed in the program. */
export interface RemuxedFeed {
  readonly feed: string;
  /** How much of the source's time passes in a second of ours, if that is not 1; NaN: it is 1, or unknown. */
  readonly rate: number;
  /**
   * The most by which its units arrive after their DTS, milliseconds, if it exceeds the largest lag of the PCR; otherwise
   * 0.
   */
  readonly tooLateMs: number;
  /** Packets dropped because they violate the standard or are scrambled, since the feed became an input. */
  readonly dropped: number;
  /** Tracks that currently do not fit into the PMT. */
  readonly omittedTracks: number;
}

/** The state of the clocks of these feeds, of those that have one. */
export function reportClocks(
  feeds: readonly Pick<RemuxFeed, 'name' | 'clock'>[],
  program: Pick<ProgramClock, 'errorOf' | 'reference'>,
): RemuxedClock[] {
  return feeds.flatMap(({ name, clock }) => {
    if (!clock) return [];
    return {
      feed: name,
      offsetMs: clock.offset / TICKS_PER_MS,
      errorMs: program.errorOf(clock) / TICKS_PER_MS,
      driftPpm: clock.driftPpm,
      isReference: program.reference === clock,
    };
  });
}

/** The state of these feeds. */
export function reportFeeds(
  feeds: readonly Pick<RemuxFeed, 'name' | 'clock' | 'dropped' | 'omittedTracks'>[],
  program: Pick<ProgramClock, 'tooLate'>,
  nowMs: number,
): RemuxedFeed[] {
  return feeds.map(({ name, clock, dropped, omittedTracks }) => ({
    feed: name,
    rate: clock?.pace.rate(nowMs) ?? NaN,
    tooLateMs: clock ? program.tooLate(clock, nowMs) / TICKS_PER_MS : 0,
    dropped,
    omittedTracks,
  }));
}

export function newCounters(): RemuxCounters {
  return {
    received: 0,
    sent: 0,
    nulls: 0,
    tables: 0,
    unknown: 0,
    omitted: 0,
    duplicates: 0,
    damaged: 0,
    lost: 0,
    omittedTracks: 0,
  };
}
