// Reads the sequence header at the start of an MPEG-1 or MPEG-2 video random access point.
// Pure: no clock, no I/O. ISO/IEC 11172-2 §2.4.2.3; ISO/IEC 13818-2 §6.2.2.1, §6.2.2.3, table 6-4.

import { findStartCode, FRAME_RATES, isPictureSize, type Parameters, plausibleFrameRate } from '../parameters.js';

const SEQUENCE_HEADER = 0xb3;
const EXTENSION = 0xb5;
const SEQUENCE_EXTENSION_ID = 1;
const HEADER_BYTES = 12; // start code to load_non_intra_quantiser_matrix, without matrices
const MATRIX_BYTES = 64;
const EXTENSION_BYTES = 10;
/** Reads sequence_header, and sequence_extension, whose presence marks MPEG-2. A {@link ParameterReader}. */
export function readMpegVideo(bytes: Uint8Array, from: number, end: number, found: Parameters): boolean | undefined {
  const at = findStartCode(bytes, from, end);
  if (at === -1) return undefined;
  if (bytes[at + 3] !== SEQUENCE_HEADER) return false;
  if (at + HEADER_BYTES > end) return undefined;
  if ((bytes[at + 10]! & 0x20) === 0) return false; // marker_bit
  let next = at + HEADER_BYTES;
  if (bytes[at + 11]! & 0x02) {
    next += MATRIX_BYTES; // load_intra_quantiser_matrix
    if (next > end) return undefined;
  }
  if (bytes[next - 1]! & 0x01) next += MATRIX_BYTES; // load_non_intra_quantiser_matrix
  const extension = findStartCode(bytes, next, end);
  if (extension === -1) return undefined; // undecided: MPEG-1 or MPEG-2
  const rate = FRAME_RATES[(bytes[at + 7]! & 0x0f) - 1];
  if (!rate) return false; // frame_rate_code
  let width = (bytes[at + 4]! << 4) | (bytes[at + 5]! >> 4); // horizontal_size_value
  let height = ((bytes[at + 5]! & 0x0f) << 8) | bytes[at + 6]!; // vertical_size_value
  let [frames, seconds] = rate;
  const isMpeg2 = bytes[extension + 3] === EXTENSION;
  let mayBeFields = false;
  if (isMpeg2) {
    if (extension + EXTENSION_BYTES > end) return undefined;
    const byte = (i: number) => bytes[extension + 4 + i]!;
    if (byte(0) >> 4 !== SEQUENCE_EXTENSION_ID) return false;
    mayBeFields = (byte(1) & 0x08) === 0; // progressive_sequence
    width |= (((byte(1) & 1) << 1) | (byte(2) >> 7)) << 12; // horizontal_size_extension
    height |= ((byte(2) >> 5) & 3) << 12; // vertical_size_extension
    frames *= ((byte(5) >> 5) & 3) + 1; // frame_rate_extension_n
    seconds *= (byte(5) & 0x1f) + 1; // frame_rate_extension_d
  }
  if (!isPictureSize(width, height)) return false;
  found.codec = isMpeg2 ? 'mpeg2video' : 'mpeg1video';
  found.width = width;
  found.height = height;
  found.frameRate = plausibleFrameRate(frames, seconds);
  found.mayBeFields = mayBeFields;
  return true;
}
