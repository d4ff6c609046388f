// Reads the beginning of a picture up to its first slice: its parameter sets, and whether decoding can start there.
// Pure: no clock, no I/O. ISO/IEC 13818-2 §6.2.2, ISO/IEC 14496-2 §6.2, ISO/IEC 14496-10 §7.4.1, ISO/IEC 23008-2 §7.4.2.

import { BitReader } from '../codecs/bit-reader.js';
import { findStartCode } from '../codecs/parameters.js';

/** The header syntax of a video track. MPEG-1 and MPEG-2 video share one. */
export type VideoSyntax = 'h264' | 'hevc' | 'mpeg2' | 'mpeg4';

const BY_STREAM_TYPE: Readonly<Record<number, VideoSyntax>> = {
  0x01: 'mpeg2',
  0x02: 'mpeg2',
  0x10: 'mpeg4',
  0x1b: 'h264',
  0x24: 'hevc',
};

/** The syntax of a stream_type; `null` if it is not supported here. */
export function syntaxOf(streamType: number): VideoSyntax | null {
  return BY_STREAM_TYPE[streamType] ?? null;
}

/** Whether its pictures are made of NAL units: each has a PTS of its own then, or one that goes with the picture before. */
export function isInNalUnits(syntax: VideoSyntax | null): boolean {
  return syntax === 'h264' || syntax === 'hevc';
}

/** How far into a picture its first slice is looked for: an encoder's SEI may take some kilobytes. */
export const MAX_HEAD_BYTES = 8192;
/** More parameter sets than this in one picture are not there for decoding it. */
const MAX_SETS = 64;

// What a start code introduces.
const PASS = 0;
const DELIMITER = 1;
const SET = 2; // a parameter set
const ACCESS_SET = 3; // a set that is sent where decoding can start
const ACCESS = 4; // a slice of a picture where decoding can start
const NON_ACCESS_SLICE = 5;
const GROUP = 6; // a group of pictures: decodable after a sequence header
const PART = 7; // belongs to what precedes it
const RECOVERY = 8; // decoding can start here, with earlier parameter sets

/** By nal_unit_type (table 7-1). 14: prefix; 19, 20: slices of auxiliary pictures and other layers. */
const H264_TYPES = new Uint8Array(32);
H264_TYPES.set([
  PASS,
  NON_ACCESS_SLICE,
  NON_ACCESS_SLICE,
  NON_ACCESS_SLICE,
  NON_ACCESS_SLICE,
  ACCESS,
  PASS,
  ACCESS_SET,
  SET,
  DELIMITER,
  PASS,
  PASS,
  PASS,
  SET,
]);
H264_TYPES[15] = SET;
H264_TYPES[19] = H264_TYPES[20] = NON_ACCESS_SLICE;

/**
 * nal_unit_type of SEI, and payloadType of a recovery point (§D.1.8): used without IDR pictures (open GOP, intra refresh).
 */
const [H264_SEI, RECOVERY_POINT] = [6, 6];
const STOP_BYTE = 0x80; // rbsp_trailing_bits
const FIRST_BIT = 0x80;

const reader = new BitReader();

/** By nal_unit_type (table 7-1): 0 to 15 slices, 16 to 23 IRAP, 32 VPS, 33 SPS, 34 PPS, 35 access unit delimiter. */
const HEVC_TYPES = new Uint8Array(64).fill(NON_ACCESS_SLICE, 0, 16).fill(ACCESS, 16, 24);
HEVC_TYPES.set([ACCESS_SET, ACCESS_SET, SET, DELIMITER], 32);

/** Whether an earlier sequence header, or parameter sets, are known: they make a group of pictures decodable. */
export type SequenceHeader = 'known' | 'unknown';

/** What was read of one picture; offsets refer to the bytes that it was read from. */
export class PictureHead {
  /** Whether decoding can start here according to the picture itself; `undefined`: not yet known. */
  isAccess: boolean | undefined;
  /** Whether the first slice was found: no more parameter sets follow. */
  isOver = false;
  /** Whether that slice is not the picture's first: this goes on with a picture that has begun. */
  isPart = false;
  /** Where parameter sets belong: behind the access unit delimiter, or else at the beginning. */
  insertAt = 0;
  /** How many complete parameter sets there are. */
  count = 0;
  /** Where each starts, including its start code prefix, and ends. */
  readonly starts = new Int32Array(MAX_SETS);
  readonly ends = new Int32Array(MAX_SETS);

  #syntax: VideoSyntax = 'h264';
  #from = 0;
  #next = 0; // where the search for start codes continues
  #setFrom = -1; // where the incomplete set starts
  #knowsHeader = false;

  /** Starts with the elementary stream at `from`. */
  start(syntax: VideoSyntax, from: number, header: SequenceHeader): void {
    this.isAccess = undefined;
    this.isOver = this.isPart = false;
    this.insertAt = this.#from = this.#next = from;
    this.count = 0;
    this.#syntax = syntax;
    this.#setFrom = -1;
    this.#knowsHeader = header === 'known';
  }

