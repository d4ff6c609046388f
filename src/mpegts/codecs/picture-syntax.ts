// What has to be known of a video codec to find where its pictures begin, where decoding can start, and which parameter
// sets that takes. Each codec describes it once (video/*-pictures.ts); the code in pictures/ works with any of them.
// Pure: no clock, no I/O.

/** What a start code introduces: see {@link PictureSyntax.classify}. */
export type UnitType = number;
/** Nothing that matters here. */
export const PASS = 0;
export const DELIMITER = 1;
/** A parameter set. */
export const SET = 2;
/** A parameter set that is sent where decoding can start. */
export const ACCESS_SET = 3;
/** A slice of a picture where decoding can start. */
export const ACCESS = 4;
/** Another slice. */
export const NON_ACCESS_SLICE = 5;
/** A group of pictures: decodable after a sequence header. */
export const GROUP = 6;
/** Belongs to what precedes it. */
export const PART = 7;
/** Decoding can start here, with earlier parameter sets. */
export const RECOVERY = 8;
/** More bytes are needed to tell. */
export const CUT_SHORT = -1;

/** What {@link PictureSyntax.countPicture} says of a byte. */
export type PictureSign = 'none' | 'picture' | 'undecided';

/** What is known of a picture when one of its start codes is read. */
export interface PictureState {
  /** Whether earlier parameter sets, or a sequence header, are known. */
  readonly knowsHeader: boolean;
  /** Whether decoding can start with it; `undefined`: not yet known. */
  readonly isAccess: boolean | undefined;
  /** Whether the start code before this one introduced a parameter set, which has not ended. */
  readonly isInSet: boolean;
}

/** The rules of one codec's pictures. All of it refers to start codes (00 00 01) and the bytes behind them. */
export interface PictureSyntax {
  /**
   * Whether pictures are made of NAL units: each has a PTS of its own then, or one that goes with the picture before; its
   * first slice begins with a bit of 1; a parameter set that is inserted is preceded by a zero_byte.
   */
  readonly isInNalUnits: boolean;
  /** Bytes of a start code with the header behind it: where what it introduces has its content. */
  readonly headerBytes: number;
  /** What the start code at `at` of `bytes` introduces; `bytes` end before `end`. */
  readonly classify: (bytes: Uint8Array, at: number, end: number, state: PictureState) => UnitType;
  /**
   * The kind and id of the parameter set whose start code is at `from`, as one number ({@link setKey}): in the order of
   * these numbers, each set follows the sets that it refers to.
   */
  readonly keyOfSet: (bytes: Uint8Array, from: number, end: number) => number;
  /** Whether a picture begins, by the byte `place` bytes behind the start code's prefix (the first is 1); a field counts as one. */
  readonly countPicture: (byte: number, place: number) => PictureSign;
}

/** A slice's first bit is 1 in a picture's first: first_mb_in_slice 0 as ue(v), first_slice_segment_in_pic_flag. */
export const FIRST_SLICE = 0x80;

/** All ids are below this: the largest range is that of H.264's picture parameter sets, 0 to 255. */
const IDS = 256;
/** The key of a parameter set that cannot be read. */
export const NO_KEY = -1;

/** The key of the parameter set of a kind with this id; {@link NO_KEY} if no such id exists. */
export function setKey(kind: number, id: number): number {
  return id < IDS ? kind * IDS + id : NO_KEY;
}

/** The kind of the parameter set with this key. */
export function kindOfKey(key: number): number {
  return Math.floor(key / IDS);
}
