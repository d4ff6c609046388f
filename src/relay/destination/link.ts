// One WebSocket to an endpoint: its state, what it sends, and what is dropped when the endpoint is slow.
//
//   waiting ──▶ dialling ──▶ authorising ──▶ open ──▶ (lost) ──▶ waiting …
//      │           │  └─ (no token) ────────▲  │
//      └───────────┴───────────┴───────────────┴──▶ closing ──▶ closed

import { Delivery } from '../delivery/delivery.js';
import { dropEvents } from '../delivery/drop-events.js';
import type { Endpoint } from '../dial/endpoint.js';
import { Splicer } from '../../mpegts/splice/splicer.js';
import type { Fault } from '../events/event.js';
import { CONNECTION_CLOSED, TLS_EXPECTED } from '../dial/faults.js';
import type { Sink } from '../feed/sink.js';
import type { EventLog } from '../events/event-log.js';
import type { Limits } from '../../config/limits.js';
import { LinkHealth } from './link-health.js';
import { Message, type OpaqueKind } from '../message.js';
import { RateMeter } from '../feed/rate-meter.js';
import type { Backpressure } from '../delivery/backpressure.js';
import { startTimeouts } from '../delivery/access-timeouts.js';
import type { EndpointPath } from '../dial/dial-attempt.js';
import { type Dial, ReconnectingSocket } from '../dial/reconnecting.js';
import { speaksTls } from '../dial/tls-probe.js';
import { redactSecrets } from '../dial/secrets.js';
import { isSecure } from '../dial/transport.js';
import type { LinkState, LinkStats } from '../stats-schema.js';

/** Receives a link's notifications. */
export interface LinkObserver {
  opened(): void;
  /** A dial failed, or the open link is lost; it is dialled again. */
  lost(): void;
  /** The endpoint sent a message. */
  received(message: Message): void;
}

const SLOW: Fault = {
  code: 'slow',
  message: 'it is slower than the stream; messages are dropped until it catches up',
};
const OPAQUE: Fault = {
  code: 'opaque-ts',
  message:
    'it is /ws/<feed> of a relay, which passes MPEG-TS on as data that no player or stream of its can use; accepted: ' +
    '/in/<topic> of vw serve, or an upload to /ts/<feed>',
};
/** Where a link leads, and for which destination. */
export interface LinkTarget {
  /** The destination's id. */
  readonly id: string;
  readonly endpoint: Endpoint;
}

/** Only texts of up to this many bytes are parsed for a verdict: the endpoint is not trusted before it authorises us. */
const MAX_REPLY_BYTES = 16 * 1024;

/** Keeps a connection to one endpoint. Messages are discarded while it is not open: what is sent afterwards is live. */
export class Link implements Sink {
  readonly #events: EventLog;
  readonly #facts: { destination: string; endpoint: string };
  readonly #observer: LinkObserver;
  readonly #socket: ReconnectingSocket;
  readonly #delivery: Delivery;
  readonly #url: string;
  readonly #endpoint: Endpoint;
  readonly #limits: Limits;
  #verdictTimer: NodeJS.Timeout | undefined;
  #state: LinkState = 'dialling';
  #since = Date.now();
  #attempts = 0;
  #opens = 0;
  readonly #health: LinkHealth;
  #goodTimer: NodeJS.Timeout | undefined;
  #isFeed = false; // the endpoint is a relay's /ws/<feed>
  #hasOpaqueTs = false; // the endpoint is that, and was sent MPEG-TS
  #probing: Promise<void> | null = null; // the check of why a dial failed, while it runs
  readonly #ended = new AbortController();
  #isProven = false; // it has been open for a while
  #lastError: string | null = null;
  #lastErrorMs: number | null = null;
  #nextDial: number | null = null;
  #sentAtOpen = 0;
  #receivedMessages = 0;
  #throttledReads = 0;
  readonly #meter = new RateMeter(performance.now());
  #closing: Promise<void> | null = null;
  readonly #drainEnd = new AbortController();

