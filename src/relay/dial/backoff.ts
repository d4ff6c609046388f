// How long to wait between two dials. No clock, no timers.

import type { Limits } from '../../config/limits.js';

/** Delays that double from `backoffMinMs` to `backoffMaxMs`, each a fifth up or down so that links do not dial in step. */
export class Backoff {
  #failures = 0;

  constructor(private readonly limits: Limits) {}

  /** Milliseconds to wait before the next dial; 0 before the first. */
  next(): number {
    const { backoffMinMs, backoffMaxMs } = this.limits;
    const delay = this.#failures === 0 ? 0 : Math.min(backoffMaxMs, backoffMinMs * 2 ** (this.#failures - 1));
    this.#failures = Math.min(this.#failures + 1, 64);
    return delay * (0.8 + 0.4 * Math.random());
  }

  /** The link has been good: the next dial is at once, and the one after it soon. */
  reset(): void {
    this.#failures = 0;
  }
}
