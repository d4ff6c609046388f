// Throttles a source that is faster than all of its readers, such as a pushed file: data read while no reader can take it
// would queue in memory and be dropped. A camera is not affected: it never sends that much at once.

import type { Feed } from '../relay/feed/feed.js';

/** A read of so many bytes comes from a source that had more to give than it was asked for. */
const FAST_READ_BYTES = 1 << 15;
/** And so do shorter ones that come to as many within so long: TLS brings at most 16 KiB at a time, and chunks may be short. */
const AT_ONCE_MS = 5;
/** No source is paused for longer: for an endpoint that has stalled, messages are dropped as usual. */
const MAX_HOLD_MS = 20;

/** A connection that can be paused. */
export interface PausableSource {
  pause(): unknown;
  resume(): unknown;
}

/** Throttles one upload. */
export class UploadThrottle {
  readonly #feed: Feed;
  readonly #source: PausableSource;
  readonly #patience: NodeJS.Timeout;
  #cancelWait: (() => void) | null = null;
  #sinceMs = -Infinity; // when #bytes began to be counted
  #bytes = 0;
  readonly #resumeNow = () => this.#resume();

  constructor(feed: Feed, source: PausableSource) {
    this.#feed = feed;
    this.#source = source;
    this.#patience = setTimeout(() => this.#resume(), MAX_HOLD_MS).unref();
  }

  /** To be called after each read, with its length. */
  afterPublish(bytes: number): void {
    if (this.#cancelWait !== null || !this.#isMuch(bytes)) return;
    const pace = this.#feed.awaitDrain(this.#resumeNow);
    if (typeof pace === 'string') return;
    this.#cancelWait = pace;
    this.#source.pause();
    this.#patience.refresh();
  }

  /** The upload has ended. */
  end(): void {
    this.#resume(); // what still comes is read and thrown away
    clearTimeout(this.#patience);
  }

  #isMuch(bytes: number): boolean {
    if (bytes >= FAST_READ_BYTES) return true;
    this.#bytes += bytes;
    if (this.#bytes < FAST_READ_BYTES) return false;
    // Not with each read: of a camera there are many.
    const now = performance.now();
    const isMuch = now - this.#sinceMs <= AT_ONCE_MS;
    this.#sinceMs = now;
    this.#bytes = 0;
    return isMuch;
  }

  #resume(): void {
    if (this.#cancelWait === null) return;
    this.#cancelWait();
    this.#cancelWait = null;
    this.#source.resume();
  }
}
