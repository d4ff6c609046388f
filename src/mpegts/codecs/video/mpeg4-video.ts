// Reads the video object layer at the start of an MPEG-4 part 2 random access point.
// Pure: no clock, no I/O. ISO/IEC 14496-2 §6.2.3 (VideoObjectLayer), §6.3.3.

import { BitReader } from '../bit-reader.js';
import { findStartCode, isPictureSize, type Parameters, plausibleFrameRate } from '../parameters.js';

const EXTENDED_PAR = 15;
const RECTANGULAR = 0;
const GRAYSCALE = 3;
const VBV_BITS = 15 + 1 + 15 + 1 + 15 + 1 + 3 + 11 + 1 + 15 + 1;
const VOP = 0xb6;

const reader = new BitReader();

/** Reads the first video_object_layer of a unit. A {@link ParameterReader}. */
export function readMpeg4(bytes: Uint8Array, from: number, end: number, found: Parameters): boolean | undefined {
  for (let at = findStartCode(bytes, from, end); at !== -1; at = findStartCode(bytes, at + 3, end)) {
    const code = bytes[at + 3]!;
    if (code === VOP) return false; // a picture, without a video object layer before it
    if (code < 0x20 || code > 0x2f) continue; // video_object_layer_start_code
    reader.open(bytes, at + 4, end);
    return readLayer(found) || (reader.lacksBytes ? undefined : false);
  }
  return undefined;
}

function readLayer(found: Parameters): boolean {
  reader.skip(1 + 8); // random_accessible_vol, video_object_type_indication
  let version = 1;
  if (reader.bit()) {
    version = reader.bits(4); // video_object_layer_verid
    reader.skip(3); // video_object_layer_priority
  }
  if (reader.bits(4) === EXTENDED_PAR) reader.skip(16); // aspect_ratio_info, par_width, par_height
  if (reader.bit()) {
    reader.skip(2 + 1); // chroma_format, low_delay
    if (reader.bit()) reader.skip(VBV_BITS); // vbv_parameters
  }
  const shape = reader.bits(2); // video_object_layer_shape
  if (shape === GRAYSCALE && version !== 1) reader.skip(4); // video_object_layer_shape_extension
  if (shape !== RECTANGULAR || reader.bit() !== 1) return false; // marker_bit
  const resolution = reader.bits(16); // vop_time_increment_resolution
  if (resolution === 0 || reader.bit() !== 1) return false; // marker_bit
  const incrementBits = Math.max(1, 32 - Math.clz32(resolution - 1));
  const increment = reader.bit() ? reader.bits(incrementBits) : 0; // fixed_vop_rate, fixed_vop_time_increment
  reader.skip(1); // marker_bit
  const width = reader.bits(13); // video_object_layer_width
  reader.skip(1); // marker_bit
  const height = reader.bits(13); // video_object_layer_height
  if (!reader.isGood || !isPictureSize(width, height)) return false;
  found.width = width;
  found.height = height;
  found.frameRate = increment > 0 ? plausibleFrameRate(resolution, increment) : null;
  return true;
}
