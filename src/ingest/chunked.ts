// Takes the framing off a chunked HTTP body, in place, without handing out one piece per chunk. RFC 9112 §7.1.

const CR = 0x0d;
const LF = 0x0a;
const SEMICOLON = 0x3b;

const SIZE = 0; // chunk-size, at least one digit
const EXTENSION = 1; // chunk-ext, passed over
const SIZE_LF = 2;
const DATA = 3;
const DATA_CR = 4;
const DATA_LF = 5;
const TRAILER = 6; // at the beginning of a trailer line
const TRAILER_LINE = 7;
const TRAILER_LF = 8; // of a trailer line
const LAST_LF = 9; // of the empty line that ends the body
const DONE = 10;

const MAX_SIZE_DIGITS = 8;
const MAX_EXTRA_BYTES = 8192; // extensions of one chunk, or the trailer

/** A body whose framing is broken. */
export class ChunkedError extends Error {
  override readonly name = 'ChunkedError';
  readonly code = 'ERR_BAD_CHUNK';
}

/** Decodes one body. One flat loop with a case per state. */
export class ChunkedDecoder {
  #state = SIZE;
  #size = 0;
  #digits = 0;
  #extra = 0;

  /** Whether the body has ended; what comes behind it is not part of it. */
  get isDone(): boolean {
    return this.#state === DONE;
  }

  /**
   * Takes the next bytes as they were read and returns the body in them: a view of `bytes`, in which the pieces of
   * several chunks are moved together. Throws {@link ChunkedError}.
   */
  push(bytes: Uint8Array): Uint8Array {
    let begin = 0; // of the body in `bytes`
    let end = 0;
    let at = 0;
    while (at < bytes.length && this.#state !== DONE) {
      if (this.#state === DATA) {
        const some = Math.min(this.#size, bytes.length - at);
        if (end === begin) begin = end = at;
        if (end !== at) bytes.copyWithin(end, at, at + some);
        end += some;
        at += some;
        this.#size -= some;
        if (this.#size === 0) this.#state = DATA_CR;
      } else {
        this.#step(bytes[at++]!);
      }
    }
    return bytes.subarray(begin, end);
  }

  #step(byte: number): void {
    switch (this.#state) {
      case SIZE: {
        const digit = hexDigit(byte);
        if (digit !== -1) {
          if (++this.#digits > MAX_SIZE_DIGITS) throw new ChunkedError('a chunk size has more than 8 digits');
          this.#size = this.#size * 16 + digit;
          return;
        }
        if (this.#digits === 0) throw new ChunkedError('a chunk does not begin with its size');
        this.#extra = 0;
        if (byte === CR) this.#state = SIZE_LF;
        else if (byte === SEMICOLON || byte === 0x20 || byte === 0x09) this.#state = EXTENSION;
        else throw new ChunkedError('a chunk size is not a hexadecimal number');
        return;
      }
      case EXTENSION:
        if (byte === CR) this.#state = SIZE_LF;
        else this.#countExtra();
        return;
      case SIZE_LF:
        expect(byte, LF);
        this.#state = this.#size === 0 ? TRAILER : DATA;
        this.#digits = this.#extra = 0;
        return;
      case DATA_CR:
        expect(byte, CR);
        this.#state = DATA_LF;
        return;
      case DATA_LF:
        expect(byte, LF);
        this.#state = SIZE;
        return;
      case TRAILER:
        this.#state = byte === CR ? LAST_LF : TRAILER_LINE;
        this.#countExtra();
        return;
      case TRAILER_LINE:
        if (byte === CR) this.#state = TRAILER_LF;
        this.#countExtra();
        return;
      case TRAILER_LF:
        expect(byte, LF);
        this.#state = TRAILER;
        return;
      default: // LAST_LF
        expect(byte, LF);
        this.#state = DONE;
    }
  }

  #countExtra(): void {
    if (++this.#extra > MAX_EXTRA_BYTES) throw new ChunkedError('chunk extensions or trailers are too long');
  }
}

function expect(byte: number, wanted: number): void {
  if (byte !== wanted) throw new ChunkedError('a chunk does not end where its size says');
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
