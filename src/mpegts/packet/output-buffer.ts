// The packets that a push returns: a copy of a message with packets omitted and inserted.
// Pure: no clock, no I/O.

import { PACKET_BYTES } from './packet.js';

const NOTHING = new Uint8Array(0);
const SPARE_BYTES = 4 * PACKET_BYTES;
/** Messages are carved out of slabs of this size: a new array for each costs 9 us, mostly zeroing and page faults. */
const SLAB_BYTES = 1 << 18;
/** A message larger than this gets its own memory, so that little of a slab is wasted. */
const LARGE_BYTES = SLAB_BYTES >> 2;

/** Memory shared by all messages that are not kept: one buffer, so that it stays in the processor's cache. */
let sharedMemory: Uint8Array = new Uint8Array(1 << 17);
/** Room in front of a message in the shared buffer. It is free; a new array for each message that needs more is not. */
let sharedHeadroom = 16 * PACKET_BYTES;

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

/** How long a result is good: `lent` until the next message of any such buffer, whose memory is reused; `owned` for ever. */
export type ResultLifetime = 'lent' | 'owned';

/**
 * The message is copied once; kept packets stay in place unless earlier ones are omitted. Inserted packets use the space
 * of omitted ones or the room in front; only if both are too small is the message copied again.
 *
 *     room | sent so far | left out | not yet read
 *          begin         end        read
 */
export class OutputBuffer {
  bytes: Uint8Array = NOTHING;
  readonly #isShared: boolean;
  #start = 0;
  #end = 0;
  #read = 0;

  constructor(lifetime: ResultLifetime) {
    this.#isShared = lifetime === 'lent';
  }

  /** Opens a message, with room for `room` more bytes. */
  open(data: Uint8Array, room: number): void {
    const front = this.#isShared ? Math.max(room, sharedHeadroom) : room;
    this.bytes = this.#allocate(front + data.length);
    this.bytes.set(data, front);
    this.#start = this.#end = this.#read = front;
  }

  /** Bytes kept or inserted so far: the offset of the next byte in the result of `close`. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Omits the next packet of the message. */
  skip(): void {
    this.#read += PACKET_BYTES;
  }

  /** Offset of the message's next packet in `bytes`; it may be modified there before it is kept. */
  get nextAt(): number {
    return this.#read;
  }

  /** Keeps the next packet of the message, or several; returns their offset in `bytes`. */
  keep(bytes = PACKET_BYTES): number {
    const from = this.#read;
    this.#read += bytes;
    if (this.#start === this.#end) this.#start = this.#end = from;
    const at = this.#end;
    if (at !== from) this.bytes.copyWithin(at, from, from + bytes);
    this.#end = at + bytes;
    return at;
  }

  /** Makes room for `bytes` bytes before the next packet of the message; returns its offset in `bytes`. */
  insert(bytes: number): number {
    if (this.#start === this.#end) this.#start = this.#end = this.#read;
    const short = this.#end + bytes - this.#read;
    if (short > 0) {
      if (short > this.#start) this.#grow(short + SPARE_BYTES);
      this.bytes.copyWithin(this.#start - short, this.#start, this.#end);
      this.#start -= short;
      this.#end -= short;
    }
    const at = this.#end;
    this.#end += bytes;
    return at;
  }

  /** Returns the packets to send, `null` if there are none, and releases them. */
  close(): Uint8Array | null {
    const sent = this.#end > this.#start ? this.bytes.subarray(this.#start, this.#end) : null;
    this.bytes = NOTHING;
    this.#start = this.#end = this.#read = 0;
    return sent;
  }

  #grow(room: number): void {
    const larger = this.#isShared ? new Uint8Array(room + this.bytes.length) : allocate(room + this.bytes.length);
    larger.set(this.bytes, room);
    if (this.#isShared) {
      sharedMemory = larger;
      sharedHeadroom += room; // available to later messages that need as much
    }
    this.bytes = larger;
    this.#start += room;
    this.#end += room;
    this.#read += room;
  }

  #allocate(bytes: number): Uint8Array {
    if (!this.#isShared) return allocate(bytes);
    if (bytes > sharedMemory.length) sharedMemory = new Uint8Array(2 * bytes);
    return sharedMemory;
  }
}
