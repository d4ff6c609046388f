// What a destination's links have done together: a far end that is swapped does not set its counters back.

import type { LinkCounters, LinkStats } from './stats-schema.js';

interface Counted {
  stats(): LinkStats;
}

/** Counts over links that come and go. */
export class LinkTotals {
  readonly #links = new Set<Counted>();
  #past: LinkCounters = NOTHING;

  /** A link begins. */
  add(link: Counted): void {
    this.#links.add(link);
  }

  /** It is gone: what it has done stays counted. Nothing if it was said before. */
  end(link: Counted): void {
    if (this.#links.delete(link)) this.#past = sum(this.#past, link.stats());
  }

  /** What all have done so far. */
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
