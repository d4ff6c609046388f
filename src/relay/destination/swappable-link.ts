// The link of a destination, which is swapped for another one, or to another stream, while it sends: everything about a swap,
// from the dial of the next link to the drain of the previous one.
//
//   state      next link     the stream's packets go to               left when
//   ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────
//   steady     none          the live link                            a rule comes
//   dialling   not open      the live link                            next opens: joining. Live lost: steady on next
//   joining    open, or the  the live link, until there is a start    it starts: draining, or settling on another stream.
//              live one: a   for the next one: tables and a random    No packets, or no start in time: steady on next.
//              new stream    access point. What is undecided is held  Next lost: dialling. Live lost: steady on next
//   draining   none          the live link; the previous one gets     those are complete, the previous one is lost, or
//                            the rest of the units it has begun       DRAIN_MS: steady
//   settling   none          the live link: of the new stream, each   every track has begun: steady
//                            track from its first whole unit on
//
// In every state: each packet goes to exactly one link; `#stream` is what the live link is sent, and `#detach` ends the
// subscription that it comes by. In joining and settling, packets of another stream come by a subscription of their own.
// A rule that comes during dialling, joining or settling ends that. A drain goes on under the dial and the join of the next
// swap, which starts when the drain is over; it goes on, too, where "steady on next" stands above and the stream is the same.
// Another stream ends it, and so does a rule with `swap: "break"`.

import { Splicer, type ProgramFacts } from '../../mpegts/splice/splicer.js';
import { startTimeouts, swapTimeouts } from '../delivery/access-timeouts.js';
import type { Backpressure } from '../delivery/backpressure.js';
import type { Sink } from '../feed/sink.js';
import type { Limits } from '../../config/limits.js';
import { Message } from '../message.js';
import { type DestinationRule, isSameEndpoint } from '../rules/rules.js';
import type { Link } from './link.js';

/** A swap does not wait for a source that has sent no packets for this long. */
const SILENCE_MS = 500;
/** How long a previous link may take to complete its units, and a link that is closed to send what it has queued. */
const DRAIN_MS = 5000;
/** The close code of a link that is left (RFC 6455 §7.4.1). */
const NORMAL_CLOSURE = 1000;

/** What a swap needs of its destination. */
export interface SwapHost {
  /** Subscribes `sink` to a feed or stream, until the returned function is called. */
  attach(stream: string, sink: Sink): () => void;
  /** A new link to the endpoint of `rule`, being dialled. It reports to `linkOpened` and `linkLost`. */
  dial(rule: DestinationRule): Link;
  /** Closes a link, once it has sent what it has queued, after `drainMs` at the latest; a later call may shorten that. */
  close(link: Link, code: number, drainMs: number): void;
}

/** Where a swap leads: a link, which may be the live one, and the rule that names its stream. */
interface Next {
  readonly link: Link;
  readonly rule: DestinationRule;
}

/** A previous link that is sent the rest of the units it has begun. */
interface Drain {
  readonly link: Link;
  readonly splicer: Splicer;
  readonly timer: NodeJS.Timeout;
}

interface Steady {
  readonly kind: 'steady';
  readonly drain: null;
}

interface Dialling {
  readonly kind: 'dialling';
  readonly next: Next;
  drain: Drain | null;
}

interface Joining {
  readonly kind: 'joining';
  readonly next: Next;
  readonly splicer: Splicer;
  /** Ends the subscription to the other stream; null: the stream stays the same. */
  readonly detach: (() => void) | null;
  readonly timer: NodeJS.Timeout;
  /** Whether packets have arrived since the timer last fired. */
  hasPackets: boolean;
  /** Whether any have arrived: there is video, or sound, to wait for. */
  hasMedia: boolean;
  /** The program of the last of them. */
  facts: ProgramFacts | null;
  drain: Drain | null;
}

interface Draining {
  readonly kind: 'draining';
  readonly drain: Drain;
}

interface Settling {
  readonly kind: 'settling';
  readonly splicer: Splicer;
  readonly drain: null;
}

