// Keeps the packets in which a table was last sent, for whoever joins later.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.4.

import { hasPayload, PACKET_BYTES, payloadStart, readCounter, startsUnit } from './packet.js';
import { SaidPacket } from './said-packet.js';

/** More packets than a section of 4,096 bytes takes. */
const MOST_PACKETS = 24;

/** The packets of the last whole section of one PID that is of the wanted table, and in force. */
export class TablePackets {
  readonly #tableId: number;
  readonly #said = new SaidPacket();
  #whole: Uint8Array | null = null;
  #pieces: Uint8Array[] = [];
  #missing = 0; // bytes of the section that is being sent

  constructor(tableId: number) {
    this.#tableId = tableId;
  }

  /** The packets as they were sent; `null` before a whole section was. */
  get packets(): Uint8Array | null {
    return this.#whole;
  }

  /** Takes the packet at `at`. */
  push(data: Uint8Array, at: number): void {
    if (this.#whole && this.#said.repeats(data, at)) {
      this.#whole[3] = data[at + 3]!; // the same again: only its continuity_counter is new
      return;
    }
    if (!hasPayload(data, at)) return;
    const end = at + PACKET_BYTES;
    let from = payloadStart(data, at);
    if (from >= end) return;
    const last = this.#pieces.at(-1);
    if (startsUnit(data, at)) {
      from += 1 + data[from]!; // pointer_field
      this.#pieces = [];
      // table_id, section_length, current_next_indicator
      if (from + 6 > end || data[from] !== this.#tableId || (data[from + 5]! & 0x01) === 0) return;
      this.#missing = 3 + (((data[from + 1]! & 0x0f) << 8) | data[from + 2]!); // section_length
    } else if (!last || this.#pieces.length >= MOST_PACKETS) {
      return;
    } else if (readCounter(data, at) !== ((readCounter(last, 0) + 1) & 0x0f)) {
      if (readCounter(data, at) !== readCounter(last, 0)) this.#pieces = []; // no duplicate: something was lost
      return;
    }
    this.#pieces.push(new Uint8Array(data.subarray(at, end))); // not slice(): a Buffer's is a view
    this.#missing -= end - from;
    if (this.#missing > 0) return;
    this.#whole = join(this.#pieces);
    if (this.#pieces.length === 1) this.#said.note(data, at);
    else this.#said.forget();
    this.#pieces = [];
  }

  /** Another source begins. */
  reset(): void {
    this.#whole = null;
    this.#pieces = [];
    this.#said.forget();
  }
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.length * PACKET_BYTES);
  pieces.forEach((piece, i) => all.set(piece, i * PACKET_BYTES));
  return all;
}
