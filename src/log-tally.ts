// A log line that many strangers can cause: at most one a second, and one a cause however long it lasts, each with how
// many there were that got none.

import type { Facts, Log } from './log.js';

const EVERY_MS = 1000;
/** A cause that was not met for so long is over: the next time it is told again. */
const OVER_MS = 5 * 60_000;
/** So many causes are remembered; the one met longest ago is forgotten. */
const MOST_CAUSES = 200;

/** A cause that was told. */
interface Cause {
  metAt: number;
  untold: number;
}

/** One kind of warning. */
export class TalliedWarning {
  #toldAt = -Infinity;
  #untold = 0;
  readonly #causes = new Map<string, Cause>(); // met longest ago first

  constructor(
    private readonly log: Log,
    private readonly message: string,
  ) {}

  /** Warns, or counts it for the next time. The same facts are the same cause. */
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
