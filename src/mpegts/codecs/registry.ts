// The codecs: one row for each, and all that is particular to it. What says in a PMT that a track is of it, what kind that
// is, its name, the reader of its parameters, the rules of its pictures, what the player's page does with it. Nothing
// outside this folder knows a stream_type, a descriptor of a codec or a codec by its name.
//
// How to add a codec: one row here, and one file in video/ or audio/ with a `ParameterReader` (parameters.ts says what that
// returns; video/mpeg4-video.ts is a short one). The columns are explained in codec.ts; what a row leaves out is not known
// of the codec. Sound whose frames begin with a syncword has `frames` in place of `reader`; for keyframes that the
// multiplexer does not mark, video has `pictures`. CONTRIBUTING.md, "Add a codec", lists the tests.
//
// A mute of the sound depends on the kinds: what no row knows may be sound, and is withheld (psi/track.ts). Rows without a
// name say the kind only.
//
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.4.9 (table 2-34: stream_type), §2.6 (table 2-45: descriptors); ETSI EN 300
// 468 §6 (tables 12 and 109), annex D; ATSC A/52 annex A; SMPTE RA (registered formats).

import { ADTS, LATM } from './audio/aac-parameters.js';
import { DTS } from './audio/dts-parameters.js';
import { decodedAac } from './audio/he-aac.js';
import { readBlurayLpcm, readS302m, readTrueHd } from './audio/lossless-parameters.js';
import { describeOpus } from './audio/opus-parameters.js';
import { AC3, MPEG_AUDIO } from './audio/sound-parameters.js';
import { codec, type Codec } from './codec.js';
import { readDirac } from './video/dirac-parameters.js';
import { fieldOfH264, readH264 } from './video/h264-parameters.js';
import { H264_PICTURES } from './video/h264-pictures.js';
import { readHevc } from './video/hevc-parameters.js';
import { HEVC_PICTURES } from './video/hevc-pictures.js';
import { MPEG4_PICTURES, MPEG_PICTURES } from './video/mpeg-pictures.js';
import { readMpegVideo } from './video/mpeg-video.js';
import { readMpeg4 } from './video/mpeg4-video.js';

/** An AAC frame is 21 ms, and ffmpeg's encoder delays two more; audio encoded in a camera has no such delay. */
const AAC_HELD_MS = 45;

const VIDEO: readonly Codec[] = [
  codec('mpeg1video', 'video', {
    types: [0x01],
    reader: readMpegVideo,
    pictures: MPEG_PICTURES,
    label: 'MPEG-1',
    playedBy: 'script',
  }),
  // MPEG-2 or MPEG-1: ffmpeg's muxer writes 0x02 for both. The sequence header tells them apart.
  codec('mpegvideo', 'video', {
    types: [0x02],
    reader: readMpegVideo,
    pictures: MPEG_PICTURES,
    label: 'MPEG-1',
    playedBy: 'script',
  }),
  codec('mpeg2video', 'video', { label: 'MPEG-2' }), // found by readMpegVideo only
  codec('mpeg4', 'video', { types: [0x10], reader: readMpeg4, pictures: MPEG4_PICTURES, label: 'MPEG-4' }), // part 2
  codec('h264', 'video', {
    types: [0x1b],
    reader: readH264,
    fieldOf: fieldOfH264,
    pictures: H264_PICTURES,
    label: 'H.264',
    playedBy: 'browser',
  }),
  codec('hevc', 'video', {
    types: [0x24],
    reader: readHevc,
    pictures: HEVC_PICTURES,
    label: 'H.265',
    playedBy: 'browser',
  }),
  codec('hevc', 'video', { formats: ['HEVC'], reader: readHevc }), // as private data: only marked keyframes are starts
  codec('vvc', 'video', { types: [0x33], label: 'H.266' }),
  codec('av1', 'video', { formats: ['AV01'] }),
  codec('vp9', 'video', { formats: ['VP09'] }),
  codec('cavs', 'video', { types: [0x42], label: 'AVS' }),
  codec('dirac', 'video', { types: [0xd1], formats: ['drac'], reader: readDirac }),
  codec('vc1', 'video', { types: [0xea], formats: ['VC-1'] }),
  // MPEG-4 auxiliary video, layers and views of H.264 (SVC, MVC), JPEG 2000, additional views of MPEG-2 and H.264.
  codec(null, 'video', { types: [0x1e, 0x1f, 0x20, 0x21, 0x22, 0x23] }),
  // HEVC's temporal subset (0x25), layers (0x28 to 0x2b) and tiles (0x31); H.264 with depth (0x26).
  codec(null, 'video', { types: [0x25, 0x26, 0x28, 0x29, 0x2a, 0x2b, 0x31] }),
  // JPEG XS, sub-pictures of VVC, EVC, LCEVC.
  codec(null, 'video', { types: [0x32, 0x34, 0x35, 0x36], formats: ['VVC ', 'EVC ', 'LCEV'] }),
  codec(null, 'video', { types: [0xd2, 0xd4], formats: ['AVSV', 'AVS2', 'AVS3'] }), // AVS2, AVS3
  codec(null, 'video', { types: [0xdb] }), // H.264 with SAMPLE-AES
];