type State = Steady | Dialling | Joining | Draining | Settling;

const STEADY: Steady = { kind: 'steady', drain: null };

/** Sends one destination's stream to its live link, and swaps both. */
export class SwappableLink implements Sink {
  readonly #host: SwapHost;
  readonly #limits: Limits;
  #live: Link;
  #liveRule: DestinationRule; // whose endpoint the live link has
  #stream: string;
  #detach: () => void;
  #state: State = STEADY;

  constructor(rule: DestinationRule, host: SwapHost, limits: Limits) {
    this.#host = host;
    this.#limits = limits;
    this.#liveRule = rule;
    this.#stream = rule.stream;
    this.#live = host.dial(rule);
    this.#detach = host.attach(rule.stream, this);
  }

  /** The link that is sent the stream. */
  get live(): Link {
    return this.#live;
  }

  /** The link that is being dialled, or waits for its start, while the live one is in use. */
  get next(): Link | null {
    const link = isSwap(this.#state) ? this.#state.next.link : this.#live;
    return link === this.#live ? null : link;
  }

  /** What the live link is sent. */
  get stream(): string {
    return this.#stream;
  }

  get awaitsAccess(): boolean {
    return this.#live.awaitsAccess || (this.#state.kind === 'joining' && this.#state.splicer.isWaiting);
  }

  awaitDrain(ready: () => void): Backpressure {
    return this.#live.awaitDrain(ready);
  }

  write(message: Message): void {
    const state = this.#state;
    if (state.kind === 'steady' || message.kind !== 'ts') this.#live.write(message);
    else this.#writeInSwap(state, message);
  }

  /** Swaps to the endpoint and the stream of `rule`, which differs from the last one. */
  swapTo(rule: DestinationRule): void {
    if (isSameEndpoint(this.#liveRule, rule)) this.#startSwap({ link: this.#live, rule });
    else if (rule.swap === 'break') this.#cutTo(rule);
    else if (!this.#live.isOpen) this.#replace(rule);
    else this.#startSwap({ link: this.#pendingFor(rule) ?? this.#host.dial(rule), rule });
  }

  /** Ends every swap, and closes all links with `code`. */
  close(code: number): void {
    this.#endSwap(code);
    this.#detach();
    const { drain } = this.#state;
    this.#endDrain();
    if (drain) this.#host.close(drain.link, code, 0);
    this.#host.close(this.#live, code, 0);
  }

  /** `link` is open. */
  linkOpened(link: Link): void {
    const state = this.#state;
    if (state.kind === 'dialling' && link === state.next.link) this.#join(state);
  }

  /** `link` is lost, or a dial has failed. */
  linkLost(link: Link): void {
    if (this.#state.drain?.link === link) this.#endDrain();
    const state = this.#state;
    if (!isSwap(state)) return;
    // The previous endpoint is not dialled again. No link is open, so there is no viewer who could see a gap.
    if (link === this.#live) this.#takeOver(state.next);
    else if (link === state.next.link && state.kind === 'joining') {
      this.#leaveJoining(state);
      state.detach?.();
      this.#state = { kind: 'dialling', next: state.next, drain: state.drain };
    }
  }

  /** The link of the swap that is under way, if it leads to the endpoint of `rule`. */
  #pendingFor(rule: DestinationRule): Link | null {
    return isSwap(this.#state) && isSameEndpoint(this.#state.next.rule, rule) ? this.next : null;
  }

  /** As {@link #replace}; the live link and one that drains are sent not one more byte. */
  #cutTo(rule: DestinationRule): void {
    this.#endSwap(NORMAL_CLOSURE);
    this.#state.drain?.link.cut();
    this.#endDrain();
    this.#live.cut();
    this.#replace(rule);
  }

  /** Replaces the live link by one to another endpoint, without waiting for that. */
  #replace(rule: DestinationRule): void {
    this.#endSwap(NORMAL_CLOSURE);
    this.#host.close(this.#live, NORMAL_CLOSURE, 0);
    this.#live = this.#host.dial(rule);
    this.#liveRule = rule;
    this.#subscribe(rule.stream);
  }

  #startSwap(next: Next): void {
    this.#endSwap(NORMAL_CLOSURE, next.link);
    const { link, rule } = next;
    if (link === this.#live && rule.stream === this.#stream) return; // back to the current state
    const dialling: Dialling = { kind: 'dialling', next, drain: this.#state.drain };
    if (link.isOpen) this.#join(dialling);
    else if (link === this.#live) this.#takeOver(next);
    else this.#state = dialling;
  }

  /** The next link is open: waits for a point where it can start. */
  #join({ next, drain }: Dialling): void {
    const { link, rule } = next;
    const { keyframeWaitMs, resumeAfterMs } = this.#limits;
    const isOther = rule.stream !== this.#stream;
    const splicer = isOther
      ? new Splicer(startTimeouts(this.#limits), link === this.#live && link.hasSent ? 'moved' : 'new')
      : Splicer.takeOver(swapTimeouts(this.#limits));
    // Another stream may never contain a picture.
    const checkMs = isOther ? Math.max(resumeAfterMs, SILENCE_MS) : SILENCE_MS;
    let waitsLeft = isOther ? Math.ceil(keyframeWaitMs / checkMs) : Infinity;
    const check = () => {
      if (!joining.hasPackets || --waitsLeft <= 0) this.#takeOver(next);
      joining.hasPackets = false;
    };
    const joining: Joining = {
      ...{ kind: 'joining', next, splicer, drain, hasPackets: false, hasMedia: false, facts: null },
      detach: isOther
        ? this.#host.attach(rule.stream, { write: (message) => this.#writeOther(splicer, message) })
        : null,
      timer: setInterval(check, checkMs).unref(),
    };
    this.#state = joining;
  }

  /** Packets of the stream that the live link is sent. */
  #writeInSwap(state: Dialling | Joining | Draining | Settling, message: Message): void {
    const isJoiningHere = state.kind === 'joining' && state.detach === null;
    if (isJoiningHere) {
      state.hasPackets = true;
      state.facts = message.facts;
      if (message.startsSource) this.#restoreHeld(state); // another source begins: nothing more comes of this one
    }
    if (state.drain) this.#split(message, state.drain.splicer, state.drain.link, this.#live);
    else if (isJoiningHere) {
      const previous = this.#live;
      this.#split(message, state.splicer, previous, state.next.link);
      if (state.splicer.hasStarted) this.#startDrain(state, previous);
    } else this.#live.write(message);
    if (this.#state.drain?.splicer.isDone === true) this.#endDrain();
  }

  /** Packets of another stream, on which a link starts. */
  #writeOther(splicer: Splicer, message: Message): void {
    const state = this.#state;
    if ((state.kind !== 'joining' && state.kind !== 'settling') || state.splicer !== splicer) return;
    if (message.kind !== 'ts') {
      if (state.kind === 'settling') this.#live.write(message);
      else if (!state.hasMedia) {
        this.#takeOver(state.next); // nothing to wait for
        this.#live.write(message);
      }
      return;
    }
    if (state.kind === 'joining') state.hasPackets = state.hasMedia = true;
    const { data, facts, startsSource } = message;
    const offset = startsSource ? 0 : message.accessPointOffset;
    const { incoming, accessPointOffset } = splicer.splice(data, offset, facts, performance.now());
    if (!incoming) return;
    const begins = startsSource || state.kind === 'joining';
    if (state.kind === 'joining') this.#takeOver(state.next);
    this.#live.write(new Message('ts', incoming, { accessPointOffset, startsSource: begins, facts }));
    if (splicer.isDone) this.#endSettling();
  }

  /** Splits a message: the units that `from` has begun go to it, the others to `to`. */
  #split(message: Message, splicer: Splicer, from: Link, to: Link): void {
    const begins = !splicer.hasStarted;
    if (message.startsSource) splicer.end();
    const { data, facts } = message;
    const now = performance.now();
    const { outgoing, incoming, accessPointOffset } = splicer.splice(data, message.accessPointOffset, facts, now);
    if (outgoing === data) from.write(message);
    else if (outgoing) from.write(new Message('ts', outgoing, { accessPointOffset: -1, startsSource: false, facts }));
    // It starts with tables and a random access point, like a source. Only once: the link may be lost and reopened.
    if (incoming === data) to.write(message);
    else if (incoming) to.write(new Message('ts', incoming, { accessPointOffset, startsSource: begins, facts }));
  }

  /** The next link has its first packets: it becomes the live one, and the previous one completes its units. */
  #startDrain({ next, splicer, timer }: Joining, previous: Link): void {
    clearInterval(timer);
    this.#live = next.link;
    this.#liveRule = next.rule;
    const drain = { link: previous, splicer, timer: setTimeout(() => this.#endDrain(), DRAIN_MS).unref() };
    this.#state = { kind: 'draining', drain };
  }

  #endDrain(): void {
    const state = this.#state;
    const { drain } = state;
    if (drain === null) return;
    clearTimeout(drain.timer);
    if (state.kind === 'draining') this.#state = STEADY;
    else state.drain = null;
    this.#host.close(drain.link, NORMAL_CLOSURE, DRAIN_MS);
  }

  /** The swap is completed at once: its link and stream become the live ones. */
  #takeOver({ link, rule }: Next): void {
    const state = this.#state;
    const previous = this.#live;
    if (state.kind === 'joining') this.#leaveJoining(state);
    this.#live = link;
    this.#liveRule = rule;
    if (rule.stream === this.#stream) this.#state = drainingOrSteady(state);
    else {
      this.#endDrain(); // no unit of the previous stream goes on
      this.#state = STEADY;
      if (state.kind === 'joining' && state.splicer.hasStarted && state.detach) {
        this.#detach();
        this.#stream = rule.stream;
        this.#detach = state.detach;
        this.#state = { kind: 'settling', splicer: state.splicer, drain: null };
      } else {
        if (state.kind === 'joining') state.detach?.();
        if (previous === link) previous.resubscribe();
        this.#subscribe(rule.stream);
      }
    }
    if (previous !== link) this.#host.close(previous, NORMAL_CLOSURE, DRAIN_MS);
  }

  /** Ends what is under way but a drain; its link is closed with `code`, unless that is `kept` or the live one. */
  #endSwap(code: number, kept: Link = this.#live): void {
    const state = this.#state;
    if (state.kind === 'settling') this.#endSettling();
    if (!isSwap(state)) return;
    if (state.kind === 'joining') {
      this.#leaveJoining(state);
      state.detach?.();
    }
    this.#state = drainingOrSteady(state);
    const { link } = state.next;
    if (link !== this.#live && link !== kept) this.#host.close(link, code, 0);
  }

  #leaveJoining(state: Joining): void {
    clearInterval(state.timer);
    this.#restoreHeld(state);
  }

  /** Sends the live link what was held back for a swap that does not take place. */
  #restoreHeld({ splicer, facts }: Joining): void {
    const held = splicer.takeHeld();
    if (held) this.#live.write(new Message('ts', held, { accessPointOffset: -1, startsSource: false, facts }));
  }

  /** The messages of the new stream no longer need to be split. */
  #endSettling(): void {
    if (this.#state.kind !== 'settling') return;
    this.#state = STEADY;
    const detach = this.#detach;
    this.#detach = this.#host.attach(this.#stream, this);
    detach();
  }

  #subscribe(stream: string): void {
    if (stream === this.#stream) return;
    this.#endDrain(); // no unit of the previous stream goes on
    this.#detach();
    this.#stream = stream;
    this.#detach = this.#host.attach(stream, this);
  }
}

function isSwap(state: State): state is Dialling | Joining {
  return state.kind === 'dialling' || state.kind === 'joining';
}

/** What remains when a swap ends: the drain of the one before. */
function drainingOrSteady({ drain }: State): Steady | Draining {
  return drain ? { kind: 'draining', drain } : STEADY;
}
