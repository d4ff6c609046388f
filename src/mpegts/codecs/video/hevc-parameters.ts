// Reads size and frame rate from HEVC's sequence and video parameter sets.
// Pure: no clock, no I/O. ISO/IEC 23008-2 §7.3.2.1 (VPS), §7.3.2.2 (SPS), §7.3.3, §7.3.4, §7.3.7, §E.2.1 (VUI).

import { BitReader } from '../bit-reader.js';
import { passPictureLook } from './h264-parameters.js';
import { findStartCode, isPictureSize, type Parameters, plausibleFrameRate } from '../parameters.js';

const FIRST_OTHER = 32; // nal_unit_type below: slices
const VPS = 32;
const SPS = 33;

const reader = new BitReader();

/** Reads VPS and SPS of an access unit. Each field of field-coded video is a picture. A {@link ParameterReader}. */
export function readHevc(bytes: Uint8Array, from: number, end: number, found: Parameters): boolean | undefined {
  let ofProgram: number | null = null;
  for (let at = findStartCode(bytes, from, end); at !== -1; at = findStartCode(bytes, at + 3, end)) {
    if (at + 5 >= end) return undefined;
    const type = (bytes[at + 3]! >> 1) & 0x3f; // nal_unit_type
    const layer = ((bytes[at + 3]! & 1) << 5) | (bytes[at + 4]! >> 3); // nuh_layer_id
    if (type < FIRST_OTHER) return false; // a slice, without an SPS before it
    if (layer !== 0) continue;
    reader.openNal(bytes, at + 5, end);
    if (type === VPS) ofProgram = readVpsRate();
    if (type === SPS) return readSps(ofProgram, found) || (reader.lacksBytes ? undefined : false);
  }
  return undefined;
}

/** Pictures per second by vps_timing_info; null if it is absent. */
function readVpsRate(): number | null {
  reader.skip(12); // vps_video_parameter_set_id to vps_max_layers_minus1
  const subLayers = reader.bits(3); // vps_max_sub_layers_minus1
  reader.skip(17); // vps_temporal_id_nesting_flag, vps_reserved_0xffff_16bits
  passProfileTierLevel(subLayers);
  passOrdering(subLayers);
  const lastLayer = reader.bits(6); // vps_max_layer_id
  const sets = reader.ue(); // vps_num_layer_sets_minus1
  if (sets > 1023) return null;
  reader.skip(sets * (lastLayer + 1)); // layer_id_included_flag
  const rate = reader.bit() ? readRate() : null; // vps_timing_info_present_flag
  return reader.isGood ? rate : null;
}

function readSps(rateOfVps: number | null, found: Parameters): boolean {
  reader.skip(4); // sps_video_parameter_set_id
  const subLayers = reader.bits(3); // sps_max_sub_layers_minus1
  reader.skip(1); // sps_temporal_id_nesting_flag
  passProfileTierLevel(subLayers);
  if (reader.ue() > 15) return false; // sps_seq_parameter_set_id
  const chroma = reader.ue(); // chroma_format_idc
  if (chroma > 3) return false;
  if (chroma === 3) reader.skip(1); // separate_colour_plane_flag
  let width = reader.ue(); // pic_width_in_luma_samples
  let height = reader.ue(); // pic_height_in_luma_samples
  if (reader.bit()) {
    // conformance_window_flag; left, right, top, bottom in SubWidthC and SubHeightC
    width -= (reader.ue() + reader.ue()) * (chroma === 1 || chroma === 2 ? 2 : 1);
    height -= (reader.ue() + reader.ue()) * (chroma === 1 ? 2 : 1);
  }
  if (!passTools(subLayers)) return false;
  const frameRate = reader.bit() ? readVuiRate() : null; // vui_parameters_present_flag
  if (!reader.isGood || !isPictureSize(width, height)) return false;
  found.width = width;
  found.height = height;
  found.frameRate = frameRate ?? rateOfVps;
  found.mayBeFields = false;
  return true;
}

