// The cache of a feed or stream for new readers: everything since its last random access point, so that a picture appears
// at once. All caches share reusable blocks of memory; when there are none left, the least recently used caches are
// evicted first.

import { Splicer } from '../../mpegts/splice/splicer.js';
import { START_TIMEOUTS } from './access-timeouts.js';
import { PACKET_BYTES } from '../../mpegts/packet/packet.js';
import type { Sink } from '../feed/sink.js';
import type { Message } from '../message.js';

/** Bytes of a block: as many whole packets as fit into a read of 64 KiB. */
export const BLOCK_BYTES = 348 * PACKET_BYTES;
/** The largest cache of one feed or stream. */
export const MAX_CACHED_BYTES = 8 * 1024 * 1024;
const MAX_BLOCKS = Math.floor(MAX_CACHED_BYTES / BLOCK_BYTES);
/**
 * How many caches are kept for feeds that never had a viewer. Caching takes a tenth of the time of a relay of hundreds of
 * feeds; there, a feed's first viewer waits for its next random access point, and from then on the feed is cached.
 */
const MAX_UNUSED_CACHES = 16;
/** The factor by which a cache reduces its next request after a refused one. */
const MODESTY = 0.95;

/** What a new reader starts with; `splicer` splits the messages that follow. */
export interface CachedStart {
  /** Whole packets: PAT, PMT, a random access point and everything since. Read-only. */
  readonly blocks: readonly Uint8Array[];
  readonly splicer: Splicer;
}

/** Allocates memory to caches. */
export class CacheBudget {
  readonly #maxBlocks: number;
  #allocated = 0;
  #uses = 0;
  readonly #free: Uint8Array[] = [];
  readonly #caches = new Set<GopCache>();
  readonly #unwatched = new Set<GopCache>();

  /** @param limit total bytes of all caches. */
  constructor(limit: number) {
    this.#maxBlocks = Math.floor(limit / BLOCK_BYTES);
  }

