// The parameters of one track: from its entry in the PMT, then from its media.
// Pure: no clock, no I/O. The Opus codec's mapping to MPEG-2 TS (its descriptor).

import { readAdts, readLatm } from '../codecs/audio/aac-parameters.js';
import { codecName } from '../psi/codec-name.js';
import { fieldOfH264, readH264 } from '../codecs/video/h264-parameters.js';
import { readDirac } from '../codecs/video/dirac-parameters.js';
import { readDts } from '../codecs/audio/dts-parameters.js';
import { readHevc } from '../codecs/video/hevc-parameters.js';
import { readBlurayLpcm, readS302m, readTrueHd } from '../codecs/audio/lossless-parameters.js';
import { readMpegVideo } from '../codecs/video/mpeg-video.js';
import { readMpeg4 } from '../codecs/video/mpeg4-video.js';
import { noParameters, type ParameterReader, type Parameters } from '../codecs/parameters.js';
import { readAc3, readMpegAudio } from '../codecs/audio/sound-parameters.js';
import { sniffSound } from '../codecs/audio/sound-sniffer.js';
import { readDescriptors, type Track, type TrackKind } from '../psi/track.js';
import type { UnitStart } from '../packet/unit-start.js';

/** The parameters of a track, as `GET /api/stats` shows them; null: unknown. */
export interface TrackMedia {
  readonly pid: number;
  readonly streamType: number;
  readonly kind: TrackKind;
  /** ffmpeg's name; `0x86` for a stream_type without a name here. */
  readonly codec: string;
  /** Pixels displayed, according to the media. */
  readonly width: number | null;
  readonly height: number | null;
  /**
   * Pictures a second according to the media; if it has no rate or the timestamps differ, by those. Rounded to a
   * thousandth.
   */
  readonly frameRate: number | null;
  /** Hz. */
  readonly sampleRate: number | null;
  readonly channels: number | null;
}

const READERS: Readonly<Record<string, ParameterReader>> = {
  mpeg1video: readMpegVideo,
  mpegvideo: readMpegVideo,
  h264: readH264,
  hevc: readHevc,
  mpeg4: readMpeg4,
  dirac: readDirac,
  mp2: sniffSound(readMpegAudio),
  aac: sniffSound(readAdts),
  aac_latm: sniffSound(readLatm),
  ac3: sniffSound(readAc3),
  eac3: sniffSound(readAc3),
  dts: sniffSound(readDts),
  truehd: readTrueHd,
  pcm_bluray: readBlurayLpcm,
  s302m: readS302m,
};
/** How many units to skip before a track with known parameters is read again: 1 to 5 s of audio. */
const UNITS_BETWEEN = 32;
/** By how much timestamps may differ from the media's rate: a camera's clock drift, a lost picture. */
const TOLERANCE = 0.05;

/** The result of the last read. */
const read = noParameters();

/** A track and its known parameters. */
export class ProbedTrack {
  readonly track: Track;
  /** How many units have started. */
  units = 0;
  /** stream_id of the current PES packet; -1: unknown. */
  streamId = -1;
  /** Gathers the first bytes of its unit, while needed. */
  unit: UnitStart | null = null;
  readonly #name: string;
  readonly #reader: ParameterReader | null;
  readonly #efficiency: 0 | 1 | 2;
  readonly #known = noParameters();
  #unitsLeft = 0;
  #field = 0; // 1 top, 2 bottom, whose frame is not whole
  #misses = 0;

  constructor(track: Track, programDescriptors: Uint8Array) {
    this.track = track;
    this.#name = codecName(track, programDescriptors);
    this.#reader = READERS[this.#name] ?? null;
    this.#efficiency = aacEfficiency(track.descriptors);
    if (this.#name === 'opus') {
      this.#known.sampleRate = 48_000; // Opus is always decoded at this rate
      this.#known.channels = opusChannels(track.descriptors);
    }
  }

  /** Pictures a second according to the media; null: unknown. */
  get declaredRate(): number | null {
    return this.#known.frameRate;
  }

  /** Whether the picture whose elementary stream is in `bytes` from `from` up to `end` is the other field of the one before. */
  isSecondField(bytes: Uint8Array, from: number, end: number): boolean {
    const { fieldFlagAt } = this.#known;
    const field = fieldFlagAt === 0 ? 0 : fieldOfH264(bytes, from, end, fieldFlagAt);
    const isSecond = field !== 0 && field + this.#field === 3; // one is top, one is bottom
    this.#field = isSecond ? 0 : field;
    return isSecond;
  }

  /** Whether there is something to be read from its units. */
  get isReadable(): boolean {
    return this.#reader !== null;
  }

  /** Whether this is the track that a PMT's entry describes. */
  isOf({ pid, streamType, descriptors }: Track): boolean {
    const { track } = this;
    return track.pid === pid && track.streamType === streamType && isSame(track.descriptors, descriptors);
  }

