// Tells what an elementary stream is: picture, sound or something else.
// Pure. ISO/IEC 13818-1 §2.4.3.7 (stream_id), §2.4.4.9 (stream_type), §2.6 (descriptors); ETSI EN 300 468 §6.

/** What a track carries, as far as a relay needs to know. */
export type TrackKind = 'video' | 'audio' | 'other';

/** AAC: ADTS, LATM, raw. */
const AAC_TYPES = new Set([0x0f, 0x11, 0x1c]);
/** ffmpeg sends a PES of sound when the frame after it is there: 20 ms of Opus, 24 of mp2. */
const SOUND_HELD_MS = 20;
/** A frame of AAC is 21 ms, and ffmpeg's encoder keeps two more back; sound that a camera has encoded has none of that. */
const AAC_HELD_MS = 45;

/** One elementary stream of a program, as its PMT lists it. */
export interface Track {
  readonly pid: number;
  /** stream_type (§2.4.4.9, table 2-34). */
  readonly streamType: number;
  /** The ES_info descriptors, byte for byte. */
  readonly descriptors: Uint8Array;
  readonly kind: TrackKind;
  /** Whether the PID carries sections (tables, SCTE-35), not PES packets. */
  readonly sections: boolean;
}

const VIDEO_TYPES = new Set([0x01, 0x02, 0x10, 0x1b, 0x1e, 0x1f, 0x20, 0x21, 0x22, 0x24, 0x25, 0x33, 0x42, 0xd1, 0xea]);
// 0x81, 0x84, 0x87: AC-3 and E-AC-3 (ATSC A/52); 0x82, 0x85, 0x86, 0x8a: DTS; 0x83: TrueHD.
const AUDIO_TYPES = new Set([0x03, 0x04, 0x0f, 0x11, 0x1c, 0x2d, 0x2e, 0x81, 0x82, 0x83, 0x84, 0x85, 0x87, 0x8a]);
// 0x05: private sections; 0x08: DSM-CC; 0x0a to 0x0d: DSM-CC A to D; 0x14: synchronised download; 0x86: SCTE-35.
const SECTION_TYPES = new Set([0x05, 0x08, 0x0a, 0x0b, 0x0c, 0x0d, 0x14, 0x86]);

const REGISTRATION_DESCRIPTOR = 0x05;
const EXTENSION_DESCRIPTOR = 0x7f;
// EN 300 468 table 12: AC-3, enhanced AC-3, DTS, AAC.
const AUDIO_DESCRIPTORS = new Set([0x6a, 0x7a, 0x7b, 0x7c]);
const AUDIO_FORMATS = new Set(['Opus', 'AC-3', 'EAC3', 'AC-4', 'DTS1', 'DTS2', 'DTS3', 'BSSD', 'mlpa', 'dtsh']);
const VIDEO_FORMATS = new Set(['HEVC', 'VC-1', 'drac', 'AV01', 'AVSV', 'AVS2', 'AVS3', 'VVC ', 'VP09']);

/** Walks a descriptor loop (§2.6.1); a loop that is cut short ends quietly. */
export function* readDescriptors(loop: Uint8Array): Generator<{ tag: number; body: Uint8Array }> {
  for (let at = 0; at + 2 <= loop.length;) {
    const end = at + 2 + loop[at + 1]!;
    if (end > loop.length) return;
    yield { tag: loop[at]!, body: loop.subarray(at + 2, end) };
    at = end;
  }
}

/** What the PMT's entry says a track is: stream_type first, then its descriptors (private data, 0x06). */
export function kindOfEntry(streamType: number, descriptors: Uint8Array): TrackKind {
  if (SECTION_TYPES.has(streamType) && !isDts(streamType, descriptors)) return 'other';
  if (VIDEO_TYPES.has(streamType)) return 'video';
  if (AUDIO_TYPES.has(streamType)) return 'audio';
  for (const { tag, body } of readDescriptors(descriptors)) {
    if (AUDIO_DESCRIPTORS.has(tag)) return 'audio';
    if (tag === EXTENSION_DESCRIPTOR && (body[0] === 0x15 || body[0] === 0x0e)) return 'audio'; // AC-4, DTS-HD
    if (tag !== REGISTRATION_DESCRIPTOR) continue;
    const format = String.fromCharCode(...body.subarray(0, 4)); // format_identifier (§2.6.8)
    if (AUDIO_FORMATS.has(format)) return 'audio';
    if (VIDEO_FORMATS.has(format)) return 'video';
  }
  return 'other';
}

/** How long after the end of its sound a PES packet is likely to come. */
export function soundHeldMs(streamType: number): number {
  return AAC_TYPES.has(streamType) ? AAC_HELD_MS : SOUND_HELD_MS;
}

/** stream_type 0x86 is SCTE-35 unless a registration descriptor says DTS. */
function isDts(streamType: number, descriptors: Uint8Array): boolean {
  if (streamType !== 0x86) return false;
  for (const { tag, body } of readDescriptors(descriptors)) {
    if (tag === REGISTRATION_DESCRIPTOR && String.fromCharCode(...body.subarray(0, 3)) === 'DTS') return true;
  }
  return false;
}

/** Whether packets of such an entry carry sections. */
export function carriesSections(streamType: number, descriptors: Uint8Array): boolean {
  return SECTION_TYPES.has(streamType) && !isDts(streamType, descriptors);
}

/**
 * What a PES stream_id says a track is (§2.4.3.7, table 2-22): 0xE0 to 0xEF picture, 0xC0 to 0xDF sound; `null` for the
 * others (0xBD, which AC-3 and Opus share, 0xFD): there the PMT's entry tells.
 */
export function kindOfStreamId(streamId: number): TrackKind | null {
  if ((streamId & 0xf0) === 0xe0) return 'video';
  if ((streamId & 0xe0) === 0xc0) return 'audio';
  return null;
}
