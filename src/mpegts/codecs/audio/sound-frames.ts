// Finds an audio frame header in the first bytes of a unit.
// Pure: no clock, no I/O.

import type { ParameterReader } from '../parameters.js';

/** Bytes that are enough for a header of any of these formats. */
export const HEADER_BYTES = 7;
/** Returned by a {@link HeaderReader} if there is no header. */
export const NO_HEADER = -1;
/** Returned by a {@link HeaderReader} if more bytes are needed to read the header. */
export const CUT_OFF = -2;

/** Sound that comes in frames. */
export interface SoundFormat {
  /** Whether a frame begins with the four bytes at `at`; of no other format may that be true, too. */
  readonly startsAt: (bytes: Uint8Array, at: number) => boolean;
  readonly read: ParameterReader;
}

/** The fields of a header; channels 0: unknown. */
export interface SoundHeader {
  codec: string;
  sampleRate: number;
  channels: number;
}

/**
 * Reads the header at `at` ({@link HEADER_BYTES} are available) into `header`; returns the distance to the next header in
 * bytes, 0 if unknown, {@link NO_HEADER} or {@link CUT_OFF}.
 */
export type HeaderReader = (bytes: Uint8Array, at: number, end: number, header: SoundHeader) => number;

const header: SoundHeader = { codec: '', sampleRate: 0, channels: 0 };

/**
 * A {@link ParameterReader} for frames with such headers. A frame usually starts where the PES packet's payload does. If it
 * does not, bytes that look like a header are accepted only if another header follows the frame.
 */
export function framesWith(read: HeaderReader): ParameterReader {
  return (bytes, from, end, found) => {
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
  };
}