  constructor({ id, endpoint }: LinkTarget, limits: Limits, events: EventLog, observer: LinkObserver) {
    this.#events = events;
    this.#endpoint = endpoint;
    this.#limits = limits;
    this.#health = new LinkHealth(limits.goodAfterMs);
    this.#url = endpoint.kind.shownUrl(endpoint.address.url);
    this.#facts = { destination: id, endpoint: this.#url };
    this.#observer = observer;
    const dialled = { kind: endpoint.kind, nextDial: (signal: AbortSignal) => this.#nextTarget(signal) };
    this.#socket = new ReconnectingSocket(dialled, limits, {
      dialling: (delayMs) => this.#dialling(delayMs),
      opened: (path) => this.#opened(path),
      lost: (fault) => this.#linkLost(fault),
      received: (data, kind) => this.#received(data, kind),
      throttled: () => {
        if (this.#throttledReads++ === 0) events.log.warn('endpoint floods tiny messages: throttled', this.#facts);
      },
    });
    const reader = { reader: 'destination' as const, name: id };
    this.#delivery = new Delivery(this.#socket, limits, dropEvents(events, reader, this, { endpoint: this.#url }));
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Whether anything was sent since the link opened. */
  get hasSent(): boolean {
    return this.#delivery.sentMessages > this.#sentAtOpen;
  }

  /** Bytes of messages that the system has not taken yet. */
  get queuedBytes(): number {
    return this.#socket.queuedBytes;
  }

  /** What is wrong with what is sent, apart from the link; null: nothing. */
  get sendingFault(): Fault | null {
    return this.#hasOpaqueTs ? OPAQUE : null;
  }

  write(message: Message): void {
    if (this.#state !== 'open') return;
    const isSent = this.#delivery.write(message);
    if (this.#isFeed && isSent && message.kind === 'ts') this.#hasOpaqueTs = true;
  }

  get awaitsAccess(): boolean {
    return this.#state === 'open' && this.#delivery.awaitsAccess;
  }

  awaitDrain(ready: () => void): Backpressure {
    return this.#state === 'open' ? this.#delivery.awaitDrain(ready) : 'goes-without';
  }

  /** Messages from now on belong to another stream: sending resumes at its next random access point. */
  resubscribe(): void {
    this.#delivery.restart(new Splicer(startTimeouts(this.#limits), this.hasSent ? 'moved' : 'new'));
  }

  /** Discards what the system has not taken yet and cuts the connection: the endpoint receives nothing more. */
  cut(): void {
    this.#socket.drop({ code: 'lost', message: 'it was left' });
  }

  /**
   * Closes the link with a close code (RFC 6455 §7.4.1) once the system has taken what is queued, after `drainMs` at the
   * latest; resolves when it is closed. Idempotent; a later call without `drainMs` ends the wait.
   */
  close(code: number, drainMs = 0): Promise<void> {
    if (drainMs === 0) this.#drainEnd.abort();
    return (this.#closing ??= this.#close(code, drainMs));
  }

  /** To be called about once a second. */
  checkHealth(nowMs: number): void {
    this.#meter.sample(this.#delivery.sentBytes, nowMs);
  }

  stats(): LinkStats {
    const { sentMessages, sentBytes, isDropping, droppedMessages, droppedBytes } = this.#delivery;
    return {
      url: this.#url,
      state: this.#state,
      sinceMs: this.#since,
      fault: this.#fault(),
      attempts: this.#attempts,
      opens: this.#opens,
      lastError: this.#lastError,
      lastErrorMs: this.#lastErrorMs,
      nextDialMs: this.#nextDial,
      sentMessages,
      sentBytes,
      bitsPerSecond: this.#meter.rate(sentBytes, performance.now()),
      waitingBytes: this.queuedBytes,
      isDropping,
      droppedMessages,
      droppedBytes,
      receivedMessages: this.#receivedMessages,
      throttledReads: this.#throttledReads,
      pingMs: this.#socket.roundTripMs < 0 ? null : this.#socket.roundTripMs,
    };
  }

  async #close(code: number, drainMs: number): Promise<void> {
    const wasOpen = this.#state === 'open';
    this.#setState('closing');
    this.#health.fault = null;
    this.#ended.abort();
    clearTimeout(this.#verdictTimer);
    clearTimeout(this.#goodTimer);
    if (wasOpen && drainMs > 0 && this.queuedBytes > 0) await this.#socket.drain(drainMs, this.#drainEnd.signal);
    this.#delivery.restart();
    await this.#socket.close(code);
    this.#setState('closed');
    this.#events.log.info('link closed', this.#facts);
  }

  #fault(): Fault | null {
    if (this.#health.fault !== null) return this.#health.fault;
    if (this.#delivery.isDropping) return SLOW;
    return this.sendingFault;
  }

  #setState(state: LinkState): void {
    this.#state = state;
    this.#since = Date.now();
    this.#nextDial = null;
  }

  #dialling(delayMs: number): void {
    this.#setState(delayMs > 0 ? 'waiting' : 'dialling');
    if (delayMs > 0) this.#nextDial = this.#since + Math.round(delayMs);
    else this.#attempts++;
  }

  async #nextTarget(signal: AbortSignal): Promise<Dial> {
    await this.#probing; // one cause at a time
    return this.#endpoint.nextDial(signal);
  }

  #opened(path: EndpointPath): void {
    this.#isFeed = path === 'feed';
    const { kind, address } = this.#endpoint;
    const { introduction } = kind;
    if (introduction === null) {
      this.#accepted();
      return;
    }
    this.#setState('authorising');
    this.#socket.sendText(introduction.messageOf(address));
    const { dialTimeoutMs } = this.#limits;
    this.#verdictTimer = setTimeout(() => {
      this.#socket.drop(introduction.silenceFault(dialTimeoutMs));
    }, dialTimeoutMs).unref();
  }