const AUDIO: readonly Codec[] = [
  // MPEG-1 and MPEG-2 audio of any layer.
  codec('mp2', 'audio', { types: [0x03, 0x04], frames: MPEG_AUDIO, label: 'MPEG audio', playedBy: 'script' }),
  codec('aac', 'audio', {
    types: [0x0f],
    frames: ADTS,
    decode: decodedAac,
    heldMs: AAC_HELD_MS,
    label: 'AAC',
    playedBy: 'browser',
  }),
  codec('aac', 'audio', { types: [0x1c], frames: ADTS, decode: decodedAac, heldMs: AAC_HELD_MS }), // without ADTS or LATM
  codec('aac', 'audio', { descriptors: [0x7c], frames: ADTS, decode: decodedAac }), // AAC_descriptor
  codec('aac_latm', 'audio', {
    types: [0x11],
    frames: LATM,
    heldMs: AAC_HELD_MS,
    label: 'AAC',
    playedBy: 'browser',
  }),
  codec('ac3', 'audio', {
    types: [0x81],
    formats: ['AC-3'],
    descriptors: [0x6a], // AC-3_descriptor
    hdmvTypes: [0x81],
    frames: AC3,
    label: 'AC-3',
    playedBy: 'browser',
  }),
  codec('eac3', 'audio', {
    types: [0x87],
    formats: ['EAC3'],
    descriptors: [0x7a], // enhanced_AC-3_descriptor
    hdmvTypes: [0x84, 0xa1], // the first and the second sound of a disc
    frames: AC3,
    label: 'E-AC-3',
    playedBy: 'browser',
  }),
  codec('dts', 'audio', {
    types: [0x82, 0x8a],
    formats: ['DTS1', 'DTS2', 'DTS3'],
    descriptors: [0x7b], // DTS_descriptor
    hdmvTypes: [0x82, 0x86, 0xa2], // core, DTS-HD Master Audio, the second sound of a disc
    frames: DTS,
    label: 'DTS',
  }),
  codec('dts', 'audio', { types: [0x85], hdmvTypes: [0x85], frames: DTS, label: 'DTS-HD' }),
  codec('truehd', 'audio', { types: [0x83], hdmvTypes: [0x83], reader: readTrueHd, label: 'TrueHD' }),
  codec('opus', 'audio', { formats: ['Opus'], describe: describeOpus }),
  codec('s302m', 'audio', { formats: ['BSSD'], reader: readS302m }), // SMPTE 302M
  // On Blu-ray discs 0x80 is LPCM; elsewhere it is DigiCipher video, which its stream_id shows.
  codec('pcm_bluray', 'audio', { hdmvTypes: [0x80], reader: readBlurayLpcm }),

  // Sound of which no more is known.
  codec(null, 'audio', { types: [0x2d, 0x2e], mpegExtensions: [0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d] }), // MPEG-H 3D
  codec(null, 'audio', { types: [0x43] }), // AVS
  codec(null, 'audio', { types: [0x84] }), // E-AC-3 (ATSC A/52), or SDDS
  codec(null, 'audio', { types: [0xc1, 0xc2, 0xcf] }), // AC-3, E-AC-3 and AAC with SAMPLE-AES
  // IP cameras (GB/T 28181): G.711 A and mu, G.722.1, G.723.1, G.729, SVAC.
  codec(null, 'audio', { types: [0x90, 0x91, 0x92, 0x93, 0x99, 0x9b] }),
  codec(null, 'audio', { formats: ['AC-4', 'mlpa', 'mp4a', 'fLaC'], formatPattern: /^dts/i }), // DTS in many spellings
  // Audio stream, MPEG-4 audio, MPEG-2 AAC, MPEG-4 audio extension (table 2-45).
  codec(null, 'audio', { descriptors: [0x03, 0x1c, 0x2b, 0x2e] }),
  // Supplementary audio, DTS-HD, DTS Neural, AC-4, audio preselection, DTS-UHD (EN 300 468 table 109).
  codec(null, 'audio', { dvbExtensions: [0x06, 0x0e, 0x0f, 0x15, 0x19, 0x21] }),
];

const DATA: readonly Codec[] = [
  // PES packets of private data: sound, pictures or anything else, as descriptors say. The page tries what they say.
  codec(null, 'unknown', { types: [0x06], playedBy: 'browser' }),
  codec('klv', 'other', { formats: ['KLVA'] }), // SMPTE ST 336
  codec('timed_id3', 'other', { formats: ['ID3 '] }),
  codec(null, 'other', { types: [0x15, 0x1d, 0x27] }), // metadata (KLV, ID3), text, timeline (TEMI)
  codec('dvb_teletext', 'other', { descriptors: [0x56] }),
  codec('dvb_subtitle', 'other', { descriptors: [0x59] }),
  codec(null, 'other', { descriptors: [0x45, 0x46] }), // VBI data, VBI teletext
  codec(null, 'other', { dvbExtensions: [0x20] }), // TTML subtitling
  codec(null, 'other', { dataComponents: [0x0008, 0x0012] }), // ARIB captions, and those for one-segment broadcasts
  codec('hdmv_pgs_subtitle', 'other', { hdmvTypes: [0x90] }),
  codec(null, 'other', { hdmvTypes: [0x91, 0x92] }), // interactive graphics, text subtitles
  // ANSI/SCTE 35. Without this registration 0x86 is treated alike, but may be anything.
  codec('scte_35', 'sections', { types: [0x86], namedBy: 'CUEI', hasSpliceTimes: true }),
  // Private sections; DSM-CC and its types A to D; synchronised download.
  codec(null, 'sections', { types: [0x05, 0x08, 0x0a, 0x0b, 0x0c, 0x0d, 0x14] }),
  // Metadata sections, carousels; green access units, quality access units, media orchestration.
  codec(null, 'sections', { types: [0x16, 0x17, 0x18, 0x19, 0x2c, 0x2f, 0x30] }),
];

/** All rows. Look-ups are in lookup.ts. */
export const CODECS: readonly Codec[] = [...VIDEO, ...AUDIO, ...DATA];
