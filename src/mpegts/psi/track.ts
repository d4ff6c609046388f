// Determines the kind of an elementary stream: video, audio, data or unknown.
// Pure. ISO/IEC 13818-1 §2.4.3.7 (stream_id), §2.4.4.9 (stream_type), §2.6 (descriptors); ETSI EN 300 468 §6.
//
// An audio mute passes only what is known not to be audio, so `unknown` is treated as audio there. The first matching row
// applies:
//
//   PMT entry                                                        PES stream_id    kind
//   ---------------------------------------------------------------  ---------------  -------
//   0x80-0x86, 0xA1, 0xA2 with registration HDMV (Blu-ray)           any              audio
//   0x90-0x92 with registration HDMV: graphics and text              as below         other
//   an audio stream_type, descriptor or registration                 any              audio
//   (any entry)                                                      0xC0-0xDF        audio
//   (any entry)                                                      0xE0-0xEF        video
//   a video stream_type or registration                              any other        video
//   sections: SCTE-35, AIT, DSM-CC, private ones                     (a PES packet)   unknown
//   0x15, 0x1D, 0x27; KLV, ID3, subtitles, teletext                  any other        other
//   0x06 or any other stream_type, without further information       any other        unknown

/** A track's kind, as far as a relay needs it. `other`: known to be data; `unknown`: it may be audio. */
export const TRACK_KINDS = ['video', 'audio', 'other', 'unknown'] as const;
export type TrackKind = (typeof TRACK_KINDS)[number];

/** AAC: ADTS, LATM, raw. */
const AAC_TYPES = new Set([0x0f, 0x11, 0x1c]);
/** ffmpeg sends an audio PES packet when the next frame is available: after 20 ms of Opus, 24 of mp2. */
const SOUND_HELD_MS = 20;
/** An AAC frame is 21 ms, and ffmpeg's encoder delays two more; audio encoded in a camera has no such delay. */
const AAC_HELD_MS = 45;

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

const VIDEO_TYPES = new Set([
  ...[0x01, 0x02, 0x10, 0x1b, 0x1e, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x28, 0x29, 0x2a, 0x2b],
  ...[0x31, 0x32, 0x33, 0x34, 0x35, 0x36], // HEVC tiles, JPEG XS, VVC, EVC, LCEVC
  ...[0x42, 0xd1, 0xd2, 0xd4, 0xdb, 0xea], // AVS, Dirac, AVS2, AVS3, H.264 with SAMPLE-AES, VC-1
]);
const AUDIO_TYPES = new Set([
  ...[0x03, 0x04, 0x0f, 0x11, 0x1c, 0x2d, 0x2e], // MPEG-1, MPEG-2, AAC, LATM, raw MPEG-4, MPEG-H 3D
  ...[0x81, 0x84, 0x87], // AC-3 and E-AC-3 (ATSC A/52)
  ...[0x82, 0x83, 0x85, 0x8a], // DTS, TrueHD, DTS-HD
  ...[0x43, 0xc1, 0xc2, 0xcf], // AVS; AC-3, E-AC-3 and AAC with SAMPLE-AES
  ...[0x90, 0x91, 0x92, 0x93, 0x99, 0x9b], // IP cameras (GB/T 28181): G.711 A and mu, G.722.1, G.723.1, G.729, SVAC
]);
// Private sections; DSM-CC and its types A to D; synchronised download; metadata sections, carousels; green access
// units, quality access units, media orchestration; SCTE-35.
const SECTION_TYPES = new Set([
  ...[0x05, 0x08, 0x0a, 0x0b, 0x0c, 0x0d, 0x14, 0x16, 0x17, 0x18, 0x19, 0x2c, 0x2f, 0x30, 0x86],
]);
const DATA_TYPES = new Set([0x15, 0x1d, 0x27]); // metadata (KLV, ID3), text, timeline (TEMI)
// On Blu-ray discs 0x80 is LPCM; elsewhere it is DigiCipher video, which its stream_id shows.
const HDMV_AUDIO_TYPES = new Set([0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0xa1, 0xa2]);
const HDMV_DATA_TYPES = new Set([0x90, 0x91, 0x92]);

const REGISTRATION_DESCRIPTOR = 0x05;
const METADATA_POINTER_DESCRIPTOR = 0x25;
/** metadata_descriptor (§2.6.60). */
export const METADATA_DESCRIPTOR = 0x26;
const MPEG_EXTENSION_DESCRIPTOR = 0x3f;
const DVB_EXTENSION_DESCRIPTOR = 0x7f;
const DATA_COMPONENT_DESCRIPTOR = 0xfd; // ARIB STD-B10
// Audio stream, MPEG-4 audio, MPEG-2 AAC, MPEG-4 audio extension (table 2-45); AC-3, enhanced AC-3, DTS, AAC (EN 300 468
// table 12).
const AUDIO_DESCRIPTORS = new Set([0x03, 0x1c, 0x2b, 0x2e, 0x6a, 0x7a, 0x7b, 0x7c]);
// Supplementary audio, DTS-HD, DTS Neural, AC-4, audio preselection, DTS-UHD (EN 300 468 table 109).
const DVB_AUDIO_EXTENSIONS = new Set([0x06, 0x0e, 0x0f, 0x15, 0x19, 0x21]);
const MPEG_AUDIO_EXTENSIONS = new Set([0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d]); // MPEG-H 3D audio
// VBI data, VBI teletext, teletext, subtitling.
const DATA_DESCRIPTORS = new Set([0x45, 0x46, 0x56, 0x59]);
const TTML_EXTENSION = 0x20;
const CAPTION_COMPONENTS = new Set([0x0008, 0x0012]); // ARIB captions, and those for one-segment broadcasts
const AUDIO_FORMATS = new Set([
  ...['Opus', 'AC-3', 'EAC3', 'AC-4', 'BSSD', 'mlpa', 'mp4a', 'fLaC'], // and DTS, in many spellings
]);
const VIDEO_FORMATS = new Set([
  ...['HEVC', 'VC-1', 'drac', 'AV01', 'AVSV', 'AVS2', 'AVS3', 'VVC ', 'VP09', 'EVC ', 'LCEV'],
]);
const DATA_FORMAT_IDENTIFIERS = new Set(['KLVA', 'ID3 ']);
const NOTHING = new Uint8Array(0);

