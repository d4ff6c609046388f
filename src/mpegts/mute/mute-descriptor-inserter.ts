// Puts the mute descriptor (mute-descriptor.ts) into the PMT packets of a feed that is sent as it is, in place of their stuffing.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.4.8.

import { crc32 } from '../psi/crc32.js';
import { muteDescriptorOf } from './mute-descriptor.js';
import { PACKET_BYTES } from '../packet/packet.js';

const SECTION_AT = 5; // behind the header and a pointer_field of 0
const CRC_BYTES = 4;
const PMT_HEAD_BYTES = 12;
/** The most that section_length allows. */
const MAX_SECTION_BYTES = 1024;
const NOTHING = new Uint8Array(0);
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

/** Puts the mute descriptor into one feed's PMT. A PMT that is repeated unchanged is not rewritten. */
export class MuteDescriptorInserter {
  readonly #source = new Uint8Array(PACKET_BYTES); // the last packet that was read
  readonly #rewritten = new Uint8Array(PACKET_BYTES);
  #descriptor: Uint8Array | null = null; // that was put in; `null`: nothing was looked at yet
  #isInserted = false;
  #section: Uint8Array = NOTHING; // the last section that was read, and what was made of it
  #sectionDescriptor: Uint8Array | null = null;
  #described: Uint8Array | null = null;
  #version = -1; // of the section made last

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
    const descriptor = muteDescriptorOf(muted);
    if (!this.#matches(data, at) || this.#descriptor !== descriptor) {
      this.#descriptor = descriptor;
      for (let i = 0; i < PACKET_BYTES; i++) this.#source[i] = data[at + i]!;
      this.#isInserted = this.#write(muted);
    }
    return this.#isInserted ? this.#rewritten : null;
  }

  /**
   * The PMT section with the descriptor, whatever its size; `null` where it would be too long, or is not in force. Its version is
   * neither the source's nor that of the section made before, so that readers notice.
   */
  describe(section: Uint8Array, muted: 'audio' | 'all'): Uint8Array | null {
    const descriptor = muteDescriptorOf(muted);
    if (this.#sectionDescriptor === descriptor && areEqual(section, this.#section)) return this.#described;
    this.#section = section.slice();
    this.#sectionDescriptor = descriptor;
    return (this.#described = this.#describe(this.#section, descriptor));
  }

  #describe(section: Uint8Array, descriptor: Uint8Array): Uint8Array | null {
    const length = section.length + descriptor.length;
    if (section.length < PMT_HEAD_BYTES + CRC_BYTES || length > MAX_SECTION_BYTES) return null;
    if (section[0] !== PMT || (section[5]! & 0x01) === 0) return null; // current_next_indicator
    const infoLength = ((section[10]! & 0x0f) << 8) | section[11]!;
    const infoEnd = PMT_HEAD_BYTES + infoLength;
    if (infoEnd > section.length - CRC_BYTES) return null;
    const out = new Uint8Array(length);
    out.set(section.subarray(0, infoEnd));
    out.set(descriptor, infoEnd);
    out.set(section.subarray(infoEnd), infoEnd + descriptor.length);
    addTo(out, 1, descriptor.length); // section_length
    addTo(out, 10, descriptor.length); // program_info_length
    const source = section[5]! >> 1;
    this.#version = ((source + 1) & 0x1f) === this.#version ? (source + 2) & 0x1f : (source + 1) & 0x1f;
    out[5] = (section[5]! & 0xc1) | (this.#version << 1); // version_number
    const crc = crc32(out, 0, length - CRC_BYTES);
    for (let i = 0; i < CRC_BYTES; i++) out[length - CRC_BYTES + i] = crc >>> (24 - 8 * i); // CRC_32
    return out;
  }

  #matches(data: Uint8Array, at: number): boolean {
    const source = this.#source;
    if ((data[at + 3]! & 0xf0) !== (source[3]! & 0xf0)) return false;
    for (let i = 1; i < PACKET_BYTES; i++) if (i !== 3 && data[at + i] !== source[i]) return false;
    return true;
  }

  #write(muted: 'audio' | 'all'): boolean {
    const end = loneSectionEnd(this.#source, 0, PMT);
    const section = end === -1 ? null : this.describe(this.#source.subarray(SECTION_AT, end), muted);
    if (section === null || SECTION_AT + section.length > PACKET_BYTES) return false;
    this.#rewritten.set(this.#source.subarray(0, SECTION_AT));
    this.#rewritten.set(section, SECTION_AT);
    this.#rewritten.fill(0xff, SECTION_AT + section.length); // stuffing
    return true;
  }
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

/** Adds to a length of 12 bits. */
function addTo(bytes: Uint8Array, at: number, more: number): void {
  const length = (((bytes[at]! & 0x0f) << 8) | bytes[at + 1]!) + more;
  bytes[at] = (bytes[at]! & 0xf0) | (length >> 8);
  bytes[at + 1] = length & 0xff;
}
