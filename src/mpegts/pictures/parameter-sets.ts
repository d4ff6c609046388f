// Keeps a video track's parameter sets for readers that start later: many encoders send them only once.
// Pure: no clock, no I/O. ISO/IEC 14496-10 §7.3.2, ISO/IEC 23008-2 §7.3.2 (parameter sets and their ids).

import { BitReader } from '../codecs/bit-reader.js';
import type { PictureHead, SequenceHeader, VideoSyntax } from './picture-head.js';

/**
 * Encoders use one set of each kind, rarely a few. Above this limit, the set that has been unchanged longest is removed.
 */
const MAX_SETS = 64;
const MAX_BYTES = 16_384;
/** All ids are below this: the largest range is that of H.264's picture parameter sets, 0 to 255. */
const IDS = 256;
const UNKNOWN = -1;

const reader = new BitReader();

/** The latest parameter sets of one track, by kind and id. */
export class ParameterSets {
  #syntax: VideoSyntax | null = null;
  /**
   * Each with its start code prefix. The key is {@link keyOf}: in key order, each set follows the sets that it refers to.
   */
  readonly #sets = new Map<number, Uint8Array>();
  #bytes = 0;

  get syntax(): VideoSyntax | null {
    return this.#syntax;
  }

  get isEmpty(): boolean {
    return this.#sets.size === 0;
  }

  /** Whether a sequence header is known, for {@link PictureHead.start}. */
  get header(): SequenceHeader {
    return this.isEmpty ? 'unknown' : 'known';
  }

  /** Removes all sets; `syntax` is that of the pictures to come. */
  reset(syntax: VideoSyntax | null): void {
    this.#syntax = syntax;
    this.#sets.clear();
    this.#bytes = 0;
  }

  /** Stores the parameter sets of a picture; `bytes` are those that `head` was read from. */
  store(bytes: Uint8Array, head: PictureHead): void {
    for (let i = 0; i < head.count; i++) this.#storeOne(bytes, head.starts[i]!, head.ends[i]!);
  }

  /** Whether the part of the picture that was read contains every stored set. */
  areIn(bytes: Uint8Array, head: PictureHead): boolean {
    for (const key of this.#sets.keys()) if (!this.#has(key, bytes, head)) return false;
    return true;
  }

  /**
   * Returns what has to be inserted at `head.insertAt` so that the picture has every set: the missing ones, and those that
   * have to follow a missing one. `null`: none is missing.
   */
  missingFrom(bytes: Uint8Array, head: PictureHead): Uint8Array | null {
    const keys = [...this.#sets.keys()].sort((one, other) => one - other);
    const last = keys.findLast((key) => !this.#has(key, bytes, head));
    if (last === undefined) return null;
    const lastKind = Math.floor(last / IDS);
    const wanted = keys.filter((key) => Math.floor(key / IDS) < lastKind || !this.#has(key, bytes, head));
    const parts = wanted.map((key) => this.#sets.get(key)!); // the keys come from this map
    const isNal = this.#syntax === 'h264' || this.#syntax === 'hevc';
    const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length + (isNal ? 1 : 0), 0));
    let at = 0;
    for (const part of parts) {
      if (isNal) at++; // zero_byte
      out.set(part, at);
      at += part.length;
    }
    return out;
  }

  #has(key: number, bytes: Uint8Array, head: PictureHead): boolean {
    for (let i = 0; i < head.count; i++) {
      if (keyOf(this.#syntax, bytes, head.starts[i]!, head.ends[i]!) === key) return true;
    }
    return false;
  }

  #storeOne(bytes: Uint8Array, from: number, end: number): void {
    const key = keyOf(this.#syntax, bytes, from, end);
    if (key === UNKNOWN || end - from > MAX_BYTES) return;
    const known = this.#sets.get(key);
    if (known && isSame(known, bytes, from, end)) return;
    if (known) this.#drop(key, known);
    for (const [oldest, set] of this.#sets) {
      if (this.#sets.size < MAX_SETS && this.#bytes + end - from <= MAX_BYTES) break;
      this.#drop(oldest, set);
    }
    this.#sets.set(key, new Uint8Array(bytes.subarray(from, end))); // not slice(): on a Buffer it returns a view
    this.#bytes += end - from;
  }

  #drop(key: number, set: Uint8Array): void {
    this.#sets.delete(key);
    this.#bytes -= set.length;
  }
}

/** The kind and id of the set whose start code is at `from`, as one number; {@link UNKNOWN} if it cannot be read. */
function keyOf(syntax: VideoSyntax | null, bytes: Uint8Array, from: number, end: number): number {
  if (syntax === 'mpeg2' || syntax === 'mpeg4') return 0; // one header, with its extensions
  if (syntax === 'h264') {
    const type = bytes[from + 3]! & 0x1f; // nal_unit_type
    reader.openNal(bytes, from + 4, end);
    if (type === 7 || type === 15) reader.skip(24); // profile_idc, constraint flags, level_idc
    const kind = type === 7 ? 0 : type === 15 ? 1 : type === 13 ? 2 : 3; // SPS, subset SPS, SPS extension, PPS
    return keyFrom(kind, reader.ue()); // seq_parameter_set_id or pic_parameter_set_id
  }
  const type = (bytes[from + 3]! >> 1) & 0x3f; // nal_unit_type
  reader.openNal(bytes, from + 5, end);
  if (type === 32) return keyFrom(0, reader.bits(4)); // vps_video_parameter_set_id
  if (type === 34) return keyFrom(2, reader.ue()); // pps_pic_parameter_set_id
  reader.skip(4); // sps_video_parameter_set_id
  const subLayers = reader.bits(3); // sps_max_sub_layers_minus1
  reader.skip(1 + 96); // sps_temporal_id_nesting_flag; profile_tier_level (§7.3.3): up to general_level_idc
  let bits = 0;
  for (let i = 0; i < subLayers; i++) bits += reader.bit() * 88 + reader.bit() * 8; // sub_layer_..._present_flag
  if (subLayers > 0) reader.skip(2 * (8 - subLayers) + bits); // reserved_zero_2bits, then the fields that are present
  return keyFrom(1, reader.ue()); // sps_seq_parameter_set_id
}

function keyFrom(kind: number, id: number): number {
  return reader.isGood && id < IDS ? kind * IDS + id : UNKNOWN;
}

function isSame(one: Uint8Array, bytes: Uint8Array, from: number, end: number): boolean {
  if (one.length !== end - from) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== bytes[from + i]) return false;
  return true;
}
