// Moves the time in SCTE-35 splice_info_sections along with the feed's stamps.
// Pure: no clock, no I/O. ANSI/SCTE 35 §9.6 (pts_adjustment is added to every time inside).

import { crc32 } from './crc32.js';
import { PACKET_BYTES, payloadStart } from './packet.js';
import { wrapTicks } from './timestamp.js';

const SPLICE_INFO_SECTION = 0xfc;
const LEAST_BYTES = 20;

/**
 * Adds `ticks` to pts_adjustment of the section that begins in the packet at `at`, and makes CRC_32 anew. Done where
 * the section is whole in that packet, as all but very long ones are, and undamaged; others are left as they came.
 */
export function moveSplice(data: Uint8Array, at: number, ticks: number): boolean {
  const end = at + PACKET_BYTES;
  const payload = payloadStart(data, at);
  if (payload >= end) return false;
  const from = payload + 1 + data[payload]!; // pointer_field
  if (from + LEAST_BYTES > end || data[from] !== SPLICE_INFO_SECTION) return false;
  const to = from + 3 + (((data[from + 1]! & 0x0f) << 8) | data[from + 2]!); // section_length
  if (to > end || to < from + LEAST_BYTES || crc32(data, from, to) !== 0) return false;
  const low = ((data[from + 5]! << 24) | (data[from + 6]! << 16) | (data[from + 7]! << 8) | data[from + 8]!) >>> 0;
  const moved = wrapTicks(Math.round((data[from + 4]! & 0x01) * 2 ** 32 + low + ticks)); // pts_adjustment
  data[from + 4] = (data[from + 4]! & 0xfe) | (moved >= 2 ** 32 ? 1 : 0); // encryption bits stay, bit 32
  writeWord(data, from + 5, moved % 2 ** 32);
  writeWord(data, to - 4, crc32(data, from, to - 4));
  return true;
}

function writeWord(data: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 4; i++) data[at + i] = Math.floor(value / 2 ** (24 - 8 * i));
}
