// Finds the random access points of one video track, however its packets are split into messages, and keeps its parameter
// sets.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.3.4 (random_access_indicator).

import { mediaStart } from './access-point.js';
import type { PictureSyntax } from '../codecs/picture-syntax.js';
import { PACKET_BYTES, RANDOM_ACCESS, startsUnit } from '../packet/packet.js';
import { ParameterSets } from './parameter-sets.js';
import { MAX_HEAD_BYTES, PictureHead } from './picture-head.js';
import { continuesPicture, hasWholeHeader, isStamped } from './picture-part.js';
import { UnitStart } from '../packet/unit-start.js';

/** Packets that can hold a picture's header; adaptation fields may add a few. */
const MAX_PACKETS = Math.ceil(MAX_HEAD_BYTES / (PACKET_BYTES - 4)) + 4;

/** {@link AccessPointSearch.startUnit} and {@link AccessPointSearch.continueUnit} return it if no random access point was found. */
export const NO_ACCESS = -1;

/** Receives the start of a picture that carries parameter sets: its bytes from `from` up to `end`. */
export type HeadReader = (bytes: Uint8Array, from: number, end: number) => void;

/**
 * Inspects each packet in which a picture starts and those that follow, up to the picture's first slice: parameter sets
 * come before it. One packet is usually enough. If a message ends before it is known whether decoding can start with a
 * picture, or which parameter sets it lacks, its packets are kept: a start found in a later message begins with them.
 *
 *   (a unit starts) ─┬─ first slice, no access point ─▶ idle
 *                    ├─ access point, nothing undecided ──▶ reading ──(first slice)──▶ idle
 *                    └─ not known yet ─▶ waiting ──(known, or the unit has ended)──▶ reading or idle
 */
export class AccessPointSearch {
  readonly sets = new ParameterSets();
  /** Packets of this message's first access point that came with earlier messages; `null`: it starts in this one. */
  opening: Uint8Array | null = null;
  /** Whether units have come that have a PTS. */
  hasStamps = false;

  readonly #read: HeadReader;
  readonly #head = new PictureHead();
  #syntax: PictureSyntax | null = null;
  #state: 'idle' | 'reading' | 'waiting' = 'idle';
  #isMarked = false;
  #canStart = true; // decoding can start with the unit at hand, if it is an access point
  #unit: UnitStart | null = null; // made when first needed, as #packets is
  #packets: Uint8Array | null = null;
  #keptPackets = 0; // bytes of #packets
  #keptBefore = 0; // of these, bytes from earlier messages
  #unitStartAt = 0; // in this message

  constructor(read: HeadReader) {
    this.#read = read;
  }

  /** Forgets everything, for another source or track. `syntax`: `null` if its pictures cannot be parsed. */
  reset(syntax: PictureSyntax | null): void {
    this.#syntax = syntax;
    this.sets.reset(syntax);
    this.#state = 'idle';
    this.hasStamps = false;
    this.opening = null;
  }

  /** Whether pictures of this track are parsed at all. */
  get isReading(): boolean {
    return this.#syntax !== null;
  }

  /** Whether it is still undecided if the latest unit is an access point. */
  get isWaiting(): boolean {
    return this.#state === 'waiting';
  }

  /** Where the undecided unit starts in this message, 0 if in an earlier one; {@link NO_ACCESS}: no unit is undecided. */
  get waitingFrom(): number {
    return this.isWaiting ? this.#unitStartAt : NO_ACCESS;
  }

  /** Whether the track's next packet is needed even if no unit starts in it. */
  get needsContinuation(): boolean {
    return this.#state !== 'idle';
  }

