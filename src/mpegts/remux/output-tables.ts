// Writes the output's PAT and PMT.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.4.3 (PAT), §2.4.4.8 (PMT).

import { crc32 } from '../psi/crc32.js';
import { muteOfDescriptor } from '../mute/mute-descriptor.js';
import { OUTPUT_PMT_PID } from './output-track.js';
import { PACKET_BYTES, PAT_PID, SYNC } from '../packet/packet.js';
import { readDescriptors } from '../psi/descriptors.js';

const PROGRAM_NUMBER = 1;
const TRANSPORT_STREAM_ID = 1;
/** A PMT section is 1,024 bytes at most: 12 before the descriptors, 4 of CRC_32. */
const PMT_ROOM = 1024 - 12 - 4;
const ENTRY_BYTES = 5;
const CA_DESCRIPTOR = 0x09;

/** A track's entry in the PMT. */
export interface TableEntry {
  readonly pid: number;
  readonly streamType: number;
  readonly descriptors: Uint8Array;
}

/** Bytes a track takes in the PMT. */
export function entryBytes(descriptors: Uint8Array): number {
  return ENTRY_BYTES + descriptors.length;
}

/** Whether `bytes` of entries and descriptors fit into a PMT. */
export function fitsPmt(bytes: number): boolean {
  return bytes <= PMT_ROOM;
}

/**
 * The program_info descriptors of several inputs as one loop: a tag that an earlier input has used is not repeated, for
 * two registrations would contradict each other. Conditional access is left out: its PIDs are not carried. So is what an
 * input says of its own mute, which is not the output's.
 */
export function mergeDescriptors(loops: readonly Uint8Array[]): Uint8Array {
  const merged: number[] = [];
  const used = new Set<number>();
  for (const loop of loops) {
    const own = new Set<number>();
    for (const { tag, body } of readDescriptors(loop)) {
      if (tag === CA_DESCRIPTOR || used.has(tag) || muteOfDescriptor(tag, body) !== null) continue;
      own.add(tag);
      merged.push(tag, body.length, ...body);
    }
    for (const tag of own) used.add(tag);
  }
  return Uint8Array.from(merged);
}

/** The output's tables as packets, ready to be sent again and again. */
export class OutputTables {
  /** version_number of the PMT; -1 before the first. */
  version = -1;
  #body: Uint8Array = new Uint8Array(0);
  #packets: Uint8Array = new Uint8Array(0);
  #patCounter = 15;
  #pmtCounter = 15;

  /** Bytes of one PAT and PMT. */
  get length(): number {
    return this.#packets.length;
  }

  /** Describes another program; false, without effect, if it equals the current one. */
  describe(pcrPid: number, descriptors: Uint8Array, entries: readonly TableEntry[]): boolean {
    const body = pmtBody(pcrPid, descriptors, entries);
    if (this.version >= 0 && areEqual(body, this.#body)) return false;
    this.#body = body;
    this.version = (this.version + 1) & 0x1f;
    const pat = section(0x00, TRANSPORT_STREAM_ID, 0, patBody());
    const pmt = section(0x02, PROGRAM_NUMBER, this.version, body);
    const patBytes = packetsOf(pat.length) * PACKET_BYTES;
    this.#packets = new Uint8Array(patBytes + packetsOf(pmt.length) * PACKET_BYTES);
    packetize(pat, PAT_PID, this.#packets, 0);
    packetize(pmt, OUTPUT_PMT_PID, this.#packets, patBytes);
    return true;
  }

  /** Writes PAT and PMT at `at`, each packet with its next continuity_counter. */
  write(out: Uint8Array, at: number): void {
    out.set(this.#packets, at);
    for (let i = 0; i < this.#packets.length; i += PACKET_BYTES) {
      const counter = i === 0 ? ++this.#patCounter : ++this.#pmtCounter;
      out[at + i + 3] = 0x10 | (counter & 0x0f); // adaptation_field_control = '01', continuity_counter
    }
  }

  /** PAT and PMT for a new reader: they are not part of the stream, so the counters do not advance. */
  copy(): Uint8Array {
    const packets = this.#packets.slice();
    let pmtCounter = this.#pmtCounter - (packets.length / PACKET_BYTES - 2);
    for (let i = 0; i < packets.length; i += PACKET_BYTES) {
      packets[i + 3] = 0x10 | ((i === 0 ? this.#patCounter : pmtCounter++) & 0x0f);
    }
    return packets;
  }
}

function patBody(): Uint8Array {
  return Uint8Array.of(0, PROGRAM_NUMBER, 0xe0 | (OUTPUT_PMT_PID >> 8), OUTPUT_PMT_PID & 0xff); // reserved '111'
}

function pmtBody(pcrPid: number, descriptors: Uint8Array, entries: readonly TableEntry[]): Uint8Array {
  let size = 4 + descriptors.length;
  for (const entry of entries) size += entryBytes(entry.descriptors);
  const body = new Uint8Array(size);
  body[0] = 0xe0 | (pcrPid >> 8); // reserved '111', PCR_PID
  body[1] = pcrPid & 0xff;
  body[2] = 0xf0 | (descriptors.length >> 8); // reserved '1111', program_info_length
  body[3] = descriptors.length & 0xff;
  body.set(descriptors, 4);
  let at = 4 + descriptors.length;
  for (const entry of entries) {
    body[at] = entry.streamType; // stream_type
    body[at + 1] = 0xe0 | (entry.pid >> 8); // reserved '111', elementary_PID
    body[at + 2] = entry.pid & 0xff;
    body[at + 3] = 0xf0 | (entry.descriptors.length >> 8); // reserved '1111', ES_info_length
    body[at + 4] = entry.descriptors.length & 0xff;
    body.set(entry.descriptors, at + 5);
    at += entryBytes(entry.descriptors);
  }
  return body;
}

function section(tableId: number, id: number, version: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + body.length + 4);
  const length = bytes.length - 3; // section_length
  bytes[0] = tableId;
  bytes[1] = 0xb0 | (length >> 8); // section_syntax_indicator, '0', reserved '11'
  bytes[2] = length & 0xff;
  bytes[3] = id >> 8; // transport_stream_id or program_number
  bytes[4] = id & 0xff;
  bytes[5] = 0xc1 | (version << 1); // reserved '11', version_number, current_next_indicator
  bytes.set(body, 8); // section_number and last_section_number are 0
  const crc = crc32(bytes, 0, bytes.length - 4);
  for (let i = 0; i < 4; i++) bytes[bytes.length - 4 + i] = crc >>> (24 - 8 * i); // CRC_32
  return bytes;
}

function packetsOf(sectionBytes: number): number {
  return Math.ceil((1 + sectionBytes) / (PACKET_BYTES - 4)); // pointer_field
}

function packetize(bytes: Uint8Array, pid: number, out: Uint8Array, at: number): void {
  let start = 0x40; // payload_unit_start_indicator
  for (let from = 0; from < bytes.length; at += PACKET_BYTES) {
    out[at] = SYNC;
    out[at + 1] = start | (pid >> 8);
    out[at + 2] = pid & 0xff;
    const first = at + (start ? 5 : 4); // the first packet has a pointer_field, 0
    const some = bytes.subarray(from, from + at + PACKET_BYTES - first);
    out.set(some, first);
    out.fill(0xff, first + some.length, at + PACKET_BYTES); // stuffing
    from += some.length;
    start = 0;
  }
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
