// A log line that many strangers can cause: told at most once a second, with how many were not told.

import type { Facts, Log } from './log.js';

const EVERY_MS = 1000;

/** One kind of warning. */
export class TalliedWarning {
  #toldAt = -Infinity;
  #untold = 0;

  constructor(
    private readonly log: Log,
    private readonly message: string,
  ) {}

  /** Warns, or counts it for the next time. */
  tell(facts: Facts): void {
    const now = performance.now();
    if (now - this.#toldAt < EVERY_MS) {
      this.#untold++;
      return;
    }
    this.log.warn(this.message, { ...facts, ...(this.#untold > 0 ? { untold: this.#untold } : {}) });
    this.#toldAt = now;
    this.#untold = 0;
  }
}
