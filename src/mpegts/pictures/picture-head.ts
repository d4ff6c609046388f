// Reads the beginning of a picture up to its first slice: its parameter sets, and whether decoding can start there.
// Pure: no clock, no I/O. What is particular to a codec is in its PictureSyntax (codecs/picture-syntax.ts).

import { findStartCode } from '../codecs/parameters.js';
import {
  ACCESS,
  ACCESS_SET,
  CUT_SHORT,
  DELIMITER,
  FIRST_SLICE,
  GROUP,
  NON_ACCESS_SLICE,
  PART,
  type PictureState,
  type PictureSyntax,
  RECOVERY,
  SET,
  type UnitType,
} from '../codecs/picture-syntax.js';

/** How far into a picture its first slice is looked for: an encoder's SEI may take some kilobytes. */
export const MAX_HEAD_BYTES = 8192;
/** More parameter sets than this in one picture are not there for decoding it. */
const MAX_SETS = 64;

/** Whether an earlier sequence header, or parameter sets, are known: they make a group of pictures decodable. */
export type SequenceHeader = 'known' | 'unknown';

/** What was read of one picture; offsets refer to the bytes that it was read from. */
export class PictureHead implements PictureState {
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

  #syntax: PictureSyntax | null = null; // `null`: not started
  #from = 0;
  #next = 0; // where the search for start codes continues
  #setFrom = -1; // where the incomplete set starts
  #knowsHeader = false;

  get knowsHeader(): boolean {
    return this.#knowsHeader;
  }

  get isInSet(): boolean {
    return this.#setFrom !== -1;
  }

  /** Starts with the elementary stream at `from`. */
  start(syntax: PictureSyntax, from: number, header: SequenceHeader): void {
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
    const syntax = this.#syntax!; // it was started
    while (!this.isOver) {
      const at = findStartCode(bytes, this.#next, end);
      if (at === -1) {
        this.#next = Math.max(this.#next, end - 3);
        if (this.#next - this.#from >= 4 && !this.#startsWithZeros(bytes)) this.#end(); // it has no start codes
        return;
      }
      const type = this.#classifyStartCode(syntax, bytes, at, end);
      if (type === CUT_SHORT) return;
      this.#next = at + 3;
      if (type !== PART) this.#endSet(bytes, at);
      this.#readUnitType(type, at, at + syntax.headerBytes);
    }
  }

  /** Ends reading at `end`: a parameter set may come last, for example if each NAL unit has its own PES packet. */
  finish(bytes: Uint8Array, end: number): void {
    this.#endSet(bytes, end);
  }

  #readUnitType(type: UnitType, at: number, contentAt: number): void {
    if (type === DELIMITER) {
      if (this.count === 0) this.insertAt = contentAt + 1; // a delimiter has one byte
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

  /** What the start code at `at` introduces. In NAL units a picture begins with its first slice alone. */
  #classifyStartCode(syntax: PictureSyntax, bytes: Uint8Array, at: number, end: number): UnitType {
    const type = syntax.classify(bytes, at, end, this);
    if (!syntax.isInNalUnits || (type !== ACCESS && type !== NON_ACCESS_SLICE)) return type;
    const contentAt = at + syntax.headerBytes;
    if (contentAt >= end) return CUT_SHORT;
    const isFirst = (bytes[contentAt]! & FIRST_SLICE) !== 0;
    if (isFirst || this.insertAt !== this.#from) return type; // or behind a delimiter
    this.isPart = true;
    return NON_ACCESS_SLICE;
  }

  #startsWithZeros(bytes: Uint8Array): boolean {
    return bytes[this.#from] === 0 && bytes[this.#from + 1] === 0;
  }
}
