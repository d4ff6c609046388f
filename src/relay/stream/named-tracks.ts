// The tracks of a feed or a stream, as in events.

import type { TrackKind } from '../../mpegts/psi/track.js';

/** A track in an event. */
export interface NamedTrack {
  readonly pid: number;
  readonly kind: TrackKind;
  readonly codec: string;
}

/** The tracks as one string, to detect changes. */
export function namesOf(tracks: readonly NamedTrack[]): string {
  return tracks.map(({ pid, kind, codec }) => `${pid} ${kind} ${codec}`).join();
}

/** The tracks for an event: without the media details, which may change. */
export function withoutMediaDetails(tracks: readonly NamedTrack[]): NamedTrack[] {
  return tracks.map(({ pid, kind, codec }) => ({ pid, kind, codec }));
}
