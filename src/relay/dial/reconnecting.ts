// A WebSocket that is redialled for ever. The only file that knows reconnecting-websocket and its pitfalls, and the only
// one that writes frames past `ws.send` (RFC 6455 §5.2: they are built once for all links).
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

import type { IncomingMessage } from 'node:http';
import type { LookupFunction, Socket } from 'node:net';
import { type SecureContextOptions, TLSSocket } from 'node:tls';
import rws from 'reconnecting-websocket';
import { type ClientOptions, type RawData, WebSocket } from 'ws';
import { proxyRoute, type ProxyRoute } from './forward-proxy.js';
import { Backlog } from '../delivery/backlog.js';
import { Backoff } from './backoff.js';
import type { Fault } from '../events/event.js';
import { faultOf, faultOfClose, timeoutFault, faultOfUpgrade } from './faults.js';
import { frameBuilder } from '../framing/frame.js';
import { Heartbeat } from '../framing/heartbeat.js';
import type { Limits } from '../limits.js';
import type { Message } from '../message.js';
import { DnsLookup } from './dns-lookup.js';
import { answerPings } from '../framing/pongs.js';
import { throttleReads } from '../framing/read-throttle.js';
import { awaitDrainOf, type Backpressure } from '../feed/backpressure.js';
import { redactSecrets, querySecrets } from './secrets.js';

// The package is CommonJS with an ES module's types: the import is the class itself.
const ReconnectingWebSocket = rws as unknown as typeof rws.default;

/** How many bytes of an endpoint's refusal are read. */
const MAX_REASON_BYTES = 1 << 14;

/** The header by which `/ws/<feed>` identifies itself in its answer to an upgrade. */
export const ENDPOINT_HEADER = 'vw-endpoint';

/** What to dial. */
export interface Dial {
  readonly url: string;
  readonly tls?: SecureContextOptions;
}

/** Receives the socket's notifications. */
export interface DialObserver {
  /** The next dial starts in this many milliseconds; 0: now. */
  dialling(delayMs: number): void;
  /**
   * The WebSocket is open. The observer decides whether the link works: see `accept`. `isFeed`: the endpoint has identified
   * itself as `/ws/<feed>` of a relay.
   */
  opened(isFeed: boolean): void;
  /** A dial failed, or a link that was open is lost. */
  lost(fault: Fault): void;
  received(data: Buffer, isBinary: boolean): void;
  /** A read contained so many frames that they are processed over several turns of the event loop. */
  throttled(): void;
}

/** Dials, pings, and redials until it is closed. */
export class ReconnectingSocket {
  readonly #limits: Limits;
  readonly #observer: DialObserver;
  readonly #nextDial: (signal: AbortSignal) => Promise<Dial>;
  readonly #ended = new AbortController();
  readonly #backoff: Backoff;
  readonly #client: InstanceType<typeof ReconnectingWebSocket>;
  #dial: Dial | null = null;
  #route: ProxyRoute | undefined; // set if a proxy is used
  #name = new DnsLookup(); // of the dial under way
  #socket: WebSocket | null = null; // the one that is dialled, open or closing
  #raw: Socket | null = null; // its connection, while it is open
  #backlog = new Backlog(); // of #raw
  #isSecure = false;
  #heartbeat: Heartbeat | null = null;
  #unsubscribe: (() => void) | null = null; // detaches #socket from this object
  #givenUp: Fault | null = null; // why we closed it ourselves
  #goodTimer: NodeJS.Timeout | undefined;
  #waitTimer: NodeJS.Timeout | undefined;
  #cancelWait: (() => void) | null = null;
  #closed = false;

