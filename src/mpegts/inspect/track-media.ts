// The parameters of one track: from its entry in the PMT, then from its media.
// Pure: no clock, no I/O. What is particular to a codec is in its row of codecs/registry.ts.

import type { Codec } from '../codecs/codec.js';
import { codecName, codecNamed, codecOf } from '../codecs/lookup.js';
import { noParameters, type Parameters } from '../codecs/parameters.js';
import type { PictureSyntax } from '../codecs/picture-syntax.js';
import type { Track, TrackKind } from '../psi/track.js';
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
  /** How its pictures begin; `null`: they cannot be parsed. */
  readonly pictures: PictureSyntax | null;
  readonly #name: string;
  readonly #reader: Codec['reader'];
  readonly #fieldOf: Codec['fieldOf'];
  readonly #known = noParameters();
  #unitsLeft = 0;
  #field = 0; // 1 top, 2 bottom, whose frame is not whole
  #misses = 0;

  constructor(track: Track, programDescriptors: Uint8Array) {
    this.track = track;
    const codec = codecOf(track, programDescriptors);
    this.#name = codecName(track, programDescriptors);
    this.#reader = codec?.reader ?? null;
    this.#fieldOf = codec?.fieldOf ?? null;
    this.pictures = codec?.pictures ?? null;
    codec?.describe?.(track.descriptors, this.#known);
  }

  /** Pictures a second according to the media; null: unknown. */
  get declaredRate(): number | null {
    return this.#known.frameRate;
  }

  /** Whether the picture whose elementary stream is in `bytes` from `from` up to `end` is the other field of the one before. */
  isSecondField(bytes: Uint8Array, from: number, end: number): boolean {
    const { fieldFlagAt } = this.#known;
    const field = fieldFlagAt === 0 || this.#fieldOf === null ? 0 : this.#fieldOf(bytes, from, end, fieldFlagAt);
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
    const { pid, streamType, kind, descriptors } = this.track;
    const { width, height, frameRate, mayBeFields, sampleRate, channels } = this.#known;
    const codec = this.#known.codec ?? this.#name;
    const decoded = codecNamed(codec)?.decode?.(this.#known, descriptors);
    return {
      pid,
      streamType,
      kind,
      codec,
      width,
      height,
      frameRate: kind === 'video' ? agree(frameRate, unitsPerSecond, mayBeFields ? 2 : 1) : null,
      sampleRate: decoded?.sampleRate ?? sampleRate,
      channels: decoded?.channels ?? channels,
    };
  }
}

/** The media's rate, unless its timestamps contradict it. A frame is up to `mostUnits` units. */
function agree(said: number | null, units: number | null, mostUnits: 1 | 2): number | null {
  if (said === null || units === null) return said ?? units;
  // Fields may be units of their own, all of them or some.
  const [least, most] = [said * (1 - TOLERANCE), mostUnits * said * (1 + TOLERANCE)];
  return units >= least && units <= most ? said : units;
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
