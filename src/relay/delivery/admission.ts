// What one reader gets of each message: it starts with tables at a random access point; when it is slow, whole messages are
// dropped for it (drop-policy.ts), and it resumes in the same way.
// No clock, no I/O: time and queue length are arguments.

import { Splicer, type SpliceTimeouts } from '../../mpegts/splice/splicer.js';
import { DropPolicy, type DropObserver } from './drop-policy.js';
import type { Limits } from '../../config/limits.js';
import { Message } from '../message.js';
import { RESUME_TIMEOUTS, startTimeouts } from './access-timeouts.js';

/** Decides for each message whether a reader gets it, or a part of it. */
export class Admission {
  readonly #dropPolicy: DropPolicy;
  readonly #accessTimeouts: SpliceTimeouts;
  #splicer: Splicer | null;

  constructor(limits: Limits, observer: DropObserver) {
    this.#dropPolicy = new DropPolicy(limits, observer);
    this.#accessTimeouts = startTimeouts(limits);
    this.#splicer = new Splicer(this.#accessTimeouts);
  }

  /** Whether messages come, but none is sent until the next random access point. */
  get awaitsAccess(): boolean {
    return this.#dropPolicy.awaitsAccess || this.#splicer?.isWaiting === true;
  }

  get isDropping(): boolean {
    return this.#dropPolicy.isDropping;
  }

  get droppedMessages(): number {
    return this.#dropPolicy.droppedMessages;
  }

  get droppedBytes(): number {
    return this.#dropPolicy.droppedBytes;
  }

  /** Restarts the reader with an empty queue, at the next random access point or with the progress of `splicer`. */
  restart(splicer: Splicer = new Splicer(this.#accessTimeouts)): void {
    this.#dropPolicy.reset();
    this.#splicer = splicer.isDone ? null : splicer;
  }

  /** Whether a reader with an empty queue gets every message unchanged: `admit` need not be called. */
  get isOpen(): boolean {
    return this.#splicer === null && !this.#dropPolicy.isDropping;
  }

  /** What the reader gets of a message, with `waitingBytes` before it; `null`: nothing. */
  admit(message: Message, waitingBytes: number, nowMs: number): Message | null {
    const wasDropping = this.#dropPolicy.isDropping;
    if (!this.#dropPolicy.admits(message, waitingBytes, nowMs)) return null;
    // An opaque message may end the dropping in mid-picture: packets then resume at a random access point.
    if (wasDropping) this.#splicer = new Splicer(message.kind === 'ts' ? RESUME_TIMEOUTS : this.#accessTimeouts);
    if (message.kind !== 'ts') return message;
    return this.#splicer === null ? message : this.#splice(this.#splicer, message, nowMs);
  }

  #splice(splicer: Splicer, message: Message, nowMs: number): Message | null {
    // Readers present when a source starts get everything it sends.
    if (message.startsSource) splicer.end();
    if (message.isMutedTables && !splicer.hasStarted) {
      const tables = splicer.takeTables(message.data);
      return new Message('ts', tables, { accessPointOffset: -1, startsSource: false, facts: message.facts });
    }
    const { incoming, accessPointOffset } = splicer.splice(
      message.data,
      message.accessPointOffset,
      message.facts,
      nowMs,
    );
    if (splicer.isDone) this.#splicer = null;
    if (incoming === null || incoming === message.data) return incoming && message;
    return new Message('ts', incoming, { accessPointOffset, startsSource: false, facts: message.facts });
  }
}
