// Reads sampling rate and channels from the headers that frames of sound begin with.
// Pure: no clock, no I/O. ISO/IEC 11172-3 §2.4.1.3, ISO/IEC 13818-3 §2.4.1.3 (MPEG audio); ISO/IEC 13818-7 §6.2 (ADTS);
// ISO/IEC 14496-3 §1.6.2.1, §1.7 (AudioSpecificConfig, LOAS and LATM); ETSI TS 102 366 §4.3, §E.1.2 (AC-3, E-AC-3).

import { BitReader } from './bit-reader.js';
import type { Parameters } from './parameters.js';

/** Bytes of a header of any of them. */
const HEADER_BYTES = 7;
/** Reads the header at `at` into {@link header}; the bytes from it to the next, 0 where they are not known, -1: no header. */
type HeaderReader = (bytes: Uint8Array, at: number) => number;

const header = { codec: '', sampleRate: 0, channels: 0 };

/**
 * A frame mostly begins where the PES packet does. Where it does not, bytes that look like a header are believed only with
 * another like it behind the frame.
 */
function readFrames(read: HeaderReader, bytes: Uint8Array, from: number, end: number, found: Parameters) {
  for (let at = from; at + HEADER_BYTES <= end; at++) {
    const length = read(bytes, at);
    if (length === -1) continue;
    const { codec, sampleRate, channels } = header;
    if (at > from) {
      if (length === 0) continue;
      if (at + length + HEADER_BYTES > end) return undefined;
      if (read(bytes, at + length) === -1 || header.sampleRate !== sampleRate || header.codec !== codec) continue;
    }
    found.codec = codec;
    found.sampleRate = sampleRate;
    found.channels = channels === 0 ? null : channels;
    return true;
  }
  return undefined;
}

/** kbit/s by bitrate_index: MPEG-1 layers I to III, MPEG-2 layer I, MPEG-2 layers II and III. */
const BITRATES: readonly (readonly number[])[] = [
  [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];
const MPEG_RATES = [44100, 48000, 32000];

function readMpegHeader(bytes: Uint8Array, at: number): number {
  const second = bytes[at + 1]!;
  const third = bytes[at + 2]!;
  if (bytes[at] !== 0xff || second < 0xe0) return -1; // syncword
  const version = (second >> 3) & 3; // 3: MPEG-1, 2: MPEG-2, 0: MPEG-2.5
  const layer = 4 - ((second >> 1) & 3); // 4: reserved
  const base = MPEG_RATES[(third >> 2) & 3]; // sampling_frequency
  const isFirst = version === 3;
  const kbits = BITRATES[isFirst ? layer - 1 : layer === 1 ? 3 : 4]?.[third >> 4]; // bitrate_index
  if (version === 1 || layer === 4 || base === undefined || kbits === undefined) return -1;
  header.codec = `mp${layer}`;
  header.sampleRate = isFirst ? base : version === 2 ? base / 2 : base / 4;
  header.channels = bytes[at + 3]! >> 6 === 3 ? 1 : 2; // mode
  const padding = (third >> 1) & 1;
  if (kbits === 0) return 0; // free format
  if (layer === 1) return 4 * (Math.floor((12_000 * kbits) / header.sampleRate) + padding);
  const samples = layer === 3 && !isFirst ? 576 : 1152;
  return Math.floor((samples * 125 * kbits) / header.sampleRate) + padding;
}

/** By samplingFrequencyIndex (table 1.18). */
const AAC_RATES = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];
/** By channelConfiguration (table 1.19); 0: a program_config_element tells it, which is not read. */
const AAC_CHANNELS = [0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8];

function readAdtsHeader(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== 0xff || (bytes[at + 1]! & 0xf6) !== 0xf0) return -1; // syncword, layer '00'
  const rate = AAC_RATES[(bytes[at + 2]! >> 2) & 0x0f]; // sampling_frequency_index
  const length = ((bytes[at + 3]! & 3) << 11) | (bytes[at + 4]! << 3) | (bytes[at + 5]! >> 5); // aac_frame_length
  if (rate === undefined || length < HEADER_BYTES) return -1;
  header.codec = 'aac';
  header.sampleRate = rate; // half of what is heard where a decoder finds SBR (HE-AAC): ADTS does not tell
  header.channels = AAC_CHANNELS[((bytes[at + 2]! & 1) << 2) | (bytes[at + 3]! >> 6)]!; // channel_configuration
  return length;
}

const AC3_RATES = [48000, 44100, 32000];
const AC3_KBITS = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640];
/** By acmod; the first are two channels of their own. */
const AC3_CHANNELS = [2, 1, 2, 3, 3, 4, 4, 5];

