// Operations on runs of packets: comparing, concatenating, gathering a header.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.3.3.

import { PACKET_BYTES, payloadStart } from './packet.js';

/** Whether two packets of a PID carry the same; the PCR may differ in a duplicate (§2.4.3.3). */
export function isSamePayload(last: Uint8Array, lastAt: number, data: Uint8Array, at: number): boolean {
  const payload = payloadStart(data, at);
  let other = payloadStart(last, lastAt);
  if (other - lastAt !== payload - at) return false;
  for (let i = payload; i < at + PACKET_BYTES; i++) if (data[i] !== last[other++]) return false;
  return true;
}

/** Concatenates messages. */
export function concatenate(messages: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(messages.reduce((bytes, { length }) => bytes + length, 0));
  let at = 0;
  for (const message of messages) {
    all.set(message, at);
    at += message.length;
  }
  return all;
}

/** The packets held so far and the one at `at`. */
export function append(held: Uint8Array | null, data: Uint8Array, at: number): Uint8Array {
  const before = held?.length ?? 0;
  const all = new Uint8Array(before + PACKET_BYTES);
  if (held) all.set(held);
  all.set(data.subarray(at, at + PACKET_BYTES), before);
  return all;
}

/** Gathers the first payload bytes of `packets` in `header`; returns how many there are, at most the header's length. */
export function gatherHeader(packets: Uint8Array, header: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < packets.length; at += PACKET_BYTES) {
    const end = at + PACKET_BYTES;
    for (let i = payloadStart(packets, at); i < end && count < header.length; i++) header[count++] = packets[i]!;
  }
  return count;
}

/** Writes `header` over the first payload bytes of `packets`: the reverse of {@link gatherHeader}. */
export function spreadHeader(header: Uint8Array, packets: Uint8Array): void {
  let count = 0;
  for (let at = 0; at < packets.length; at += PACKET_BYTES) {
    const end = at + PACKET_BYTES;
    for (let i = payloadStart(packets, at); i < end && count < header.length; i++) packets[i] = header[count++]!;
  }
}
