// How pictures of MPEG-1 and MPEG-2 video, which share a syntax, and of MPEG-4 part 2 begin.
// Pure: no clock, no I/O. ISO/IEC 13818-2 §6.2.2, §6.2.3 (table 6-1: start codes); ISO/IEC 14496-2 §6.2, §6.2.5.

import {
  ACCESS,
  ACCESS_SET,
  CUT_SHORT,
  GROUP,
  NON_ACCESS_SLICE,
  PART,
  PASS,
  type PictureState,
  type PictureSyntax,
  type UnitType,
} from '../picture-syntax.js';

// MPEG-1 and MPEG-2.
const PICTURE = 0x00; // picture_start_code
const USER_DATA = 0xb2; // user_data_start_code, of MPEG-4 too
const SEQUENCE_HEADER = 0xb3; // sequence_header_code
const EXTENSION = 0xb5; // extension_start_code
const GROUP_HEADER = 0xb8; // group_start_code

// MPEG-4.
const FIRST_OTHER = 0x30; // below: video_object_start_code, video_object_layer_start_code
const VISUAL_OBJECT_SEQUENCE = 0xb0; // visual_object_sequence_start_code
const GROUP_OF_VOP = 0xb3; // group_of_vop_start_code
const VISUAL_OBJECT = 0xb5; // visual_object_start_code
const VOP = 0xb6; // vop_start_code

function classifyMpeg(bytes: Uint8Array, at: number): UnitType {
  const code = bytes[at + 3]!;
  if (code === SEQUENCE_HEADER) return ACCESS_SET;
  if (code === GROUP_HEADER) return GROUP;
  return code === EXTENSION || code === USER_DATA ? PART : NON_ACCESS_SLICE;
}

function classifyMpeg4(bytes: Uint8Array, at: number, end: number, state: PictureState): UnitType {
  const code = bytes[at + 3]!;
  if (code === VISUAL_OBJECT_SEQUENCE) return ACCESS_SET;
  if (code < FIRST_OTHER || code === VISUAL_OBJECT) return state.isInSet ? PART : ACCESS_SET;
  if (code === USER_DATA) return PART;
  if (code === GROUP_OF_VOP) return PASS; // depends on its first picture
  if (code !== VOP) return NON_ACCESS_SLICE;
  if (at + 4 >= end) return CUT_SHORT;
  return bytes[at + 4]! >> 6 === 0 && state.knowsHeader ? ACCESS : NON_ACCESS_SLICE; // vop_coding_type '00': I
}

/** There is one header, with its extensions. */
function keyOfHeader(): number {
  return 0;
}

/** The pictures of MPEG-1 and MPEG-2 video. */
export const MPEG_PICTURES: PictureSyntax = {
  isInNalUnits: false,
  headerBytes: 4,
  classify: classifyMpeg,
  keyOfSet: keyOfHeader,
  countPicture: (byte) => (byte === PICTURE ? 'picture' : 'none'),
};

/** The pictures of MPEG-4 part 2. */
export const MPEG4_PICTURES: PictureSyntax = {
  isInNalUnits: false,
  headerBytes: 4,
  classify: classifyMpeg4,
  keyOfSet: keyOfHeader,
  countPicture: (byte) => (byte === VOP ? 'picture' : 'none'),
};
