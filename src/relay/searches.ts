// Names that were meant by others: searched for again only when there are others to find, and only so often a second, for
// rules may be many.

/** So many names are compared in a second; the last search may go beyond. */
const MOST_COMPARED = 10_000;
/** So many names' results are kept. */
const MOST_KEPT = 1000;

export class Searches {
  #left = MOST_COMPARED;
  readonly #results = new Map<string, { readonly version: number; readonly found: string | null }>();

  /** To be called once a second. */
  refill(): void {
    this.#left = MOST_COMPARED;
  }

  /**
   * What `search` finds for `name`, or found when `version` was the same; what it found before where too much was searched
   * in this second. `cost` is how many names it compares.
   */
  find(name: string, version: number, cost: number, search: () => string | null): string | null {
    const before = this.#results.get(name);
    if (before?.version === version || this.#left <= 0) return before?.found ?? null;
    this.#left -= cost + 1;
    const found = search();
    this.#results.delete(name);
    this.#results.set(name, { version, found });
    const [oldest] = this.#results.keys();
    if (this.#results.size > MOST_KEPT) this.#results.delete(oldest!); // there is the new one
    return found;
  }
}
