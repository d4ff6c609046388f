// How pictures of H.264 begin: NAL units, parameter sets, random access points.
// Pure: no clock, no I/O. ISO/IEC 14496-10 §7.3.1, §7.3.2, §7.3.3, §7.4.1 (table 7-1), §D.1.8 (recovery point).

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
  type PictureState,
  type PictureSyntax,
  RECOVERY,
  SET,
  setKey,
  type UnitType,
} from '../picture-syntax.js';

// nal_unit_type (table 7-1).
const SLICE = 1;
const IDR_SLICE = 5;
const SEI = 6;
const SPS = 7;
const PPS = 8;
const SPS_EXTENSION = 13;
const SUBSET_SPS = 15;
const AUXILIARY_SLICE = 19;
const EXTENSION_SLICE = 20; // of other layers

/** By nal_unit_type. */
const TYPES = new Uint8Array(32).fill(NON_ACCESS_SLICE, SLICE, IDR_SLICE);
TYPES[IDR_SLICE] = ACCESS;
TYPES[SPS] = ACCESS_SET;
TYPES[9] = DELIMITER;
TYPES[PPS] = TYPES[SPS_EXTENSION] = TYPES[SUBSET_SPS] = SET;
TYPES[AUXILIARY_SLICE] = TYPES[EXTENSION_SLICE] = NON_ACCESS_SLICE;

/** payloadType of a recovery point: used without IDR pictures (open GOP, intra refresh). */
const RECOVERY_POINT = 6;
const STOP_BYTE = 0x80; // rbsp_trailing_bits

const reader = new BitReader();

function classify(bytes: Uint8Array, at: number, end: number, state: PictureState): UnitType {
  const type = bytes[at + 3]! & 0x1f; // nal_unit_type
  if (type === SEI && state.knowsHeader && state.isAccess === undefined) return typeOfSei(bytes, at, end);
  return TYPES[type]!;
}

/** The type of the SEI whose start code is at `at` (§7.3.2.3). */
function typeOfSei(bytes: Uint8Array, at: number, end: number): UnitType {
  reader.openNal(bytes, at + 4, end);
  for (let byte = reader.bits(8); byte !== STOP_BYTE; byte = reader.bits(8)) {
    const type = readSeiValue(byte); // payloadType
    const size = readSeiValue(reader.bits(8)); // payloadSize
    if (!reader.isGood) break;
    if (type === RECOVERY_POINT) return RECOVERY;
    reader.skip(8 * size);
  }
  return reader.lacksBytes ? CUT_SHORT : PASS;
}

/** A value whose first byte is `byte`: 255 for each ff_byte, plus the byte after them. */
function readSeiValue(byte: number): number {
  let value = byte;
  for (let next = byte; next === 0xff && reader.isGood; value += next) next = reader.bits(8);
  return value;
}

function keyOfSet(bytes: Uint8Array, from: number, end: number): number {
  const type = bytes[from + 3]! & 0x1f; // nal_unit_type
  reader.openNal(bytes, from + 4, end);
  if (type === SPS || type === SUBSET_SPS) reader.skip(24); // profile_idc, constraint flags, level_idc
  const kind = type === SPS ? 0 : type === SUBSET_SPS ? 1 : type === SPS_EXTENSION ? 2 : 3;
  const id = reader.ue(); // seq_parameter_set_id or pic_parameter_set_id
  return reader.isGood ? setKey(kind, id) : NO_KEY;
}

function countPicture(byte: number, place: number): PictureSign {
  if (place > 1) return (byte & FIRST_SLICE) !== 0 ? 'picture' : 'none';
  const type = byte & 0x1f; // nal_unit_type, behind forbidden_zero_bit and nal_ref_idc
  return (byte & 0x80) === 0 && (type === SLICE || type === IDR_SLICE) ? 'undecided' : 'none';
}

/** The pictures of H.264. */
export const H264_PICTURES: PictureSyntax = {
  isInNalUnits: true,
  headerBytes: 4, // one byte of NAL unit header
  classify,
  keyOfSet,
  countPicture,
};
