// Recognizes the parts of a picture that is carried in several PES packets: some encoders make one of each NAL unit, slice
// or field. The first has the picture's timestamps; the others have none, or the same.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.3.7.

import { PACKET_BYTES, payloadStart } from '../packet/packet.js';
import { hasPesHeader, PES_FIXED_BYTES, stampsOf, startsPes } from '../packet/pes.js';

const STAMP_BYTES = 5;

/** Whether a PES packet begins in the packet at `at` that has a PTS, or of which that is not known. */
export function isStamped(data: Uint8Array, at: number): boolean {
  const from = payloadStart(data, at);
  return from + PES_FIXED_BYTES > at + PACKET_BYTES || !startsPes(data, from) || stampsOf(data, from) > 0;
}

/**
 * Whether the PES packet that begins in the packet at `at` is more of the picture that began in the packet at `firstAt` of
 * `first`, of which no slice has come yet. The headers of both are whole, then.
 */
export function isPart(first: Uint8Array, firstAt: number, data: Uint8Array, at: number): boolean {
  const from = payloadStart(first, firstAt);
  return hasWholeHeader(first, from, firstAt + PACKET_BYTES) && continuesPicture(first, from, data, at);
}

/** Whether the PES header at `from` is within `bytes` up to `end`, if it has flags and timestamps. */
export function hasWholeHeader(bytes: Uint8Array, from: number, end: number): boolean {
  return end - from >= PES_FIXED_BYTES && end - from >= PES_FIXED_BYTES + bytes[from + 8]!; // PES_header_data_length
}

/** The same as {@link isPart} of a picture whose PES header, which is whole, is at `from` of `bytes`. */
export function continuesPicture(bytes: Uint8Array, from: number, data: Uint8Array, at: number): boolean {
  const pes = payloadStart(data, at);
  if (!hasWholeHeader(data, pes, at + PACKET_BYTES)) return false;
  if (!startsPes(data, pes) || !hasPesHeader(data[pes + 3]!)) return false;
  const stamps = stampsOf(data, pes);
  if (stamps === 0) return true;
  if (stampsOf(bytes, from) !== stamps) return false;
  const stamped = PES_FIXED_BYTES + stamps * STAMP_BYTES;
  for (let i = PES_FIXED_BYTES; i < stamped; i++) if (bytes[from + i] !== data[pes + i]) return false;
  return true;
}
