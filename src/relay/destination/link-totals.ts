// The sum of the counters of a destination's links: a change of endpoint does not reset it.

import type { LinkCounters, LinkStats } from '../stats-schema.js';

interface Counted {
  stats(): LinkStats;
}

/** Sums the counters of past and present links. */
export class LinkTotals {
  readonly #links = new Set<Counted>();
  #past: LinkCounters = NOTHING;

  /** Adds a new link. */
  add(link: Counted): void {
    this.#links.add(link);
  }

  /** The link is closed: its counters remain in the sum. Idempotent. */
  end(link: Counted): void {
    if (this.#links.delete(link)) this.#past = sum(this.#past, link.stats());
  }

  /** The sum over all links so far. */
  count(): LinkCounters {
    return [...this.#links].reduce((total, link) => sum(total, link.stats()), this.#past);
  }
}

const NOTHING: LinkCounters = {
  attempts: 0,
  opens: 0,
  sentMessages: 0,
  sentBytes: 0,
  droppedMessages: 0,
  droppedBytes: 0,
  receivedMessages: 0,
  throttledReads: 0,
};

function sum(one: LinkCounters, other: LinkCounters): LinkCounters {
  return {
    attempts: one.attempts + other.attempts,
    opens: one.opens + other.opens,
    sentMessages: one.sentMessages + other.sentMessages,
    sentBytes: one.sentBytes + other.sentBytes,
    droppedMessages: one.droppedMessages + other.droppedMessages,
    droppedBytes: one.droppedBytes + other.droppedBytes,
    receivedMessages: one.receivedMessages + other.receivedMessages,
    throttledReads: one.throttledReads + other.throttledReads,
  };
}
