// Keeps a video track's parameter sets for readers that start later: many encoders send them only once.
// Pure: no clock, no I/O. What is particular to a codec is in its PictureSyntax (codecs/picture-syntax.ts).

import { kindOfKey, NO_KEY, type PictureSyntax } from '../codecs/picture-syntax.js';
import type { PictureHead, SequenceHeader } from './picture-head.js';

/**
 * Encoders use one set of each kind, rarely a few. Above this limit, the set that has been unchanged longest is removed.
 */
const MAX_SETS = 64;
const MAX_BYTES = 16_384;

/** The latest parameter sets of one track, by kind and id. */
export class ParameterSets {
  #syntax: PictureSyntax | null = null;
  /**
   * Each with its start code prefix. The key is {@link PictureSyntax.keyOfSet}: in key order, each set follows the sets that it refers to.
   */
  readonly #sets = new Map<number, Uint8Array>();
  #bytes = 0;

  get syntax(): PictureSyntax | null {
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
  reset(syntax: PictureSyntax | null): void {
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
    const lastKind = kindOfKey(last);
    const wanted = keys.filter((key) => kindOfKey(key) < lastKind || !this.#has(key, bytes, head));
    const parts = wanted.map((key) => this.#sets.get(key)!); // the keys come from this map
    const isNal = this.#syntax?.isInNalUnits === true;
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
      if (this.#syntax!.keyOfSet(bytes, head.starts[i]!, head.ends[i]!) === key) return true;
    }
    return false;
  }

  #storeOne(bytes: Uint8Array, from: number, end: number): void {
    const key = this.#syntax!.keyOfSet(bytes, from, end);
    if (key === NO_KEY || end - from > MAX_BYTES) return;
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

function isSame(one: Uint8Array, bytes: Uint8Array, from: number, end: number): boolean {
  if (one.length !== end - from) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== bytes[from + i]) return false;
  return true;
}
