// A local viewer of a feed or stream: starts with the cached packets, so that a picture appears at once, and then receives
// live messages. Whole messages are dropped for a slow viewer; one that has stopped reading is disconnected.

import { Admission } from './admission.js';
import type { Sink } from './feed.js';
import type { GateObserver } from './gate.js';
import type { GopCache } from './gop-cache.js';
import type { Journal } from './journal.js';
import type { Limits } from './limits.js';
import { Message } from './message.js';
import type { Pace, Paced } from './pace.js';

/** What carries a viewer's messages. */
export interface Outlet extends Paced {
  /** Bytes that the system has not taken yet, as a {@link Backlog} weighs them; -1 while nothing can be sent. */
  readonly waitingBytes: number;
  /** Takes a message, whose data is lent: what is not with the system when this returns is copied. */
  send(message: Message): void;
  /** The viewer has not read for long: it is disconnected. */
  giveUp(): void;
}

/** One viewer of a feed or stream. */
export class Viewer implements Sink {
  readonly #outlet: Outlet;
  readonly #limits: Limits;
  readonly #admission: Admission;
  #owed = 0; // bytes it was sent at once: they wait for it by no fault of its own
  #stuckSince = -1;
  #waitedBefore = 0;

  constructor(outlet: Outlet, limits: Limits, observer: GateObserver) {
    this.#outlet = outlet;
    this.#limits = limits;
    this.#admission = new Admission(limits, observer);
  }

  /** Messages that were dropped for it. */
  get droppedMessages(): number {
    return this.#admission.droppedMessages;
  }

  /** Their bytes. */
  get droppedBytes(): number {
    return this.#admission.droppedBytes;
  }

  /** Sends what is kept; to be called before the first message. */
  begin(cache: GopCache | null): void {
    const start = cache?.join();
    if (!start) return;
    for (const piece of start.pieces) {
      this.#outlet.send(Message.lasting(piece));
      this.#owed += piece.length;
    }
    this.#admission.begin(start.handover);
  }

  write(message: Message): void {
    const waiting = this.#outlet.waitingBytes;
    if (waiting < 0) return;
    if (waiting === 0 && this.#admission.isOpen) {
      this.#owed = 0;
      this.#outlet.send(message);
      return;
    }
    const now = performance.now();
    const wasDropping = this.#admission.isDropping;
    if (waiting <= this.#limits.highWaterBytes) this.#owed = 0;
    const admitted = this.#admission.admit(message, Math.max(0, waiting - this.#owed), now);
    if (admitted) this.#outlet.send(admitted);
    this.#lookForStuck(waiting, wasDropping && this.#admission.isDropping, now);
  }

  get awaitsAccess(): boolean {
    return this.#admission.awaitsAccess;
  }

  awaitDrain(ready: () => void): Pace {
    if (this.#admission.isDropping) return 'goes-without';
    return this.#outlet.awaitDrain?.(ready) ?? 'keeps-up';
  }

  /** A viewer that drops messages and has not read a byte for long is gone. */
  #lookForStuck(waiting: number, isDropping: boolean, nowMs: number): void {
    if (!isDropping || waiting < this.#waitedBefore || this.#stuckSince < 0) this.#stuckSince = nowMs;
    this.#waitedBefore = waiting;
    if (nowMs - this.#stuckSince >= this.#limits.stuckAfterMs) this.#outlet.giveUp();
  }
}

/** Says of a viewer of `name` that it is slow, and that it is not any more. `subject` is the viewer. */
export function tellDrops(journal: Journal, name: string, subject: object): GateObserver {
  const reader = 'viewer';
  return {
    dropsBegan: () => journal.tell({ type: 'drops-began', reader, name }, {}, subject),
    dropsEnded: (messages, bytes) => {
      journal.tell({ type: 'drops-ended', reader, name, messages, bytes }, {}, subject);
    },
  };
}
