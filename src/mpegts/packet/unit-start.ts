// Gathers the first bytes of a PES packet from its transport packets, across messages.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.3.2, §2.4.3.6.

import { hasPayload, PACKET_BYTES, payloadStart, readCounter } from './packet.js';
import { hasPesHeader, PES_FIXED_BYTES, startsPes } from './pes.js';

/** Two audio frames at the usual rates, in case the unit does not start with a frame. */
const SOUND_BYTES = 4096;

/** Gathers one PES packet at a time. */
export class UnitStart {
  /** The bytes gathered: valid up to `length`, until the next `begin`. */
  readonly bytes: Uint8Array;
  length = 0;
  #counter = 0;

  /** @param mostBytes how many bytes of a unit are gathered. */
  constructor(mostBytes = SOUND_BYTES) {
    this.bytes = new Uint8Array(mostBytes);
  }

  /** Starts with the packet at `at`; false if it cannot be read. */
  start(data: Uint8Array, at: number): boolean {
    this.length = 0;
    if (!isClear(data, at)) return false;
    this.#append(data, at, payloadStart(data, at));
    return this.length < 3 || startsPes(this.bytes, 0);
  }

  /** Continues with the packet at `at` of the same PID; false if one was lost before it, or it is damaged. */
  add(data: Uint8Array, at: number): boolean {
    if (!hasPayload(data, at)) return true;
    const counter = readCounter(data, at);
    if (counter === this.#counter) return true; // a duplicate
    if (counter !== ((this.#counter + 1) & 0x0f) || !isClear(data, at)) return false;
    this.#append(data, at, payloadStart(data, at));
    return true;
  }

  /**
   * Goes on with the packet at `at`, in which a PES packet begins that is more of the same picture (see `isPart`): what is behind
   * its header. False as with {@link add}.
   */
  addPart(data: Uint8Array, at: number): boolean {
    if (readCounter(data, at) !== ((this.#counter + 1) & 0x0f) || !isClear(data, at)) return false;
    const pes = payloadStart(data, at);
    this.#append(data, at, pes + PES_FIXED_BYTES + data[pes + 8]!); // PES_header_data_length
    return true;
  }

  get isFull(): boolean {
    return this.length === this.bytes.length;
  }

  /** The offset of the elementary stream in `bytes`; -1: not yet available, or scrambled. */
  get mediaStart(): number {
    const { bytes, length } = this;
    if (length < PES_FIXED_BYTES || !startsPes(bytes, 0)) return -1;
    if (!hasPesHeader(bytes[3]!)) return 6;
    if ((bytes[6]! & 0xf0) !== 0x80) return -1; // '10', PES_scrambling_control
    const start = PES_FIXED_BYTES + bytes[8]!; // PES_header_data_length
    return start < length ? start : -1;
  }

  #append(data: Uint8Array, at: number, from: number): void {
    this.#counter = readCounter(data, at);
    const some = Math.min(at + PACKET_BYTES - from, this.bytes.length - this.length);
    for (let i = 0; i < some; i++) this.bytes[this.length + i] = data[from + i]!;
    this.length += some;
  }
}

/** Whether neither transport_error_indicator nor transport_scrambling_control is set. */
function isClear(data: Uint8Array, at: number): boolean {
  return (data[at + 1]! & 0x80) === 0 && (data[at + 3]! & 0xc0) === 0;
}
