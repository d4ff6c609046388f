// Reads bits, and the Exp-Golomb codes of H.264 and HEVC, from bytes that may still be incomplete.
// Pure: no clock, no I/O. ISO/IEC 14496-10 §7.3.1 (emulation prevention), §9.1 (Exp-Golomb).

/**
 * Reads bits from a position in a byte array. Never throws: past the end it returns ones (so that every loop ends) and
 * sets `lacksBytes` or `isBad`.
 */
export class BitReader {
  /** Whether the bytes ran out: reading may succeed with more of them. */
  lacksBytes = false;
  /** Whether the NAL unit is too short or holds an invalid code: more bytes do not help. */
  isBad = false;

  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #from = 0;
  #end = 0;
  #isNal = false;
  #zeros = 0; // bytes of 0 before #at
  #byte = 0;
  #bitsLeft = 0; // of #byte

  /** Starts at `from`. */
  open(bytes: Uint8Array, from: number, end: number): void {
    this.#bytes = bytes;
    this.#at = this.#from = from;
    this.#end = end;
    this.#isNal = false;
    this.#zeros = this.#bitsLeft = 0;
    this.lacksBytes = this.isBad = false;
  }

  /** Starts at `from` of a NAL unit: emulation_prevention_three_byte is skipped, and the next start code is the end. */
  openNal(bytes: Uint8Array, from: number, end: number): void {
    this.open(bytes, from, end);
    this.#isNal = true;
  }

  /** u(1). */
  bit(): number {
    if (this.#bitsLeft === 0 && !this.#next()) return 1;
    return (this.#byte >> --this.#bitsLeft) & 1;
  }

  /** u(n), up to 32 bits. */
  bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 2 + this.bit();
    return value;
  }

  skip(bits: number): void {
    let left = bits;
    for (; left >= 8 && this.#bitsLeft === 0 && this.#next(); left -= 8) this.#bitsLeft = 0;
    for (; left > 0 && this.isGood; left--) this.bit();
  }

  /** ue(v): 0 to 2^32 - 2. */
  ue(): number {
    let zeros = 0;
    while (this.bit() === 0) {
      if (++zeros < 32) continue;
      this.isBad = true;
      return 0;
    }
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** se(v). */
  se(): number {
    const code = this.ue();
    return code & 1 ? (code + 1) / 2 : -code / 2;
  }

  /** Bits read so far; not valid in a NAL unit. */
  get bitsRead(): number {
    return 8 * (this.#at - this.#from) - this.#bitsLeft;
  }

  /** Whether everything read so far was present and valid. */
  get isGood(): boolean {
    return !this.lacksBytes && !this.isBad;
  }

  #next(): boolean {
    if (this.#at >= this.#end) {
      this.lacksBytes = true;
      return false;
    }
    const byte = this.#bytes[this.#at]!;
    if (this.#isNal) {
      if (this.#zeros >= 2 && byte === 3) {
        this.#zeros = 0; // emulation_prevention_three_byte
        this.#at++;
        return this.#next();
      }
      if (this.#zeros >= 2 && byte <= 1) {
        this.isBad = true; // a start code, or zeros before one
        return false;
      }
      this.#zeros = byte === 0 ? this.#zeros + 1 : 0;
    }
    this.#at++;
    this.#byte = byte;
    this.#bitsLeft = 8;
    return true;
  }
}