/** Skips the fields between the SPS's sizes and its VUI; false if they are invalid. */
function passTools(subLayers: number): boolean {
  if (reader.ue() > 8 || reader.ue() > 8) return false; // bit_depth_luma_minus8, bit_depth_chroma_minus8
  const orderBits = reader.ue() + 4; // log2_max_pic_order_cnt_lsb_minus4
  if (orderBits > 16) return false;
  passOrdering(subLayers);
  for (let i = 0; i < 6; i++) reader.ue(); // log2_min_luma_coding_block_size_minus3 to max_transform_hierarchy_depth_intra
  if (reader.bit() && reader.bit()) passScalingLists(); // scaling_list_enabled_flag, sps_scaling_list_data_present_flag
  reader.skip(2); // amp_enabled_flag, sample_adaptive_offset_enabled_flag
  if (reader.bit()) {
    reader.skip(8); // pcm_sample_bit_depth_luma_minus1, pcm_sample_bit_depth_chroma_minus1
    reader.ue(); // log2_min_pcm_luma_coding_block_size_minus3
    reader.ue(); // log2_diff_max_min_pcm_luma_coding_block_size
    reader.skip(1); // pcm_loop_filter_disabled_flag
  }
  if (!passReferences()) return false;
  if (reader.bit()) {
    // long_term_ref_pics_present_flag
    const count = reader.ue(); // num_long_term_ref_pics_sps
    if (count > 32) return false;
    reader.skip(count * (orderBits + 1)); // lt_ref_pic_poc_lsb_sps, used_by_curr_pic_lt_sps_flag
  }
  reader.skip(2); // sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag
  return true;
}

/** profile_tier_level (§7.3.3). */
function passProfileTierLevel(subLayers: number): void {
  reader.skip(96); // general_profile_space to general_level_idc
  let bits = 0;
  for (let i = 0; i < subLayers; i++) bits += reader.bit() * 88 + reader.bit() * 8; // sub_layer_..._present_flag
  if (subLayers > 0) reader.skip(2 * (8 - subLayers) + bits); // reserved_zero_2bits, then what is present
}

function passOrdering(subLayers: number): void {
  const from = reader.bit() ? 0 : subLayers; // sub_layer_ordering_info_present_flag
  for (let i = from; i <= subLayers; i++) {
    reader.ue(); // max_dec_pic_buffering_minus1
    reader.ue(); // max_num_reorder_pics
    reader.ue(); // max_latency_increase_plus1
  }
}

/** scaling_list_data (§7.3.4). */
function passScalingLists(): void {
  for (let sizeId = 0; sizeId < 4; sizeId++) {
    for (let matrixId = 0; matrixId < 6; matrixId += sizeId === 3 ? 3 : 1) {
      if (!reader.bit()) {
        reader.ue(); // scaling_list_pred_matrix_id_delta
        continue;
      }
      if (sizeId > 1) reader.se(); // scaling_list_dc_coef_minus8
      const count = Math.min(64, 1 << (4 + 2 * sizeId));
      for (let i = 0; i < count; i++) reader.se(); // scaling_list_delta_coef
    }
  }
}

/** Skips the SPS's st_ref_pic_set (§7.3.7); false if there are more than allowed. */
function passReferences(): boolean {
  const sets = reader.ue(); // num_short_term_ref_pic_sets
  if (sets > 64) return false;
  let count = 0; // NumDeltaPocs of the previous set
  for (let i = 0; i < sets; i++) {
    if (i > 0 && reader.bit()) {
      // inter_ref_pic_set_prediction_flag
      reader.skip(1); // delta_rps_sign
      reader.ue(); // abs_delta_rps_minus1
      let kept = 0;
      for (let j = 0; j <= count; j++) if (reader.bit() || reader.bit()) kept++; // used_by_curr_pic_flag, use_delta_flag
      count = kept;
    } else {
      const negative = reader.ue(); // num_negative_pics
      const positive = reader.ue(); // num_positive_pics
      if (negative > 16 || positive > 16) return false;
      count = negative + positive;
      for (let j = 0; j < count; j++) {
        reader.ue(); // delta_poc_s0_minus1, delta_poc_s1_minus1
        reader.skip(1); // used_by_curr_pic_s0_flag, used_by_curr_pic_s1_flag
      }
    }
    if (count > 32) return false;
  }
  return true;
}

function readVuiRate(): number | null {
  passPictureLook(reader);
  reader.skip(3); // neutral_chroma_indication_flag, field_seq_flag, frame_field_info_present_flag
  if (reader.bit()) for (let i = 0; i < 4; i++) reader.ue(); // default_display_window_flag and its offsets
  return reader.bit() ? readRate() : null; // vui_timing_info_present_flag
}

function readRate(): number | null {
  const ticks = reader.bits(32); // num_units_in_tick: of a picture, not of a field as in H.264
  const scale = reader.bits(32); // time_scale
  return plausibleFrameRate(scale, ticks);
}
