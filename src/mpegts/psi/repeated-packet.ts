// Recognizes a repeated packet of a table, so that it need not be read again.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.4.

import { PACKET_BYTES } from '../packet/packet.js';
import type { SectionAssembler } from './section.js';

/** The last packet that contained a complete section of one PID. */
export class RepeatedPacket {
  readonly #packet = new Uint8Array(PACKET_BYTES);
  #assembler: SectionAssembler | null = null; // the one that read it; `null`: no packet is stored

  /** Whether the packet at `at` is the same except for its continuity_counter. If so, its assembler skips it. */
  matches(data: Uint8Array, at: number): boolean {
    const packet = this.#packet;
    if (this.#assembler === null || data[at + 1] !== packet[1] || data[at + 2] !== packet[2]) return false;
    if ((data[at + 3]! & 0xf0) !== (packet[3]! & 0xf0)) return false;
    for (let i = 4; i < PACKET_BYTES; i++) if (data[at + i] !== packet[i]) return false;
    this.#assembler.pass(data, at);
    return true;
  }

  /** Stores the packet at `at`, which `assembler` read, if it contains exactly one complete section. */
  remember(data: Uint8Array, at: number, assembler: SectionAssembler): void {
    // payload_unit_start_indicator, no adaptation field, pointer_field 0, and all 3 + section_length bytes in this
    // packet.
    const begins = (data[at + 1]! & 0x40) !== 0 && (data[at + 3]! & 0x30) === 0x10 && data[at + 4] === 0;
    const bytes = 3 + (((data[at + 6]! & 0x0f) << 8) | data[at + 7]!);
    this.#assembler = begins && bytes <= PACKET_BYTES - 5 ? assembler : null;
    if (this.#assembler) this.#packet.set(data.subarray(at, at + PACKET_BYTES));
  }

  clear(): void {
    this.#assembler = null;
  }
}
