// The transport packet's header, read and written in place.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.3.2, §2.4.3.4.

/** Bytes of a transport packet (§2.4.3.1). */
export const PACKET_BYTES = 188;
/** sync_byte (§2.4.3.3). */
export const SYNC = 0x47;
/** Number of PIDs: 13 bits (§2.4.3.3). */
export const PID_COUNT = 0x2000;
/** The PID of null packets, which carry nothing (§2.4.3.3). */
export const NULL_PID = 0x1fff;
/** The PID of the program association table (§2.4.4.3). */
export const PAT_PID = 0;

/** The packet's 13-bit PID. `at` is the offset of its sync byte. */
export function readPid(data: Uint8Array, at: number): number {
  return ((data[at + 1]! & 0x1f) << 8) | data[at + 2]!;
}

/** Whether payload_unit_start_indicator is set: a PES packet or a section starts here (§2.4.3.3). */
export function startsUnit(data: Uint8Array, at: number): boolean {
  return (data[at + 1]! & 0x40) !== 0;
}

/** Whether the packet carries payload: adaptation_field_control is '01' or '11' (§2.4.3.3). */
export function hasPayload(data: Uint8Array, at: number): boolean {
  return (data[at + 3]! & 0x10) !== 0;
}

/** The 4-bit continuity_counter (§2.4.3.3). */
export function readCounter(data: Uint8Array, at: number): number {
  return data[at + 3]! & 0x0f;
}

/** The offset of the payload behind header and adaptation field; at most `at + 188`, where there is none. */
export function payloadStart(data: Uint8Array, at: number): number {
  const control = data[at + 3]! & 0x30;
  if (control === 0x10) return at + 4; // adaptation_field_control = '01', payload only
  if (control !== 0x30) return at + PACKET_BYTES; // '10' adaptation field only, '00' reserved
  return Math.min(at + 5 + data[at + 4]!, at + PACKET_BYTES); // adaptation_field_length
}

/** The adaptation field's flags byte (§2.4.3.4); 0 where there is no field or an empty one. */
export function adaptationFlags(data: Uint8Array, at: number): number {
  return (data[at + 3]! & 0x20) !== 0 && data[at + 4]! > 0 ? data[at + 5]! : 0;
}

/** discontinuity_indicator in {@link adaptationFlags}. */
export const DISCONTINUITY = 0x80;
/** random_access_indicator in {@link adaptationFlags}. */
export const RANDOM_ACCESS = 0x40;
/** PCR_flag in {@link adaptationFlags}. */
export const HAS_PCR = 0x10;
