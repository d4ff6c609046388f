// The WebSocket that receives the media, reopened for as long as the page is open. After a failed attempt the next one
// waits until the server answers an HTTP request.

import { probeServer } from './reachability.js';
import type { Socket } from './socket.js';

const FIRST_DELAY_MS = 250;
/** The longest interval between attempts if the server is up and refuses WebSockets. */
const MAX_DELAY_MS = 5000;
/** A connection that was open for this long resets the delay. */
const GOOD_AFTER_MS = 5000;
/** Time-out of opening a connection; half of it for a server that has not answered. */
const OPEN_WITHIN_MS = 10_000;
/** Interval of checks whether the server is up. */
const ASK_EVERY_MS = 1000;

/** Events of a connection. */
export interface ConnectionEvents {
  opened(): void;
  message(data: Uint8Array): void;
  /** It was lost, and is reopened as soon as the server answers. */
  redialling(): void;
  /** The server refuses the token: no further attempt until {@link PageConnection.retry}. */
  refused(reason: string): void;
  /** It was lost, and is reopened in `delayMs`. */
  lost(delayMs: number): void;
}

/** One WebSocket at a time. */
export class PageConnection {
  /** Sent as the first message, as text, if the server requires one. */
  token: string | null = null;
  readonly #newSocket: () => Socket;
  readonly #events: ConnectionEvents;
  #socket: Socket | null = null;
  #timer = 0;
  #failures = 0;
  #dialledAt = 0;
  #openedAt = 0;
  #isLost = false; // not connecting yet, an attempt is scheduled
  #turn = 0; // a counter: results of earlier attempts are ignored

  /** @param newSocket opens a WebSocket. */
  constructor(newSocket: () => Socket, events: ConnectionEvents) {
    this.#newSocket = newSocket;
    this.#events = events;
    addEventListener('online', () => this.#hurry());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.#hurry();
    });
  }

  /** Connects at once, unless connected. */
  retry(): void {
    if (!this.#socket) this.#dial(OPEN_WITHIN_MS);
  }

  /** Closes the current connection, which is silent, and opens a new one. */
  renew(): void {
    this.#closeSocket();
    this.#scheduleDial();
  }

  /** Skips the waiting: the network or the page is back. */
  #hurry(): void {
    const isDialling = this.#socket?.readyState === WebSocket.CONNECTING;
    if (isDialling) this.#closeSocket();
    if (isDialling || this.#isLost) this.#dial(OPEN_WITHIN_MS);
  }

  #dial(withinMs: number): void {
    this.#turn++;
    clearTimeout(this.#timer);
    this.#isLost = false;
    this.#dialledAt = performance.now();
    const socket = this.#newSocket();
    this.#socket = socket;
    this.#timer = setTimeout(() => this.renew(), withinMs);
    socket.onopen = () => {
      clearTimeout(this.#timer);
      this.#openedAt = performance.now();
      if (this.token !== null) socket.send(this.token);
      this.#events.opened();
    };
    socket.onmessage = (data) => {
      if (typeof data === 'string') this.#receiveText(data);
      else this.#events.message(data);
    };
    socket.onclose = () => {
      if (this.#socket !== socket) return;
      this.#closeSocket();
      this.#scheduleDial();
    };
  }

  #scheduleDial(): void {
    const now = performance.now();
    const wasGood = this.#openedAt !== 0 && now - this.#openedAt > GOOD_AFTER_MS;
    this.#openedAt = 0;
    this.#failures = wasGood ? 0 : this.#failures + 1;
    const most = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#failures);
    const share = 0.75 + Math.random() / 4; // so that not all viewers reconnect at once
    // An attempt that timed out has waited already.
    const delayMs = Math.max(FIRST_DELAY_MS * share, most * share - (now - this.#dialledAt));
    this.#isLost = true;
    this.#timer = setTimeout(() => void this.#dialWhenReachable(), delayMs);
    this.#events.lost(delayMs);
  }

  async #dialWhenReachable(): Promise<void> {
    const generation = ++this.#turn;
    this.#events.redialling();
    for (;;) {
      const askedAt = performance.now();
      const reach = await probeServer();
      if (generation !== this.#turn) return;
      if (reach !== 'away') {
        // If the server is silent, the browser's SYN retries get ever slower; a new WebSocket starts afresh.
        this.#dial(reach === 'there' ? OPEN_WITHIN_MS : OPEN_WITHIN_MS / 2);
        return;
      }
      const restMs = ASK_EVERY_MS - (performance.now() - askedAt);
      await new Promise<void>((resolve) => (this.#timer = setTimeout(resolve, restMs)));
      if (generation !== this.#turn) return;
    }
  }

  /**
   * The answer to a token: `{"authorised": false, "reason": "..."}`. Any other text is data that accompanies the media.
   */
  #receiveText(text: string): void {
    if (this.token === null || text.length > 4096) return;
    try {
      const answer = JSON.parse(text) as { authorised?: unknown; reason?: unknown } | null;
      if (answer?.authorised !== false) return;
      this.#closeSocket();
      this.#events.refused(typeof answer.reason === 'string' ? answer.reason : 'the token is not accepted');
    } catch {
      // not for us
    }
  }

  #closeSocket(): void {
    this.#turn++;
    clearTimeout(this.#timer);
    this.#isLost = false;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}
