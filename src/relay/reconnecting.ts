// A WebSocket that is dialled again for ever. The only file that knows reconnecting-websocket and its traps, and the
// only one that writes frames past `ws.send` (RFC 6455 §5.2: they are built once for all links).
//
// The traps, and what is done about them:
// - its timer between two dials outlives close(), and a URL that fails is an unhandled rejection: the waiting and the
//   asking for a URL are done here, inside its URL provider, which can be called off and never rejects;
// - it takes its listeners off a socket it gives up, whose late `error` then ends the process: our sockets have one of
//   their own from the start;
// - it reports every failure as code 1000: reasons are read from the socket itself;
// - its queue is unbounded and keeps the oldest: it holds nothing (`maxEnqueuedMessages: 0`);
// - it sets binaryType 'blob': it is told otherwise;
// - reconnect() and a second use after close() hang: one instance is closed once.

import type { IncomingMessage } from 'node:http';
import type { LookupFunction, Socket } from 'node:net';
import { type SecureContextOptions, TLSSocket } from 'node:tls';
import rws from 'reconnecting-websocket';
import { type ClientOptions, type RawData, WebSocket } from 'ws';
import { proxyWay, type Way } from './proxy.js';
import { Backlog } from './backlog.js';
import { Backoff } from './backoff.js';
import type { Fault } from './event.js';
import { faultOf, faultOfClose, faultOfLateness, faultOfUpgrade } from './faults.js';
import { framePress } from './frame.js';
import { Heartbeat } from './heartbeat.js';
import type { Limits } from './limits.js';
import type { Message } from './message.js';
import { NameLookup } from './name-lookup.js';
import { answerPings } from './framing/pongs.js';
import { throttleReads } from './framing/read-throttle.js';
import { awaitDrainOf, type Pace } from './pace.js';
import { cleanWords, querySecrets } from './secrets.js';

// The package is CommonJS with an ES module's types: what is imported is the class itself.
const ReconnectingWebSocket = rws as unknown as typeof rws.default;

/** A far end that says no may say why, in so many bytes. */
const MOST_REASON_BYTES = 1 << 14;

/** What `/ws/<feed>` says of itself in its answer to an upgrade. */
export const ENDPOINT_HEADER = 'vw-endpoint';

/** What to dial. */
export interface Dial {
  readonly url: string;
  readonly tls?: SecureContextOptions;
}

/** What becomes of the dials. */
export interface DialObserver {
  /** The next dial comes in so many milliseconds; 0: it is being made. */
  dialling(delayMs: number): void;
  /**
   * The WebSocket is open. Whether the link is good is the observer's to say: see `accept`. `isFeed`: the endpoint is
   * `/ws/<feed>` of a relay, and says so.
   */
  opened(isFeed: boolean): void;
  /** A dial failed, or a link that was open is lost. */
  lost(fault: Fault): void;
  received(data: Buffer, isBinary: boolean): void;
  /** A read of it held so many frames that it is handed on over several turns of the event loop. */
  throttled(): void;
}

/** Dials, pings, and dials again until it is closed. */
export class ReconnectingSocket {
  readonly #limits: Limits;
  readonly #observer: DialObserver;
  readonly #nextDial: (signal: AbortSignal) => Promise<Dial>;
  readonly #ended = new AbortController();
  readonly #backoff: Backoff;
  readonly #client: InstanceType<typeof ReconnectingWebSocket>;
  #dial: Dial | null = null;
  #way: Way | undefined; // through a proxy
  #name = new NameLookup(); // of the one that is dialled
  #socket: WebSocket | null = null; // the one that is dialled, open or closing
  #raw: Socket | null = null; // what carries it, while it is open
  #backlog = new Backlog(); // of #raw
  #isSecure = false;
  #heartbeat: Heartbeat | null = null;
  #leave: (() => void) | null = null; // ends the part that #socket plays here
  #givenUp: Fault | null = null; // why we cut it ourselves
  #goodTimer: NodeJS.Timeout | undefined;
  #waitTimer: NodeJS.Timeout | undefined;
  #callOffWait: (() => void) | null = null;
  #closed = false;

