// How pictures of HEVC begin: NAL units, parameter sets, random access points.
// Pure: no clock, no I/O. ISO/IEC 23008-2 §7.3.1.2, §7.3.2, §7.3.6, §7.4.2.2 (table 7-1).

import { BitReader } from '../bit-reader.js';
import {
  ACCESS,
  ACCESS_SET,
  CUT_SHORT,
  DELIMITER,
  FIRST_SLICE,
  NO_KEY,
  NON_ACCESS_SLICE,
  PASS,
  type PictureSign,
  type PictureSyntax,
  SET,
  setKey,
  type UnitType,
} from '../picture-syntax.js';

// nal_unit_type (table 7-1).
const FIRST_OTHER = 32; // below: slices
const VPS = 32;
const PPS = 34;

/** By nal_unit_type: 0 to 15 slices, 16 to 23 IRAP, 32 VPS, 33 SPS, 34 PPS, 35 access unit delimiter. */
const TYPES = new Uint8Array(64).fill(NON_ACCESS_SLICE, 0, 16).fill(ACCESS, 16, 24);
TYPES.set([ACCESS_SET, ACCESS_SET, SET, DELIMITER], VPS);

const reader = new BitReader();

function classify(bytes: Uint8Array, at: number, end: number): UnitType {
  if (at + 4 >= end) return CUT_SHORT;
  const first = bytes[at + 3]!;
  const layer = ((first & 1) << 5) | (bytes[at + 4]! >> 3); // nuh_layer_id
  return layer === 0 ? TYPES[(first >> 1) & 0x3f]! : PASS;
}

function keyOfSet(bytes: Uint8Array, from: number, end: number): number {
  const type = (bytes[from + 3]! >> 1) & 0x3f; // nal_unit_type
  reader.openNal(bytes, from + 5, end);
  const kind = type === VPS ? 0 : type === PPS ? 2 : 1;
  const id = type === VPS ? reader.bits(4) : type === PPS ? reader.ue() : readSpsId(); // vps_..., pps_..._parameter_set_id
  return reader.isGood ? setKey(kind, id) : NO_KEY;
}

function readSpsId(): number {
  reader.skip(4); // sps_video_parameter_set_id
  const subLayers = reader.bits(3); // sps_max_sub_layers_minus1
  reader.skip(1 + 96); // sps_temporal_id_nesting_flag; profile_tier_level (§7.3.3): up to general_level_idc
  let bits = 0;
  for (let i = 0; i < subLayers; i++) bits += reader.bit() * 88 + reader.bit() * 8; // sub_layer_..._present_flag
  if (subLayers > 0) reader.skip(2 * (8 - subLayers) + bits); // reserved_zero_2bits, then the fields that are present
  return reader.ue(); // sps_seq_parameter_set_id
}

function countPicture(byte: number, place: number): PictureSign {
  if (place === 1) return ((byte >> 1) & 0x3f) < FIRST_OTHER ? 'undecided' : 'none'; // nal_unit_type
  if (place === 2) return 'undecided';
  return (byte & FIRST_SLICE) !== 0 ? 'picture' : 'none';
}

/** The pictures of HEVC. */
export const HEVC_PICTURES: PictureSyntax = {
  isInNalUnits: true,
  headerBytes: 5, // two bytes of NAL unit header
  classify,
  keyOfSet,
  countPicture,
};
