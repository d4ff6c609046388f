// Reads size and frame rate from the sequence header of Dirac and VC-2.
// Pure: no clock, no I/O. SMPTE ST 2042-1 §10.5 (parse info), §11 (sequence header), annex A (interleaved Exp-Golomb), B.

import { BitReader } from '../bit-reader.js';
import { FRAME_RATES, isPictureSize, type Parameters, plausibleFrameRate } from '../parameters.js';

const PARSE_INFO = [0x42, 0x42, 0x43, 0x44]; // BBCD
const PARSE_INFO_BYTES = 13; // with parse_code, next_parse_offset and previous_parse_offset
const SEQUENCE_HEADER = 0x00;

/** frame_rate_index 1 to 11: so many frames in so many seconds. */
const RATES: readonly (readonly [number, number])[] = [...FRAME_RATES, [15000, 1001], [25, 2], [48, 1]];

/** By base_video_format: width, height and frame_rate_index. */
const FORMATS: readonly (readonly [number, number, number])[] = [
  ...([[640, 480, 1], [176, 120, 9], [176, 144, 10], [352, 240, 9], [352, 288, 10], [704, 480, 9], [704, 576, 10]] as const),
  ...([[720, 480, 4], [720, 576, 3], [1280, 720, 7], [1280, 720, 6], [1920, 1080, 4], [1920, 1080, 3]] as const),
  ...([[1920, 1080, 7], [1920, 1080, 6], [2048, 1080, 2], [4096, 2160, 2], [3840, 2160, 7], [3840, 2160, 6]] as const),
  ...([[7680, 4320, 7], [7680, 4320, 6], [1920, 1080, 1], [720, 486, 4]] as const),
]; // prettier-ignore

const reader = new BitReader();

/** Reads the sequence header at the start of a unit. A {@link ParameterReader}. */
export function readDirac(bytes: Uint8Array, from: number, end: number, found: Parameters): boolean | undefined {
  if (from + PARSE_INFO_BYTES > end) return undefined;
  if (!PARSE_INFO.every((byte, i) => bytes[from + i] === byte) || bytes[from + 4] !== SEQUENCE_HEADER) return false;
  reader.open(bytes, from + PARSE_INFO_BYTES, end);
  for (let i = 0; i < 4; i++) uint(); // major_version, minor_version, profile, level
  const format = FORMATS[uint()]; // base_video_format
  if (!format) return reader.lacksBytes ? undefined : false;
  let [width, height] = format;
  let rate = RATES[format[2] - 1]!;
  if (reader.bit()) {
    width = uint(); // custom_dimensions_flag: frame_width, frame_height
    height = uint();
  }
  if (reader.bit()) uint(); // custom_color_diff_format_flag
  if (reader.bit()) uint(); // custom_scan_format_flag: source_sampling
  if (reader.bit()) {
    const index = uint(); // custom_frame_rate_flag: frame_rate_index
    rate = index === 0 ? [uint(), uint()] : (RATES[index - 1] ?? [0, 1]); // frame_rate_numer, frame_rate_denom
  }
  if (reader.lacksBytes) return undefined;
  if (!isPictureSize(width, height)) return false;
  found.width = width;
  found.height = height;
  found.frameRate = plausibleFrameRate(rate[0], rate[1]);
  found.mayBeFields = true; // pictures may be fields, which the parse codes do not show
  return true;
}

/** Interleaved Exp-Golomb: each bit of the value alternates with a bit that marks whether another follows. */
function uint(): number {
  let value = 1;
  for (let i = 0; i < 32 && reader.bit() === 0; i++) value = value * 2 + reader.bit();
  return value - 1;
}
