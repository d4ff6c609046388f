// Delivery to one reader, whether a destination's link, a local viewer or a viewer of `vw serve`. The one place for:
//
//   where it starts       with the cached packets, so that a picture appears at once (gop-cache.ts), or else with tables at
//                         the next random access point (admission.ts)
//   how far it is behind  what its outlet has not passed to the system yet (outlet.ts, backlog.ts)
//   what is dropped       whole messages, while too much waits (drop-policy.ts)
//   where it resumes      at a random access point, when little waits (drop-policy.ts, admission.ts)
//   when it is given up   when it has read nothing for long (read-progress.ts)

import { Admission } from './admission.js';
import type { Backpressure } from './backpressure.js';
import type { DropObserver } from './drop-policy.js';
import type { GopCache } from './gop-cache.js';
import type { Outlet } from './outlet.js';
import { ReadProgress } from './read-progress.js';
import type { Splicer } from '../../mpegts/splice/splicer.js';
import type { Sink } from '../feed/sink.js';
import type { Limits } from '../../config/limits.js';
import { Message } from '../message.js';

/** Delivers a feed or stream to one reader. */
export class Delivery implements Sink {
  sentMessages = 0;
  sentBytes = 0;

  readonly #outlet: Outlet;
  readonly #limits: Limits;
  readonly #admission: Admission;
  readonly #progress: ReadProgress;
  #cachedBytes = 0; // it was sent from the cache at once: they wait for it by no fault of its own

  constructor(outlet: Outlet, limits: Limits, observer: DropObserver) {
    this.#outlet = outlet;
    this.#limits = limits;
    this.#admission = new Admission(limits, observer);
    this.#progress = new ReadProgress(limits.stuckAfterMs);
  }

  /** Messages that were dropped for it. */
  get droppedMessages(): number {
    return this.#admission.droppedMessages;
  }

  /** Their bytes. */
  get droppedBytes(): number {
    return this.#admission.droppedBytes;
  }

  get isDropping(): boolean {
    return this.#admission.isDropping;
  }

  /** Whether messages come, but none is sent until the next random access point. */
  get awaitsAccess(): boolean {
    return this.#admission.awaitsAccess;
  }

  /** Sends what is cached; to be called before the first message. */
  start(cache: GopCache | null): void {
    const start = cache?.join();
    if (!start) return;
    for (const block of start.blocks) {
      this.#send(Message.lasting(block));
      this.#cachedBytes += block.length;
    }
    this.#admission.restart(start.splicer);
  }

  /** Restarts the reader at the next random access point or with the progress of `splicer`. */
  restart(splicer?: Splicer): void {
    this.#admission.restart(splicer);
  }

  /** Delivers a message, or a part of it. Returns whether anything was sent. */
  write(message: Message): boolean {
    const waiting = this.#outlet.waitingBytes;
    if (waiting < 0) return false;
    if (waiting === 0 && this.#admission.isOpen) {
      this.#cachedBytes = 0;
      this.#send(message);
      return true;
    }
    return this.#admit(message, waiting);
  }

  awaitDrain(ready: () => void): Backpressure {
    if (this.#admission.isDropping) return 'goes-without';
    return this.#outlet.awaitDrain?.(ready) ?? 'keeps-up';
  }

  #admit(message: Message, waiting: number): boolean {
    const admission = this.#admission;
    const now = performance.now();
    const wasDropping = admission.isDropping;
    if (waiting <= this.#limits.highWaterBytes) this.#cachedBytes = 0;
    const admitted = admission.admit(message, waiting - this.#cachedBytesOf(waiting), now);
    if (admitted) this.#send(admitted);
    // While messages are dropped, no message is added to what waits: if it does not shrink, nothing is read.
    if (!wasDropping || !this.isDropping) this.#progress.restart(-waiting, now);
    else if (this.#progress.check(-waiting, waiting, now)) this.#outlet.abort?.();
    return admitted !== null;
  }

  /** How much of what waits is from the cache: that was sent first, so it is read first. */
  #cachedBytesOf(waiting: number): number {
    const read = Math.max(0, this.sentBytes - waiting);
    return Math.min(waiting, Math.max(0, this.#cachedBytes - read));
  }

  #send(message: Message): void {
    this.#outlet.send(message);
    this.sentMessages++;
    this.sentBytes += message.data.length;
  }
}
