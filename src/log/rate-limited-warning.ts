// Rate limit for a log line that peers can cause: at most one a second, and one a cause however long it lasts, each
// with the number of suppressed ones.

import type { Facts, Log } from './log.js';

const LOG_INTERVAL_MS = 1000;
/** A cause that has not occurred for this long is over: the next time it is logged again. */
const FORGET_CAUSE_MS = 5 * 60_000;
/** The number of causes that are remembered; the least recent one is forgotten. */
const MAX_CAUSES = 200;

/** A cause that was logged. */
interface Cause {
  lastSeenAt: number;
  suppressed: number;
}

/** One kind of warning. */
export class RateLimitedWarning {
  #lastLoggedAt = -Infinity;
  #suppressed = 0;
  readonly #causes = new Map<string, Cause>(); // least recent first

  constructor(
    private readonly log: Log,
    private readonly message: string,
  ) {}

  /** Logs a warning, or counts it for the next time. The same facts are the same cause. */
  warn(facts: Facts, now = performance.now()): void {
    const key = JSON.stringify(facts);
    const cause = this.#causes.get(key);
    if (cause) {
      this.#causes.delete(key);
      if (now - cause.lastSeenAt < FORGET_CAUSE_MS) {
        cause.lastSeenAt = now;
        cause.suppressed++;
        this.#causes.set(key, cause);
        return;
      }
    }
    const suppressed = this.#suppressed + (cause?.suppressed ?? 0);
    if (now - this.#lastLoggedAt < LOG_INTERVAL_MS) {
      this.#suppressed = suppressed + 1;
      return;
    }
    this.log.warn(this.message, { ...facts, ...(suppressed > 0 ? { suppressed } : {}) });
    this.#lastLoggedAt = now;
    this.#suppressed = 0;
    this.#causes.set(key, { lastSeenAt: now, suppressed: 0 });
    if (this.#causes.size > MAX_CAUSES) this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const [key, { suppressed }] of this.#causes) {
      this.#causes.delete(key);
      this.#suppressed += suppressed;
      return;
    }
  }
}
