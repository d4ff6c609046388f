// Caches and rate-limits the search for the name that was probably meant: it is repeated only when the known names have
// changed, and only so many names are compared a second, because there may be many rules.

/** How many names are compared in a second; the last search may exceed it. */
const MAX_COMPARED = 10_000;
/** How many results are kept. */
const MAX_KEPT = 1000;

export class SearchBudget {
  #comparisonsLeft = MAX_COMPARED;
  readonly #results = new Map<string, { readonly version: number; readonly found: string | null }>();

  /** To be called once a second. */
  refill(): void {
    this.#comparisonsLeft = MAX_COMPARED;
  }

  /**
   * The result of `search` for `name`: a kept one if `version` is the same or this second's limit is reached, a new one
   * otherwise. `cost` is how many names it compares.
   */
  find(name: string, version: number, cost: number, search: () => string | null): string | null {
    const before = this.#results.get(name);
    if (before?.version === version || this.#comparisonsLeft <= 0) return before?.found ?? null;
    this.#comparisonsLeft -= cost + 1;
    const found = search();
    this.#results.delete(name);
    this.#results.set(name, { version, found });
    const [oldest = ''] = this.#results.keys();
    if (this.#results.size > MAX_KEPT) this.#results.delete(oldest);
    return found;
  }
}
