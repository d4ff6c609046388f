// A WebSocket that is redialled for ever. The only file that knows reconnecting-websocket and its pitfalls.
//
// The pitfalls, and how they are avoided:
// - its timer between two dials outlives close(), and a failing URL provider is an unhandled rejection: the backoff and the
//   request for a URL are done here, in a URL provider that can be cancelled and never rejects;
// - it removes its listeners from a socket that it abandons, whose late `error` then ends the process: our sockets have a
//   listener of their own from the start;
// - it reports every failure as code 1000: reasons are read from the socket itself;
// - its queue is unbounded and keeps the oldest: it is disabled (`maxEnqueuedMessages: 0`);
// - it sets binaryType 'blob': this is overridden;
// - reconnect() and reuse after close() hang: an instance is closed once and not reused.

import type { LookupFunction } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import rws from 'reconnecting-websocket';
import { type ClientOptions, WebSocket } from 'ws';
import type { Backpressure } from '../delivery/backpressure.js';
import type { Outlet } from '../delivery/outlet.js';
import type { Fault } from '../events/event.js';
import type { Limits } from '../../config/limits.js';
import type { Message } from '../message.js';
import { Backoff } from './backoff.js';
import { type AttemptObserver, DialAttempt } from './dial-attempt.js';
import { DnsLookup } from './dns-lookup.js';
import { faultOf } from './faults.js';
import { proxyRoute, type ProxyRoute } from './forward-proxy.js';
import type { EndpointKind, WebSocketTarget } from './kinds/endpoint-kind.js';

// The package is CommonJS with an ES module's types: the import is the class itself.
const ReconnectingWebSocket = rws as unknown as typeof rws.default;

/** What to dial. */
export interface Dial extends WebSocketTarget {
  readonly tls?: SecureContextOptions;
}

/** Where to dial, and how to read what comes back. */
export interface Dialled {
  readonly kind: EndpointKind;
  /** Returns what to dial, called before each dial; a rejection is a failed dial. */
  nextDial(signal: AbortSignal): Promise<Dial>;
}

/** Receives the socket's notifications: those of each attempt, and when the next one starts. */
export interface DialObserver extends AttemptObserver {
  /** The next dial starts in this many milliseconds; 0: now. */
  dialling(delayMs: number): void;
}

/** Dials, pings, and redials until it is closed. */
export class ReconnectingSocket implements Outlet {
  readonly #limits: Limits;
  readonly #observer: DialObserver;
  readonly #endpoint: Dialled;
  readonly #ended = new AbortController();
  readonly #backoff: Backoff;
  readonly #client: InstanceType<typeof ReconnectingWebSocket>;
  #dial: Dial | null = null;
  #route: ProxyRoute | undefined; // set if a proxy is used
  #lookup = new DnsLookup(); // of the dial under way
  #attempt: DialAttempt | null = null; // the latest
  #goodTimer: NodeJS.Timeout | undefined;
  #waitTimer: NodeJS.Timeout | undefined;
  #cancelWait: (() => void) | null = null;
  #closed = false;

  constructor(endpoint: Dialled, limits: Limits, observer: DialObserver) {
    this.#endpoint = endpoint;
    this.#limits = limits;
    this.#observer = observer;
    this.#backoff = new Backoff(limits);
    const adopt = (socket: WebSocket) => this.#adopt(socket);
    const protocols = () => [...(this.#dial?.protocols ?? [])];
    const options = (): ClientOptions => this.#clientOptions();
    class DialledSocket extends WebSocket {
      constructor(url: string) {
        super(url, protocols(), options());
        adopt(this);
      }
    }
    this.#client = new ReconnectingWebSocket(() => this.#nextUrl(), undefined, {
      WebSocket: DialledSocket,
      connectionTimeout: limits.dialTimeoutMs,
      minReconnectionDelay: 0,
      maxReconnectionDelay: 0,
      minUptime: limits.goodAfterMs,
      maxEnqueuedMessages: 0,
    });
    this.#client.binaryType = 'nodebuffer' as never; // ws's own, which the browser's type does not list
  }

  /** The memory of what waits, in bytes; -1 while the link is not open. */
  get waitingBytes(): number {
    return this.#attempt?.outlet?.waitingBytes ?? -1;
  }

  /** Bytes of messages that the system has not taken yet. */
  get queuedBytes(): number {
    return this.#attempt?.outlet?.queuedBytes ?? 0;
  }

