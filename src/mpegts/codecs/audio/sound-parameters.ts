// Reads the sampling rate and channels from the headers of MPEG audio, AC-3 and E-AC-3.
// Pure: no clock, no I/O. ISO/IEC 11172-3 §2.4.1.3, ISO/IEC 13818-3 §2.4.1.3 (MPEG audio); ETSI TS 102 366 §4.3, §E.1.2.

import { addDependents } from './eac3-dependents.js';
import type { ParameterReader, Parameters } from '../parameters.js';
import { framesWith, NO_HEADER, type SoundFormat, type SoundHeader } from './sound-frames.js';

/** kbit/s by bitrate_index: MPEG-1 layers I to III, MPEG-2 layer I, MPEG-2 layers II and III. */
const BITRATES: readonly (readonly number[])[] = [
  [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];
const MPEG_RATES = [44100, 48000, 32000];

function readMpegHeader(bytes: Uint8Array, at: number, _end: number, header: SoundHeader): number {
  const second = bytes[at + 1]!;
  const third = bytes[at + 2]!;
  if (bytes[at] !== 0xff || second < 0xe0) return NO_HEADER; // syncword
  const version = (second >> 3) & 3; // 3: MPEG-1, 2: MPEG-2, 0: MPEG-2.5
  const layer = 4 - ((second >> 1) & 3); // 4: reserved
  const base = MPEG_RATES[(third >> 2) & 3]; // sampling_frequency
  const isFirst = version === 3;
  const kbits = BITRATES[isFirst ? layer - 1 : layer === 1 ? 3 : 4]?.[third >> 4]; // bitrate_index
  if (version === 1 || layer === 4 || base === undefined || kbits === undefined) return NO_HEADER;
  header.codec = `mp${layer}`;
  header.sampleRate = isFirst ? base : version === 2 ? base / 2 : base / 4;
  header.channels = bytes[at + 3]! >> 6 === 3 ? 1 : 2; // mode
  const padding = (third >> 1) & 1;
  if (kbits === 0) return 0; // free format
  if (layer === 1) return 4 * (Math.floor((12_000 * kbits) / header.sampleRate) + padding);
  const samples = layer === 3 && !isFirst ? 576 : 1152;
  return Math.floor((samples * 125 * kbits) / header.sampleRate) + padding;
}

/** MPEG audio of any layer. A {@link ParameterReader}. */
export const readMpegAudio: ParameterReader = framesWith(readMpegHeader);

/** MPEG audio of any layer. */
export const MPEG_AUDIO: SoundFormat = {
  // syncword; layer '00' with this syncword is AAC in ADTS
  startsAt: (bytes, at) => bytes[at] === 0xff && bytes[at + 1]! >= 0xe0 && (bytes[at + 1]! & 0xf6) !== 0xf0,
  read: readMpegAudio,
};

const AC3_RATES = [48000, 44100, 32000];
const AC3_KBITS = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640];
/** By acmod; the first is dual mono. */
const AC3_CHANNELS = [2, 1, 2, 3, 3, 4, 4, 5];

function readAc3Header(bytes: Uint8Array, at: number, _end: number, header: SoundHeader): number {
  if (bytes[at] !== 0x0b || bytes[at + 1] !== 0x77) return NO_HEADER; // syncword
  const fifth = bytes[at + 4]!;
  const bsid = bytes[at + 5]! >> 3;
  if (bsid > 16) return NO_HEADER;
  if (bsid > 10) return readEac3Header(bytes, at, header);
  const base = AC3_RATES[fifth >> 6]; // fscod
  const kbits = AC3_KBITS[(fifth & 0x3f) >> 1]; // frmsizecod
  if (base === undefined || kbits === undefined) return NO_HEADER;
  const seventh = bytes[at + 6]!;
  const acmod = seventh >> 5;
  let bit = 4; // of the seventh byte, after acmod
  if (acmod & 1 && acmod !== 1) bit -= 2; // cmixlev
  if (acmod & 4) bit -= 2; // surmixlev
  if (acmod === 2) bit -= 2; // dsurmod
  header.codec = 'ac3';
  header.sampleRate = base >> Math.max(0, bsid - 8);
  header.channels = AC3_CHANNELS[acmod]! + ((seventh >> bit) & 1); // lfeon
  if (base === 44100) return 2 * (Math.floor((kbits * 96_000) / base) + (fifth & 1));
  return (kbits * 192_000) / base;
}

/** Reads an independent substream's header. Dependent ones are counted by {@link addDependents}. */
function readEac3Header(bytes: Uint8Array, at: number, header: SoundHeader): number {
  const fifth = bytes[at + 4]!;
  const base = AC3_RATES[fifth >> 6]; // fscod
  const half = AC3_RATES[(fifth >> 4) & 3]; // fscod2, where fscod is '11'
  if (base === undefined && half === undefined) return NO_HEADER;
  if (bytes[at + 2]! >> 6 === 1) return NO_HEADER; // strmtyp: dependent
  header.codec = 'eac3';
  header.sampleRate = base ?? half! / 2;
  header.channels = AC3_CHANNELS[(fifth >> 1) & 7]! + (fifth & 1); // acmod, lfeon
  return 2 * ((((bytes[at + 2]! & 7) << 8) | bytes[at + 3]!) + 1); // frmsiz
}

const readAc3Frames = framesWith(readAc3Header);

/** AC-3 or E-AC-3, depending on the data. A {@link ParameterReader}. */
export function readAc3(bytes: Uint8Array, from: number, end: number, found: Parameters): boolean | undefined {
  const event = readAc3Frames(bytes, from, end, found);
  const isAligned = bytes[from] === 0x0b && bytes[from + 1] === 0x77; // the header read is at the start of the unit
  if (event !== true || found.codec !== 'eac3' || !isAligned) return event;
  return addDependents(bytes, from, end, found) ? true : undefined;
}

/** AC-3 and E-AC-3. */
export const AC3: SoundFormat = {
  startsAt: (bytes, at) => bytes[at] === 0x0b && bytes[at + 1] === 0x77, // syncword
  read: readAc3,
};
