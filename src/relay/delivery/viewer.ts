// A local viewer of a feed or stream: starts with the cached packets, so that a picture appears at once, and then receives
// live messages. Whole messages are dropped for a slow viewer; one that has stopped reading is disconnected.

import { Delivery } from './delivery.js';
import type { Sink } from '../feed/sink.js';
import type { DropObserver } from './drop-policy.js';
import type { GopCache } from './gop-cache.js';
import type { EventLog } from '../events/event-log.js';
import type { Limits } from '../limits.js';
import { Message } from '../message.js';
import type { Backpressure, Drainable } from '../feed/backpressure.js';

/** What carries a viewer's messages. */
export interface ViewerTransport extends Drainable {
  /** Bytes that the system has not taken yet, as a {@link Backlog} weighs them; -1 while nothing can be sent. */
  readonly waitingBytes: number;
  /** Takes a message, whose data is lent: what is not with the system when this returns is copied. */
  send(message: Message): void;
  /** The viewer has not read for long: it is disconnected. */
  abort(): void;
}

/** One viewer of a feed or stream. */
export class Viewer implements Sink {
  readonly #transport: ViewerTransport;
  readonly #limits: Limits;
  readonly #delivery: Delivery;
  #unsent = 0; // bytes it was sent at once: they wait for it by no fault of its own
  #stuckSince = -1;
  #waitedBefore = 0;

  constructor(transport: ViewerTransport, limits: Limits, observer: DropObserver) {
    this.#transport = transport;
    this.#limits = limits;
    this.#delivery = new Delivery(limits, observer);
  }

  /** Messages that were dropped for it. */
  get droppedMessages(): number {
    return this.#delivery.droppedMessages;
  }

  /** Their bytes. */
  get droppedBytes(): number {
    return this.#delivery.droppedBytes;
  }

  /** Sends what is kept; to be called before the first message. */
  start(cache: GopCache | null): void {
    const start = cache?.join();
    if (!start) return;
    for (const piece of start.blocks) {
      this.#transport.send(Message.lasting(piece));
      this.#unsent += piece.length;
    }
    this.#delivery.restart(start.splicer);
  }

  write(message: Message): void {
    const waiting = this.#transport.waitingBytes;
    if (waiting < 0) return;
    if (waiting === 0 && this.#delivery.isOpen) {
      this.#unsent = 0;
      this.#transport.send(message);
      return;
    }
    const now = performance.now();
    const wasDropping = this.#delivery.isDropping;
    if (waiting <= this.#limits.highWaterBytes) this.#unsent = 0;
    const admitted = this.#delivery.admit(message, Math.max(0, waiting - this.#unsent), now);
    if (admitted) this.#transport.send(admitted);
    this.#checkStuck(waiting, wasDropping && this.#delivery.isDropping, now);
  }

  get awaitsAccess(): boolean {
    return this.#delivery.awaitsAccess;
  }

  awaitDrain(ready: () => void): Backpressure {
    if (this.#delivery.isDropping) return 'goes-without';
    return this.#transport.awaitDrain?.(ready) ?? 'keeps-up';
  }

  /** A viewer that drops messages and has not read a byte for long is gone. */
  #checkStuck(waiting: number, isDropping: boolean, nowMs: number): void {
    if (!isDropping || waiting < this.#waitedBefore || this.#stuckSince < 0) this.#stuckSince = nowMs;
    this.#waitedBefore = waiting;
    if (nowMs - this.#stuckSince >= this.#limits.stuckAfterMs) this.#transport.abort();
  }
}

/** Says of a viewer of `name` that it is slow, and that it is not any more. `subject` is the viewer. */
export function dropEventEmitter(events: EventLog, name: string, subject: object): DropObserver {
  const reader = 'viewer';
  return {
    droppingStarted: () => events.emit({ type: 'dropping-started', reader, name }, {}, subject),
    droppingEnded: (messages, bytes) => {
      events.emit({ type: 'dropping-ended', reader, name, messages, bytes }, {}, subject);
    },
  };
}
