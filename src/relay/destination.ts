// A destination rule's outbound side: what is sent where. Owns up to two links: the live one, which gets the messages,
// and the coming one, which is dialled while the live one still goes on.

import type { Log } from '../log.js';
import type { FarEnd } from './far-end.js';
import type { Sink } from './feed.js';
import type { Limits } from './limits.js';
import { Link, type LinkStats } from './link.js';
import type { Message } from './message.js';
import { type DestinationRule, isSameDestination, isSameFarEnd } from './rules.js';

/** What a destination has of its source: a feed or a stream. */
export interface DestinationSource {
  /** Sends to `sink` what the feed or stream of that name sends, until the returned function is called. */
  attach(name: string, sink: Sink): () => void;
  /** Hands what came back from the far end to the local clients of that name. */
  deliver(name: string, message: Message): void;
  /** How the far end of a rule is reached. */
  farEnd(rule: DestinationRule): FarEnd;
}

/** What a destination is doing. */
export interface DestinationStats {
  readonly stream: string;
  readonly live: LinkStats;
  readonly coming: LinkStats | null;
}

/** Keeps a destination rule. */
export class Destination implements Sink {
  #rule: DestinationRule;
  #live: Link;
  #coming: Link | null = null;
  #detach: () => void;
  readonly #leaving = new Set<Promise<void>>();

  constructor(
    rule: DestinationRule,
    private readonly source: DestinationSource,
    private readonly limits: Limits,
    private readonly log: Log,
  ) {
    this.#rule = rule;
    this.#live = this.#link(rule);
    this.#detach = source.attach(rule.stream, this);
  }

  get rule(): DestinationRule {
    return this.#rule;
  }

  /** Puts another rule in force. An equal one disturbs nothing; another far end is dialled before the old one is left. */
  setRule(rule: DestinationRule): void {
    const before = this.#rule;
    if (isSameDestination(before, rule)) return;
    this.#rule = rule;
    if (rule.stream !== before.stream) {
      this.#detach();
      this.#detach = this.source.attach(rule.stream, this);
    }
    if (isSameFarEnd(before, rule)) return;
    if (this.#coming) this.#leave(this.#coming, 1000);
    this.#coming = null;
    if (this.#live.isOpen) {
      this.#coming = this.#link(rule);
    } else {
      this.#leave(this.#live, 1000);
      this.#live = this.#link(rule);
    }
  }

  write(message: Message): void {
    this.#live.write(message);
  }

  stats(): DestinationStats {
    return { stream: this.#rule.stream, live: this.#live.stats(), coming: this.#coming?.stats() ?? null };
  }

  /** Closes every link with `code`; resolves when they are gone. */
  async close(code: number): Promise<void> {
    this.#detach();
    this.#leave(this.#live, code);
    if (this.#coming) this.#leave(this.#coming, code);
    await Promise.all(this.#leaving);
  }

  #link(rule: DestinationRule): Link {
    const link: Link = new Link(rule.id, this.source.farEnd(rule), this.limits, this.log, {
      opened: () => {
        if (link === this.#coming) this.#changeOver(link);
      },
      lost: () => {
        // The far end that the rule has left is gone: it is not dialled again.
        if (link === this.#live && this.#coming) this.#changeOver(this.#coming);
      },
      received: (message) => this.source.deliver(this.#rule.stream, message),
    });
    return link;
  }

  #changeOver(coming: Link): void {
    const old = this.#live;
    this.#live = coming;
    this.#coming = null;
    this.#leave(old, 1000);
  }

  #leave(link: Link, code: number): void {
    const gone = link.close(code).finally(() => this.#leaving.delete(gone));
    this.#leaving.add(gone);
  }
}