  #accepted(): void {
    clearTimeout(this.#verdictTimer);
    this.#socket.accept();
    this.#delivery.restart(); // what was sent before went to another connection
    this.#setState('open');
    this.#opens++;
    this.#sentAtOpen = this.#delivery.sentMessages;
    if (this.#health.opened(performance.now())) this.#recordOpen();
    this.#isProven = false;
    this.#goodTimer = setTimeout(() => {
      this.#isProven = true;
      if (this.#health.lasted()) this.#recordOpen();
    }, this.#health.probationMs).unref();
    this.#observer.opened();
  }

  #received(data: Buffer, kind: OpaqueKind): void {
    if (this.#state === 'open') {
      if (kind === 'text' && this.#isObjection(data)) return;
      this.#receivedMessages++;
      this.#observer.received(new Message(kind, data));
    } else if (this.#state === 'authorising' && kind === 'text' && data.length <= MAX_REPLY_BYTES) {
      const reply = this.#endpoint.kind.introduction?.readReply(data.toString());
      if (reply?.verdict === 'accepted') this.#accepted();
      else if (reply) this.#socket.drop(reply.fault);
    }
  }

  /** Whether a text on a link that has not proven itself refuses what was sent. If so, drops the link. */
  #isObjection(data: Buffer): boolean {
    if (this.#isProven || data.length > MAX_REPLY_BYTES) return false;
    const fault = this.#endpoint.kind.readObjection(data);
    if (fault !== null) this.#socket.drop(fault);
    return fault !== null;
  }

  #recordOpen(): void {
    this.#events.emit({ type: 'link-open', ...this.#facts });
  }

  #linkLost(found: Fault): void {
    const before = this.#state;
    clearTimeout(this.#verdictTimer);
    clearTimeout(this.#goodTimer);
    this.#setState('waiting');
    this.#delivery.restart();
    this.#isFeed = this.#hasOpaqueTs = false;
    const isBrokenOff = found.code === 'other' && found.message.startsWith(CONNECTION_CLOSED); // the name of a proxy may follow
    if (isBrokenOff && !isSecure(new URL(this.#endpoint.firstContact)))
      void (this.#probing = this.#diagnose(found.message));
    else this.#recordLost(found, before);
    this.#observer.lost();
  }

  /** A plain dial was dropped without an answer, as TLS servers do: checks whether this is one, then reports the fault. */
  async #diagnose(message: string): Promise<void> {
    const { signal } = this.#ended;
    const isTls = await speaksTls(this.#endpoint.firstContact, signal);
    this.#probing = null;
    if (signal.aborted) return;
    this.#recordLost(
      isTls ? TLS_EXPECTED : { code: 'other', message: `${message}: should it be wss:// (https://)?` },
      'dialling',
    );
  }

  /** Reports why a dial failed or the link was lost; `before` is its previous state. */
  #recordLost(found: Fault, before: LinkState): void {
    const { kind, address, secrets } = this.#endpoint;
    const wasAuthorising = before === 'authorising';
    const meant = kind.meaningOf({ found, wasAuthorising, token: address.token, nowMs: Date.now() });
    const fault = { code: meant.code, message: redactSecrets(meant.message, secrets) };
    const isNews = this.#health.lost(fault, performance.now());
    this.#lastError = fault.message;
    this.#lastErrorMs = Date.now();
    // An endpoint that is away for a month causes one log line, not one per dial.
    if (isNews) {
      const type = before === 'open' ? 'link-lost' : 'link-refused';
      this.#events.emit({ type, ...this.#facts, fault });
    }
  }
}
