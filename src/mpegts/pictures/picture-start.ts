// Makes the picture at which a reader starts decodable: packets of it that came with earlier messages go in front, and
// missing parameter sets are inserted. Done once for each start; everything here is copied.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.3.3, §2.4.3.7; ISO/IEC 14496-10 §7.4.1.2.3 (order of NAL units).

import { mediaStart } from './access-point.js';
import { hasPayload, PACKET_BYTES, payloadStart, readCounter, readPid, startsUnit, SYNC } from '../packet/packet.js';
import { concatenate } from '../packet/packet-runs.js';
import type { ParameterSets } from './parameter-sets.js';
import { MAX_HEAD_BYTES, PictureHead } from './picture-head.js';
import { isPart } from './picture-part.js';

const PAYLOAD_BYTES = PACKET_BYTES - 4;
const MAX_PES_LENGTH = 0xffff;

// Reused for each start: every cache makes one at every random access point.
const head = new PictureHead();
const gathered = new Uint8Array(MAX_HEAD_BYTES);

/** What has to be known about the picture of a start. */
export interface PictureContext {
  /** The PID of the track whose random access points are used; -1 if unknown. */
  readonly keyPid: number;
  readonly parameterSets?: ParameterSets | null;
}

/**
 * Returns the part of a message that a reader receives if it starts at `from`: the rest of the message itself if nothing
 * has to be inserted. `opening`: the packets of the random access point at `from` that came with earlier messages; `null`:
 * there are none.
 */
export function startPicture(
  data: Uint8Array,
  from: number,
  facts: PictureContext,
  opening: Uint8Array | null,
): Uint8Array {
  const rest = data.subarray(from);
  const packets = opening ? concatenate([opening, rest]) : rest;
  const sets = facts.parameterSets;
  if (!sets || sets.isEmpty || facts.keyPid < 0) return packets;
  return withSets(packets, facts.keyPid, sets, 'whole')!; // undefined only of a partial picture
}

/**
 * Returns the packets with the parameter sets that the first picture of `pid` lacks, or unchanged if it lacks none.
 * Undefined: too little of a partial picture is available to decide; more of a `whole` one does not come.
 */
export function withSets(
  packets: Uint8Array,
  pid: number,
  sets: ParameterSets,
  picture: 'whole' | 'partial',
): Uint8Array | undefined {
  let first = 0;
  while (first < packets.length && !(readPid(packets, first) === pid && startsUnit(packets, first))) {
    first += PACKET_BYTES;
  }
  if (first >= packets.length || !hasPayload(packets, first)) return packets;
  const media = mediaStart(packets, first);
  if (media === -1 || (packets[first + 3]! & 0xc0) !== 0) return packets; // transport_scrambling_control
  // Usually the picture's first packet contains all of them.
  head.start(sets.syntax!, media, 'known'); // it has sets, so it has a syntax
  head.read(packets, first + PACKET_BYTES);
  if (sets.areIn(packets, head)) return packets;
  const unit = gather(packets, first, pid);
  head.start(sets.syntax!, media - payloadStart(packets, first), 'known');
  head.read(unit.bytes, unit.bytes.length);
  const missing = sets.missingFrom(unit.bytes, head);
  if (missing === null) return packets;
  if (!head.isOver && picture === 'partial') return undefined;
  return insert(packets, unit, head.insertAt, missing);
}

/** The first bytes of a picture, good until the next is gathered, and where in `packets` each of its packets is. */
interface GatheredUnit {
  readonly bytes: Uint8Array;
  readonly packets: readonly number[];
  /** Where the bytes of each packet begin: those of another PES packet behind its header. */
  readonly from: readonly number[];
}

