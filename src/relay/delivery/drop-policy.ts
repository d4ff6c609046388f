// Decides which whole messages are dropped for a slow reader; other readers are not affected.
// No clock, no I/O: time and queue length are arguments.

import type { Limits } from '../../config/limits.js';
import type { Message } from '../message.js';

/** A reader for which messages are dropped resumes when less than this part of the high-water mark waits for it. */
const RESUME_SHARE = 1 / 4;

/** Receives the policy's notifications. */
export interface DropObserver {
  droppingStarted(): void;
  /** A period of dropping has ended, with this loss. */
  droppingEnded(messages: number, bytes: number): void;
}

/**
 * Closes when more than `highWaterBytes` wait for the reader, and opens again when less than {@link RESUME_SHARE} of that
 * does: at a message with a random access point. It waits for one for `keyframeWaitMs` where they come, or else `resumeAfterMs`.
 */
export class DropPolicy {
  droppedMessages = 0;
  droppedBytes = 0;

  readonly #limits: Limits;
  readonly #observer: DropObserver;
  #droppingSince = -1; // ms; -1: open
  #messagesBefore = 0;
  #bytesBefore = 0;
  #drainedSince = -1;
  #sawAccessPoint = false; // whether random access points came while the gate was closed: then one is worth waiting for

  constructor(limits: Limits, observer: DropObserver) {
    this.#limits = limits;
    this.#observer = observer;
  }

  /** Whether messages are being dropped now. */
  get isDropping(): boolean {
    return this.#droppingSince !== -1;
  }

  /** Whether the reader takes this message, with `waitingBytes` before it. */
  admits(message: Message, waitingBytes: number, nowMs: number): boolean {
    if (this.#droppingSince === -1) {
      if (waitingBytes <= this.#limits.highWaterBytes) return true;
      this.#droppingSince = nowMs;
      this.#drainedSince = -1;
      this.#sawAccessPoint = false;
      this.#messagesBefore = this.droppedMessages;
      this.#bytesBefore = this.droppedBytes;
      this.#observer.droppingStarted();
    } else if (this.#mayResume(message, waitingBytes, nowMs)) {
      this.#end();
      return true;
    }
    this.droppedMessages++;
    this.droppedBytes += message.data.length;
    return false;
  }

  /** Whether the reader has caught up, and only waits for a random access point. */
  get awaitsAccess(): boolean {
    return this.isDropping && this.#drainedSince !== -1;
  }

  /** The reader has left, or restarts with an empty queue. */
  reset(): void {
    if (this.isDropping) this.#end();
  }

  #mayResume(message: Message, waitingBytes: number, nowMs: number): boolean {
    const canJoin = message.accessPointOffset !== -1 || message.startsSource;
    if (canJoin) this.#sawAccessPoint = true;
    if (waitingBytes >= this.#limits.highWaterBytes * RESUME_SHARE) {
      this.#drainedSince = -1;
      return false;
    }
    if (this.#drainedSince === -1) this.#drainedSince = nowMs;
    if (message.kind !== 'ts' || canJoin) return true;
    const { keyframeWaitMs, resumeAfterMs } = this.#limits;
    if (this.#sawAccessPoint || message.facts?.marksAccess === true)
      return nowMs - this.#drainedSince >= keyframeWaitMs;
    // Where none was ever seen, the time spent dropping counts: waiting on would bring nothing.
    return nowMs - this.#droppingSince >= resumeAfterMs;
  }

  #end(): void {
    this.#droppingSince = -1;
    this.#observer.droppingEnded(this.droppedMessages - this.#messagesBefore, this.droppedBytes - this.#bytesBefore);
  }
}
