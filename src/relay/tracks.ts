// The tracks of a feed or a stream, as events tell them.

import type { TrackKind } from '../mpegts/track.js';

/** A track as it is told. */
export interface NamedTrack {
  readonly pid: number;
  readonly kind: TrackKind;
  readonly codec: string;
}

/** The tracks in one word, to see whether they have changed. */
export function namesOf(tracks: readonly NamedTrack[]): string {
  return tracks.map(({ pid, kind, codec }) => `${pid} ${kind} ${codec}`).join();
}

/** The tracks as an event tells them: without what the media says of them now and then. */
export function namedTracks(tracks: readonly NamedTrack[]): NamedTrack[] {
  return tracks.map(({ pid, kind, codec }) => ({ pid, kind, codec }));
}
