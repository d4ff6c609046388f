// The outbound side of a destination rule. Owns the live link, which receives the messages; the coming link, which is
// dialled while the live one is still in use; and the leaving link, which completes the PES packets that it has started.
//
//   live ──────────────────────────┐ leaving: sound whose PES packet is unfinished ┐ drained, closed (1000)
//   coming: dialled, authorised    ┴ tables, random access point ─ live ──────────┴──────────────────────
//
// Every packet goes to exactly one of the two. If a rule names another stream, whose packets are different ones, the link
// switches to it at a random access point; the previous stream is sent until then.

import { Splicer, type ProgramFacts } from '../../mpegts/splice/splicer.js';
import type { Fault } from '../events/event.js';
import type { Endpoint } from '../dial/endpoint.js';
import type { Sink } from '../feed/sink.js';
import type { Limits } from '../limits.js';
import type { EventLog } from '../events/event-log.js';
import { Link } from './link.js';
import { LinkTotals } from './link-totals.js';
import { Message } from '../message.js';
import type { Backpressure } from '../feed/backpressure.js';
import { startTimeouts, swapTimeouts } from '../delivery/access-timeouts.js';
import { type DestinationRule, isSameDestination, isSameEndpoint } from '../rules/rules.js';
import type { DestinationStats } from '../stats-schema.js';

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

/** A change does not wait for a source that has sent no packets for this long. */
const SILENCE_MS = 500;
/** How long a link that is closed may take to send what it has queued. */
const DRAIN_MS = 5000;

/** A change under way: the coming link (or the live one, if only the stream changes), and its stream. */
interface EndpointChange {
  readonly rule: DestinationRule;
  readonly link: Link;
  readonly stream: string;
  /** Set once the link is open and the change waits for its start. */
  splicer: Splicer | null;
  /** Ends the subscription to the other stream. */
  detach: (() => void) | null;
  timer: NodeJS.Timeout | undefined;
  /** Whether packets have arrived since the timer last fired. */
  hasPackets: boolean;
  /** The program of the last of them. */
  facts: ProgramFacts | null;
}

/** Carries out one destination rule. */
export class Destination implements Sink {
  #rule: DestinationRule;
  #live: Link;
  #liveRule: DestinationRule; // the rule whose endpoint the live link has
  #stream: string; // what the live link is sent
  #detach: () => void;
  #change: EndpointChange | null = null;
  #settling: EndpointChange | null = null; // a completed change, except for tracks of its stream that have not started yet
  /** The previous link, while it is sent the rest of its unfinished PES packets. */
  #outgoing: { link: Link; splicer: Splicer; timer: NodeJS.Timeout } | null = null;
  readonly #closing = new Set<Promise<void>>();
  readonly #totals = new LinkTotals();
  #recordedFault: Fault | null = null;

  constructor(
    rule: DestinationRule,
    private readonly source: DestinationSource,
    private readonly limits: Limits,
    private readonly events: EventLog,
  ) {
    this.#rule = this.#liveRule = rule;
    this.#stream = rule.stream;
    this.#live = this.#link(rule);
    this.#detach = source.attach(rule.stream, this);
  }

  get rule(): DestinationRule {
    return this.#rule;
  }

