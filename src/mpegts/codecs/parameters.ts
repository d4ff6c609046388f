// The parameters of a track that are read from the beginning of a picture or audio frame.
// Pure.

/** The parameters found; null: not given. */
export interface Parameters {
  /** ffmpeg's name, if the media is more specific than the PMT; null: use the PMT's. */
  codec: string | null;
  width: number | null;
  height: number | null;
  /** Frames a second, also if they are sent as fields. */
  frameRate: number | null;
  /** Whether a unit may be a field, half a frame. */
  mayBeFields: boolean;
  /** Of H.264 that may be fields: how many bits a slice header has between pic_parameter_set_id and field_pic_flag; or else 0. */
  fieldFlagAt: number;
  sampleRate: number | null;
  channels: number | null;
}

/** Those of sound. */
export type CodedSound = Readonly<Pick<Parameters, 'sampleRate' | 'channels'>>;

/** All parameters unknown. */
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
 * Reads the parameters of a unit whose elementary stream starts at `from` and is available up to `end`. True: they are in
 * `found`. False: this unit contains none. Undefined: more bytes are needed; if there are no more, `found` is valid as it
 * is. The caller passes an empty `found`.
 */
export type ParameterReader = (bytes: Uint8Array, from: number, end: number, found: Parameters) => boolean | undefined;

/** The largest picture size there is: anything larger is damaged data. */
const MAX_PIXELS = 16384;
/** More than any camera's frame rate: a higher value counts clock ticks, not pictures. */
const MAX_FRAME_RATE = 1000;
const MIN_FRAME_RATE = 0.01;

/** The usual frame rates, numbered from 1 (ISO/IEC 13818-2 table 6-4): so many frames in so many seconds. */
export const FRAME_RATES: readonly (readonly [number, number])[] = [
  ...([[24000, 1001], [24, 1], [25, 1], [30000, 1001], [30, 1], [50, 1], [60000, 1001], [60, 1]] as const),
]; // prettier-ignore

/** Whether this is a plausible picture size. */
export function isPictureSize(width: number, height: number): boolean {
  return width > 0 && height > 0 && width <= MAX_PIXELS && height <= MAX_PIXELS;
}

/** Pictures a second, rounded to a thousandth; null if the rate is implausible. */
export function plausibleFrameRate(pictures: number, seconds: number): number | null {
  const rate = pictures / seconds;
  return rate >= MIN_FRAME_RATE && rate <= MAX_FRAME_RATE ? Math.round(rate * 1000) / 1000 : null;
}

/** The offset of the next start code prefix (00 00 01) that is followed by its code; -1: none before `end`. */
export function findStartCode(bytes: Uint8Array, from: number, end: number): number {
  for (let at = from; at + 3 < end; at++) {
    if (bytes[at + 2]! > 1) at += 2;
    else if (bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 1) return at;
  }
  return -1;
}
