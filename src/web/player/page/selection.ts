// Selects which tracks of a program are played, and by which engine: the registry of codecs says what plays them.

import type { Codec } from '../../../mpegts/codecs/codec.js';
import { codecInMedia, codecOfType } from '../../../mpegts/codecs/lookup.js';
import { registrationOf } from '../../../mpegts/psi/descriptors.js';
import type { Track } from '../../../mpegts/psi/track.js';

/** jsmpeg plays MPEG-1 video and MPEG audio, mpegts.js what browsers decode themselves. */
export type Engine = 'jsmpeg' | 'mpegts.js';

/** The tracks that are played: a picture, a sound or both, each by an engine of its own. */
export interface Selection {
  readonly video: Track | null;
  readonly audio: Track | null;
}

/** The first picture and the first sound of `tracks`. */
export function selectFirst(tracks: readonly Track[]): Selection {
  const first = (wanted: string) => tracks.find(({ kind }) => kind === wanted) ?? null;
  return { video: first('video'), audio: first('audio') };
}

/** What a track is for the page: as its stream_type says, unless the media shows that it is something else. */
function codecOf({ streamType }: Track, codec: string | null): Codec | null {
  return (codec === null ? null : codecInMedia(codec)) ?? codecOfType(streamType);
}

/**
 * Whether there is an engine for a track, which can demux it; whether the browser decodes it is another question. False: no
 * browser plays it. `codec`: as found in the media.
 */
export function isPlayable(track: Track, codec: string | null = null): boolean {
  return (codecOf(track, codec)?.playedBy ?? null) !== null;
}

/** Whether a decoder in script plays a track; descriptors may make another kind of it than its stream_type says. */
function isForScript(track: Track, kind: 'video' | 'audio'): boolean {
  const codec = codecOf(track, null);
  return codec?.playedBy === 'script' && codec.kind === kind;
}

/** The engine for a picture. */
export function pictureEngine(track: Track): Engine {
  return isForScript(track, 'video') ? 'jsmpeg' : 'mpegts.js';
}

/**
 * The engine for the sound of a selection: if the browser decodes the picture, it plays the sound as well, by the same
 * clock.
 */
export function soundEngine({ video, audio }: Selection): Engine {
  const isScript = audio !== null && isForScript(audio, 'audio');
  return isScript && (video === null || pictureEngine(video) === 'jsmpeg') ? 'jsmpeg' : 'mpegts.js';
}

/** Two tracks with the same key are played by the same player. */
export function keyOf({ pid, streamType }: Track, engine: Engine): string {
  return `${engine} ${pid}/${streamType}`;
}

/** The name of a track for people. `codec`: as found in the media. */
export function nameOf(track: Track, codec: string | null = null): string {
  const known = codecOf(track, codec)?.label ?? registrationOf(track.descriptors)?.trim();
  return known ?? (track.kind === 'video' ? 'picture' : 'sound');
}
