// Reads sampling rate and channels of uncompressed and lossless audio: SMPTE 302M, LPCM of Blu-ray discs, TrueHD.
// Pure: no clock, no I/O. SMPTE 302M §5; the others are not published and follow ffmpeg's parsers.

import type { Parameters } from '../parameters.js';

/** SMPTE 302M: always at 48 kHz. A {@link ParameterReader}. */
export function readS302m(bytes: Uint8Array, from: number, end: number, found: Parameters): boolean | undefined {
  if (from + 4 > end) return undefined;
  found.sampleRate = 48_000;
  found.channels = 2 * ((bytes[from + 2]! >> 6) + 1); // number_channels
  return true;
}

/** By channel assignment. */
const LPCM_CHANNELS = [0, 1, 0, 2, 3, 3, 4, 4, 5, 6, 7, 8];
const LPCM_RATES: Readonly<Record<number, number>> = { 1: 48_000, 4: 96_000, 5: 192_000 };

/** LPCM of Blu-ray discs: four bytes before the samples. A {@link ParameterReader}. */
export function readBlurayLpcm(bytes: Uint8Array, from: number, end: number, found: Parameters): boolean | undefined {
  if (from + 4 > end) return undefined;
  const rate = LPCM_RATES[bytes[from + 2]! & 0x0f];
  const channels = LPCM_CHANNELS[bytes[from + 2]! >> 4];
  if (rate === undefined || !channels) return false;
  found.sampleRate = rate;
  found.channels = channels;
  return true;
}

/** Channels by bit of a channel assignment, the lowest first: L and R, C, LFE, Ls and Rs, ... */
const TRUEHD_CHANNELS = [2, 1, 1, 2, 2, 2, 2, 1, 1, 2, 2, 1, 1];

function countTrueHd(assignment: number): number {
  return TRUEHD_CHANNELS.reduce((sum, count, i) => sum + ((assignment >> i) & 1) * count, 0);
}

/** TrueHD: about every tenth unit has the header with its parameters. A {@link ParameterReader}. */
export function readTrueHd(bytes: Uint8Array, from: number, end: number, found: Parameters): boolean | undefined {
  for (let at = from; at + 8 <= end; at++) {
    // format_sync
    if (bytes[at] !== 0xf8 || bytes[at + 1] !== 0x72 || bytes[at + 2] !== 0x6f || bytes[at + 3] !== 0xba) continue;
    const info = ((bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!) >>> 0;
    const rate = info >>> 28; // audio_sampling_frequency
    if ((rate & 7) > 2) return false;
    found.sampleRate = ((rate & 8) !== 0 ? 44_100 : 48_000) << (rate & 7);
    // 8ch_presentation_channel_assignment, or else that of the 6-channel presentation
    found.channels = countTrueHd(info & 0x1fff) || countTrueHd((info >>> 15) & 0x1f) || null;
    return true;
  }
  return undefined;
}
