// What one reader gets of what is sent: it begins with tables at a random access point, and when it is slow it goes
// without whole messages and begins again in the same way.

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

  /** Whether messages come, and none is sent because a random access point is waited for. */
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

  /** The reader begins anew with nothing waiting, at the next random access point or where `handover` has come to. */
  begin(handover: Handover = new Handover(this.#patience)): void {
    this.#gate.reset();
    this.#handover = handover.isOver ? null : handover;
  }

  /** Whether a reader for which nothing waits gets everything as it is: `admit` need not be asked. */
  get isOpen(): boolean {
    return this.#handover === null && !this.#gate.isDropping;
  }

  /** What the reader gets of a message, with `waitingBytes` before it; `null`: nothing. */
  admit(message: Message, waitingBytes: number, nowMs: number): Message | null {
    const wasDropping = this.#gate.isDropping;
    if (!this.#gate.admits(message, waitingBytes, nowMs)) return null;
    // Something opaque may end the dropping in the middle of a picture: that is begun anew at a random access point.
    if (wasDropping) this.#handover = message.kind === 'ts' ? Handover.resume() : new Handover(this.#patience);
    if (message.kind !== 'ts') return message;
    return this.#handover === null ? message : this.#join(this.#handover, message, nowMs);
  }

  #join(handover: Handover, message: Message, nowMs: number): Message | null {
    // Who is there when a source begins gets all that it sends.
    if (message.begins) handover.end();
    const { go, joinAt } = handover.split(message.data, message.joinAt, message.facts, nowMs);
    if (handover.isOver) this.#handover = null;
    if (go === null || go === message.data) return go && message;
    return new Message('ts', go, { joinAt, begins: false, facts: message.facts });
  }
}
