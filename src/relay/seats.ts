// How many watch each feed or stream, over whatever protocol: there is room for so many and no more.

import { LimitError } from '../errors.js';

/** Counts who is there, by name. */
export class Seats {
  readonly #taken = new Map<string, number>();

  constructor(private readonly most: number) {}

  /** Throws {@link LimitError} if there is no room for one more. */
  check(name: string): void {
    const count = this.#taken.get(name) ?? 0;
    if (count < this.most) return;
    throw new LimitError('ERR_TOO_MANY_CLIENTS', `"${name}" has ${count} clients already (VW_MAX_CLIENTS)`);
  }

  /** Takes a seat, until the returned function is called, once. Throws {@link LimitError}. */
  take(name: string): () => void {
    this.check(name);
    this.#taken.set(name, (this.#taken.get(name) ?? 0) + 1);
    return () => {
      const left = (this.#taken.get(name) ?? 1) - 1;
      if (left > 0) this.#taken.set(name, left);
      else this.#taken.delete(name);
    };
  }
}
