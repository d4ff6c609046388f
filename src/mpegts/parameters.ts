// What the beginning of a picture or a frame of sound tells of its track.
// Pure.

/** What was read; null: not told. */
export interface Parameters {
  /** As ffmpeg names it, where the media tells more of it than the PMT; null: what the PMT says. */
  codec: string | null;
  width: number | null;
  height: number | null;
  /** Frames a second, also where they are sent as fields. */
  frameRate: number | null;
  /** Whether a unit may be a field, half a frame. */
  mayBeFields: boolean;
  /** Of H.264 that may be fields: how many bits a slice header has between pic_parameter_set_id and field_pic_flag; or else 0. */
  fieldFlagAt: number;
  sampleRate: number | null;
  channels: number | null;
}

/** Nothing known. */
export function noParameters(): Parameters {
  return {
    codec: null,
    width: null,
    height: null,
    frameRate: null,
    mayBeFields: false,
    fieldFlagAt: 0,
    sampleRate: null,
    channels: null,
  };
}

/**
 * Reads the parameters of a unit whose elementary stream begins at `from` and is there up to `end`. True: `found` holds
 * them. False: this unit tells none. Undefined: more bytes are needed; if no more come, what `found` holds by then is so.
 * `found` is blank when it is called.
 */
export type ParameterReader = (bytes: Uint8Array, from: number, end: number, found: Parameters) => boolean | undefined;

/** No picture is larger: what says so is damaged. */
const MOST_PIXELS = 16384;
/** No camera makes more: what says so counts ticks, not pictures. */
const MOST_FRAMES = 1000;
const LEAST_FRAMES = 0.01;

/** Whether a picture may be of this size. */
export function isPictureSize(width: number, height: number): boolean {
  return width > 0 && height > 0 && width <= MOST_PIXELS && height <= MOST_PIXELS;
}

/** Pictures a second to a thousandth; null where they cannot be. */
export function plausibleRate(pictures: number, seconds: number): number | null {
  const rate = pictures / seconds;
  return rate >= LEAST_FRAMES && rate <= MOST_FRAMES ? Math.round(rate * 1000) / 1000 : null;
}

/** The offset of the next start code prefix (00 00 01) whose code is there too; -1: none up to `end`. */
export function findStartCode(bytes: Uint8Array, from: number, end: number): number {
  for (let at = from; at + 3 < end; at++) {
    if (bytes[at + 2]! > 1) at += 2;
    else if (bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 1) return at;
  }
  return -1;
}