  /** Bytes that caches hold. */
  get used(): number {
    return (this.#allocated - this.#free.length) * BLOCK_BYTES;
  }

  /**
   * Allocates `count` more blocks to `cache`, if necessary from caches that were used less recently; false, and no block,
   * if there are not enough.
   */
  acquire(cache: GopCache, count: number): boolean {
    const isUnwatched = cache.lastUse === 0;
    if (isUnwatched && !this.#unwatched.has(cache) && this.#unwatched.size >= MAX_UNUSED_CACHES) return false;
    if (this.#freeBlocks < count && this.#freeBlocks + this.#usedBefore(cache) < count) return false; // evict no cache in vain
    while (this.#freeBlocks < count) {
      const least = this.#leastRecentlyUsed(cache);
      if (!least) return false;
      least.clear();
    }
    this.#caches.add(cache);
    if (isUnwatched) this.#unwatched.add(cache);
    for (let i = 0; i < count; i++) {
      const piece = this.#free.pop();
      if (!piece) this.#allocated++;
      cache.blocks.push(piece ?? new Uint8Array(BLOCK_BYTES));
    }
    return true;
  }

  /** Detaches the first `count` blocks from `cache`: readers hold them, so they are never reused. */
  detach(cache: GopCache, count: number): void {
    this.#allocated -= cache.blocks.splice(0, count).length;
  }

  /** Releases the blocks of `cache` except for the first `kept`. */
  release(cache: GopCache, kept: number): void {
    this.#free.push(...cache.blocks.splice(kept));
    if (kept > 0) return;
    this.#caches.delete(cache);
    this.#unwatched.delete(cache);
  }

  /** Marks `cache` as used now; returns a number that is higher for later uses. */
  touch(cache: GopCache): number {
    this.#unwatched.delete(cache);
    return ++this.#uses;
  }

  get #freeBlocks(): number {
    return this.#maxBlocks - this.#allocated + this.#free.length;
  }

  /** The number of blocks in caches that could be evicted for `cache`. */
  #usedBefore(cache: GopCache): number {
    let count = 0;
    for (const one of this.#caches) if (one.lastUse < cache.lastUse) count += one.blocks.length;
    return count;
  }

  #leastRecentlyUsed(than: GopCache): GopCache | null {
    let least = than;
    for (const cache of this.#caches) if (cache.lastUse < least.lastUse) least = cache;
    return least === than ? null : least;
  }
}

/** The cache of one feed or stream. */
export class GopCache implements Sink {
  /** When a reader last started from it, as {@link CacheBudget.touch} counts; 0: never. */
  lastUse = 0;
  /** Its blocks, filled in order. */
  readonly blocks: Uint8Array[] = [];

  readonly #budget: CacheBudget;
  #length = 0;
  readonly #splicer = new Splicer(START_TIMEOUTS);
  #isBare = false; // it starts before the first table
  #isFilling = false; // false: nothing is kept until the next random access point
  #lent = 0; // how many of the first blocks readers hold
  #likely = 1; // how many blocks a group of pictures will probably need

  constructor(budget: CacheBudget) {
    this.#budget = budget;
  }

  /** Bytes that a new reader would receive now. */
  get length(): number {
    return this.#length;
  }

  write(message: Message): void {
    if (message.kind !== 'ts') return;
    if (message.startsSource || message.accessPointOffset >= 0) this.#restart(message);
    else if (this.#isBare && hasTables(message)) this.clear(); // a start without tables is of no use once there are some
    if (!this.#isFilling) return;
    const splicer = this.#splicer;
    if (splicer.isDone) this.#append(message.data);
    else {
      const { incoming } = splicer.splice(message.data, message.accessPointOffset, message.facts, performance.now());
      if (incoming) this.#append(incoming);
    }
  }

  /** The start for a new reader; `null`: there is no random access point to start at. */
  join(): CachedStart | null {
    this.lastUse = this.#budget.touch(this);
    if (!this.#isFilling || this.#length === 0) return null;
    // Full blocks are not written again: all readers share them, however slowly they read. The last one is copied.
    const full = Math.floor(this.#length / BLOCK_BYTES);
    this.#lent = Math.max(this.#lent, full);
    const pieces = this.blocks.slice(0, full);
    const rest = this.#length - full * BLOCK_BYTES;
    if (rest > 0) pieces.push(new Uint8Array(this.blocks[full]!.subarray(0, rest)));
    return { blocks: pieces, splicer: this.#splicer.fork(performance.now()) };
  }

  /** Discards everything and holds no memory until the next random access point. */
  clear(): void {
    this.#isFilling = false;
    this.#discard();
    this.#budget.release(this, 0);
  }

  /** Starts a new group of pictures; or a new source, whose first group has not started yet. */
  #restart(message: Message): void {
    if (this.#length > 0) this.#likely = Math.ceil(this.#length / BLOCK_BYTES);
    this.#discard();
    if (message.accessPointOffset < 0) {
      this.clear();
      return;
    }
    const wanted = Math.max(1, Math.floor(this.#likely));
    if (this.blocks.length > wanted) this.#budget.release(this, wanted);
    // A group that does not fit is not cached at all; the next request is a little smaller.
    if (this.blocks.length === wanted || this.#budget.acquire(this, wanted - this.blocks.length)) {
      this.#splicer.restart();
      this.#isFilling = true;
      this.#isBare = !hasTables(message);
    } else {
      this.#likely *= MODESTY;
      this.clear();
    }
  }

  #discard(): void {
    this.#length = 0;
    this.#budget.detach(this, this.#lent);
    this.#lent = 0;
  }

  #append(data: Uint8Array): void {
    for (let from = 0; from < data.length;) {
      const index = Math.floor(this.#length / BLOCK_BYTES);
      if (index === this.blocks.length && !(index < MAX_BLOCKS && this.#budget.acquire(this, 1))) {
        this.#likely = Math.min(2 * index, MAX_BLOCKS);
        this.clear();
        return;
      }
      const at = this.#length - index * BLOCK_BYTES;
      const bytes = Math.min(data.length - from, BLOCK_BYTES - at);
      this.blocks[index]!.set(bytes === data.length ? data : data.subarray(from, from + bytes), at);
      from += bytes;
      this.#length += bytes;
    }
  }
}

/** Whether at least a PAT has been received. */
function hasTables({ facts }: Message): boolean {
  return facts === null || facts.keyPid >= 0 || facts.awaitsTables === true;
}
