// Reads the time stamp of a unit from its first packet. Pure.

import { PACKET_BYTES, payloadStart } from '../../../mpegts/packet/packet.js';
import { stampsOf, startsPes } from '../../../mpegts/packet/pes.js';
import { readTimestamp } from '../../../mpegts/packet/timestamp.js';

/**
 * The DTS, or else the PTS, so that times increase in order of arrival. 90 kHz ticks; -1: the packet at `at` has
 * neither.
 */
export function readUnitTime(data: Uint8Array, at: number): number {
  const begin = payloadStart(data, at);
  if (begin + 14 > at + PACKET_BYTES || !startsPes(data, begin)) return -1;
  const stamps = stampsOf(data, begin);
  if (stamps === 0) return -1;
  const hasDts = stamps === 2 && begin + 19 <= at + PACKET_BYTES;
  return readTimestamp(data, begin + (hasDts ? 14 : 9));
}