  /** The round-trip time of a ping in milliseconds; -1 while unknown. */
  get roundTripMs(): number {
    return this.#attempt?.roundTripMs ?? -1;
  }

  /** Sends a message as one masked frame, if the link is open; to be called after {@link waitingBytes}. */
  send(message: Message): void {
    this.#attempt?.outlet?.send(message);
  }

  awaitDrain(ready: () => void): Backpressure {
    return this.#attempt?.outlet?.awaitDrain(ready) ?? 'goes-without';
  }

  /** Sends a text message; nothing if the link is not open. */
  sendText(text: string): void {
    this.#attempt?.sendText(text);
  }

  /** The endpoint has accepted us: if the link stays open for `goodAfterMs` from now on, the backoff is reset. */
  accept(): void {
    clearTimeout(this.#goodTimer);
    this.#goodTimer = setTimeout(() => this.#backoff.reset(), this.#limits.goodAfterMs).unref();
  }

  /** Drops the open link as if it had been lost; it is redialled after the backoff. */
  drop(reason: Fault): void {
    this.#attempt?.drop(reason);
  }

  /** Resolves when the system has taken everything, after `ms` at the latest, when `end` aborts, or when the link is lost. */
  async drain(ms: number, end: AbortSignal): Promise<void> {
    await this.#attempt?.drain(ms, end);
  }

  /** Closes for good with a closing handshake (RFC 6455 §7.1.2); resolves when the socket is closed. Idempotent. */
  async close(code: number): Promise<void> {
    this.#closed = true;
    this.#cancelWait?.();
    this.#ended.abort();
    clearTimeout(this.#goodTimer);
    this.#attempt?.detach();
    const closed = this.#attempt?.closed();
    this.#client.close(code);
    await closed;
  }

  /** Waits for the backoff and calls `nextDial`, until that succeeds or the link is closed. Never rejects. */
  async #nextUrl(): Promise<string> {
    while (!this.#closed) {
      const delayMs = this.#backoff.next();
      if (delayMs > 0) {
        this.#observer.dialling(delayMs);
        await this.#wait(delayMs);
        if (this.#isClosed()) break;
      }
      this.#observer.dialling(0);
      try {
        this.#dial = await this.#endpoint.nextDial(this.#ended.signal);
        return this.#dial.url;
      } catch (error) {
        if (!this.#isClosed()) this.#observer.lost(faultOf(error as Error));
      }
    }
    return ''; // closed: it is not dialled any more
  }

  /** As a call, because TypeScript thinks that `#closed` cannot change across an await. */
  #isClosed(): boolean {
    return this.#closed;
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(this.#waitTimer);
        this.#cancelWait = null;
        resolve();
      };
      this.#waitTimer = setTimeout(end, delayMs);
      this.#cancelWait = end;
    });
  }

  #clientOptions(): ClientOptions {
    const { dialTimeoutMs, closeTimeoutMs, maxMessageBytes } = this.#limits;
    this.#route = this.#dial === null ? undefined : proxyRoute(this.#dial.url, this.#dial.tls ?? {});
    this.#lookup = new DnsLookup();
    const options: ClientOptions & { closeTimeout: number; lookup: LookupFunction } = {
      ...this.#dial?.tls,
      ...(this.#route ? { agent: this.#route.agent } : {}),
      ...(this.#dial?.headers ? { headers: this.#dial.headers } : {}),
      lookup: this.#lookup.lookup, // missing from @types/ws, like closeTimeout
      perMessageDeflate: false,
      handshakeTimeout: dialTimeoutMs,
      closeTimeout: closeTimeoutMs,
      maxPayload: maxMessageBytes,
      skipUTF8Validation: false,
      autoPong: false,
    };
    return options;
  }

  #adopt(socket: WebSocket): void {
    this.#attempt?.abandon();
    const path = {
      limits: this.#limits,
      kind: this.#endpoint.kind,
      route: this.#route,
      lookup: this.#lookup,
    };
    this.#attempt = new DialAttempt(socket, path, {
      opened: (path) => this.#observer.opened(path),
      lost: (fault) => {
        clearTimeout(this.#goodTimer);
        this.#observer.lost(fault);
      },
      received: (data, kind) => this.#observer.received(data, kind),
      throttled: () => this.#observer.throttled(),
    });
    if (this.#closed) this.#attempt.detach();
  }
}