function readAc3Header(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== 0x0b || bytes[at + 1] !== 0x77) return -1; // syncword
  const fifth = bytes[at + 4]!;
  const bsid = bytes[at + 5]! >> 3;
  if (bsid > 16) return -1;
  if (bsid > 10) return readEac3Header(bytes, at);
  const base = AC3_RATES[fifth >> 6]; // fscod
  const kbits = AC3_KBITS[(fifth & 0x3f) >> 1]; // frmsizecod
  if (base === undefined || kbits === undefined) return -1;
  const seventh = bytes[at + 6]!;
  const acmod = seventh >> 5;
  let bit = 4; // of the seventh byte, behind acmod
  if (acmod & 1 && acmod !== 1) bit -= 2; // cmixlev
  if (acmod & 4) bit -= 2; // surmixlev
  if (acmod === 2) bit -= 2; // dsurmod
  header.codec = 'ac3';
  header.sampleRate = base >> Math.max(0, bsid - 8);
  header.channels = AC3_CHANNELS[acmod]! + ((seventh >> bit) & 1); // lfeon
  if (base === 44100) return 2 * (Math.floor((kbits * 96_000) / base) + (fifth & 1));
  return (kbits * 192_000) / base;
}

/** The first substream's; one that depends on it, for more than 5.1, is not looked for. */
function readEac3Header(bytes: Uint8Array, at: number): number {
  const fifth = bytes[at + 4]!;
  const base = AC3_RATES[fifth >> 6]; // fscod
  const half = AC3_RATES[(fifth >> 4) & 3]; // fscod2, where fscod is '11'
  if (base === undefined && half === undefined) return -1;
  if (bytes[at + 2]! >> 6 === 1) return -1; // strmtyp: depends on another
  header.codec = 'eac3';
  header.sampleRate = base ?? half! / 2;
  header.channels = AC3_CHANNELS[(fifth >> 1) & 7]! + (fifth & 1); // acmod, lfeon
  return 2 * ((((bytes[at + 2]! & 7) << 8) | bytes[at + 3]!) + 1); // frmsiz
}

/** MPEG audio of any layer. A {@link ParameterReader}. */
export function readMpegAudio(bytes: Uint8Array, from: number, end: number, found: Parameters): boolean | undefined {
  return readFrames(readMpegHeader, bytes, from, end, found);
}

/** AAC in ADTS. A {@link ParameterReader}. */
export function readAdts(bytes: Uint8Array, from: number, end: number, found: Parameters): boolean | undefined {
  return readFrames(readAdtsHeader, bytes, from, end, found);
}

/** AC-3 and E-AC-3, whichever it is. A {@link ParameterReader}. */
export function readAc3(bytes: Uint8Array, from: number, end: number, found: Parameters): boolean | undefined {
  return readFrames(readAc3Header, bytes, from, end, found);
}

const reader = new BitReader();

/** AAC in LATM: the first frame that carries its configuration tells. A {@link ParameterReader}. */
export function readLatm(bytes: Uint8Array, from: number, end: number, found: Parameters): boolean | undefined {
  for (let at = from; at + 3 <= end;) {
    if (bytes[at] !== 0x56 || (bytes[at + 1]! & 0xe0) !== 0xe0) return false; // syncword
    const next = at + 3 + (((bytes[at + 1]! & 0x1f) << 8) | bytes[at + 2]!); // audioMuxLengthBytes
    reader.open(bytes, at + 3, Math.min(next, end), false);
    if (reader.bit() === 0) {
      // useSameStreamMux
      if (readStreamMuxConfig(found)) return true;
      if (!reader.lacksBytes || next <= end) return false;
      return undefined;
    }
    at = next;
  }
  return undefined;
}

function readStreamMuxConfig(found: Parameters): boolean {
  const version = reader.bit(); // audioMuxVersion
  if (version === 1) {
    if (reader.bit()) return false; // audioMuxVersionA: not specified
    readLatmValue(); // taraBufferFullness
  }
  reader.skip(1 + 6); // allStreamsSameTimeFraming, numSubFrames
  if (reader.bits(4 + 3) !== 0) return false; // numProgram, numLayer: never seen
  if (version === 1) readLatmValue(); // ascLen
  const type = readObjectType();
  let sampleRate = readSamplingRate();
  let channels = AAC_CHANNELS[reader.bits(4)] ?? 0; // channelConfiguration
  if (type === 5 || type === 29) sampleRate = readSamplingRate(); // SBR: extensionSamplingFrequency is what is heard
  if (type === 29 && channels === 1) channels = 2; // PS
  if (!reader.isGood || type === 0 || sampleRate < 7350 || sampleRate > 192_000) return false;
  found.sampleRate = sampleRate;
  found.channels = channels === 0 ? null : channels;
  return true;
}

function readLatmValue(): number {
  return reader.bits(8 * (reader.bits(2) + 1)); // bytesForValue
}

function readObjectType(): number {
  const type = reader.bits(5); // audioObjectType
  return type === 31 ? 32 + reader.bits(6) : type;
}

function readSamplingRate(): number {
  const index = reader.bits(4); // samplingFrequencyIndex
  return index === 15 ? reader.bits(24) : (AAC_RATES[index] ?? 0);
}
