// The WebSocket that brings the bytes: opened again and again for as long as the page is open. Once a try has failed, the
// next waits until the server answers anything at all.

import { askForServer } from './reach.js';
import type { Socket } from './socket.js';

const FIRST_DELAY_MS = 250;
/** The longest, from one try to the next, where the server is there and lets no WebSocket in. */
const MOST_DELAY_MS = 5000;
/** A connection that was good for so long begins with the first delay again. */
const GOOD_AFTER_MS = 5000;
/** A connection that does not open in this time will not; nor does one to a server that did not answer in half of it. */
const OPEN_WITHIN_MS = 10_000;
/** From one question whether the server is there to the next. */
const ASK_EVERY_MS = 1000;

/** What a connection says. */
export interface ConnectionEvents {
  opened(): void;
  message(data: Uint8Array): void;
  /** It was lost, and is tried again as soon as the server answers. */
  redialling(): void;
  /** The far end refuses who we say we are: nothing is tried until {@link Connection.retry}. */
  refused(reason: string): void;
  /** It is gone, and is tried again in `delayMs`. */
  lost(delayMs: number): void;
}

/** One WebSocket at a time. */
export class Connection {
  /** Sent as the first message, as text, where the far end wants one. */
  token: string | null = null;
  readonly #newSocket: () => Socket;
  readonly #events: ConnectionEvents;
  #socket: Socket | null = null;
  #timer = 0;
  #failures = 0;
  #dialledAt = 0;
  #openedAt = 0;
  #isLost = false; // nothing is dialled, and something will be
  #turn = 0; // counts: what was begun in an earlier one counts no more

  /** @param newSocket dials. */
  constructor(newSocket: () => Socket, events: ConnectionEvents) {
    this.#newSocket = newSocket;
    this.#events = events;
    addEventListener('online', () => this.#hurry());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.#hurry();
    });
  }

  /** Connects at once, unless it is connected. */
  retry(): void {
    if (!this.#socket) this.#dial(OPEN_WITHIN_MS);
  }

  /** Leaves what is there, silent as it is, and connects anew. */
  renew(): void {
    this.#leave();
    this.#later();
  }

  /** What has been waited for may be there now. */
  #hurry(): void {
    const isDialling = this.#socket?.readyState === WebSocket.CONNECTING;
    if (isDialling) this.#leave();
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
      if (typeof data === 'string') this.#hear(data);
      else this.#events.message(data);
    };
    socket.onclose = () => {
      if (this.#socket !== socket) return;
      this.#leave();
      this.#later();
    };
  }

  #later(): void {
    const now = performance.now();
    const wasGood = this.#openedAt !== 0 && now - this.#openedAt > GOOD_AFTER_MS;
    this.#openedAt = 0;
    this.#failures = wasGood ? 0 : this.#failures + 1;
    const most = Math.min(MOST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#failures);
    const share = 0.75 + Math.random() / 4; // not every viewer of a room at once
    // A try that got no answer has waited already.
    const delayMs = Math.max(FIRST_DELAY_MS * share, most * share - (now - this.#dialledAt));
    this.#isLost = true;
    this.#timer = setTimeout(() => void this.#dialWhenThere(), delayMs);
    this.#events.lost(delayMs);
  }

  async #dialWhenThere(): Promise<void> {
    const turn = ++this.#turn;
    this.#events.redialling();
    for (;;) {
      const askedAt = performance.now();
      const reach = await askForServer();
      if (turn !== this.#turn) return;
      if (reach !== 'away') {
        // With a server that is silent the browser may wait longer and longer for an answer; a new WebSocket asks again.
        this.#dial(reach === 'there' ? OPEN_WITHIN_MS : OPEN_WITHIN_MS / 2);
        return;
      }
      const restMs = ASK_EVERY_MS - (performance.now() - askedAt);
      await new Promise<void>((resolve) => (this.#timer = setTimeout(resolve, restMs)));
      if (turn !== this.#turn) return;
    }
  }

  /** The answer to a token: `{"authorised": false, "reason": "..."}`. Any other text is data beside the picture. */
  #hear(text: string): void {
    if (this.token === null || text.length > 4096) return;
    try {
      const answer = JSON.parse(text) as { authorised?: unknown; reason?: unknown } | null;
      if (answer?.authorised !== false) return;
      this.#leave();
      this.#events.refused(typeof answer.reason === 'string' ? answer.reason : 'the token is not accepted');
    } catch {
      // not for us
    }
  }

  #leave(): void {
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
