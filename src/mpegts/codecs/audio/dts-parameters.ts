// Reads sampling rate and channels of DTS: from its core frames, and from what follows them.
// Pure: no clock, no I/O. ETSI TS 102 114 §5.4 (frame header).

import { BitReader } from '../bit-reader.js';
import { isDtsExtension, readDtsExtension } from './dts-extension.js';
import type { Parameters } from '../parameters.js';
import { CUT_OFF, NO_HEADER, type SoundFormat, type SoundHeader } from './sound-frames.js';

const HEADER_BYTES = 12; // up to LFF
/** By SFREQ (table 5-5). */
const RATES = [0, 8000, 16_000, 32_000, 0, 0, 11_025, 22_050, 44_100, 0, 0, 12_000, 24_000, 48_000, 96_000, 192_000];
/** By AMODE (table 5-4). */
const CHANNELS = [1, 2, 2, 2, 2, 3, 3, 4, 4, 5, 6, 6, 6, 7, 8, 8];
const THREE_FRONT_TWO_BACK = 9;
// EXT_AUDIO_ID (table 5-10): one more (rear) channel; twice the rate.
const XCH = 0;
const X96 = 2;

const reader = new BitReader();
const header: SoundHeader = { codec: '', sampleRate: 0, channels: 0 };

/** Whether a core frame starts with the four bytes at `at` (SYNC). */
function isCore(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x7f && bytes[at + 1] === 0xfe && bytes[at + 2] === 0x80 && bytes[at + 3] === 0x01;
}

function readDtsHeader(bytes: Uint8Array, at: number, end: number, header: SoundHeader): number {
  if (!isCore(bytes, at)) return NO_HEADER;
  if (at + HEADER_BYTES > end) return CUT_OFF;
  reader.open(bytes, at + 4, end);
  reader.skip(1 + 5 + 1 + 7); // FTYPE, SHORT, CPF, NBLKS
  const length = reader.bits(14) + 1; // FSIZE
  const mode = reader.bits(6); // AMODE
  const rate = RATES[reader.bits(4)]!; // SFREQ
  reader.skip(5 + 1 + 1 + 1 + 1 + 1); // RATE, FIXED, DYNF, TIMEF, AUXF, HDCD
  const extension = reader.bits(3); // EXT_AUDIO_ID
  const isExtended = reader.bit() === 1; // EXT_AUDIO
  reader.skip(1); // ASPF
  const low = reader.bits(2); // LFF
  if (rate === 0 || low === 3 || length < 96) return NO_HEADER;
  const behind = isExtended && extension === XCH && mode === THREE_FRONT_TWO_BACK ? 1 : 0;
  header.codec = 'dts';
  header.sampleRate = isExtended && extension === X96 ? 2 * rate : rate;
  header.channels = (CHANNELS[mode] ?? 0) + behind + (low > 0 ? 1 : 0);
  if (mode >= CHANNELS.length) header.channels = 0; // user-defined
  return length;
}

/**
 * DTS: the parameters of its extension substream if it has one, otherwise of its core. A unit may start inside a frame. A
 * {@link ParameterReader}.
 */
export function readDts(bytes: Uint8Array, from: number, end: number, found: Parameters): boolean | undefined {
  for (let at = from; at + 4 <= end; at++) {
    if (isDtsExtension(bytes, at, end)) return readDtsExtension(bytes, at, end, found);
    const length = readDtsHeader(bytes, at, end, header);
    if (length === CUT_OFF) return undefined;
    if (length === NO_HEADER) continue;
    found.codec = header.codec;
    found.sampleRate = header.sampleRate;
    found.channels = header.channels === 0 ? null : header.channels;
    const next = at + Math.ceil(length / 4) * 4; // an extension substream is aligned to 32 bits
    if (next + 4 > end) return undefined;
    return isDtsExtension(bytes, next, end) ? readDtsExtension(bytes, next, end, found) : true;
  }
  return undefined;
}

/** DTS, from its core frames or its extension substream. */
export const DTS: SoundFormat = {
  startsAt: (bytes, at) => isCore(bytes, at) || isDtsExtension(bytes, at, at + 4),
  read: readDts,
};