function gather(packets: Uint8Array, first: number, pid: number): GatheredUnit {
  const bytes = gathered;
  const places: number[] = [];
  const from: number[] = [];
  let length = 0;
  for (let at = first; at < packets.length && length < bytes.length; at += PACKET_BYTES) {
    if (readPid(packets, at) !== pid || !hasPayload(packets, at)) continue;
    const begins = at !== first && startsUnit(packets, at);
    if (begins && !isPart(packets, first, packets, at)) break;
    const start = begins ? mediaStart(packets, at) : payloadStart(packets, at);
    places.push(at);
    from.push(start);
    const some = packets.subarray(start, at + PACKET_BYTES).subarray(0, bytes.length - length);
    bytes.set(some, length);
    length += some.length;
  }
  return { bytes: bytes.subarray(0, length), packets: places, from };
}

/**
 * Inserts `sets` at `insertAt` of the unit. The packet at this position becomes several. The last of them keeps its
 * continuity_counter; those before it, the unit's earlier packets included, are numbered backwards, so that later packets
 * stay unchanged.
 */
function insert(packets: Uint8Array, unit: GatheredUnit, insertAt: number, sets: Uint8Array): Uint8Array {
  let before = 0; // bytes of the picture in packets before this one
  let index = 0;
  for (; index < unit.packets.length; index++) {
    const bytes = unit.packets[index]! + PACKET_BYTES - unit.from[index]!;
    if (insertAt <= before + bytes) break;
    before += bytes;
  }
  const place = unit.packets[index];
  if (place === undefined) return packets; // the PES header alone is longer than the available bytes
  const more = Math.ceil(sets.length / PAYLOAD_BYTES);
  const added = more * PACKET_BYTES;
  const out = new Uint8Array(packets.length + added);
  out.set(packets.subarray(0, place + PACKET_BYTES));
  out.set(packets.subarray(place + PACKET_BYTES), place + PACKET_BYTES + added);
  for (const at of unit.packets.slice(0, index + 1)) {
    out[at + 3] = (out[at + 3]! & 0xf0) | ((readCounter(out, at) - more) & 0x0f);
  }
  const payload = payloadStart(packets, place);
  const split = unit.from[index]! + insertAt - before;
  const content = concatenate([packets.subarray(payload, split), sets, packets.subarray(split, place + PACKET_BYTES)]);
  const kept = place + PACKET_BYTES - payload; // the first packet stays full
  out.set(content.subarray(0, kept), payload);
  correctLength(
    out,
    unit.packets.findLast((at, i) => i <= index && startsUnit(packets, at))!,
    sets.length,
  ); // the first does
  fill(out, place, content.subarray(kept), more);
  return out;
}

/** Writes the packets after the one at `place`, continuing its counter; stuffing fills up the last one. */
function fill(out: Uint8Array, place: number, content: Uint8Array, count: number): void {
  let from = 0;
  for (let i = 1; i <= count; i++) {
    const at = place + i * PACKET_BYTES;
    const some = content.subarray(from, from + PAYLOAD_BYTES);
    from += some.length;
    const stuffing = PAYLOAD_BYTES - some.length;
    out[at] = SYNC;
    out[at + 1] = out[place + 1]! & 0x3f; // transport_priority, PID
    out[at + 2] = out[place + 2]!;
    out[at + 3] = (stuffing > 0 ? 0x30 : 0x10) | ((readCounter(out, place) + i) & 0x0f); // adaptation_field_control
    if (stuffing > 0) {
      out.fill(0xff, at + 4, at + 4 + stuffing); // stuffing_byte
      out[at + 4] = stuffing - 1; // adaptation_field_length
      if (stuffing > 1) out[at + 5] = 0; // no flags
    }
    out.set(some, at + 4 + stuffing);
  }
}

/**
 * Adds `more` to PES_packet_length of the unit that starts in the packet at `at`, unless it is 0: unspecified (§2.4.3.7).
 */
function correctLength(out: Uint8Array, at: number, more: number): void {
  const pes = payloadStart(out, at);
  const length = (out[pes + 4]! << 8) | out[pes + 5]!;
  if (length === 0) return;
  const corrected = length + more > MAX_PES_LENGTH ? 0 : length + more;
  out[pes + 4] = corrected >> 8;
  out[pes + 5] = corrected & 0xff;
}