  /** @param nextDial returns what to dial, called before each dial; a rejection is a failed dial. */
  constructor(nextDial: (signal: AbortSignal) => Promise<Dial>, limits: Limits, observer: DialObserver) {
    this.#nextDial = nextDial;
    this.#limits = limits;
    this.#observer = observer;
    this.#backoff = new Backoff(limits);
    const adopt = (socket: WebSocket) => this.#adopt(socket);
    const options = (): ClientOptions => this.#clientOptions();
    class DialledSocket extends WebSocket {
      constructor(url: string) {
        super(url, options());
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

  /** Bytes written that the system has not taken yet; -1 while the link is not open. */
  get waitingBytes(): number {
    // Not writable: the endpoint has closed, and the socket waits for its end.
    return this.#raw?.writable === true ? this.#raw.writableLength : -1;
  }

  /** The memory of the queue; `waitingBytes` is the current {@link waitingBytes}. */
  backlogOf(waitingBytes: number): number {
    return this.#backlog.memoryOf(waitingBytes);
  }

  /** The round-trip time of a ping in milliseconds; -1 while unknown. */
  get roundTripMs(): number {
    return this.#heartbeat?.roundTripMs ?? -1;
  }

  /** Sends a message as one masked frame on the open link. `waitingBytes` is the current {@link waitingBytes}. */
  send(message: Message, waitingBytes: number): void {
    const raw = this.#raw!; // open: the caller has checked
    // TLS reads the frame later; so does a socket with a backlog.
    if (this.#isSecure || waitingBytes > 0) {
      raw.write(frameBuilder.owned(message), this.#backlog.add());
    } else {
      // Not the result of write(): for a long frame it is false although the system has taken all of it.
      raw.write(frameBuilder.shared(message));
      if (raw.writableLength > 0) frameBuilder.retain(raw);
    }
  }

  awaitDrain(ready: () => void): Backpressure {
    return this.#raw === null ? 'goes-without' : awaitDrainOf(this.#raw, ready);
  }

  /** Sends a text message; nothing if the link is not open. */
  sendText(text: string): void {
    if (this.#raw !== null) this.#socket?.send(text);
  }

  /** The endpoint has accepted us: if the link stays open for `goodAfterMs` from now on, the backoff is reset. */
  accept(): void {
    clearTimeout(this.#goodTimer);
    this.#goodTimer = setTimeout(() => this.#backoff.reset(), this.#limits.goodAfterMs).unref();
  }

  /** Drops the open link as if it had been lost; it is redialled after the backoff. */
  drop(reason: Fault): void {
    this.#givenUp = reason;
    this.#socket?.terminate();
  }

  /** Resolves when the system has taken everything, after `ms` at the latest, or when the link is lost. */
  async drain(ms: number): Promise<void> {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
      socket.once('close', () => resolve());
      socket.ping('', true, () => resolve()); // queued behind everything else: RFC 6455 §5.5.2
    });
    clearTimeout(timer);
  }

  /** Closes for good with a closing handshake (RFC 6455 §7.1.2); resolves when the socket is closed. Idempotent. */
  async close(code: number): Promise<void> {
    this.#closed = true;
    this.#cancelWait?.();
    this.#ended.abort();
    this.#unsubscribe?.();
    const socket = this.#socket;
    const gone = socket === null ? null : new Promise<void>((resolve) => socket.once('close', () => resolve()));
    this.#client.close(code);
    await gone;
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
        this.#dial = await this.#nextDial(this.#ended.signal);
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
    this.#name = new DnsLookup();
    const options: ClientOptions & { closeTimeout: number; lookup: LookupFunction } = {
      ...this.#dial?.tls,
      ...(this.#route ? { agent: this.#route.agent } : {}),
      lookup: this.#name.lookup, // missing from @types/ws, like closeTimeout
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
    this.#unsubscribe?.(); // the previous socket may still be closing: it is ignored from here on
    const startedAt = performance.now();
    const route = this.#route;
    const name = this.#name;
    let frameSink: Socket | null = null;
    let isFeed = false;
    let heartbeat: Heartbeat | null = null;
    let fault: Fault | null = null;
    let answer: Fault | null = null; // an HTTP answer that is no upgrade
    const leave = (code = 1006, reason: Buffer = Buffer.alloc(0)) => {
      if (this.#unsubscribe !== leave) return;
      if (heartbeat === null) route?.cancel();
      heartbeat?.stop();
      clearTimeout(this.#goodTimer);
      this.#unsubscribe = this.#raw = this.#heartbeat = null;
      if (this.#closed) return;
      const isLate = heartbeat === null && performance.now() - startedAt >= this.#limits.dialTimeoutMs - 5;
      if (isLate) {
        const late = timeoutFault(this.#limits.dialTimeoutMs, name.isPending);
        fault = route ? route.explain(late) : late;
      }
      const found = this.#givenUp ?? answer ?? fault ?? faultOfClose(code, reason.toString());
      // The endpoint's message may quote the address, which contains a code.
      this.#observer.lost({ code: found.code, message: redactSecrets(found.message, querySecrets(socket.url)) });
    };
    this.#unsubscribe = leave;
    this.#socket = socket;
    this.#givenUp = null;
    socket.on('error', (error) => {
      if (heartbeat === null) fault ??= route ? route.explain(faultOf(error)) : faultOf(error);
      else fault ??= { code: 'lost', message: faultOf(error).message };
    });
    socket.on('unexpected-response', (_request, response) => {
      const explain = (found: Fault) => (route ? route.explain(found, true) : found);
      const status = response.statusCode ?? 0;
      answer = explain(faultOfUpgrade(status, '')); // if the body does not arrive in time
      void readShort(response).then((body) => {
        answer = explain(faultOfUpgrade(status, body));
        socket.terminate();
      });
    });
    socket.on('upgrade', (response) => {
      frameSink = response.socket;
      isFeed = response.headers[ENDPOINT_HEADER] === 'feed';
    });
    socket.on('open', () => {
      if (this.#closed || this.#unsubscribe !== leave) return;
      this.#raw = frameSink;
      this.#backlog = new Backlog();
      this.#isSecure = frameSink instanceof TLSSocket;
      if (frameSink) answerPings(socket, frameSink);
      throttleReads(socket, () => this.#observer.throttled());
      this.#heartbeat = heartbeat = new Heartbeat(socket, this.#limits, () => {
        this.drop({ code: 'no-answer', message: `no answer to a ping for ${this.#limits.pongTimeoutMs / 1000} s` });
      });
      this.#observer.opened(isFeed);
    });
    socket.on('message', (data: RawData, isBinary) => {
      if (!this.#closed && this.#unsubscribe === leave) this.#observer.received(data as Buffer, isBinary);
    });
    socket.on('close', (code, reason) => {
      if (this.#socket === socket) this.#socket = null;
      leave(code, reason);
    });
  }
}

/** The beginning of an answer's body, as text; less if the connection fails. */
async function readShort(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes > MAX_REASON_BYTES) break;
    }
  } catch {
    // The connection failed, or the dial was abandoned.
  }
  return Buffer.concat(pieces).toString();
}
