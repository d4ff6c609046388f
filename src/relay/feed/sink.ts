// The two ends of a feed: what publishes to it, and what it publishes to.

import type { Drainable } from '../delivery/backpressure.js';
import type { Message } from '../message.js';

/** A subscriber. No method throws or blocks. */
export interface Sink extends Drainable {
  write(message: Message): void;
  /** The feed's source has ended; nothing is published until another starts. */
  sourceEnded?(): void;
  /** Whether it receives no packets until the next random access point. */
  readonly awaitsAccess?: boolean;
}

/** A publisher of a feed. */
export interface Source {
  /** Where it comes from, for people: an address or a program. */
  readonly address: string;
  /** Another source has taken the feed over; what this one publishes from now on is discarded. */
  superseded(): void;
}
