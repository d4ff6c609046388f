// Rate limit for a log line that peers can cause: at most one a second, and one a cause however long it lasts, each
// with the number of suppressed ones.

import type { Facts, Log } from './log.js';

const EVERY_MS = 1000;
/** A cause that has not occurred for this long is over: the next time it is logged again. */
const OVER_MS = 5 * 60_000;
/** The number of causes that are remembered; the least recent one is forgotten. */
const MOST_CAUSES = 200;

/** A cause that was logged. */
interface Cause {
  metAt: number;
  untold: number;
}

/** One kind of warning. */
export class TalliedWarning {
  #toldAt = -Infinity;
  #untold = 0;
  readonly #causes = new Map<string, Cause>(); // least recent first

  constructor(
    private readonly log: Log,
    private readonly message: string,
  ) {}

  /** Logs a warning, or counts it for the next time. The same facts are the same cause. */
  tell(facts: Facts, now = performance.now()): void {
    const key = JSON.stringify(facts);
    const cause = this.#causes.get(key);
    if (cause) {
      this.#causes.delete(key);
      if (now - cause.metAt < OVER_MS) {
        cause.metAt = now;
        cause.untold++;
        this.#causes.set(key, cause);
        return;
      }
    }
    const untold = this.#untold + (cause?.untold ?? 0);
    if (now - this.#toldAt < EVERY_MS) {
      this.#untold = untold + 1;
      return;
    }
    this.log.warn(this.message, { ...facts, ...(untold > 0 ? { untold } : {}) });
    this.#toldAt = now;
    this.#untold = 0;
    this.#causes.set(key, { metAt: now, untold: 0 });
    if (this.#causes.size > MOST_CAUSES) this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const [key, { untold }] of this.#causes) {
      this.#causes.delete(key);
      this.#untold += untold;
      return;
    }
  }
}
