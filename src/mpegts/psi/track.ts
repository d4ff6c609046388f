// Determines the kind of an elementary stream: video, audio, data or unknown.
// Pure. ISO/IEC 13818-1 §2.4.3.7 (stream_id), §2.4.4.9 (stream_type), §2.6 (descriptors); ETSI EN 300 468 §6.
//
// An audio mute passes only what is known not to be audio, so `unknown` is treated as audio there. The rows of the registry
// (codecs/registry.ts) say which stream_types, descriptors and registrations are known. The first line that matches
// applies:
//
//   PMT entry                                                        PES stream_id    kind
//   ---------------------------------------------------------------  ---------------  -------
//   a stream_type of sound on Blu-ray discs, with registration HDMV  any              audio
//   one of graphics or text there, with the program's registration   as below         other
//   an audio stream_type, descriptor or registration                 any              audio
//   (any entry)                                                      0xC0-0xDF        audio
//   (any entry)                                                      0xE0-0xEF        video
//   a video stream_type or registration                              any other        video
//   sections: SCTE-35, AIT, DSM-CC, private ones                     (a PES packet)   unknown
//   data: metadata (KLV, ID3), text, subtitles, teletext             any other        other
//   private data or any other stream_type, if nothing else is said   any other        unknown

import type { Codec } from '../codecs/codec.js';
import { codecOfDescriptor, codecOfHdmvType, codecOfType, HDMV } from '../codecs/lookup.js';
import { hasRegistration, readDescriptors } from './descriptors.js';

/** A track's kind, as far as a relay needs it. `other`: known to be data; `unknown`: it may be audio. */
export const TRACK_KINDS = ['video', 'audio', 'other', 'unknown'] as const;
export type TrackKind = (typeof TRACK_KINDS)[number];

/** One elementary stream of a program, as its PMT lists it. */
export interface Track {
  readonly pid: number;
  /** stream_type (§2.4.4.9, table 2-34). */
  readonly streamType: number;
  /** The ES_info descriptors, byte for byte. */
  readonly descriptors: Uint8Array;
  /** The kind according to its entry. */
  readonly kind: TrackKind;
  /** Whether the PID carries sections (tables, SCTE-35), not PES packets. */
  readonly sections: boolean;
}

const NOTHING = new Uint8Array(0);

/** The kind of a track according to its PMT entry; `programDescriptors` are the program's (program_info). */
export function kindOfEntry(
  streamType: number,
  descriptors: Uint8Array,
  programDescriptors: Uint8Array = NOTHING,
): TrackKind {
  const byDescriptors = kindByDescriptors(descriptors);
  const isHdmv = hasRegistration(programDescriptors, HDMV);
  const onBluray = kindOf(codecOfHdmvType(streamType));
  if (onBluray === 'audio' && (isHdmv || hasRegistration(descriptors, HDMV))) return 'audio';
  if (byDescriptors === 'audio') return 'audio'; // even if stream_type differs: a mute must not pass it
  if (onBluray !== 'unknown' && isHdmv) return onBluray; // the track's own registration is not enough: it may be sound
  const byType = kindOf(codecOfType(streamType));
  return byType === 'unknown' ? byDescriptors : byType;
}

/** The kind of tracks of a codec. */
function kindOf(codec: Codec | null): TrackKind {
  if (codec === null) return 'unknown';
  return codec.kind === 'sections' ? 'other' : codec.kind;
}

/** Whether a track with this stream_type, and this kind from {@link kindOfEntry}, carries sections. */
export function carriesSections(streamType: number, kind: TrackKind): boolean {
  return kind === 'other' && codecOfType(streamType)?.kind === 'sections';
}

/** The kind of a PES packet with this stream_id on a track whose entry is of this kind. */
export function kindOfUnit(entry: TrackKind, streamId: number): TrackKind {
  return entry === 'audio' ? entry : (kindOfStreamId(streamId) ?? entry);
}

/** The kind of a PID that the PMT lists more than once: audio if any entry is audio, unknown if they differ. */
export function sharedKind(a: TrackKind, b: TrackKind): TrackKind {
  if (a === b) return a;
  return a === 'audio' || b === 'audio' ? 'audio' : 'unknown';
}

/**
 * The kind that a PES stream_id implies (§2.4.3.7, table 2-22): 0xE0 to 0xEF video, 0xC0 to 0xDF audio; `null` for the
 * others (0xBD, which AC-3 and Opus share, 0xFD): for those the PMT's entry decides.
 */
export function kindOfStreamId(streamId: number): 'video' | 'audio' | null {
  if ((streamId & 0xf0) === 0xe0) return 'video';
  if ((streamId & 0xe0) === 0xc0) return 'audio';
  return null;
}

/** The kind that descriptors imply; audio takes precedence. */
function kindByDescriptors(descriptors: Uint8Array): TrackKind {
  let kind: TrackKind = 'unknown';
  for (const { tag, body } of readDescriptors(descriptors)) {
    const one = kindOf(codecOfDescriptor(tag, body));
    if (one === 'audio') return one;
    if (kind === 'unknown') kind = one;
  }
  return kind;
}

/** Whether a track's time is that of its feed. What is not known may be sound, or data with a time of its own. */
export function isMedia({ kind }: { readonly kind: TrackKind }): boolean {
  return kind === 'video' || kind === 'audio';
}
