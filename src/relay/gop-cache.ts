// What a feed or stream keeps for whoever joins: everything since its last random access point, so that a picture
// appears at once. All caches share one limit; the ones that nobody has watched for longest go first.

import { Handover, JOIN_PATIENCE } from '../mpegts/handover.js';
import type { Sink } from './feed.js';
import type { Message } from './message.js';

/** The most that is kept of one feed or stream. */
export const MOST_CACHED_BYTES = 8 * 1024 * 1024;
const FIRST_BYTES = 1 << 16;

/** Who joins begins with these packets, and goes on with `handover`. */
export interface CachedStart {
  /** Whole packets: PAT, PMT, a random access point and what came since. In memory of its own. */
  readonly data: Uint8Array;
  readonly handover: Handover;
}

/** Shares memory out between caches. */
export class CacheBudget {
  #used = 0;
  #watches = 0;
  readonly #caches = new Set<GopCache>();

  /** @param limit bytes of all caches together. */
  constructor(readonly limit: number) {}

  /** Bytes taken by caches. */
  get used(): number {
    return this.#used;
  }

  /** Takes `bytes` more for `cache`, from caches that were watched before it if need be; false if there is no room. */
  take(cache: GopCache, bytes: number): boolean {
    while (this.#used + bytes > this.limit) {
      const least = this.#leastWatched(cache);
      if (!least) return false;
      least.clear();
    }
    this.#used += bytes;
    this.#caches.add(cache);
    return true;
  }

  give(cache: GopCache, bytes: number): void {
    this.#used -= bytes;
    if (cache.heldBytes === bytes) this.#caches.delete(cache);
  }

  /** The next number of a watch: later ones are higher. */
  nextWatch(): number {
    return ++this.#watches;
  }

  #leastWatched(than: GopCache): GopCache | null {
    let least: GopCache | null = null;
    for (const cache of this.#caches) {
      if (cache !== than && cache.lastWatch < (least ?? than).lastWatch) least = cache;
    }
    return least;
  }
}

/** The cache of one feed or stream. */
export class GopCache implements Sink {
  /** When it was last joined, as {@link CacheBudget.nextWatch} counts; 0: never. */
  lastWatch = 0;

  readonly #budget: CacheBudget;
  #held: Uint8Array | null = null;
  #length = 0;
  #handover: Handover | null = null; // null: nothing is kept until the next random access point

  constructor(budget: CacheBudget) {
    this.#budget = budget;
  }

  /** Bytes of memory it takes. */
  get heldBytes(): number {
    return this.#held?.length ?? 0;
  }

  /** Bytes that somebody who joins now would get. */
  get length(): number {
    return this.#length;
  }

  write(message: Message): void {
    if (message.kind !== 'ts') return;
    if (message.begins || message.joinAt >= 0) this.#restart(message);
    if (this.#handover === null) return;
    if (this.#handover.isOver) this.#append(message.data);
    else {
      const { go } = this.#handover.split(message.data, message.joinAt, message.facts, performance.now());
      if (go) this.#append(go);
    }
  }

  /** Where somebody begins who joins now; `null`: there is no random access point to begin at. */
  join(): CachedStart | null {
    this.lastWatch = this.#budget.nextWatch();
    if (!this.#held || !this.#handover || this.#length === 0) return null;
    return {
      data: new Uint8Array(this.#held.subarray(0, this.#length)),
      handover: this.#handover.fork(performance.now()),
    };
  }

  /** Forgets everything and takes no memory until the next random access point. */
  clear(): void {
    if (this.#held) this.#budget.give(this, this.#held.length);
    this.#held = this.#handover = null;
    this.#length = 0;
  }

  /** A new group of pictures, or another source whose first one is still to come. */
  #restart(message: Message): void {
    const wanted = this.#length;
    this.#length = 0;
    if (message.joinAt < 0) this.clear();
    else {
      // What one large group has needed is not kept for ever.
      if (this.heldBytes > FIRST_BYTES && wanted < this.heldBytes / 4) this.clear();
      this.#handover = new Handover(JOIN_PATIENCE);
    }
  }

  #append(data: Uint8Array): void {
    const end = this.#length + data.length;
    if (end > this.heldBytes && !this.#grow(end)) {
      this.clear();
      return;
    }
    this.#held!.set(data, this.#length); // there is room
    this.#length = end;
  }

  #grow(bytes: number): boolean {
    let room = Math.max(this.heldBytes, FIRST_BYTES);
    while (room < bytes) room *= 2;
    if (room > MOST_CACHED_BYTES) room = MOST_CACHED_BYTES;
    if (bytes > room || !this.#budget.take(this, room - this.heldBytes)) return false;
    const larger = new Uint8Array(room);
    if (this.#held) larger.set(this.#held.subarray(0, this.#length));
    this.#held = larger;
    return true;
  }
}