/** Iterates over a descriptor loop (§2.6.1); a truncated loop ends without an error. */
export function* readDescriptors(loop: Uint8Array): Generator<{ tag: number; body: Uint8Array }> {
  for (let at = 0; at + 2 <= loop.length;) {
    const end = at + 2 + loop[at + 1]!;
    if (end > loop.length) return;
    yield { tag: loop[at]!, body: loop.subarray(at + 2, end) };
    at = end;
  }
}

/** The kind of a track according to its PMT entry; `programDescriptors` are the program's (program_info). */
export function kindOfEntry(
  streamType: number,
  descriptors: Uint8Array,
  programDescriptors: Uint8Array = NOTHING,
): TrackKind {
  const event = kindByDescriptors(descriptors);
  const isHdmv = hasFormat(programDescriptors, 'HDMV');
  if (HDMV_AUDIO_TYPES.has(streamType) && (isHdmv || hasFormat(descriptors, 'HDMV'))) return 'audio';
  if (event === 'audio') return 'audio'; // even if stream_type differs: a mute must not pass it
  if (isHdmv && HDMV_DATA_TYPES.has(streamType)) return 'other';
  if (AUDIO_TYPES.has(streamType)) return 'audio';
  if (VIDEO_TYPES.has(streamType)) return 'video';
  if (SECTION_TYPES.has(streamType) || DATA_TYPES.has(streamType)) return 'other';
  return event;
}

/** Whether a track with this stream_type, and this kind from {@link kindOfEntry}, carries sections. */
export function carriesSections(streamType: number, kind: TrackKind): boolean {
  return SECTION_TYPES.has(streamType) && kind === 'other';
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

/** How long after the end of its audio a PES packet usually arrives. */
export function soundHeldMs(streamType: number): number {
  return AAC_TYPES.has(streamType) ? AAC_HELD_MS : SOUND_HELD_MS;
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
    const one = kindByDescriptor(tag, body);
    if (one === 'audio') return one;
    if (kind === 'unknown') kind = one;
  }
  return kind;
}

function kindByDescriptor(tag: number, body: Uint8Array): TrackKind {
  if (AUDIO_DESCRIPTORS.has(tag)) return 'audio';
  if (DATA_DESCRIPTORS.has(tag)) return 'other';
  const first = body[0] ?? -1;
  switch (tag) {
    case REGISTRATION_DESCRIPTOR:
      return kindByFormat(formatAt(body, 0));
    case MPEG_EXTENSION_DESCRIPTOR:
      return MPEG_AUDIO_EXTENSIONS.has(first) ? 'audio' : 'unknown';
    case DVB_EXTENSION_DESCRIPTOR:
      if (DVB_AUDIO_EXTENSIONS.has(first)) return 'audio';
      return first === TTML_EXTENSION ? 'other' : 'unknown';
    case METADATA_DESCRIPTOR:
    case METADATA_POINTER_DESCRIPTOR:
      return kindByFormat(metadataFormat(body));
    case DATA_COMPONENT_DESCRIPTOR:
      return CAPTION_COMPONENTS.has((first << 8) | (body[1] ?? 0)) ? 'other' : 'unknown';
    default:
      return 'unknown';
  }
}

function kindByFormat(format: string): TrackKind {
  if (AUDIO_FORMATS.has(format) || /^dts/i.test(format)) return 'audio';
  if (VIDEO_FORMATS.has(format)) return 'video';
  return DATA_FORMAT_IDENTIFIERS.has(format) ? 'other' : 'unknown';
}

/** metadata_format_identifier (§2.6.58, §2.6.60); empty if there is none. */
export function metadataFormat(body: Uint8Array): string {
  const hasApplication = body[0] === 0xff && body[1] === 0xff; // metadata_application_format
  const at = hasApplication ? 6 : 2;
  return body[at] === 0xff ? formatAt(body, at + 1) : ''; // metadata_format
}

/** The four characters at `at`, as registration descriptors name formats (§2.6.8). */
function formatAt(body: Uint8Array, at: number): string {
  return String.fromCharCode(...body.subarray(at, at + 4));
}

function hasFormat(descriptors: Uint8Array, format: string): boolean {
  for (const { tag, body } of readDescriptors(descriptors)) {
    if (tag === REGISTRATION_DESCRIPTOR && formatAt(body, 0) === format) return true;
  }
  return false;
}

/** Whether a track's time is that of its feed. What is not known may be sound, or data with a time of its own. */
export function isMedia({ kind }: { readonly kind: TrackKind }): boolean {
  return kind === 'video' || kind === 'audio';
}
