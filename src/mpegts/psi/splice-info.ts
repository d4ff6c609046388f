// Adjusts the times in SCTE-35 splice_info_sections when the feed's timestamps are mapped.
// Pure: no clock, no I/O. ANSI/SCTE 35 §9.6 (pts_adjustment is added to every time inside); ISO/IEC 13818-1 §2.4.4.

import { crc32 } from './crc32.js';
import { append } from '../packet/packet-runs.js';
import { PACKET_BYTES, payloadStart, startsUnit } from '../packet/packet.js';
import { wrapTicks } from '../packet/timestamp.js';

const SPLICE_INFO_SECTION = 0xfc; // table_id
const STUFFING = 0xff;
const MIN_BYTES = 20;
const HEADER_BYTES = 3;

/** The most packets that are held: the longest section has 4,096 bytes, and may start after the end of another. */
const MAX_HELD = 46;

/** A track's held packets. */
export interface HeldPackets {
  held: Uint8Array | null;
  /** Packets lost before the first of these. */
  heldLost: number;
}

/**
 * Adds the packet at `at` of a track of splice_info_sections, before which `lost` packets were lost. Returns the packets to
 * send now, unchanged; `null` while a section is incomplete. The first packet held starts a section.
 */
export function holdSpliceInfo(track: HeldPackets, data: Uint8Array, at: number, lost: number): Uint8Array | null {
  const isBroken = track.held !== null && lost > 0; // the section is incomplete
  track.heldLost = lost + (track.held ? track.heldLost : 0);
  const packets = append(track.held, data, at);
  const isOver = isBroken || packets.length >= MAX_HELD * PACKET_BYTES || !walkSections(packets, () => undefined);
  track.held = isOver ? null : packets;
  return isOver ? packets : null;
}

/**
 * Adds `ticks` to pts_adjustment of the sections in the packets of one PID, and recomputes their CRC_32. Damaged or
 * incomplete sections are left unchanged. Returns how many were changed.
 */
export function shiftSpliceTimes(packets: Uint8Array, ticks: number): number {
  let moved = 0;
  walkSections(packets, (section) => {
    if (shiftSection(packets, section, ticks)) moved++;
  });
  return moved;
}

/** Passes the offsets of each complete section's bytes to `take`; returns whether an incomplete one is left. */
function walkSections(data: Uint8Array, take: (section: readonly number[]) => void): boolean {
  let section: number[] = [];
  let isOpen = false; // false: bytes before the next pointer_field belong to no section that started here
  const collect = (begin: number, end: number): void => {
    for (let at = begin; at < end && isOpen; at++) {
      if (section.length === 0 && data[at] === STUFFING) isOpen = false;
      else section.push(at);
      if (section.length < HEADER_BYTES || section.length < HEADER_BYTES + sectionLength(data, section)) continue;
      take(section);
      section = [];
    }
  };
  for (let at = 0; at < data.length; at += PACKET_BYTES) {
    const payload = payloadStart(data, at);
    const end = at + PACKET_BYTES;
    if (payload >= end) continue;
    if (!startsUnit(data, at)) {
      collect(payload, end);
      continue;
    }
    const begin = Math.min(end, payload + 1 + data[payload]!); // pointer_field
    collect(payload + 1, begin);
    section = [];
    isOpen = true;
    collect(begin, end);
  }
  return isOpen && section.length > 0;
}

function sectionLength(data: Uint8Array, section: readonly number[]): number {
  return ((data[section[1]!]! & 0x0f) << 8) | data[section[2]!]!;
}

function shiftSection(data: Uint8Array, section: readonly number[], ticks: number): boolean {
  if (data[section[0]!] !== SPLICE_INFO_SECTION || section.length < MIN_BYTES) return false;
  const bytes = Uint8Array.from(section, (at) => data[at]!);
  if (crc32(bytes, 0, bytes.length) !== 0) return false;
  const low = ((bytes[5]! << 24) | (bytes[6]! << 16) | (bytes[7]! << 8) | bytes[8]!) >>> 0;
  const moved = wrapTicks(Math.round((bytes[4]! & 0x01) * 2 ** 32 + low + ticks)); // pts_adjustment
  bytes[4] = (bytes[4]! & 0xfe) | (moved >= 2 ** 32 ? 1 : 0); // encryption bits unchanged, bit 32
  writeWord(bytes, 5, moved % 2 ** 32);
  writeWord(bytes, bytes.length - 4, crc32(bytes, 0, bytes.length - 4));
  section.forEach((at, i) => (data[at] = bytes[i]!));
  return true;
}

function writeWord(data: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 4; i++) data[at + i] = Math.floor(value / 2 ** (24 - 8 * i));
}
