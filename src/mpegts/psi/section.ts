// Assembles sections from the packets of one PID.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.4.

import { hasPayload, PACKET_BYTES, payloadStart, readCounter, startsUnit } from '../packet/packet.js';

/** The longest private section: 3 bytes of header and section_length 4093 (§2.4.4.10); PSI sections stop at 1024. */
const MAX_SECTION_BYTES = 4096;
const HEADER_BYTES = 3;

/**
 * Collects sections: `push` passes each complete one (table_id to CRC_32) to `take`. A packet loss, detected by the
 * continuity_counter, drops the section that it belongs to and nothing else. The array passed to `take` is reused.
 */
export class SectionAssembler {
  readonly #onSection: (section: Uint8Array) => void;
  readonly #buffer = new Uint8Array(MAX_SECTION_BYTES);
  #filled = 0;
  #collecting = false;
  #counter = -1;

  constructor(take: (section: Uint8Array) => void) {
    this.#onSection = take;
  }

  /** A new source starts: its counters are unrelated to earlier ones. */
  reset(): void {
    this.#counter = -1;
    this.#drop();
  }

  /** Skips the packet at `at`, a repetition: the next packet continues its counter. */
  pass(data: Uint8Array, at: number): void {
    this.#counter = readCounter(data, at);
    this.#drop();
  }

  /** Reads the transport packet at `at`; false if it is skipped because its counter is that of a duplicate (§2.4.3.3). */
  push(data: Uint8Array, at: number): boolean {
    if (!hasPayload(data, at)) return true;
    const counter = readCounter(data, at);
    if (counter === this.#counter) return false;
    if (this.#counter !== -1 && counter !== ((this.#counter + 1) & 0x0f)) this.#drop();
    this.#counter = counter;
    this.#read(data, at, payloadStart(data, at), at + PACKET_BYTES);
    return true;
  }

  #read(data: Uint8Array, at: number, payload: number, end: number): void {
    let from = payload;
    if (from >= end) return;
    if (startsUnit(data, at)) {
      const begin = from + 1 + data[from]!; // pointer_field
      if (begin > end) return this.#drop();
      if (this.#collecting) this.#collect(data, from + 1, begin);
      this.#drop();
      from = begin;
      this.#collecting = true;
    }
    if (this.#collecting) this.#collect(data, from, end);
  }

  #drop(): void {
    this.#collecting = false;
    this.#filled = 0;
  }

  #collect(data: Uint8Array, from: number, end: number): void {
    while (from < end) {
      if (this.#filled === 0 && data[from] === 0xff) return this.#drop(); // stuffing to the end of the packet
      const wanted = this.#filled < HEADER_BYTES ? HEADER_BYTES : this.#sectionBytes();
      const some = Math.min(wanted - this.#filled, end - from);
      this.#buffer.set(data.subarray(from, from + some), this.#filled);
      this.#filled += some;
      from += some;
      if (this.#filled < HEADER_BYTES) return;
      const whole = this.#sectionBytes();
      if (whole > MAX_SECTION_BYTES) return this.#drop();
      if (this.#filled === whole) {
        this.#onSection(this.#buffer.subarray(0, whole));
        this.#filled = 0;
      }
    }
  }

  /** The length of the section whose header is in the buffer: 3 bytes and section_length. */
  #sectionBytes(): number {
    return HEADER_BYTES + (((this.#buffer[1]! & 0x0f) << 8) | this.#buffer[2]!);
  }
}
