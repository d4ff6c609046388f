// Reads size and frame rate from H.264's sequence parameter set.
// Pure: no clock, no I/O. ISO/IEC 14496-10 §7.3.2.1.1 (SPS), §7.4.2.1.1 (cropping), §E.1.1, §E.2.1 (VUI, timing).

import { BitReader } from '../bit-reader.js';
import { findStartCode, isPictureSize, type Parameters, plausibleFrameRate } from '../parameters.js';

const SPS = 7;
const EXTENDED_SAR = 255;
const APART = 4;
/** profile_idc of those whose SPS carries chroma_format_idc. */
const WITH_CHROMA = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);
const PLAIN_PROFILES = new Set([66, 77, 88]);

const reader = new BitReader();

/** Reads the first SPS of an access unit. A {@link ParameterReader}. */
export function readH264(bytes: Uint8Array, from: number, end: number, found: Parameters): boolean | undefined {
  for (let at = findStartCode(bytes, from, end); at !== -1; at = findStartCode(bytes, at + 3, end)) {
    const type = bytes[at + 3]! & 0x1f; // nal_unit_type
    if (type === SPS) {
      reader.openNal(bytes, at + 4, end);
      return readSps(found) || (reader.lacksBytes ? undefined : false);
    }
    if (type >= 1 && type <= 5) return false; // a slice, without an SPS before it
  }
  return undefined;
}

function readSps(found: Parameters): boolean {
  const profile = reader.bits(8); // profile_idc
  reader.skip(16); // constraint flags, level_idc
  if (!WITH_CHROMA.has(profile) && !PLAIN_PROFILES.has(profile)) return false;
  if (reader.ue() > 31) return false; // seq_parameter_set_id
  const chroma = WITH_CHROMA.has(profile) ? readChroma() : 1;
  const frameNumber = reader.ue(); // log2_max_frame_num_minus4
  if (chroma === -1 || frameNumber > 12) return false;
  if (!passPictureOrder()) return false;
  if (reader.ue() > 16) return false; // max_num_ref_frames
  reader.skip(1); // gaps_in_frame_num_value_allowed_flag
  const columns = reader.ue() + 1; // pic_width_in_mbs_minus1
  const rows = reader.ue() + 1; // pic_height_in_map_units_minus1
  const isFrames = reader.bit() === 1; // frame_mbs_only_flag
  if (!isFrames) reader.skip(1); // mb_adaptive_frame_field_flag
  reader.skip(1); // direct_8x8_inference_flag
  const fields = isFrames ? 1 : 2;
  let width = columns * 16;
  let height = rows * 16 * fields;
  if (reader.bit()) {
    // frame_cropping_flag; left, right, top, bottom in CropUnitX and CropUnitY
    width -= (reader.ue() + reader.ue()) * (chroma === 1 || chroma === 2 ? 2 : 1);
    height -= (reader.ue() + reader.ue()) * (chroma === 1 ? 2 : 1) * fields;
  }
  const frameRate = reader.bit() ? readVuiRate() : null; // vui_parameters_present_flag
  if (!reader.isGood || !isPictureSize(width, height)) return false;
  found.width = width;
  found.height = height;
  found.frameRate = frameRate;
  found.mayBeFields = !isFrames;
  found.fieldFlagAt = isFrames ? 0 : (chroma === APART ? 2 : 0) + frameNumber + 4; // colour_plane_id, frame_num
  return true;
}

/** What a picture is by its first slice, in `bytes` from `from` up to `end`: 1 a top field, 2 a bottom field; 0: a frame, or unknown. */
export function fieldOfH264(bytes: Uint8Array, from: number, end: number, fieldFlagAt: number): 0 | 1 | 2 {
  for (let at = findStartCode(bytes, from, end); at !== -1; at = findStartCode(bytes, at + 3, end)) {
    const type = bytes[at + 3]! & 0x1f; // nal_unit_type
    if (type < 1 || type > 5) continue;
    reader.openNal(bytes, at + 4, end);
    reader.ue(); // first_mb_in_slice
    reader.ue(); // slice_type
    reader.ue(); // pic_parameter_set_id
    reader.skip(fieldFlagAt);
    const isField = reader.bit() === 1; // field_pic_flag
    const parity = reader.bit() === 1 ? 2 : 1; // bottom_field_flag
    return isField && reader.isGood ? parity : 0;
  }
  return 0;
}

/** chroma_format_idc, or {@link APART} where the planes are coded apart; -1: it cannot be. */
function readChroma(): number {
  const format = reader.ue();
  if (format > 3) return -1;
  const areApart = format === 3 && reader.bit() === 1; // separate_colour_plane_flag
  if (reader.ue() > 6 || reader.ue() > 6) return -1; // bit_depth_luma_minus8, bit_depth_chroma_minus8
  reader.skip(1); // qpprime_y_zero_transform_bypass_flag
  if (reader.bit()) {
    // seq_scaling_matrix_present_flag
    const lists = format === 3 ? 12 : 8;
    for (let i = 0; i < lists; i++) if (reader.bit()) passScalingList(i < 6 ? 16 : 64);
  }
  return areApart ? APART : format;
}

/** §7.3.2.1.1.1. */
function passScalingList(size: number): void {
  let last = 8;
  for (let i = 0; i < size && reader.isGood; i++) {
    last = (last + reader.se() + 256) % 256; // delta_scale
    if (last === 0) return; // nextScale: the remaining entries repeat the last
  }
}

function passPictureOrder(): boolean {
  const type = reader.ue(); // pic_order_cnt_type
  if (type === 0) return reader.ue() <= 12; // log2_max_pic_order_cnt_lsb_minus4
  if (type !== 1) return type === 2;
  reader.skip(1); // delta_pic_order_always_zero_flag
  reader.se(); // offset_for_non_ref_pic
  reader.se(); // offset_for_top_to_bottom_field
  const count = reader.ue(); // num_ref_frames_in_pic_order_cnt_cycle
  if (count > 255) return false;
  for (let i = 0; i < count; i++) reader.se(); // offset_for_ref_frame
  return true;
}

/** Frames a second by vui_parameters; null if they are absent or implausible. */
function readVuiRate(): number | null {
  passPictureLook(reader);
  if (!reader.bit()) return null; // timing_info_present_flag
  const ticks = reader.bits(32); // num_units_in_tick
  const scale = reader.bits(32); // time_scale
  // A tick is the duration of a field, even without fields (table E-6: DeltaTfiDivisor 2 for a frame).
  return plausibleFrameRate(scale, 2 * ticks);
}

/** Skips the start of H.264's and HEVC's vui_parameters: sample aspect ratio and colours. */
export function passPictureLook(vui: BitReader): void {
  if (vui.bit() && vui.bits(8) === EXTENDED_SAR) vui.skip(32); // aspect_ratio_idc, sar_width, sar_height
  if (vui.bit()) vui.skip(1); // overscan_appropriate_flag
  if (vui.bit()) {
    vui.skip(4); // video_format, video_full_range_flag
    if (vui.bit()) vui.skip(24); // colour_primaries, transfer_characteristics, matrix_coefficients
  }
  if (vui.bit()) {
    vui.ue(); // chroma_sample_loc_type_top_field
    vui.ue(); // chroma_sample_loc_type_bottom_field
  }
}
