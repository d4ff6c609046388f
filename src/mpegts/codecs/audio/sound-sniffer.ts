// Detects the audio format from the first bytes: some muxers send AAC with MPEG audio's stream_type, or tags before
// frames.
// Pure: no clock, no I/O.

import type { ParameterReader, Parameters } from '../parameters.js';
import type { SoundFormat } from './sound-frames.js';

const TAG_HEADER_BYTES = 10;

/** The reader for the frame at `at`, if its first four bytes identify the format; they must be available. */
function readerAt(bytes: Uint8Array, at: number, formats: readonly SoundFormat[]): ParameterReader | null {
  for (const { startsAt, read } of formats) if (startsAt(bytes, at)) return read;
  return null;
}

/** A {@link ParameterReader} for audio that is probably in the format that `expected` reads, or else in one of `formats`. */
export function sniffSound(expected: ParameterReader, formats: readonly SoundFormat[]): ParameterReader {
  return (bytes: Uint8Array, from: number, end: number, found: Parameters): boolean | undefined => {
    const at = passTag(bytes, from, end);
    if (at + 4 > end) return undefined;
    const event = (readerAt(bytes, at, formats) ?? expected)(bytes, at, end, found);
    // The bytes in the middle of a frame resembled another format by chance.
    return event === false ? expected(bytes, at, end, found) : event;
  };
}

/** The offset after the ID3 tag at `at`, if there is one (id3.org, ID3v2 §3.1). */
function passTag(bytes: Uint8Array, at: number, end: number): number {
  if (at + TAG_HEADER_BYTES > end || bytes[at] !== 0x49 || bytes[at + 1] !== 0x44 || bytes[at + 2] !== 0x33) return at;
  let size = 0;
  for (let i = 6; i < TAG_HEADER_BYTES; i++) size = (size << 7) | (bytes[at + i]! & 0x7f);
  return at + TAG_HEADER_BYTES + size;
}
