// Writes sections into packets, for readers that start later than the tables were sent.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.4.

import { PACKET_BYTES, PAT_PID, readPid, SYNC } from '../packet/packet.js';

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

/** The PID of the PMT in packets of PAT and PMT; -1: there are none. */
export function pmtPidOf(tables: Uint8Array | null): number {
  return tables === null || tables.length === 0 ? -1 : readPid(tables, tables.length - PACKET_BYTES);
}

/** Whether packets are of the PAT and of this PMT, and of nothing else. */
export function areTables(data: Uint8Array, pmtPid: number): boolean {
  for (let at = 0; at < data.length; at += PACKET_BYTES) {
    const pid = readPid(data, at);
    if (pid !== PAT_PID && pid !== pmtPid) return false;
  }
  return true;
}

/** The section that packets of one PID hold, as {@link packetize} has written them. */
export function sectionIn(packets: Uint8Array): Uint8Array {
  const room = PACKET_BYTES - 4;
  const bytes = new Uint8Array((packets.length / PACKET_BYTES) * room);
  for (let at = 0; at < packets.length; at += PACKET_BYTES) {
    bytes.set(packets.subarray(at + 4, at + PACKET_BYTES), (at / PACKET_BYTES) * room);
  }
  const section = bytes.subarray(1); // pointer_field
  return section.subarray(0, 3 + (((section[1]! & 0x0f) << 8) | section[2]!)); // section_length
}