  /** A unit starts: returns whether to read it. */
  isDue(): boolean {
    if (this.#unitsLeft === 0) return true;
    this.#unitsLeft--;
    return false;
  }

  /**
   * Reads a unit whose elementary stream is in `bytes` from `from` to `end`; true: parameters were found, false: the unit
   * has none, undefined: more bytes are needed.
   */
  read(bytes: Uint8Array, from: number, end: number): boolean | undefined {
    if (!this.#reader) return false;
    clearParameters(read);
    return this.#reader(bytes, from, end, read);
  }

  /** Reads a unit of which there are no more bytes: whether parameters were found. */
  readWhole(bytes: Uint8Array, from: number, end: number): boolean {
    return this.read(bytes, from, end) ?? read.sampleRate !== null;
  }

  /** Stores the parameters just read; true if any of them changed. */
  update(): boolean {
    this.#misses = 0;
    this.#unitsLeft = UNITS_BETWEEN;
    const known = this.#known;
    const { codec, width, height, frameRate, mayBeFields, fieldFlagAt, sampleRate, channels } = read;
    const isOld =
      known.codec === codec &&
      known.width === width &&
      known.height === height &&
      known.frameRate === frameRate &&
      known.mayBeFields === mayBeFields &&
      known.fieldFlagAt === fieldFlagAt &&
      known.sampleRate === sampleRate &&
      known.channels === channels;
    if (!isOld) Object.assign(known, read);
    return !isOld;
  }

  /** A unit had no parameters: the next one may; a track whose units have none is read at longer intervals. */
  miss(): void {
    if (++this.#misses >= UNITS_BETWEEN) this.#unitsLeft = UNITS_BETWEEN;
  }

  /** The known parameters. `unitsPerSecond` is derived from the track's timestamps; null: unknown. */
  describe(unitsPerSecond: number | null): TrackMedia {
    const { pid, streamType, kind } = this.track;
    const { codec, width, height, frameRate, mayBeFields, sampleRate, channels } = this.#known;
    return {
      pid,
      streamType,
      kind,
      codec: codec ?? this.#name,
      width,
      height,
      frameRate: kind === 'video' ? agree(frameRate, unitsPerSecond, mayBeFields ? 2 : 1) : null,
      ...this.#decodedSound(codec ?? this.#name, sampleRate, channels),
    };
  }

  /**
   * The decoder's output: HE-AAC is coded at half the rate, and parametric stereo as one channel, which ADTS cannot signal.
   */
  #decodedSound(codec: string, sampleRate: number | null, channels: number | null) {
    const isHalf = codec === 'aac' && sampleRate !== null && sampleRate <= MAX_SBR_CORE_RATE && this.#efficiency > 0;
    if (!isHalf) return { sampleRate, channels };
    return { sampleRate: 2 * sampleRate, channels: this.#efficiency === 2 && channels === 1 ? 2 : channels };
  }
}

/** SBR is not assumed above this rate: the decoder's output would exceed 48 kHz. */
const MAX_SBR_CORE_RATE = 24_000;
const MPEG4_AUDIO_DESCRIPTOR = 0x1c;
const AAC_DESCRIPTOR = 0x7c;

/** By MPEG-4_audio_profile_and_level (ISO/IEC 13818-1 §2.6.38; EN 300 468 annex H): 1 HE-AAC, 2 HE-AAC v2, or 0. */
function aacEfficiency(descriptors: Uint8Array): 0 | 1 | 2 {
  for (const { tag, body } of readDescriptors(descriptors)) {
    if (tag !== MPEG4_AUDIO_DESCRIPTOR && tag !== AAC_DESCRIPTOR) continue;
    const level = body[0] ?? 0;
    if (level >= 0x58 && level <= 0x5b) return 1;
    if (level >= 0x60 && level <= 0x63) return 2;
  }
  return 0;
}

/** The media's rate, unless its timestamps contradict it. A frame is up to `mostUnits` units. */
function agree(said: number | null, units: number | null, mostUnits: 1 | 2): number | null {
  if (said === null || units === null) return said ?? units;
  // Fields may be units of their own, all of them or some.
  const [least, most] = [said * (1 - TOLERANCE), mostUnits * said * (1 + TOLERANCE)];
  return units >= least && units <= most ? said : units;
}

const EXTENSION_DESCRIPTOR = 0x7f;
const OPUS_EXTENSION = 0x80;

/** By channel_config_code: 0 is dual mono, 0x81 is followed by a channel count, 0x82 to 0x88 are independent channels. */
function opusChannels(descriptors: Uint8Array): number | null {
  for (const { tag, body } of readDescriptors(descriptors)) {
    if (tag !== EXTENSION_DESCRIPTOR || body[0] !== OPUS_EXTENSION) continue;
    const code = body[1] ?? -1;
    if (code === 0) return 2;
    if (code === 0x81) return body[2] || null;
    const channels = code & 0x7f;
    return code !== -1 && channels >= 1 && channels <= 8 ? channels : null;
  }
  return null;
}

/** Not Object.assign: it creates a list of the keys each time, and this runs for each unit. */
function clearParameters(parameters: Parameters): void {
  parameters.codec = parameters.width = parameters.height = parameters.frameRate = null;
  parameters.sampleRate = parameters.channels = null;
  parameters.mayBeFields = false;
  parameters.fieldFlagAt = 0;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, i) => byte === other[i]);
}
