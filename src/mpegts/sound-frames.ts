// Finds a header of sound in a unit of which only the beginning is at hand.
// Pure: no clock, no I/O.

import type { Parameters } from './parameters.js';

/** Bytes of a header of any of the formats that are read so. */
export const HEADER_BYTES = 7;
/** A {@link HeaderReader} says so where there is none. */
export const NO_HEADER = -1;
/** A {@link HeaderReader} says so where there is one, and more bytes are needed to read it. */
export const CUT_OFF = -2;

/** What a header told; channels 0: it does not say. */
export interface SoundHeader {
  codec: string;
  sampleRate: number;
  channels: number;
}

/**
 * Reads the header at `at` ({@link HEADER_BYTES} are there) into `header`; returns the bytes from it to the next, 0 where it
 * does not say, {@link NO_HEADER} or {@link CUT_OFF}.
 */
export type HeaderReader = (bytes: Uint8Array, at: number, end: number, header: SoundHeader) => number;

const header: SoundHeader = { codec: '', sampleRate: 0, channels: 0 };

/**
 * A `ParameterReader` for frames with headers. A frame mostly begins where the PES packet does. Where it does not, bytes that
 * look like a header are believed only with another like it behind the frame.
 */
export function readFrames(
  read: HeaderReader,
  bytes: Uint8Array,
  from: number,
  end: number,
  found: Parameters,
): boolean | undefined {
  for (let at = from; at + HEADER_BYTES <= end; at++) {
    const length = read(bytes, at, end, header);
    if (length === CUT_OFF) return undefined;
    if (length === NO_HEADER) continue;
    const { codec, sampleRate, channels } = header;
    if (at > from) {
      if (length === 0) continue;
      const next = at + length;
      if (next + HEADER_BYTES > end) return undefined;
      if (read(bytes, next, end, header) === NO_HEADER) continue;
      if (header.sampleRate !== sampleRate || header.codec !== codec) continue;
    }
    found.codec = codec;
    found.sampleRate = sampleRate;
    found.channels = channels === 0 ? null : channels;
    return true;
  }
  return undefined;
}
