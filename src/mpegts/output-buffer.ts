// The packets a push gives back: a copy of a message in which packets are left out and put in.
// Pure: no clock, no I/O.

import { PACKET_BYTES } from './packet.js';

const NOTHING = new Uint8Array(0);
const SPARE_BYTES = 4 * PACKET_BYTES;
/** Messages are carved out of pieces of this size: a fresh array for each costs 9 us, most of it zeroing and faults. */
const SLAB_BYTES = 1 << 18;
/** A message larger than this gets its own memory, so that little of a slab is left over. */
const LARGE_BYTES = SLAB_BYTES >> 2;

/** What is lent: one for all, so that it stays in the processor's cache. */
let lent: Uint8Array = new Uint8Array(1 << 17);
/** Room in front of a message that is lent. It costs nothing, and an array for each message that needs more would. */
let lentRoom = 16 * PACKET_BYTES;

let slab = NOTHING;
let slabUsed = 0;

function allocate(bytes: number): Uint8Array {
  if (bytes > LARGE_BYTES) return new Uint8Array(bytes);
  if (slabUsed + bytes > slab.length) {
    slab = new Uint8Array(SLAB_BYTES);
    slabUsed = 0;
  }
  slabUsed += bytes;
  return slab.subarray(slabUsed - bytes, slabUsed);
}

/**
 * The message is copied once; what is kept stays where it is, as long as nothing before it is left out. Packets to put
 * in go where others were left out or into room in front, and only if there is none is the message copied again.
 *
 *     room | sent so far | left out | not yet read
 *          begin         end        read
 */
export class OutputBuffer {
  bytes: Uint8Array = NOTHING;
  readonly #isLent: boolean;
  #begin = 0;
  #end = 0;
  #read = 0;

  /** @param isLent what `close` returns is good until the next `open` of any that lends: the memory is used again. */
  constructor(isLent: boolean) {
    this.#isLent = isLent;
  }

  /** Begins with a message and room for `room` bytes more. */
  open(data: Uint8Array, room: number): void {
    const front = this.#isLent ? Math.max(room, lentRoom) : room;
    this.bytes = this.#take(front + data.length);
    this.bytes.set(data, front);
    this.#begin = this.#end = this.#read = front;
  }

  /** Bytes that will be sent so far; what comes next has this offset in what `close` returns. */
  get length(): number {
    return this.#end - this.#begin;
  }

  /** Leaves the next packet of the message out. */
  skip(): void {
    this.#read += PACKET_BYTES;
  }

  /** Where the next packet of the message is in `bytes`; it may be changed there before it is kept. */
  get next(): number {
    return this.#read;
  }

  /** Keeps the next packet of the message, or several; where they are in `bytes`. */
  keep(bytes = PACKET_BYTES): number {
    const from = this.#read;
    this.#read += bytes;
    if (this.#begin === this.#end) this.#begin = this.#end = from;
    const at = this.#end;
    if (at !== from) this.bytes.copyWithin(at, from, from + bytes);
    this.#end = at + bytes;
    return at;
  }

  /** Makes room for `bytes` bytes before the next packet of the message; where it is in `bytes`. */
  insert(bytes: number): number {
    if (this.#begin === this.#end) this.#begin = this.#end = this.#read;
    const short = this.#end + bytes - this.#read;
    if (short > 0) {
      if (short > this.#begin) this.#grow(short + SPARE_BYTES);
      this.bytes.copyWithin(this.#begin - short, this.#begin, this.#end);
      this.#begin -= short;
      this.#end -= short;
    }
    const at = this.#end;
    this.#end += bytes;
    return at;
  }

  /** What is to be sent; `null` if nothing is. The buffer forgets it. */
  close(): Uint8Array | null {
    const sent = this.#end > this.#begin ? this.bytes.subarray(this.#begin, this.#end) : null;
    this.bytes = NOTHING;
    this.#begin = this.#end = this.#read = 0;
    return sent;
  }

  #grow(room: number): void {
    const larger = this.#isLent ? new Uint8Array(room + this.bytes.length) : allocate(room + this.bytes.length);
    larger.set(this.bytes, room);
    if (this.#isLent) {
      lent = larger;
      lentRoom += room; // the next message that needs as much finds it
    }
    this.bytes = larger;
    this.#begin += room;
    this.#end += room;
    this.#read += room;
  }

  #take(bytes: number): Uint8Array {
    if (!this.#isLent) return allocate(bytes);
    if (bytes > lent.length) lent = new Uint8Array(2 * bytes);
    return lent;
  }
}
