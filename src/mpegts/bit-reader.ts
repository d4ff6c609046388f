// Reads bits, and the Exp-Golomb codes of H.264 and HEVC, from bytes of which more may be to come.
// Pure: no clock, no I/O. ISO/IEC 14496-10 §7.3.1 (emulation prevention), §9.1 (Exp-Golomb).

/**
 * Reads from a place in bytes on. It never throws: what is read behind the end are ones (so that no loop waits for an end),
 * and `lacksBytes` or `isBad` says so.
 */
export class BitReader {
  /** Whether the bytes at hand gave out: with more of them it may be read. */
  lacksBytes = false;
  /** Whether the NAL unit ended before what is in it, or holds a code that cannot be: more bytes do not help. */
  isBad = false;

  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #from = 0;
  #end = 0;
  #isNal = false;
  #zeros = 0; // bytes of 0 before #at
  #byte = 0;
  #bitsLeft = 0; // of #byte

  /** Begins at `from`. `isNal`: emulation_prevention_three_byte is left out, and the next start code is the end. */
  open(bytes: Uint8Array, from: number, end: number, isNal: boolean): void {
    this.#bytes = bytes;
    this.#at = this.#from = from;
    this.#end = end;
    this.#isNal = isNal;
    this.#zeros = this.#bitsLeft = 0;
    this.lacksBytes = this.isBad = false;
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

  /** How many bits there were up to here; not in a NAL unit. */
  get bitsRead(): number {
    return 8 * (this.#at - this.#from) - this.#bitsLeft;
  }

  /** Whether all that was read was there and could be. */
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
