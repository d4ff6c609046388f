// The outbound side of a destination rule: its link, which is swapped when the rule changes (swappable-link.ts), its counters
// over all links, and its faults.

import type { Endpoint } from '../dial/endpoint.js';
import type { Fault } from '../events/event.js';
import type { EventLog } from '../events/event-log.js';
import type { Sink } from '../feed/sink.js';
import type { Limits } from '../../config/limits.js';
import type { Message } from '../message.js';
import { type DestinationRule, isSameDestination } from '../rules/rules.js';
import type { DestinationStats } from '../stats-schema.js';
import { Link } from './link.js';
import { LinkTotals } from './link-totals.js';
import { type SwapHost, SwappableLink } from './swappable-link.js';

/** What a destination needs of its feed or stream. */
export interface DestinationSource {
  /** Subscribes `sink` to the feed or stream of that name, until the returned function is called. */
  attach(name: string, sink: Sink): () => void;
  /** Passes a message from the endpoint to the local clients of that name. */
  deliver(name: string, message: Message): void;
  /** Why nothing can be sent under that name, whatever the state of the link; null: no fault. */
  faultOf(name: string): Fault | null;
  /** How to reach the endpoint of a rule. */
  endpointOf(rule: DestinationRule): Endpoint;
}

/** Carries out one destination rule. */
export class Destination {
  #rule: DestinationRule;
  readonly #link: SwappableLink;
  readonly #closing = new Map<Link, Promise<void>>();
  readonly #totals = new LinkTotals();
  #recordedFault: Fault | null = null;

  constructor(
    rule: DestinationRule,
    private readonly source: DestinationSource,
    private readonly limits: Limits,
    private readonly events: EventLog,
  ) {
    this.#rule = rule;
    const host: SwapHost = {
      attach: (name, sink) => source.attach(name, sink),
      dial: (to) => this.#dial(to),
      close: (link, code, drainMs) => this.#close(link, code, drainMs),
    };
    this.#link = new SwappableLink(rule, host, limits);
  }

  get rule(): DestinationRule {
    return this.#rule;
  }

  /** Applies another rule. An equal one changes nothing; a new endpoint is dialled before the old link is closed. */
  setRule(rule: DestinationRule): void {
    const before = this.#rule;
    this.#rule = rule;
    if (!isSameDestination(before, rule)) this.#link.swapTo(rule);
  }

  /** To be called about once a second. */
  checkHealth(nowMs: number): void {
    const { live, next } = this.#link;
    live.checkHealth(nowMs);
    next?.checkHealth(nowMs);
    const fault = this.source.faultOf(this.#rule.stream) ?? live.sendingFault;
    if (fault?.code === this.#recordedFault?.code) return;
    this.#recordedFault = fault;
    this.events.emit({ type: 'destination-fault', destination: this.#rule.id, fault }, {}, this);
  }

  stats(): DestinationStats {
    const live = this.#link.live.stats();
    return {
      stream: this.#rule.stream,
      live: { ...live, fault: live.fault ?? this.source.faultOf(this.#rule.stream) },
      total: this.#totals.count(),
      pending: this.#link.next?.stats() ?? null,
    };
  }

  /** Closes every link with `code`; resolves when all are closed. */
  async close(code: number): Promise<void> {
    this.#link.close(code);
    for (const link of this.#closing.keys()) void link.close(code); // those that were left, and still send what they have queued
    await Promise.all(this.#closing.values());
  }

  #dial(rule: DestinationRule): Link {
    const target = { id: rule.id, endpoint: this.source.endpointOf(rule) };
    const link: Link = new Link(target, this.limits, this.events, {
      opened: () => this.#link.linkOpened(link),
      lost: () => this.#link.linkLost(link),
      received: (message) => this.source.deliver(this.#link.stream, message),
    });
    this.#totals.add(link);
    return link;
  }

  #close(link: Link, code: number, drainMs: number): void {
    const closed = link.close(code, drainMs);
    if (this.#closing.has(link)) return;
    const ended = closed.finally(() => {
      this.#closing.delete(link);
      this.#totals.end(link);
    });
    this.#closing.set(link, ended);
  }
}
