// Delivery to one reader: it starts with tables at a random access point; when it is slow, whole messages are dropped for
// it, and it resumes in the same way.

import { Handover, type Patience } from '../mpegts/handover.js';
import { Gate, type GateObserver } from './gate.js';
import type { Limits } from './limits.js';
import { Message } from './message.js';
import { joinPatience } from './patience.js';

/** Decides for each message whether a reader gets it, or a part of it. */
export class Admission {
  readonly #gate: Gate;
  readonly #patience: Patience;
  #handover: Handover | null;

  constructor(limits: Limits, observer: GateObserver) {
    this.#gate = new Gate(limits, observer);
    this.#patience = joinPatience(limits);
    this.#handover = new Handover(this.#patience);
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
  begin(handover: Handover = new Handover(this.#patience)): void {
    this.#gate.reset();
    this.#handover = handover.isOver ? null : handover;
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
    if (wasDropping) this.#handover = message.kind === 'ts' ? Handover.resume() : new Handover(this.#patience);
    if (message.kind !== 'ts') return message;
    return this.#handover === null ? message : this.#join(this.#handover, message, nowMs);
  }

  #join(handover: Handover, message: Message, nowMs: number): Message | null {
    // Readers present when a source starts get everything it sends.
    if (message.begins) handover.end();
    const { go, joinAt } = handover.split(message.data, message.joinAt, message.facts, nowMs);
    if (handover.isOver) this.#handover = null;
    if (go === null || go === message.data) return go && message;
    return new Message('ts', go, { joinAt, begins: false, facts: message.facts });
  }
}
