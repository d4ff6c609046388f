// Distinguishes a dead WebSocket from a quiet one: pings it, and destroys it when no pong arrives.
// RFC 6455 §5.5.2, §5.5.3. Owns two timers, which `stop` clears.

import type { WebSocket } from 'ws';
import type { Limits } from '../../config/limits.js';

/** Pings `socket` until stopped; when a ping brings nothing for `pongTimeoutMs`, calls `dead` once. */
export class Heartbeat {
  /** Milliseconds from the last ping to its pong; -1 before the first. */
  roundTripMs = -1;

  readonly #interval: NodeJS.Timeout;
  #deadline: NodeJS.Timeout | null = null;
  #pingedAt = 0;

  constructor(socket: WebSocket, limits: Limits, dead: () => void) {
    const heard = () => this.#pongReceived();
    socket.on('pong', () => {
      this.roundTripMs = performance.now() - this.#pingedAt;
      heard();
    });
    socket.on('ping', heard);
    socket.on('message', heard);
    this.#interval = setInterval(() => {
      if (this.#deadline === null) {
        this.#pingedAt = performance.now();
        const deadline = setTimeout(() => {
          // After a stall timers come before sockets: a pong may have been here for long, and is read first.
          setImmediate(() => {
            if (this.#deadline === deadline) dead();
          });
        }, limits.pongTimeoutMs).unref();
        this.#deadline = deadline;
      }
      socket.ping();
    }, limits.pingIntervalMs).unref();
  }

  stop(): void {
    clearInterval(this.#interval);
    this.#pongReceived();
  }

  #pongReceived(): void {
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    this.#deadline = null;
  }
}