  /** Continues reading up to `end`. `bytes` may have grown since. */
  read(bytes: Uint8Array, end: number): void {
    while (!this.isOver) {
      const at = findStartCode(bytes, this.#next, end);
      if (at === -1) {
        this.#next = Math.max(this.#next, end - 3);
        if (this.#next - this.#from >= 4 && !this.#startsWithZeros(bytes)) this.#end(); // it has no start codes
        return;
      }
      const type = this.#classifyStartCode(bytes, at, end);
      if (type === -1) return; // more bytes are needed
      this.#next = at + 3;
      if (type !== PART) this.#endSet(bytes, at);
      this.#readUnitType(type, at);
    }
  }

  /** Ends reading at `end`: a parameter set may come last, for example if each NAL unit has its own PES packet. */
  finish(bytes: Uint8Array, end: number): void {
    this.#endSet(bytes, end);
  }

  #readUnitType(type: number, at: number): void {
    if (type === DELIMITER) {
      if (this.count === 0) this.insertAt = at + (this.#syntax === 'hevc' ? 6 : 5); // prefix, header and one byte
    } else if (type === SET || type === ACCESS_SET) {
      this.#setFrom = at;
      if (type === ACCESS_SET) this.isAccess = true;
    } else if (type === RECOVERY) this.isAccess = true;
    else if (type === ACCESS || type === GROUP || type === NON_ACCESS_SLICE) {
      this.isAccess ??= type === ACCESS || (type === GROUP && this.#knowsHeader);
      this.#end();
    }
  }

  /** No more is read: what has not turned out to be an access point is none. */
  #end(): void {
    this.isAccess ??= false;
    this.isOver = true;
  }

  #endSet(bytes: Uint8Array, at: number): void {
    if (this.#setFrom === -1) return;
    let end = at;
    while (bytes[end - 1] === 0) end--; // zero_byte of the next start code, trailing_zero_8bits
    if (this.count < MAX_SETS) {
      this.starts[this.count] = this.#setFrom;
      this.ends[this.count++] = end;
    }
    this.#setFrom = -1;
  }

  /** What it is that `type` says, if that is a slice, whose header is at `at`: a picture begins with its first alone. */
  #typeOfSlice(type: number, bytes: Uint8Array, at: number, end: number): number {
    if (type !== ACCESS && type !== NON_ACCESS_SLICE) return type;
    if (at >= end) return -1;
    const isFirst = (bytes[at]! & FIRST_BIT) !== 0; // first_mb_in_slice 0, first_slice_segment_in_pic_flag
    if (isFirst || this.insertAt !== this.#from) return type; // or behind a delimiter
    this.isPart = true;
    return NON_ACCESS_SLICE;
  }

  #startsWithZeros(bytes: Uint8Array): boolean {
    return bytes[this.#from] === 0 && bytes[this.#from + 1] === 0;
  }

  /** What the start code at `at` introduces; -1: more bytes are needed. */
  #classifyStartCode(bytes: Uint8Array, at: number, end: number): number {
    const code = bytes[at + 3]!;
    if (this.#syntax === 'h264') {
      const nalType = code & 0x1f;
      if (nalType === H264_SEI && this.#knowsHeader && this.isAccess === undefined) return typeOfSei(bytes, at, end);
      return this.#typeOfSlice(H264_TYPES[nalType]!, bytes, at + 4, end);
    }
    if (this.#syntax === 'hevc') {
      if (at + 4 >= end) return -1;
      const layer = ((code & 1) << 5) | (bytes[at + 4]! >> 3); // nuh_layer_id
      return layer === 0 ? this.#typeOfSlice(HEVC_TYPES[(code >> 1) & 0x3f]!, bytes, at + 5, end) : PASS;
    }
    if (this.#syntax === 'mpeg2') {
      if (code === 0xb3) return ACCESS_SET; // sequence_header_code
      if (code === 0xb8) return GROUP; // group_start_code
      return code === 0xb5 || code === 0xb2 ? PART : NON_ACCESS_SLICE; // extension, user data
    }
    // video_object_start_code, video_object_layer_start_code, visual_object_sequence_start_code, visual_object_start_code
    if (code === 0xb0) return ACCESS_SET;
    if (code < 0x30 || code === 0xb5) return this.#setFrom === -1 ? ACCESS_SET : PART;
    if (code === 0xb2) return PART; // user_data_start_code
    if (code === 0xb3) return PASS; // group_of_vop_start_code: depends on its first picture
    if (code !== 0xb6) return NON_ACCESS_SLICE;
    if (at + 4 >= end) return -1;
    return bytes[at + 4]! >> 6 === 0 && this.#knowsHeader ? ACCESS : NON_ACCESS_SLICE; // vop_coding_type '00': I
  }
}

/**
 * The type of the SEI whose start code is at `at`: {@link RECOVERY} or {@link PASS}; -1: more bytes are needed (§7.3.2.3).
 */
function typeOfSei(bytes: Uint8Array, at: number, end: number): number {
  reader.openNal(bytes, at + 4, end);
  for (let byte = reader.bits(8); byte !== STOP_BYTE; byte = reader.bits(8)) {
    const type = readSeiValue(byte); // payloadType
    const size = readSeiValue(reader.bits(8)); // payloadSize
    if (!reader.isGood) break;
    if (type === RECOVERY_POINT) return RECOVERY;
    reader.skip(8 * size);
  }
  return reader.lacksBytes ? -1 : PASS;
}

/** A value whose first byte is `byte`: 255 for each ff_byte, plus the byte after them. */
function readSeiValue(byte: number): number {
  let value = byte;
  for (let next = byte; next === 0xff && reader.isGood; value += next) next = reader.bits(8);
  return value;
}
