// Removes from a packet's adaptation field what a mute must not let through, and writes packets that have only a PCR.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.3.4, §2.4.3.5.

import { DISCONTINUITY, HAS_PCR, PACKET_BYTES, SYNC } from './packet.js';

/** transport_private_data_flag in `adaptationFlags`. */
export const HAS_PRIVATE_DATA = 0x02;
const HAS_OPCR = 0x08;
const HAS_SPLICE_COUNTDOWN = 0x04;
const HAS_EXTENSION = 0x01;

const MAX_FIELD_LENGTH = PACKET_BYTES - 5; // adaptation_field_length of a packet without payload
const PCR_AT = 6;
const PCR_BYTES = 6;

/**
 * Removes transport_private_data from the packet at `at`, in place, because its contents are unknown. Stuffing fills its
 * space, so everything else stays where it was. Returns the remaining flags.
 */
export function removePrivateData(packet: Uint8Array, at: number): number {
  const flags = packet[at + 5]!;
  const end = at + 5 + Math.min(packet[at + 4]!, MAX_FIELD_LENGTH);
  let from = at + 6;
  if ((flags & HAS_PCR) !== 0) from += PCR_BYTES;
  if ((flags & HAS_OPCR) !== 0) from += PCR_BYTES;
  if ((flags & HAS_SPLICE_COUNTDOWN) !== 0) from += 1;
  const next = from + 1 + (packet[from] ?? 0); // transport_private_data_length
  const hasExtension = (flags & HAS_EXTENSION) !== 0 && next < end;
  const left = hasExtension ? flags & ~HAS_PRIVATE_DATA : flags & ~(HAS_PRIVATE_DATA | HAS_EXTENSION);
  if (hasExtension) packet.copyWithin(from, next, end);
  packet.fill(0xff, hasExtension ? end - (next - from) : Math.min(from, end), end); // stuffing_byte
  packet[at + 5] = left;
  return left;
}

/**
 * Writes a packet at `to` in `out` that carries only the PCR of the packet at `at` in `data`. Its continuity_counter is 0, for
 * the caller to set to that of the preceding packet on this PID: a packet without payload does not increment it.
 */
export function writeClockPacket(out: Uint8Array, to: number, data: Uint8Array, at: number): void {
  out.fill(0xff, to, to + PACKET_BYTES); // stuffing_byte
  out[to] = SYNC;
  out[to + 1] = data[at + 1]! & 0x3f; // transport_priority, PID; payload_unit_start_indicator = '0'
  out[to + 2] = data[at + 2]!;
  out[to + 3] = 0x20; // adaptation_field_control = '10'
  out[to + 4] = MAX_FIELD_LENGTH; // adaptation_field_length
  out[to + 5] = (data[at + 5]! & DISCONTINUITY) | HAS_PCR;
  for (let i = 0; i < PCR_BYTES; i++) out[to + PCR_AT + i] = data[at + PCR_AT + i]!;
}

/** Whether the adaptation field at `at` is long enough for the PCR that its flags announce. */
export function hasWholePcr(data: Uint8Array, at: number): boolean {
  return (data[at + 3]! & 0x20) !== 0 && data[at + 4]! >= 1 + PCR_BYTES && (data[at + 5]! & HAS_PCR) !== 0;
}