  /** Applies another rule. An equal one changes nothing; a new endpoint is dialled before the old link is closed. */
  setRule(rule: DestinationRule): void {
    const before = this.#rule;
    this.#rule = rule;
    if (isSameDestination(before, rule)) return;
    if (isSameEndpoint(this.#liveRule, rule)) this.#startChange(rule, this.#live);
    else if (rule.swap === 'break') this.#replace(rule, true);
    else if (!this.#live.isOpen) this.#replace(rule, false);
    else
      this.#startChange(rule, this.#pendingLink && isSameEndpoint(before, rule) ? this.#pendingLink : this.#link(rule));
  }

  write(message: Message): void {
    if (this.#change === null && this.#outgoing === null) this.#live.write(message);
    else this.#writeInChange(message);
  }

  get awaitsAccess(): boolean {
    return this.#live.awaitsAccess || this.#change?.splicer?.isWaiting === true;
  }

  awaitDrain(ready: () => void): Backpressure {
    return this.#live.awaitDrain(ready);
  }

  /** To be called about once a second. */
  checkHealth(nowMs: number): void {
    this.#live.checkHealth(nowMs);
    this.#pendingLink?.checkHealth(nowMs);
    const fault = this.source.faultOf(this.#rule.stream) ?? this.#live.sendingFault;
    if (fault?.code === this.#recordedFault?.code) return;
    this.#recordedFault = fault;
    this.events.emit({ type: 'destination-fault', destination: this.#rule.id, fault }, {}, this);
  }

  stats(): DestinationStats {
    const live = this.#live.stats();
    return {
      stream: this.#rule.stream,
      live: { ...live, fault: live.fault ?? this.source.faultOf(this.#rule.stream) },
      total: this.#totals.count(),
      pending: this.#pendingLink?.stats() ?? null,
    };
  }

  /** Closes every link with `code`; resolves when all are closed. */
  async close(code: number): Promise<void> {
    this.#detach();
    this.#cancelChange(code);
    this.#endLeaving();
    void this.#close(this.#live, code);
    await Promise.all(this.#closing);
  }

  /** The link that is being dialled, or waits for its start, while the live one is in use. */
  get #pendingLink(): Link | null {
    return this.#change && this.#change.link !== this.#live ? this.#change.link : null;
  }

  /** Replaces the live link by one to another endpoint; with `isCut` the old one is sent not one more byte. */
  #replace(rule: DestinationRule, isCut: boolean): void {
    this.#cancelChange(1000);
    if (this.#settling) this.#endSettling(this.#settling);
    if (isCut) {
      this.#endLeaving();
      this.#live.cut();
    }
    void this.#close(this.#live, 1000);
    this.#live = this.#link(rule);
    this.#liveRule = rule;
    this.#attach(rule.stream);
  }

  /** Starts a change to `link` and the rule's stream; replaces a change that is under way. */
  #startChange(rule: DestinationRule, link: Link): void {
    const before = this.#change;
    this.#change = null;
    if (before) {
      clearInterval(before.timer);
      this.#restoreHeld(before);
      before.detach?.();
      if (before.link !== this.#live && before.link !== link) void this.#close(before.link, 1000);
    }
    if (this.#settling) this.#endSettling(this.#settling);
    const { stream } = rule;
    if (link === this.#live && stream === this.#stream) return; // back to the current state
    const waiting = { splicer: null, detach: null, timer: undefined, hasPackets: false, facts: null };
    const change: EndpointChange = { rule, link, stream, ...waiting };
    this.#change = change;
    if (link === this.#live && !link.isOpen) {
      this.#complete(change);
      return;
    }
    if (stream !== this.#stream) {
      change.detach = this.source.attach(stream, { write: (message) => this.#writePending(change, message) });
    }
    if (link.isOpen) this.#wait(change);
  }

  /** The coming link is open: waits for a point where it can start. */
  #wait(change: EndpointChange): void {
    const isOther = change.stream !== this.#stream;
    change.splicer = isOther
      ? new Splicer(startTimeouts(this.limits), change.link === this.#live && change.link.hasSent ? 'moved' : 'new')
      : Splicer.takeOver(swapTimeouts(this.limits));
    change.hasPackets = false;
    const { keyframeWaitMs, resumeAfterMs } = this.limits;
    let waitsLeft = isOther ? Math.ceil(keyframeWaitMs / resumeAfterMs) : Infinity;
    change.timer = setInterval(
      () => {
        // Another stream may never contain a picture.
        if (!change.hasPackets || --waitsLeft <= 0) this.#complete(change);
        change.hasPackets = false;
      },
      isOther ? resumeAfterMs : SILENCE_MS,
    ).unref();
  }

  #writeInChange(message: Message): void {
    const change = this.#change;
    if (message.kind !== 'ts') {
      this.#live.write(message);
      return;
    }
    if (change && change.stream === this.#stream) {
      change.hasPackets = true;
      change.facts = message.facts;
      if (message.startsSource) this.#restoreHeld(change); // another source begins: nothing more comes of this one
    }
    if (this.#outgoing) this.#writeSplit(this.#outgoing.link, this.#live, this.#outgoing.splicer, message);
    else if (change?.splicer && change.stream === this.#stream) {
      this.#writeSplit(this.#live, change.link, change.splicer, message);
      if (change.splicer.hasStarted) this.#finishChange(change, change.splicer);
    } else this.#live.write(message);
    if (this.#outgoing?.splicer.isDone === true) this.#endLeaving();
  }

  #writeSplit(from: Link, to: Link, splicer: Splicer, message: Message): void {
    const begins = !splicer.hasStarted;
    if (message.startsSource) splicer.end();
    const { data, facts } = message;
    const { outgoing, incoming, accessPointOffset } = splicer.splice(
      data,
      message.accessPointOffset,
      facts,
      performance.now(),
    );
    if (outgoing)
      from.write(
        outgoing === data
          ? message
          : new Message('ts', outgoing, { accessPointOffset: -1, startsSource: false, facts }),
      );
    if (!incoming) return;
    // It starts with tables and a random access point, like a source. Only once: the link may be lost and reopened.
    to.write(
      incoming === data ? message : new Message('ts', incoming, { accessPointOffset, startsSource: begins, facts }),
    );
  }

  /** A message of the other stream that the rule names now. */
  #writePending(change: EndpointChange, message: Message): void {
    const { splicer } = change;
    if (!splicer) return; // its link is not open yet
    if (message.kind !== 'ts') {
      if (change === this.#change && !change.hasPackets) this.#complete(change); // there is no video to wait for
      if (change !== this.#change) change.link.write(message);
      return;
    }
    change.hasPackets = true;
    const { data, facts } = message;
    const { incoming, accessPointOffset } = splicer.splice(
      data,
      message.startsSource ? 0 : message.accessPointOffset,
      facts,
      performance.now(),
    );
    if (!incoming) return;
    const begins = message.startsSource || change === this.#change;
    if (change === this.#change) this.#complete(change);
    change.link.write(new Message('ts', incoming, { accessPointOffset, startsSource: begins, facts }));
    if (splicer.isDone) this.#endSettling(change);
  }

  /** The coming link has its first packets: it becomes the live one, and the old one completes its PES packets. */
  #finishChange(change: EndpointChange, splicer: Splicer): void {
    clearInterval(change.timer);
    const link = this.#live;
    this.#live = change.link;
    this.#liveRule = change.rule;
    this.#change = null;
    const timer = setTimeout(() => this.#endLeaving(), DRAIN_MS).unref();
    this.#outgoing = { link, splicer, timer };
  }

  /** Completes the change at once, without further waiting. */
  #complete(change: EndpointChange): void {
    clearInterval(change.timer);
    this.#restoreHeld(change);
    if (this.#change === change) this.#change = null;
    const before = this.#live;
    this.#live = change.link;
    this.#liveRule = change.rule;
    if (change.stream !== this.#stream) {
      const hasStarted = change.splicer?.hasStarted === true && change.detach !== null;
      this.#detach();
      this.#stream = change.stream;
      if (hasStarted) {
        this.#detach = change.detach!; // checked above
        this.#settling = change;
      } else {
        change.detach?.();
        if (before === change.link) before.resubscribe();
        this.#detach = this.source.attach(change.stream, this);
      }
    }
    if (before !== change.link) void this.#close(before, 1000, DRAIN_MS);
  }

  /** Sends the live link what was held back for a change that does not take place. */
  #restoreHeld({ splicer, facts }: EndpointChange): void {
    const held = splicer?.takeHeld();
    if (held) this.#live.write(new Message('ts', held, { accessPointOffset: -1, startsSource: false, facts }));
  }

  /** The messages of the new stream no longer need to be split. */
  #endSettling(change: EndpointChange): void {
    if (this.#settling !== change) return;
    this.#settling = null;
    const detach = this.#detach;
    this.#detach = this.source.attach(change.stream, this);
    detach();
  }

  /** Cancels the change that is under way, and closes its link. */
  #cancelChange(code: number): void {
    const change = this.#change;
    this.#change = null;
    if (!change) return;
    clearInterval(change.timer);
    this.#restoreHeld(change);
    change.detach?.();
    if (change.link !== this.#live) void this.#close(change.link, code);
  }

  #attach(stream: string): void {
    if (stream === this.#stream) return;
    this.#settling = null;
    this.#detach();
    this.#stream = stream;
    this.#detach = this.source.attach(stream, this);
  }

  #endLeaving(): void {
    if (!this.#outgoing) return;
    clearTimeout(this.#outgoing.timer);
    void this.#close(this.#outgoing.link, 1000, DRAIN_MS);
    this.#outgoing = null;
  }

  #link(rule: DestinationRule): Link {
    const link: Link = new Link(rule.id, this.source.endpointOf(rule), this.limits, this.events, {
      opened: () => {
        if (link === this.#change?.link && link !== this.#live) this.#wait(this.#change);
      },
      lost: () => this.#linkLost(link),
      received: (message) => this.source.deliver(this.#stream, message),
    });
    this.#totals.add(link);
    return link;
  }

  #linkLost(link: Link): void {
    const change = this.#change;
    if (this.#outgoing?.link === link) this.#endLeaving();
    if (!change) return;
    if (link === this.#live && change.link !== link) {
      // The link to the previous endpoint is lost: it is not dialled again.
      this.#complete(change);
    } else if (link === this.#live) {
      this.#complete(change); // no link is open, so there is no viewer who could see a gap
    } else if (link === change.link) {
      clearInterval(change.timer);
      this.#restoreHeld(change);
      change.splicer = null; // until it is open again
    }
  }

  #close(link: Link, code: number, drainMs = 0): Promise<void> {
    const gone = link.close(code, drainMs).finally(() => {
      this.#closing.delete(gone);
      this.#totals.end(link);
    });
    this.#closing.add(gone);
    return gone;
  }
}
