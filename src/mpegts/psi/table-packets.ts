// Writes sections into packets, for readers that start later than the tables were sent.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.4.

import { PACKET_BYTES, SYNC } from '../packet/packet.js';

/**
 * Returns the sections as packets of one PID; each section starts a new packet. `lastCounter` is the last packet's
 * continuity_counter.
 */
export function packetize(sections: readonly Uint8Array[], pid: number, lastCounter: number): Uint8Array {
  const count = sections.reduce((sum, { length }) => sum + Math.ceil((1 + length) / (PACKET_BYTES - 4)), 0);
  const out = new Uint8Array(count * PACKET_BYTES).fill(0xff); // stuffing
  let at = 0;
  for (const section of sections) {
    for (let from = 0; from < section.length; at += PACKET_BYTES) {
      const isFirst = from === 0;
      const counter = lastCounter - (out.length - PACKET_BYTES - at) / PACKET_BYTES;
      out[at] = SYNC;
      out[at + 1] = (isFirst ? 0x40 : 0) | (pid >> 8); // payload_unit_start_indicator
      out[at + 2] = pid & 0xff;
      out[at + 3] = 0x10 | (counter & 0x0f); // adaptation_field_control = '01', continuity_counter
      if (isFirst) out[at + 4] = 0; // pointer_field
      const to = at + (isFirst ? 5 : 4);
      const some = section.subarray(from, from + at + PACKET_BYTES - to);
      out.set(some, to);
      from += some.length;
    }
  }
  return out;
}