  /** Starts the next message. */
  nextMessage(): void {
    this.opening = null;
    if (this.#state !== 'waiting') return;
    this.#keptBefore = this.#keptPackets;
    this.#unitStartAt = 0;
  }

  /** Whether the PES packet that begins in the packet at `at` is more of the picture that is looked at: then that goes on. */
  isPart(data: Uint8Array, at: number): boolean {
    if (this.#state === 'idle') return false;
    const { bytes, length } = this.#unit!; // there since it is busy
    return hasWholeHeader(bytes, 0, length) && continuesPicture(bytes, 0, data, at);
  }

  /**
   * A unit starts in the packet at `at`, whose adaptation field has these flags. Returns the offset of a random access point found with it, 0 for one that
   * started in an earlier message, or {@link NO_ACCESS}. The previous unit may be one, too: call `endUnit` first.
   */
  startUnit(data: Uint8Array, at: number, flags: number): number {
    const isMarked = (flags & RANDOM_ACCESS) !== 0;
    if (this.#syntax === null) return isMarked ? at : NO_ACCESS;
    const media = mediaStart(data, at);
    if (media === -1 || (data[at + 1]! & 0x80) !== 0 || (data[at + 3]! & 0xc0) !== 0) return isMarked ? at : NO_ACCESS;
    const head = this.#head;
    const end = at + PACKET_BYTES;
    this.#isMarked = isMarked;
    this.#canStart = this.#mayStart(data, at);
    if (media < end) {
      head.start(this.#syntax, media, this.sets.header);
      head.read(data, end);
      if (head.isOver) {
        if (head.count > 0) this.#append(data, media, end);
        return this.#isStart() ? at : NO_ACCESS;
      }
    }
    this.#unit ??= new UnitStart(MAX_HEAD_BYTES);
    if (!this.#unit.start(data, at)) return isMarked ? at : NO_ACCESS;
    this.#unitStartAt = at;
    this.#keptPackets = this.#keptBefore = 0;
    this.#state = 'waiting';
    const { length, mediaStart: from } = this.#unit;
    head.start(this.#syntax, from === -1 ? media - end + length : from, this.sets.header);
    head.read(this.#unit.bytes, length);
    this.#keep(data, at);
    return this.#decide();
  }

  /**
   * The unit goes on in the packet at `at`, maybe with another PES packet (see {@link isPart}). Returns as {@link startUnit} does.
   */
  continueUnit(data: Uint8Array, at: number, flags: number): number {
    const unit = this.#unit!; // there since it is busy
    if ((flags & RANDOM_ACCESS) !== 0 && startsUnit(data, at)) this.#isMarked = true;
    if (this.#state === 'waiting' && !this.#keep(data, at)) return this.#end();
    if (!(startsUnit(data, at) ? unit.addPart(data, at) : unit.add(data, at))) return this.#end();
    this.#head.read(unit.bytes, unit.length);
    return this.#head.isOver || unit.isFull ? this.#end() : this.#decide();
  }

  /** Ends the current unit because another starts. Returns the same as {@link startUnit}. */
  endUnit(): number {
    if (this.#state === 'idle') return NO_ACCESS;
    this.#head.finish(this.#unit!.bytes, this.#unit!.length); // there since it is busy
    return this.#end();
  }

  /** Whether the unit at `at` may be a start. Where all pictures of a codec have a PTS, what has none is more of the one before. */
  #mayStart(data: Uint8Array, at: number): boolean {
    const hasStamp = isStamped(data, at);
    this.hasStamps ||= hasStamp;
    return hasStamp || !this.hasStamps || this.#syntax?.isInNalUnits !== true;
  }

  #isStart(): boolean {
    return this.#canStart && (this.#head.isAccess === true || (this.#isMarked && !this.#head.isPart));
  }

  /** No more is read of the unit that is looked at. */
  #end(): number {
    const { bytes, length, mediaStart: from } = this.#unit!; // there since it is busy
    if (from !== -1 && this.#head.count > 0) this.#append(bytes, from, length);
    const isAccess = this.#state === 'waiting' && this.#isStart();
    this.#state = 'idle';
    return isAccess ? this.#found() : NO_ACCESS;
  }

  /** Whether it is decided that decoding can start here, and which parameter sets there are. */
  #decide(): number {
    if (this.#state !== 'waiting' || !this.#isStart()) return NO_ACCESS;
    if (!this.sets.areIn(this.#unit!.bytes, this.#head)) return NO_ACCESS;
    this.#state = 'reading';
    return this.#found();
  }

  #found(): number {
    // A copy, not a view: another unit may start in this message.
    if (this.#keptBefore > 0) this.opening ??= this.#packets!.slice(0, this.#keptBefore);
    return this.#unitStartAt;
  }

  #append(bytes: Uint8Array, from: number, end: number): void {
    this.sets.store(bytes, this.#head);
    this.#read(bytes, from, end);
  }

  /** Keeps the packet at `at`; false if there is no room, as with packets that carry almost nothing. */
  #keep(data: Uint8Array, at: number): boolean {
    this.#packets ??= new Uint8Array(MAX_PACKETS * PACKET_BYTES);
    const packets = this.#packets;
    if (this.#keptPackets === packets.length) return false;
    for (let i = 0; i < PACKET_BYTES; i++) packets[this.#keptPackets + i] = data[at + i]!;
    this.#keptPackets += PACKET_BYTES;
    return true;
  }
}
