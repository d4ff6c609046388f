// Delivery to one reader: it starts with tables at a random access point; when it is slow, whole messages are dropped for
// it, and it resumes in the same way.

import { Splicer, type Patience } from '../mpegts/handover.js';
import { Gate, type GateObserver } from './gate.js';
import type { Limits } from './limits.js';
import { Message } from './message.js';
import { joinPatience } from './patience.js';

/** Decides for each message whether a reader gets it, or a part of it. */
export class Admission {
  readonly #gate: Gate;
  readonly #patience: Patience;
  #handover: Splicer | null;

  constructor(limits: Limits, observer: GateObserver) {
    this.#gate = new Gate(limits, observer);
    this.#patience = joinPatience(limits);
    this.#handover = new Splicer(this.#patience);
  }

  /** Whether messages come, but none is sent until the next random access point. */
  get awaitsAccess(): boolean {
    return this.#gate.awaitsAccess || this.#handover?.isWaiting === true;
  }

  get isDropping(): boolean {
    return this.#gate.isDropping;
  }

  get droppedMessages(): number {
    return this.#gate.droppedMessages;
  }

  get droppedBytes(): number {
    return this.#gate.droppedBytes;
  }

  /** Restarts the reader with an empty queue, at the next random access point or with the progress of `handover`. */
  begin(handover: Splicer = new Splicer(this.#patience)): void {
    this.#gate.reset();
    this.#handover = handover.isDone ? null : handover;
  }

  /** Whether a reader with an empty queue gets every message unchanged: `admit` need not be called. */
  get isOpen(): boolean {
    return this.#handover === null && !this.#gate.isDropping;
  }

  /** What the reader gets of a message, with `waitingBytes` before it; `null`: nothing. */
  admit(message: Message, waitingBytes: number, nowMs: number): Message | null {
    const wasDropping = this.#gate.isDropping;
    if (!this.#gate.admits(message, waitingBytes, nowMs)) return null;
    // An opaque message may end the dropping in mid-picture: packets then resume at a random access point.
    if (wasDropping) this.#handover = message.kind === 'ts' ? Splicer.resume() : new Splicer(this.#patience);
    if (message.kind !== 'ts') return message;
    return this.#handover === null ? message : this.#join(this.#handover, message, nowMs);
  }

  #join(handover: Splicer, message: Message, nowMs: number): Message | null {
    // Readers present when a source starts get everything it sends.
    if (message.begins) handover.end();
    const { incoming, joinAt } = handover.splice(message.data, message.joinAt, message.facts, nowMs);
    if (handover.isDone) this.#handover = null;
    if (incoming === null || incoming === message.data) return incoming && message;
    return new Message('ts', incoming, { joinAt, begins: false, facts: message.facts });
  }
}
