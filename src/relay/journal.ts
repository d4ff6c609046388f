// Records events, in one place: the log gets a line, the history keeps the event, and subscribers receive it. They cannot
// disagree, because the line is made from the event.

import { randomBytes } from 'node:crypto';
import type { Facts, Log } from '../log.js';
import type { EventBody, RelayEvent } from './event.js';
import { lineOf } from './event-line.js';

/** How many events are kept for clients that reconnect. */
const MOST_EVENTS = 1000;
const MOST_BYTES = 512 * 1024;
/** How many changes of one subject in a row are emitted at once; after that its state is emitted once a second. */
const BURST = 10;

/** A recorded event, also as the JSON that clients receive. */
export interface Told {
  readonly event: RelayEvent;
  readonly json: string;
}

/** Events since the last one that a client received. */
export interface Missed {
  readonly told: readonly Told[];
  /** Whether the history is complete that far back. */
  readonly isWhole: boolean;
}

/** The rate limit of one subject that changes often. */
interface Turn {
  left: number;
  /** Its latest suppressed event. */
  held: { readonly body: EventBody; readonly more: Facts } | null;
  untold: number;
}

/** The relay's event history and log. */
export class Journal {
  /** Identifies this run of the relay: event numbers are unique within it. */
  readonly run = randomBytes(4).toString('hex');
  /** For log lines that are not events. */
  readonly log: Log;
  #lastId = 0;
  #history: Told[] = [];
  #bytes = 0;
  // Replaced, never changed in place: a subscriber may unsubscribe while it receives an event.
  #subscribers: readonly ((told: Told) => void)[] = [];
  readonly #turns = new Map<object, Turn>();

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
  tell(body: EventBody, more: Facts = {}, subject: object | null = null): void {
    if (subject === null) {
      this.#tell(body, more);
      return;
    }
    const turn = this.#turns.get(subject) ?? { left: BURST, held: null, untold: 0 };
    this.#turns.set(subject, turn);
    if (turn.left > 0 && turn.held === null) {
      turn.left--;
      this.#tell(body, more);
    } else {
      turn.held = { body, more };
      turn.untold++;
    }
  }

  /** To be called once a second: emits suppressed events. */
  tick(): void {
    for (const [subject, turn] of this.#turns) {
      if (turn.held) {
        const { body, more } = turn.held;
        const untold = turn.untold - 1;
        turn.held = null;
        turn.untold = 0;
        this.#tell(body, untold > 0 ? { ...more, untold } : more);
      } else if (++turn.left >= BURST) {
        this.#turns.delete(subject);
      }
    }
  }

  /** Calls `take` with each event from now on, until the returned function is called. It must not block. */
  subscribe(take: (told: Told) => void): () => void {
    this.#subscribers = [...this.#subscribers, take];
    return () => {
      this.#subscribers = this.#subscribers.filter((one) => one !== take);
    };
  }

  /** The events after the one of that number. */
  since(id: number): Missed {
    const first = this.#history[0]?.event.id ?? this.#lastId + 1;
    return { told: this.#history.filter(({ event }) => event.id > id), isWhole: id >= first - 1 && id <= this.#lastId };
  }

  #tell(body: EventBody, more: Facts): void {
    const { level, message, facts } = lineOf(body);
    this.log[level](message, { ...facts, ...more });
    const event: RelayEvent = { id: ++this.#lastId, atMs: Date.now(), ...body };
    const told = { event, json: JSON.stringify(event) };
    this.#keep(told);
    for (const take of this.#subscribers) {
      try {
        take(told);
      } catch (error) {
        this.log.error('an event was not taken', { reason: (error as Error).stack ?? String(error) });
      }
    }
  }

  #keep(told: Told): void {
    this.#history.push(told);
    this.#bytes += told.json.length;
    let gone = 0;
    while (this.#history.length - gone > MOST_EVENTS || this.#bytes > MOST_BYTES) {
      this.#bytes -= this.#history[gone++]!.json.length; // there is one: with no event left #bytes would be 0
    }
    if (gone > 0) this.#history.splice(0, gone);
  }
}
