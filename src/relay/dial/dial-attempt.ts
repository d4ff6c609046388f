// One WebSocket to an endpoint, from its dial to its end, and the reason of that end.
//
//   dialling ──(open)──▶ open ──(close, drop)──▶ over
//      └───────(error, another answer, late, abandoned)──▲

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type RawData, WebSocket } from 'ws';
import { FrameOutlet } from '../delivery/frame-outlet.js';
import type { Fault } from '../events/event.js';
import { frameBuilder } from '../framing/frame.js';
import { Heartbeat } from '../framing/heartbeat.js';
import { answerPings } from '../framing/pongs.js';
import { throttleReads } from '../framing/read-throttle.js';
import type { Limits } from '../../config/limits.js';
import type { OpaqueKind } from '../message.js';
import type { DnsLookup } from './dns-lookup.js';
import { faultOf, timeoutFault } from './faults.js';
import type { ProxyRoute } from './forward-proxy.js';
import type { EndpointKind } from './kinds/endpoint-kind.js';
import { redactSecrets } from './secrets.js';

/** How many bytes of an endpoint's refusal are read. */
const MAX_REASON_BYTES = 1 << 14;

/** The header by which `/ws/<feed>` identifies itself in its answer to an upgrade. */
export const ENDPOINT_HEADER = 'vw-endpoint';

/** How the endpoint is reached. */
export interface DialPath {
  readonly limits: Limits;
  /** How the endpoint's answers are read. */
  readonly kind: EndpointKind;
  /** Set if a proxy is used. */
  readonly route: ProxyRoute | undefined;
  readonly lookup: DnsLookup;
}

/** What an endpoint is: `/ws/<feed>` of a relay, as that says of itself, or anything else. */
export type EndpointPath = 'feed' | 'other';

/** Receives the notifications of one attempt. */
export interface AttemptObserver {
  /** The WebSocket is open. */
  opened(path: EndpointPath): void;
  /** The dial failed, or the open WebSocket is lost. Called once at most. */
  lost(fault: Fault): void;
  received(data: Buffer, kind: OpaqueKind): void;
  /** A read contained so many frames that they are processed over several turns of the event loop. */
  throttled(): void;
}

/** One attempt to reach an endpoint, and the link if it succeeds. */
export class DialAttempt {
  /** Where its messages are sent; null unless it is open. */
  outlet: FrameOutlet | null = null;

  readonly #socket: WebSocket;
  readonly #limits: Limits;
  readonly #kind: EndpointKind;
  readonly #route: ProxyRoute | undefined;
  readonly #lookup: DnsLookup;
  readonly #observer: AttemptObserver;
  readonly #startedMs = performance.now();
  #frameSink: Socket | null = null; // from the upgrade on
  #path: EndpointPath = 'other';
  #heartbeat: Heartbeat | null = null; // set once it has opened
  #isOver = false; // nothing of it is reported any more
  #isClosed = false; // nor does its socket do anything
  #dropped: Fault | null = null; // why we ended it ourselves
  #answer: Fault | null = null; // an HTTP answer that is no upgrade
  #error: Fault | null = null;

