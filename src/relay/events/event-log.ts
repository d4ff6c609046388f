// Records events, in one place: the log gets a line, the history keeps the event, and subscribers receive it. They cannot
// disagree, because the line is made from the event.

import { randomBytes } from 'node:crypto';
import type { Facts, Log } from '../../log/log.js';
import type { EventBody, RelayEvent } from './event.js';
import { lineOf } from './event-line.js';

/** How many events are kept for clients that reconnect. */
const MAX_EVENTS = 1000;
const MAX_BYTES = 512 * 1024;
/** How many changes of one subject in a row are emitted at once; after that its state is emitted once a second. */
const BURST = 10;

/** A recorded event, also as the JSON that clients receive. */
export interface RecordedEvent {
  readonly event: RelayEvent;
  readonly json: string;
}

/** Events since the last one that a client received. */
export interface MissedEvents {
  readonly events: readonly RecordedEvent[];
  /** Whether the history is complete that far back. */
  readonly isComplete: boolean;
}

/** The rate limit of one subject that changes often. */
interface RateLimit {
  remaining: number;
  /** Its latest suppressed event. */
  latest: { readonly body: EventBody; readonly more: Facts } | null;
  suppressed: number;
}

/** The relay's event history and log. */
export class EventLog {
  /** Identifies this run of the relay: event numbers are unique within it. */
  readonly run = randomBytes(4).toString('hex');
  /** For log lines that are not events. */
  readonly log: Log;
  #lastId = 0;
  #history: RecordedEvent[] = [];
  #bytes = 0;
  // Replaced, never changed in place: a subscriber may unsubscribe while it receives an event.
  #subscribers: readonly ((event: RecordedEvent) => void)[] = [];
  readonly #rateLimits = new Map<object, RateLimit>();

  constructor(log: Log) {
    this.log = log;
  }

  /** The number of the last event; 0: none yet. */
  get lastId(): number {
    return this.#lastId;
  }

  /**
   * Emits an event. `more` are facts for the log only. `subject` is given where the rate of events is not under the relay's
   * control: the events of one subject are limited to its latest state, once a second.
   */
  emit(body: EventBody, more: Facts = {}, subject: object | null = null): void {
    if (subject === null) {
      this.#record(body, more);
      return;
    }
    const rateLimit = this.#rateLimits.get(subject) ?? { remaining: BURST, latest: null, suppressed: 0 };
    this.#rateLimits.set(subject, rateLimit);
    if (rateLimit.remaining > 0 && rateLimit.latest === null) {
      rateLimit.remaining--;
      this.#record(body, more);
    } else {
      rateLimit.latest = { body, more };
      rateLimit.suppressed++;
    }
  }

  /** To be called once a second: emits suppressed events. */
  tick(): void {
    for (const [subject, rateLimit] of this.#rateLimits) {
      if (rateLimit.latest) {
        const { body, more } = rateLimit.latest;
        const suppressed = rateLimit.suppressed - 1;
        rateLimit.latest = null;
        rateLimit.suppressed = 0;
        this.#record(body, suppressed > 0 ? { ...more, suppressed } : more);
      } else if (++rateLimit.remaining >= BURST) {
        this.#rateLimits.delete(subject);
      }
    }
  }

  /** Calls `take` with each event from now on, until the returned function is called. It must not block. */
  subscribe(take: (event: RecordedEvent) => void): () => void {
    this.#subscribers = [...this.#subscribers, take];
    return () => {
      this.#subscribers = this.#subscribers.filter((one) => one !== take);
    };
  }

  /** The events after the one of that number. */
  since(id: number): MissedEvents {
    const first = this.#history[0]?.event.id ?? this.#lastId + 1;
    return {
      events: this.#history.filter(({ event }) => event.id > id),
      isComplete: id >= first - 1 && id <= this.#lastId,
    };
  }

  #record(body: EventBody, more: Facts): void {
    const { level, message, facts } = lineOf(body);
    this.log[level](message, { ...facts, ...more });
    const event: RelayEvent = { id: ++this.#lastId, atMs: Date.now(), ...body };
    const recorded = { event, json: JSON.stringify(event) };
    this.#keep(recorded);
    for (const take of this.#subscribers) {
      try {
        take(recorded);
      } catch (error) {
        this.log.error('an event was not taken', { reason: (error as Error).stack ?? String(error) });
      }
    }
  }

  #keep(event: RecordedEvent): void {
    this.#history.push(event);
    this.#bytes += event.json.length;
    let gone = 0;
    while (this.#history.length - gone > MAX_EVENTS || this.#bytes > MAX_BYTES) {
      this.#bytes -= this.#history[gone++]?.json.length ?? 0; // there is one: with no event left #bytes would be 0
    }
    if (gone > 0) this.#history.splice(0, gone);
  }
}
