// Finds random access points that the multiplexer did not mark: not every encoder sets random_access_indicator.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.3.6 (PES header); the start of a picture is parsed in picture-head.ts.

import type { PictureSyntax } from '../codecs/picture-syntax.js';
import { hasPayload, PACKET_BYTES, payloadStart, readPid, startsUnit } from '../packet/packet.js';
import { hasPesHeader, PES_FIXED_BYTES, startsPes } from '../packet/pes.js';
import { MAX_HEAD_BYTES, PictureHead, type SequenceHeader } from './picture-head.js';
import { isPart } from './picture-part.js';

const head = new PictureHead();
let scratch: Uint8Array | null = null; // allocated on first use

/**
 * Whether the unit that starts in the packet at `at` can be decoded without earlier ones, judged by its payload;
 * `undefined`: `data` holds too little of it to decide.
 */
export function startsAccessPoint(
  syntax: PictureSyntax | null,
  data: Uint8Array,
  at: number,
  header: SequenceHeader = 'unknown',
): boolean | undefined {
  if (syntax === null) return false;
  const media = mediaStart(data, at);
  if (media === -1) return false;
  const end = at + PACKET_BYTES;
  if (media < end) {
    head.start(syntax, media, header);
    head.read(data, end);
    if (head.isAccess !== undefined) return head.isAccess;
  }
  scratch ??= new Uint8Array(MAX_HEAD_BYTES);
  const bytes = gather(data, at, media, scratch);
  if (!mayStartPicture(scratch, Math.abs(bytes))) return false;
  head.start(syntax, 0, header);
  head.read(scratch, Math.abs(bytes));
  return head.isAccess ?? (bytes < 0 || bytes === scratch.length ? false : undefined);
}

/** More zero bytes than ever precede a start code. */
const MANY_ZEROS = 16;

/** Whether a picture can start with these bytes: a start code after a few zeros; all zeros may still become one. */
function mayStartPicture(bytes: Uint8Array, length: number): boolean {
  let zeros = 0;
  while (zeros < length && bytes[zeros] === 0) zeros++;
  if (zeros === length) return length < MANY_ZEROS;
  return zeros >= 2 && bytes[zeros] === 1;
}

/**
 * The offset of the elementary stream in the packet at `at`, in which a PES packet starts: past the packet's end if it
 * starts in a later one; -1 if there is no readable PES header.
 */
export function mediaStart(data: Uint8Array, at: number): number {
  const from = payloadStart(data, at);
  if (from + PES_FIXED_BYTES > at + PACKET_BYTES || !startsPes(data, from)) return -1;
  return hasPesHeader(data[from + 3]!) ? from + PES_FIXED_BYTES + data[from + 8]! : from + 6;
}

/**
 * Copies the picture's bytes, as far as the message holds them, from `media` in its first packet on; how many there are, as a
 * negative number if those are all: the next one begins.
 */
function gather(data: Uint8Array, at: number, media: number, out: Uint8Array): number {
  const pid = readPid(data, at);
  let skip = media - payloadStart(data, at);
  let length = 0;
  for (let packet = at; packet + PACKET_BYTES <= data.length && length < out.length; packet += PACKET_BYTES) {
    if (readPid(data, packet) !== pid || !hasPayload(data, packet)) continue;
    if (packet !== at && startsUnit(data, packet)) {
      if (!isPart(data, at, data, packet)) return -length;
      skip = mediaStart(data, packet) - payloadStart(data, packet);
    }
    const from = payloadStart(data, packet) + skip;
    skip = Math.max(0, from - (packet + PACKET_BYTES));
    for (let i = from; i < packet + PACKET_BYTES && length < out.length; i++) out[length++] = data[i]!;
  }
  return length;
}
