// Decodes a chunked HTTP body in place, without one piece per chunk. RFC 9112 §7.1.

const CR = 0x0d;
const LF = 0x0a;
const SEMICOLON = 0x3b;
const COLON = 0x3a;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const SIZE = 0; // chunk-size, at least one digit
const EXTENSION = 1; // before the first character of a chunk-ext-name; extensions are ignored
const EXTENSION_NAME = 2;
const EXTENSION_EQUALS = 3; // before the first character of a chunk-ext-val
const EXTENSION_VALUE = 4; // a token
const EXTENSION_QUOTED = 5;
const EXTENSION_ESCAPED = 6; // behind the "\" of a quoted-pair
const EXTENSION_END = 7; // behind a quoted-string
const SIZE_LF = 8;
const DATA = 9;
const DATA_CR = 10;
const DATA_LF = 11;
const TRAILER = 12; // at the beginning of a trailer line
const TRAILER_NAME = 13;
const TRAILER_VALUE = 14;
const TRAILER_LF = 15; // of a trailer line
const LAST_LF = 16; // of the empty line that ends the body
const DONE = 17;
const BROKEN = 18; // where a byte may not stand

const MAX_SIZE_DIGITS = 8;
const MAX_EXTRA_BYTES = 8192; // extensions of one chunk, or the trailer

/** Fields that frame the body, which are not allowed in a trailer (RFC 9110 §6.5.1). */
const NO_TRAILERS = new Set(['content-length', 'transfer-encoding']);

const IS_TOKEN = new Uint8Array(256); // tchar, RFC 9110 §5.6.2
for (let byte = 0; byte < 256; byte++) {
  IS_TOKEN[byte] = /^[!#$%&'*+.^_`|~0-9A-Za-z-]$/.test(String.fromCharCode(byte)) ? 1 : 0;
}

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
  #name = ''; // of a trailer

  /** Whether the body has ended; bytes behind it are not part of it. */
  get isDone(): boolean {
    return this.#state === DONE;
  }

  /**
   * Decodes the next bytes and returns the part of the body in them: a view of `bytes`, in which the data of several chunks
   * is moved together. Throws {@link ChunkedError}.
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
        if (!this.#endsExtension(byte)) throw new ChunkedError('a chunk size is not a hexadecimal number');
        return;
      }
      case EXTENSION:
      case EXTENSION_NAME:
      case EXTENSION_EQUALS:
      case EXTENSION_VALUE:
      case EXTENSION_QUOTED:
      case EXTENSION_ESCAPED:
      case EXTENSION_END:
        this.#stepExtension(byte);
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
        this.#name = '';
        if (byte === CR) this.#state = LAST_LF;
        else this.#readTrailerName(byte);
        return;
      case TRAILER_NAME:
        if (byte === COLON && !NO_TRAILERS.has(this.#name.toLowerCase())) this.#state = TRAILER_VALUE;
        else this.#readTrailerName(byte);
        return;
      case TRAILER_VALUE:
        if (byte === CR) this.#state = TRAILER_LF;
        else if (!isText(byte)) throw new ChunkedError('a trailer holds what no field may');
        this.#countExtra();
        return;
      case TRAILER_LF:
        expect(byte, LF);
        this.#state = TRAILER;
        this.#countExtra();
        return;
      default: // LAST_LF
        expect(byte, LF);
        this.#state = DONE;
    }
  }

  #stepExtension(byte: number): void {
    switch (this.#state) {
      case EXTENSION:
        this.#inExtension(ifToken(byte, EXTENSION_NAME));
        return;
      case EXTENSION_NAME:
        if (this.#endsExtension(byte)) return;
        this.#inExtension(byte === EQUALS ? EXTENSION_EQUALS : ifToken(byte, EXTENSION_NAME));
        return;
      case EXTENSION_EQUALS:
        this.#inExtension(byte === QUOTE ? EXTENSION_QUOTED : ifToken(byte, EXTENSION_VALUE));
        return;
      case EXTENSION_VALUE:
        if (!this.#endsExtension(byte)) this.#inExtension(ifToken(byte, EXTENSION_VALUE));
        return;
      case EXTENSION_QUOTED:
        if (byte === QUOTE) this.#inExtension(EXTENSION_END);
        else this.#inExtension(ifText(byte, byte === BACKSLASH ? EXTENSION_ESCAPED : EXTENSION_QUOTED));
        return;
      case EXTENSION_ESCAPED:
        this.#inExtension(ifText(byte, EXTENSION_QUOTED));
        return;
      default: // EXTENSION_END
        if (!this.#endsExtension(byte)) this.#inExtension(BROKEN);
    }
  }

  /** Whether this byte ends a chunk's size or one of its extensions. */
  #endsExtension(byte: number): boolean {
    if (byte === CR) this.#state = SIZE_LF;
    else if (byte !== SEMICOLON) return false;
    else this.#inExtension(EXTENSION);
    return true;
  }

  #inExtension(state: number): void {
    if (state === BROKEN) throw new ChunkedError('a chunk extension is not one');
    this.#state = state;
    this.#countExtra();
  }

  #readTrailerName(byte: number): void {
    if (IS_TOKEN[byte] !== 1) throw new ChunkedError('a trailer is not a field that may stand there');
    this.#name += String.fromCharCode(byte);
    this.#state = TRAILER_NAME;
    this.#countExtra();
  }

  #countExtra(): void {
    if (++this.#extra > MAX_EXTRA_BYTES) throw new ChunkedError('chunk extensions or trailers are too long');
  }
}

function expect(byte: number, wanted: number): void {
  if (byte !== wanted) throw new ChunkedError('a chunk does not end where its size says');
}

/** `state` if the byte may stand in a token. */
function ifToken(byte: number, state: number): number {
  return IS_TOKEN[byte] === 1 ? state : BROKEN;
}

/** `state` if the byte may stand in a quoted-string. */
function ifText(byte: number, state: number): number {
  return isText(byte) ? state : BROKEN;
}

/** Whether a byte may stand in a field's value or in a quoted-string: no control character but the tab. */
function isText(byte: number): boolean {
  return byte === 0x09 || (byte >= 0x20 && byte !== 0x7f);
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
