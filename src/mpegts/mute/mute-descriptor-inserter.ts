// Puts the mute descriptor (mute-descriptor.ts) into the PMT packets of a feed that is sent as it is, in place of their stuffing.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.4.8.

import { crc32 } from '../psi/crc32.js';
import { MUTED_DESCRIPTOR, SOUND_MUTED_DESCRIPTOR } from './mute-descriptor.js';
import { PACKET_BYTES } from '../packet/packet.js';

const SECTION_AT = 5; // behind the header and a pointer_field of 0
const CRC_BYTES = 4;
const PMT_HEAD_BYTES = 12;
/** TS_program_map_section */
const PMT = 0x02;

/**
 * Where the section ends that has the packet at `at` for itself, as an offset from `at`; -1 if the packet holds anything
 * else, an adaptation field too, or only a part of it.
 */
export function loneSectionEnd(data: Uint8Array, at: number, tableId: number): number {
  // payload_unit_start_indicator, payload only and not scrambled, pointer_field 0.
  if ((data[at + 1]! & 0xc0) !== 0x40 || (data[at + 3]! & 0xf0) !== 0x10 || data[at + 4] !== 0) return -1;
  if (data[at + SECTION_AT] !== tableId) return -1;
  const end = SECTION_AT + 3 + (((data[at + SECTION_AT + 1]! & 0x0f) << 8) | data[at + SECTION_AT + 2]!);
  if (end > PACKET_BYTES) return -1;
  for (let i = end; i < PACKET_BYTES; i++) if (data[at + i] !== 0xff) return -1; // stuffing
  return crc32(data, at + SECTION_AT, at + end) === 0 ? end : -1;
}

/** Puts the mute descriptor into one feed's PMT packets. A packet that is repeated unchanged is not rewritten. */
export class MuteDescriptorInserter {
  readonly #source = new Uint8Array(PACKET_BYTES); // the last packet that was read
  readonly #rewritten = new Uint8Array(PACKET_BYTES);
  #descriptor: Uint8Array | null = null; // that was put in; `null`: nothing was looked at yet
  #isInserted = false;

  /** Whether the last PMT packet could take the descriptor. */
  get isInserted(): boolean {
    return this.#isInserted;
  }

  /** Resets: another mute, or another source. */
  reset(): void {
    this.#descriptor = null;
    this.#isInserted = false;
  }

  /**
   * The PMT packet at `at` with the descriptor, valid until the next call; its continuity_counter is not to be used. `null` where
   * there is no room, or it is not a whole PMT in force.
   */
  insert(data: Uint8Array, at: number, muted: 'audio' | 'all'): Uint8Array | null {
    const descriptor = muted === 'all' ? MUTED_DESCRIPTOR : SOUND_MUTED_DESCRIPTOR;
    if (!this.#matches(data, at) || this.#descriptor !== descriptor) {
      this.#descriptor = descriptor;
      for (let i = 0; i < PACKET_BYTES; i++) this.#source[i] = data[at + i]!;
      this.#isInserted = this.#write(descriptor);
    }
    return this.#isInserted ? this.#rewritten : null;
  }

  #matches(data: Uint8Array, at: number): boolean {
    const source = this.#source;
    if ((data[at + 3]! & 0xf0) !== (source[3]! & 0xf0)) return false;
    for (let i = 1; i < PACKET_BYTES; i++) if (i !== 3 && data[at + i] !== source[i]) return false;
    return true;
  }

  #write(descriptor: Uint8Array): boolean {
    const [source, out] = [this.#source, this.#rewritten];
    const end = loneSectionEnd(source, 0, PMT);
    if (end < SECTION_AT + PMT_HEAD_BYTES + CRC_BYTES || end + descriptor.length > PACKET_BYTES) return false;
    if ((source[SECTION_AT + 5]! & 0x01) === 0) return false; // current_next_indicator
    const infoLength = ((source[SECTION_AT + 10]! & 0x0f) << 8) | source[SECTION_AT + 11]!;
    const infoEnd = SECTION_AT + PMT_HEAD_BYTES + infoLength;
    if (infoEnd > end - CRC_BYTES) return false;
    out.set(source.subarray(0, infoEnd));
    out.set(descriptor, infoEnd);
    out.set(source.subarray(infoEnd, PACKET_BYTES - descriptor.length), infoEnd + descriptor.length);
    addTo(out, SECTION_AT + 1, descriptor.length); // section_length
    addTo(out, SECTION_AT + 10, descriptor.length); // program_info_length
    const version = ((source[SECTION_AT + 5]! >> 1) + 1) & 0x1f; // another than the source's, so that readers notice
    out[SECTION_AT + 5] = (source[SECTION_AT + 5]! & 0xc1) | (version << 1);
    const crcAt = end + descriptor.length - CRC_BYTES;
    const crc = crc32(out, SECTION_AT, crcAt);
    for (let i = 0; i < CRC_BYTES; i++) out[crcAt + i] = crc >>> (24 - 8 * i); // CRC_32
    return true;
  }
}

/** Adds to a length of 12 bits, of which a packet's contents need the lower ten. */
function addTo(bytes: Uint8Array, at: number, more: number): void {
  const length = (((bytes[at]! & 0x0f) << 8) | bytes[at + 1]!) + more;
  bytes[at] = (bytes[at]! & 0xf0) | (length >> 8);
  bytes[at + 1] = length & 0xff;
}
