// The cache of a feed or stream for new readers: everything since its last random access point, so that a picture appears
// at once. All caches share reusable blocks of memory; when there are none left, the least recently used caches are
// evicted first.

import { Splicer, JOIN_PATIENCE } from '../mpegts/handover.js';
import { PACKET_BYTES } from '../mpegts/packet.js';
import type { Sink } from './feed.js';
import type { Message } from './message.js';

/** Bytes of a block: as many whole packets as fit into a read of 64 KiB. */
export const PIECE_BYTES = 348 * PACKET_BYTES;
/** The largest cache of one feed or stream. */
export const MOST_CACHED_BYTES = 8 * 1024 * 1024;
const MOST_PIECES = Math.floor(MOST_CACHED_BYTES / PIECE_BYTES);
/**
 * How many caches are kept for feeds that never had a viewer. Caching takes a tenth of the time of a relay of hundreds of
 * feeds; there, a feed's first viewer waits for its next random access point, and from then on the feed is cached.
 */
const MOST_UNWATCHED = 16;
/** The factor by which a cache reduces its next request after a refused one. */
const MODESTY = 0.95;

/** What a new reader starts with; `handover` splits the messages that follow. */
export interface CachedStart {
  /** Whole packets: PAT, PMT, a random access point and everything since. Read-only. */
  readonly pieces: readonly Uint8Array[];
  readonly handover: Splicer;
}

/** Allocates memory to caches. */
export class CacheBudget {
  readonly #most: number;
  #made = 0;
  #watches = 0;
  readonly #free: Uint8Array[] = [];
  readonly #caches = new Set<GopCache>();
  readonly #unwatched = new Set<GopCache>();

  /** @param limit total bytes of all caches. */
  constructor(limit: number) {
    this.#most = Math.floor(limit / PIECE_BYTES);
  }

  /** Bytes that caches hold. */
  get used(): number {
    return (this.#made - this.#free.length) * PIECE_BYTES;
  }

  /**
   * Allocates `count` more blocks to `cache`, if necessary from caches that were used less recently; false, and no block,
   * if there are not enough.
   */
  take(cache: GopCache, count: number): boolean {
    const isUnwatched = cache.lastWatch === 0;
    if (isUnwatched && !this.#unwatched.has(cache) && this.#unwatched.size >= MOST_UNWATCHED) return false;
    if (this.#left < count && this.#left + this.#watchedBefore(cache) < count) return false; // evict no cache in vain
    while (this.#left < count) {
      const least = this.#leastWatched(cache);
      if (!least) return false;
      least.clear();
    }
    this.#caches.add(cache);
    if (isUnwatched) this.#unwatched.add(cache);
    for (let i = 0; i < count; i++) {
      const piece = this.#free.pop();
      if (!piece) this.#made++;
      cache.pieces.push(piece ?? new Uint8Array(PIECE_BYTES));
    }
    return true;
  }

  /** Detaches the first `count` blocks from `cache`: readers hold them, so they are never reused. */
  letGo(cache: GopCache, count: number): void {
    this.#made -= cache.pieces.splice(0, count).length;
  }

  /** Releases the blocks of `cache` except for the first `kept`. */
  giveBack(cache: GopCache, kept: number): void {
    this.#free.push(...cache.pieces.splice(kept));
    if (kept > 0) return;
    this.#caches.delete(cache);
    this.#unwatched.delete(cache);
  }

  /** Marks `cache` as used now; returns a number that is higher for later uses. */
  noteWatch(cache: GopCache): number {
    this.#unwatched.delete(cache);
    return ++this.#watches;
  }

  get #left(): number {
    return this.#most - this.#made + this.#free.length;
  }

  /** The number of blocks in caches that could be evicted for `cache`. */
  #watchedBefore(cache: GopCache): number {
    let count = 0;
    for (const one of this.#caches) if (one.lastWatch < cache.lastWatch) count += one.pieces.length;
    return count;
  }

  #leastWatched(than: GopCache): GopCache | null {
    let least = than;
    for (const cache of this.#caches) if (cache.lastWatch < least.lastWatch) least = cache;
    return least === than ? null : least;
  }
}

/** The cache of one feed or stream. */
export class GopCache implements Sink {
  /** When a reader last started from it, as {@link CacheBudget.noteWatch} counts; 0: never. */
  lastWatch = 0;
  /** Its blocks, filled in order. */
  readonly pieces: Uint8Array[] = [];

  readonly #budget: CacheBudget;
  #length = 0;
  readonly #handover = new Splicer(JOIN_PATIENCE);
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
    if (message.begins || message.joinAt >= 0) this.#restart(message);
    else if (this.#isBare && hasTables(message)) this.clear(); // a start without tables is of no use once there are some
    if (!this.#isFilling) return;
    const handover = this.#handover;
    if (handover.isDone) this.#append(message.data);
    else {
      const { incoming } = handover.splice(message.data, message.joinAt, message.facts, performance.now());
      if (incoming) this.#append(incoming);
    }
  }

  /** The start for a new reader; `null`: there is no random access point to start at. */
  join(): CachedStart | null {
    this.lastWatch = this.#budget.noteWatch(this);
    if (!this.#isFilling || this.#length === 0) return null;
    // Full blocks are not written again: all readers share them, however slowly they read. The last one is copied.
    const full = Math.floor(this.#length / PIECE_BYTES);
    this.#lent = Math.max(this.#lent, full);
    const pieces = this.pieces.slice(0, full);
    const rest = this.#length - full * PIECE_BYTES;
    if (rest > 0) pieces.push(new Uint8Array(this.pieces[full]!.subarray(0, rest)));
    return { pieces, handover: this.#handover.fork(performance.now()) };
  }

  /** Discards everything and holds no memory until the next random access point. */
  clear(): void {
    this.#isFilling = false;
    this.#forget();
    this.#budget.giveBack(this, 0);
  }

  /** Starts a new group of pictures; or a new source, whose first group has not started yet. */
  #restart(message: Message): void {
    if (this.#length > 0) this.#likely = Math.ceil(this.#length / PIECE_BYTES);
    this.#forget();
    if (message.joinAt < 0) {
      this.clear();
      return;
    }
    const wanted = Math.max(1, Math.floor(this.#likely));
    if (this.pieces.length > wanted) this.#budget.giveBack(this, wanted);
    // A group that does not fit is not cached at all; the next request is a little smaller.
    if (this.pieces.length === wanted || this.#budget.take(this, wanted - this.pieces.length)) {
      this.#handover.restart();
      this.#isFilling = true;
      this.#isBare = !hasTables(message);
    } else {
      this.#likely *= MODESTY;
      this.clear();
    }
  }

  #forget(): void {
    this.#length = 0;
    this.#budget.letGo(this, this.#lent);
    this.#lent = 0;
  }

  #append(data: Uint8Array): void {
    for (let from = 0; from < data.length;) {
      const index = Math.floor(this.#length / PIECE_BYTES);
      if (index === this.pieces.length && !(index < MOST_PIECES && this.#budget.take(this, 1))) {
        this.#likely = Math.min(2 * index, MOST_PIECES);
        this.clear();
        return;
      }
      const at = this.#length - index * PIECE_BYTES;
      const bytes = Math.min(data.length - from, PIECE_BYTES - at);
      this.pieces[index]!.set(bytes === data.length ? data : data.subarray(from, from + bytes), at);
      from += bytes;
      this.#length += bytes;
    }
  }
}

/** Whether at least a PAT has been received. */
function hasTables({ facts }: Message): boolean {
  return facts === null || facts.keyPid >= 0 || facts.awaitsTables === true;
}
