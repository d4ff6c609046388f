// Reads sound by what it begins with: multiplexers put AAC under the stream_type of MPEG audio, and tags before frames.
// Pure: no clock, no I/O.

import { readAdts, readLatm } from './aac-parameters.js';
import { readDts } from './dts-parameters.js';
import type { ParameterReader, Parameters } from './parameters.js';
import { readAc3, readMpegAudio } from './sound-parameters.js';

const TAG_HEADER_BYTES = 10;

/** What the frame at `at` is read by, if its first bytes tell; four are there. */
function readerAt(bytes: Uint8Array, at: number): ParameterReader | null {
  const first = bytes[at]!;
  const second = bytes[at + 1]!;
  if (first === 0xff && (second & 0xf6) === 0xf0) return readAdts; // syncword, layer '00'
  if (first === 0xff && second >= 0xe0) return readMpegAudio;
  if (first === 0x0b && second === 0x77) return readAc3;
  if (first === 0x56 && (second & 0xe0) === 0xe0) return readLatm;
  if (first === 0x7f && second === 0xfe && bytes[at + 2] === 0x80 && bytes[at + 3] === 0x01) return readDts;
  return null;
}

/** A {@link ParameterReader} for sound that is most likely what `expected` reads. */
export function sniffSound(expected: ParameterReader): ParameterReader {
  return (bytes: Uint8Array, from: number, end: number, found: Parameters): boolean | undefined => {
    const at = passTag(bytes, from, end);
    if (at + 4 > end) return undefined;
    const told = (readerAt(bytes, at) ?? expected)(bytes, at, end, found);
    // What looked like another kind was chance, in the middle of a frame.
    return told === false ? expected(bytes, at, end, found) : told;
  };
}

/** Behind the ID3 tag that may stand at `at` (id3.org, ID3v2 §3.1). */
function passTag(bytes: Uint8Array, at: number, end: number): number {
  if (at + TAG_HEADER_BYTES > end || bytes[at] !== 0x49 || bytes[at + 1] !== 0x44 || bytes[at + 2] !== 0x33) return at;
  let size = 0;
  for (let i = 6; i < TAG_HEADER_BYTES; i++) size = (size << 7) | (bytes[at + i]! & 0x7f);
  return at + TAG_HEADER_BYTES + size;
}
