// Finds random access points that the multiplexer did not mark: not every encoder sets random_access_indicator.
// Pure: no clock, no I/O. ISO/IEC 13818-2 §6.2.2 (sequence header), ISO/IEC 14496-10 §7.4.1 and ISO/IEC 23008-2 §7.4.2
// (NAL units).

import { hasPayload, PACKET_BYTES, payloadStart, readPid, startsUnit } from './packet.js';
import { hasPesHeader, PES_FIXED_BYTES, startsPes } from './pes.js';

const MPEG1_VIDEO = 0x01;
const MPEG2_VIDEO = 0x02;
const H264 = 0x1b;
const HEVC = 0x24;

/** How far into a unit is looked: an encoder's SEI before the first slice may take most of a kilobyte. */
const scratch = new Uint8Array(4096);

/** Whether the unit that begins in the packet at `at` can be decoded without those before it, by what it carries. */
export function startsAccessPoint(streamType: number, data: Uint8Array, at: number): boolean {
  if (streamType !== H264 && streamType !== HEVC && streamType !== MPEG1_VIDEO && streamType !== MPEG2_VIDEO)
    return false;
  const from = payloadStart(data, at);
  const end = at + PACKET_BYTES;
  if (from + PES_FIXED_BYTES > end || !startsPes(data, from)) return false;
  const media = hasPesHeader(data[from + 3]!) ? from + PES_FIXED_BYTES + data[from + 8]! : from + 6;
  const verdict = media < end ? judge(streamType, data, media, end) : undefined;
  return verdict ?? judge(streamType, scratch, 0, gather(data, at, media)) ?? false;
}

/** What a picture begins with says whether it is a random access point; `undefined`: more bytes are needed. */
function judge(streamType: number, bytes: Uint8Array, from: number, end: number): boolean | undefined {
  for (let at = from; at + 3 < end; at++) {
    if (bytes[at] !== 0 || bytes[at + 1] !== 0 || bytes[at + 2] !== 1) continue; // start code prefix
    const code = bytes[at + 3]!;
    if (streamType === H264) {
      const type = code & 0x1f; // nal_unit_type
      if (type === 5 || type === 7) return true; // IDR slice, sequence parameter set
      if (type !== 6 && type !== 9) return false; // SEI and access unit delimiter may stand before either
    } else if (streamType === HEVC) {
      const type = (code >> 1) & 0x3f; // nal_unit_type
      if ((type >= 16 && type <= 23) || type === 32 || type === 33) return true; // IRAP, VPS, SPS
      if (type !== 35 && type !== 39) return false; // access unit delimiter, prefix SEI
    } else {
      return code === 0xb3; // sequence_header_code
    }
  }
  return undefined;
}

/** Copies the unit's bytes, as far as the message holds them, from `media` in its first packet on; how many there are. */
function gather(data: Uint8Array, at: number, media: number): number {
  const pid = readPid(data, at);
  let skip = media - payloadStart(data, at);
  let length = 0;
  for (let packet = at; packet + PACKET_BYTES <= data.length && length < scratch.length; packet += PACKET_BYTES) {
    if (readPid(data, packet) !== pid || !hasPayload(data, packet)) continue;
    if (packet !== at && startsUnit(data, packet)) break;
    const from = payloadStart(data, packet) + skip;
    skip = Math.max(0, from - (packet + PACKET_BYTES));
    for (let i = from; i < packet + PACKET_BYTES && length < scratch.length; i++) scratch[length++] = data[i]!;
  }
  return length;
}
