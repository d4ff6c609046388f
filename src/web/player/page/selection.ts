// Selects which tracks of a program are played, and by which engine.
// Stream types: ISO/IEC 13818-1 §2.4.4.9, ETSI EN 300 468 annex D, ATSC A/52.

import { readDescriptors, type Track } from '../../../mpegts/psi/track.js';

/** jsmpeg plays MPEG-1 video and MPEG audio, mpegts.js what browsers decode themselves. */
export type Engine = 'jsmpeg' | 'mpegts.js';

/** The tracks that are played: a picture, a sound or both, each by an engine of its own. */
export interface Selection {
  readonly video: Track | null;
  readonly audio: Track | null;
}

// ffmpeg signals MPEG-1 video as 0x02, too; real MPEG-2 is recognised by its sequence header.
const MPEG2 = 'mpeg2video';
const MPEG_VIDEO = new Set([0x01, 0x02]);
const MPEG_AUDIO = new Set([0x03, 0x04]);
/**
 * Stream types that the engines can demux; whether the browser decodes them is another question. 0x06 is identified by
 * descriptors.
 */
const READABLE = new Set([...MPEG_VIDEO, ...MPEG_AUDIO, 0x06, 0x0f, 0x11, 0x1b, 0x24, 0x81, 0x87]);

const NAMES: Readonly<Record<number, string>> = {
  0x01: 'MPEG-1',
  0x02: 'MPEG-1',
  0x03: 'MPEG audio',
  0x04: 'MPEG audio',
  0x0f: 'AAC',
  0x10: 'MPEG-4',
  0x11: 'AAC',
  0x1b: 'H.264',
  0x24: 'H.265',
  0x33: 'H.266',
  0x42: 'AVS',
  0x81: 'AC-3',
  0x82: 'DTS',
  0x83: 'TrueHD',
  0x85: 'DTS-HD',
  0x8a: 'DTS',
  0x87: 'E-AC-3',
};
const REGISTRATION_DESCRIPTOR = 0x05;

/** The first picture and the first sound of `tracks`. */
export function selectFirst(tracks: readonly Track[]): Selection {
  const first = (wanted: string) => tracks.find(({ kind }) => kind === wanted) ?? null;
  return { video: first('video'), audio: first('audio') };
}

/** Whether there is an engine for a track; false: no browser plays it. `codec`: as found in the media. */
export function isPlayable({ streamType }: Track, codec: string | null = null): boolean {
  return READABLE.has(streamType) && codec !== MPEG2;
}

/** The engine for a picture. */
export function pictureEngine({ streamType }: Track): Engine {
  return MPEG_VIDEO.has(streamType) ? 'jsmpeg' : 'mpegts.js';
}

/**
 * The engine for the sound of a selection: if the browser decodes the picture, it plays the sound as well, by the same
 * clock.
 */
export function soundEngine({ video, audio }: Selection): Engine {
  const isMpegAudio = audio !== null && MPEG_AUDIO.has(audio.streamType);
  return isMpegAudio && (video === null || pictureEngine(video) === 'jsmpeg') ? 'jsmpeg' : 'mpegts.js';
}

/** Two tracks with the same key are played by the same player. */
export function keyOf({ pid, streamType }: Track, engine: Engine): string {
  return `${engine} ${pid}/${streamType}`;
}

/** The name of a track for people. `codec`: as found in the media. */
export function nameOf({ streamType, descriptors, kind }: Track, codec: string | null = null): string {
  if (codec === MPEG2) return 'MPEG-2';
  const known = NAMES[streamType];
  if (known !== undefined) return known;
  for (const { tag, body } of readDescriptors(descriptors)) {
    if (tag === REGISTRATION_DESCRIPTOR) return String.fromCharCode(...body.subarray(0, 4)).trim();
  }
  return kind === 'video' ? 'picture' : 'sound';
}
