// Reads when a unit is due out of the packet that begins it. Pure.

import { PACKET_BYTES, payloadStart } from '../../mpegts/packet.js';
import { stampsOf, startsPes } from '../../mpegts/pes.js';
import { readTimestamp } from '../../mpegts/timestamp.js';

/** DTS where there is one, else PTS: in the order in which units come. Ticks of 90 kHz; -1: the packet at `at` has neither. */
export function readUnitTime(data: Uint8Array, at: number): number {
  const begin = payloadStart(data, at);
  if (begin + 14 > at + PACKET_BYTES || !startsPes(data, begin)) return -1;
  const stamps = stampsOf(data, begin);
  if (stamps === 0) return -1;
  const hasDts = stamps === 2 && begin + 19 <= at + PACKET_BYTES;
  return readTimestamp(data, begin + (hasDts ? 14 : 9));
}
