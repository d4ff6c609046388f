// Knows a table's packet again that was sent before, so that it need not be read again.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.4.

import { PACKET_BYTES } from './packet.js';

/** The last packet that held a whole section of one PID. */
export class SaidPacket {
  readonly #packet = new Uint8Array(PACKET_BYTES);
  #isKnown = false;

  /** Whether the packet at `at` is that one again, but for its continuity_counter. */
  repeats(data: Uint8Array, at: number): boolean {
    if (!this.#isKnown) return false;
    const packet = this.#packet;
    if (data[at + 1] !== packet[1] || (data[at + 3]! & 0xf0) !== (packet[3]! & 0xf0)) return false;
    for (let i = 4; i < PACKET_BYTES; i++) if (data[at + i] !== packet[i]) return false;
    return true;
  }

  /** Remembers the packet at `at`, if a section begins and ends in it. */
  note(data: Uint8Array, at: number): void {
    // payload_unit_start_indicator, no adaptation field, pointer_field 0, and 3 + section_length bytes that fit.
    const begins = (data[at + 1]! & 0x40) !== 0 && (data[at + 3]! & 0x30) === 0x10 && data[at + 4] === 0;
    const bytes = 3 + (((data[at + 6]! & 0x0f) << 8) | data[at + 7]!);
    this.#isKnown = begins && bytes <= PACKET_BYTES - 5;
    if (this.#isKnown) this.#packet.set(data.subarray(at, at + PACKET_BYTES));
  }

  forget(): void {
    this.#isKnown = false;
  }
}
