// Detects the audio format from the first bytes: some muxers send AAC with MPEG audio's stream_type, or tags before
// frames.
// Pure: no clock, no I/O.

import { readAdts, readLatm } from './aac-parameters.js';
import { isDtsExtension } from './dts-extension.js';
import { readDts } from './dts-parameters.js';
import type { ParameterReader, Parameters } from '../parameters.js';
import { readAc3, readMpegAudio } from './sound-parameters.js';

const TAG_HEADER_BYTES = 10;

/** The reader for the frame at `at`, if its first four bytes identify the format; they must be available. */
function readerAt(bytes: Uint8Array, at: number): ParameterReader | null {
  const first = bytes[at]!;
  const second = bytes[at + 1]!;
  if (first === 0xff && (second & 0xf6) === 0xf0) return readAdts; // syncword, layer '00'
  if (first === 0xff && second >= 0xe0) return readMpegAudio;
  if (first === 0x0b && second === 0x77) return readAc3;
  if (first === 0x56 && (second & 0xe0) === 0xe0) return readLatm;
  if (first === 0x7f && second === 0xfe && bytes[at + 2] === 0x80 && bytes[at + 3] === 0x01) return readDts;
  if (isDtsExtension(bytes, at, at + 4)) return readDts;
  return null;
}

/** A {@link ParameterReader} for audio that is probably in the format that `expected` reads. */
export function sniffSound(expected: ParameterReader): ParameterReader {
  return (bytes: Uint8Array, from: number, end: number, found: Parameters): boolean | undefined => {
    const at = passTag(bytes, from, end);
    if (at + 4 > end) return undefined;
    const event = (readerAt(bytes, at) ?? expected)(bytes, at, end, found);
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
