// Transport packets and sections written out by hand, for tests that know every bit of them.

import { crc32 } from '../../../src/mpegts/psi/crc32.js';

/** What a test says of a packet; the rest is plain: payload only, counter 0. */
export interface PacketFields {
  readonly pid?: number;
  readonly counter?: number;
  readonly startsUnit?: boolean;
  readonly hasPayload?: boolean;
  readonly randomAccess?: boolean;
  readonly discontinuity?: boolean;
  readonly transportError?: boolean;
  readonly fill?: number;
  readonly payload?: Uint8Array;
}

/** One packet of 188 bytes. */
export function packet(fields: PacketFields = {}): Buffer {
  const { pid = 0x100, counter = 0, hasPayload = true, fill = 0x55, payload } = fields;
  const flags = (fields.discontinuity ? 0x80 : 0) | (fields.randomAccess ? 0x40 : 0);
  const hasField = flags !== 0 || !hasPayload;
  const out = Buffer.alloc(188, fill);
  out[0] = 0x47; // sync_byte
  out[1] = (fields.transportError ? 0x80 : 0) | (fields.startsUnit ? 0x40 : 0) | (pid >> 8);
  out[2] = pid & 0xff;
  out[3] = (hasField ? 0x20 : 0) | (hasPayload ? 0x10 : 0) | counter;
  let at = 4;
  if (hasField) {
    out[4] = hasPayload ? 1 : 183; // adaptation_field_length
    out[5] = flags;
    at = 6;
  }
  if (payload) out.set(payload, at);
  return out;
}

/** `count` packets of one PID, counters in order, each with its number in its payload. */
export function packets(count: number, pid = 0x100, fill = 0x55): Buffer {
  return Buffer.concat(
    Array.from({ length: count }, (_, i) => {
      const one = packet({ pid, counter: i & 0x0f, fill });
      one.writeUInt32BE(i, 8);
      return one;
    }),
  );
}

/** A section with its CRC_32: `head` is table_id, then the bytes from behind section_length up to the CRC. */
export function section(tableId: number, body: readonly number[]): Buffer {
  const length = body.length + 4;
  const out = Buffer.from([tableId, 0xb0 | (length >> 8), length & 0xff, ...body, 0, 0, 0, 0]);
  out.writeUInt32BE(crc32(out, 0, out.length - 4), out.length - 4);
  return out;
}

/** A PAT with one program. */
export function patSection(pmtPid: number, program = 1, version = 0): Buffer {
  const entry = [program >> 8, program & 0xff, 0xe0 | (pmtPid >> 8), pmtPid & 0xff];
  return section(0x00, [0x00, 0x01, 0xc1 | (version << 1), 0, 0, ...entry]);
}

/** An entry of a PMT. */
export interface Entry {
  readonly streamType: number;
  readonly pid: number;
  readonly descriptors?: readonly number[];
}

/** A PMT. `isCurrent`: current_next_indicator. */
export function pmtSection(entries: readonly Entry[], version = 0, program = 1, isCurrent = true): Buffer {
  const body = entries.flatMap(({ streamType, pid, descriptors = [] }) => [
    ...[streamType, 0xe0 | (pid >> 8), pid & 0xff, 0xf0 | (descriptors.length >> 8), descriptors.length & 0xff],
    ...descriptors,
  ]);
  const flags = 0xc0 | (version << 1) | (isCurrent ? 1 : 0);
  return section(0x02, [program >> 8, program & 0xff, flags, 0, 0, 0xe1, 0x00, 0xf0, 0x00, ...body]);
}

/** A section in as many packets as it needs, stuffed with 0xFF. */
export function sectionPackets(pid: number, bytes: Uint8Array, counter = 0): Buffer {
  const out: Buffer[] = [];
  const all = Buffer.concat([Buffer.from([0]), bytes]); // pointer_field
  for (let at = 0; at < all.length; at += 184) {
    const payload = all.subarray(at, at + 184);
    out.push(packet({ pid, counter: (counter + out.length) & 0x0f, startsUnit: at === 0, fill: 0xff, payload }));
  }
  return Buffer.concat(out);
}

/** `bytes` in pieces that end at `cuts` (any order, any multiplicity). */
export function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...cuts.map((cut) => cut % (bytes.length + 1)), 0, bytes.length].sort((a, b) => a - b);
  return places.slice(1).map((place, i) => bytes.subarray(places[i], place));
}