  /** @param socket a WebSocket that was created just now. */
  constructor(socket: WebSocket, { limits, kind, route, lookup }: DialPath, observer: AttemptObserver) {
    this.#socket = socket;
    this.#limits = limits;
    this.#kind = kind;
    this.#route = route;
    this.#lookup = lookup;
    this.#observer = observer;
    socket.on('error', (error) => this.#failed(error));
    socket.on('unexpected-response', (_request, response) => this.#refused(response));
    socket.on('upgrade', (response) => {
      this.#frameSink = response.socket;
      if (response.headers[ENDPOINT_HEADER] === 'feed') this.#path = 'feed';
    });
    socket.on('open', () => this.#opened());
    socket.on('message', (data: RawData, isBinary) => {
      if (!this.#isOver) observer.received(data as Buffer, isBinary ? 'binary' : 'text');
    });
    socket.on('close', (code, reason) => {
      this.#isClosed = true;
      this.#end(code, reason.toString());
    });
  }

  /** The round-trip time of a ping in milliseconds; -1 while unknown. */
  get roundTripMs(): number {
    return this.#isOver ? -1 : (this.#heartbeat?.roundTripMs ?? -1);
  }

  /** Sends a text message; nothing if it is not open. */
  sendText(text: string): void {
    if (this.outlet !== null) this.#socket.send(text);
  }

  /** Ends it as if it had been lost, for the reason given. */
  drop(reason: Fault): void {
    this.#dropped = reason;
    this.#socket.terminate();
  }

  /** Another attempt begins, although the socket of this one may not be closed yet: it is lost. */
  abandon(): void {
    this.#end(ABNORMAL_CLOSURE, '');
  }

  /** Nothing of it is reported any more. */
  detach(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.outlet = null;
    if (this.#heartbeat === null) this.#route?.cancel();
    this.#heartbeat?.stop();
  }

  /** Resolves when the system has taken everything, after `ms` at the latest, when `end` aborts, or when the socket is closed. */
  async drain(ms: number, end: AbortSignal): Promise<void> {
    if (this.#socket.readyState !== WebSocket.OPEN || end.aborted) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#socket.off('close', done);
        end.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#socket.once('close', done);
      end.addEventListener('abort', done);
      this.#socket.ping('', true, done); // queued behind everything else: RFC 6455 §5.5.2
    });
  }

  /** Resolves when the socket is closed. */
  async closed(): Promise<void> {
    if (!this.#isClosed) await new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
  }

  #failed(error: Error): void {
    const fault = faultOf(error);
    if (this.#heartbeat === null) this.#error ??= this.#explain(fault);
    else this.#error ??= { code: 'lost', message: fault.message };
  }

  #refused(response: IncomingMessage): void {
    const explain = (fault: Fault) => (this.#route ? this.#route.explainAnswer(fault) : fault);
    const status = response.statusCode ?? 0;
    this.#answer = explain(this.#kind.readUpgrade(status, '')); // if the body does not arrive in time
    void readShort(response).then((body) => {
      this.#answer = explain(this.#kind.readUpgrade(status, body));
      this.#socket.terminate();
    });
  }

  #opened(): void {
    const { pongTimeoutMs } = this.#limits;
    if (this.#isOver || this.#frameSink === null) return;
    this.outlet = new FrameOutlet(this.#socket, this.#frameSink, frameBuilder);
    answerPings(this.#socket, this.#frameSink);
    throttleReads(this.#socket, () => {
      if (!this.#isOver) this.#observer.throttled();
    });
    this.#heartbeat = new Heartbeat(this.#socket, this.#limits, () => {
      this.drop({ code: 'no-answer', message: `no answer to a ping for ${pongTimeoutMs / 1000} s` });
    });
    this.#observer.opened(this.#path);
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return;
    const { dialTimeoutMs } = this.#limits;
    this.detach();
    const isLate = this.#heartbeat === null && performance.now() - this.#startedMs >= dialTimeoutMs - TIMER_ERROR_MS;
    if (isLate) this.#error = this.#explain(timeoutFault(dialTimeoutMs, this.#lookup.isPending ? 'name' : 'answer'));
    const found = this.#dropped ?? this.#answer ?? this.#error ?? this.#kind.readClose(code, reason);
    // The endpoint's message may quote the address, which contains a code.
    this.#observer.lost({
      code: found.code,
      message: redactSecrets(found.message, this.#kind.secretsIn(this.#socket.url)),
    });
  }

  #explain(fault: Fault): Fault {
    return this.#route ? this.#route.explain(fault) : fault;
  }
}

/** The close code of a connection that ended without a close frame (RFC 6455 §7.4.1). */
const ABNORMAL_CLOSURE = 1006;
/** A timer may fire this much early. */
const TIMER_ERROR_MS = 5;

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