  /** @param nextDial says what to dial, asked anew before each dial; a rejection is a failed dial. */
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
    // Not writable: the far end has closed, and the socket is only waiting to go.
    return this.#raw?.writable === true ? this.#raw.writableLength : -1;
  }

  /** The memory of what waits; `waitingBytes` is what {@link waitingBytes} was just now. */
  backlogOf(waitingBytes: number): number {
    return this.#backlog.memoryOf(waitingBytes);
  }

  /** Milliseconds a ping takes there and back; -1 while unknown. */
  get roundTripMs(): number {
    return this.#heartbeat?.roundTripMs ?? -1;
  }

  /** Sends a message as one masked frame on the open link. `waitingBytes` is what {@link waitingBytes} was just now. */
  send(message: Message, waitingBytes: number): void {
    const raw = this.#raw!; // open: the caller has asked
    // TLS takes what it is given some time later; so does a socket that is behind.
    if (this.#isSecure || waitingBytes > 0) {
      raw.write(framePress.give(message), this.#backlog.add());
    } else {
      // Not what write() returns: for a long frame that is false though the system has taken all of it.
      raw.write(framePress.lend(message));
      if (raw.writableLength > 0) framePress.leave(raw);
    }
  }

  awaitDrain(ready: () => void): Pace {
    return this.#raw === null ? 'goes-without' : awaitDrainOf(this.#raw, ready);
  }

  /** Sends a text message; nothing if the link is not open. */
  sendText(text: string): void {
    if (this.#raw !== null) this.#socket?.send(text);
  }

  /** The far end takes what it is sent: when the link has lasted a while from now on, the backoff starts over. */
  accept(): void {
    clearTimeout(this.#goodTimer);
    this.#goodTimer = setTimeout(() => this.#backoff.reset(), this.#limits.goodAfterMs).unref();
  }

  /** Gives the open link up, as if it had been lost, and dials again after a while. */
  drop(why: Fault): void {
    this.#givenUp = why;
    this.#socket?.terminate();
  }

  /** Resolves when all that was sent is with the system, after `ms` at the latest, or when the link is lost. */
  async drain(ms: number): Promise<void> {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
      socket.once('close', () => resolve());
      socket.ping('', true, () => resolve()); // behind all that waits: RFC 6455 §5.5.2
    });
    clearTimeout(timer);
  }

  /** Closes for good with a closing handshake (RFC 6455 §7.1.2); resolves when the socket is gone. Idempotent. */
  async close(code: number): Promise<void> {
    this.#closed = true;
    this.#callOffWait?.();
    this.#ended.abort();
    this.#leave?.();
    const socket = this.#socket;
    const gone = socket === null ? null : new Promise<void>((resolve) => socket.once('close', () => resolve()));
    this.#client.close(code);
    await gone;
  }

  /** Waits out the backoff and asks what to dial, until there is an answer or the link is closed. Never rejects. */
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
        this.#callOffWait = null;
        resolve();
      };
      this.#waitTimer = setTimeout(end, delayMs);
      this.#callOffWait = end;
    });
  }

  #clientOptions(): ClientOptions {
    const { dialTimeoutMs, closeTimeoutMs, maxMessageBytes } = this.#limits;
    this.#way = this.#dial === null ? undefined : proxyWay(this.#dial.url, this.#dial.tls ?? {});
    this.#name = new NameLookup();
    const options: ClientOptions & { closeTimeout: number; lookup: LookupFunction } = {
      ...this.#dial?.tls,
      ...(this.#way ? { agent: this.#way.agent } : {}),
      lookup: this.#name.lookup, // missing from @types/ws, as the next
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
    this.#leave?.(); // the one before may still be closing: it is nobody's from here on
    const startedAt = performance.now();
    const way = this.#way;
    const name = this.#name;
    let carrier: Socket | null = null;
    let isFeed = false;
    let heartbeat: Heartbeat | null = null;
    let fault: Fault | null = null;
    let answer: Fault | null = null; // that is no WebSocket
    const leave = (code = 1006, reason: Buffer = Buffer.alloc(0)) => {
      if (this.#leave !== leave) return;
      if (heartbeat === null) way?.callOff();
      heartbeat?.stop();
      clearTimeout(this.#goodTimer);
      this.#leave = this.#raw = this.#heartbeat = null;
      if (this.#closed) return;
      const isLate = heartbeat === null && performance.now() - startedAt >= this.#limits.dialTimeoutMs - 5;
      if (isLate) {
        const late = faultOfLateness(this.#limits.dialTimeoutMs, name.isPending);
        fault = way ? way.explain(late) : late;
      }
      const found = this.#givenUp ?? answer ?? fault ?? faultOfClose(code, reason.toString());
      // The far end's words may be those of the address, which holds a code.
      this.#observer.lost({ code: found.code, words: cleanWords(found.words, querySecrets(socket.url)) });
    };
    this.#leave = leave;
    this.#socket = socket;
    this.#givenUp = null;
    socket.on('error', (error) => {
      if (heartbeat === null) fault ??= way ? way.explain(faultOf(error)) : faultOf(error);
      else fault ??= { code: 'lost', words: faultOf(error).words };
    });
    socket.on('unexpected-response', (_request, response) => {
      const explain = (found: Fault) => (way ? way.explain(found, true) : found);
      const status = response.statusCode ?? 0;
      answer = explain(faultOfUpgrade(status, '')); // should its reason not come in time
      void readShort(response).then((body) => {
        answer = explain(faultOfUpgrade(status, body));
        socket.terminate();
      });
    });
    socket.on('upgrade', (response) => {
      carrier = response.socket;
      isFeed = response.headers[ENDPOINT_HEADER] === 'feed';
    });
    socket.on('open', () => {
      if (this.#closed || this.#leave !== leave) return;
      this.#raw = carrier;
      this.#backlog = new Backlog();
      this.#isSecure = carrier instanceof TLSSocket;
      if (carrier) answerPings(socket, carrier);
      throttleReads(socket, () => this.#observer.throttled());
      this.#heartbeat = heartbeat = new Heartbeat(socket, this.#limits, () => {
        this.drop({ code: 'no-answer', words: `no answer to a ping for ${this.#limits.pongTimeoutMs / 1000} s` });
      });
      this.#observer.opened(isFeed);
    });
    socket.on('message', (data: RawData, isBinary) => {
      if (!this.#closed && this.#leave === leave) this.#observer.received(data as Buffer, isBinary);
    });
    socket.on('close', (code, reason) => {
      if (this.#socket === socket) this.#socket = null;
      leave(code, reason);
    });
  }
}

/** The beginning of an answer, as text; what of it came where it breaks off. */
async function readShort(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes > MOST_REASON_BYTES) break;
    }
  } catch {
    // It broke off, or the dial has been given up.
  }
  return Buffer.concat(pieces).toString();
}
