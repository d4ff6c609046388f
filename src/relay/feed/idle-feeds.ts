// Feeds that are removed after a while, unless they are in use by then.

export class IdleFeeds {
  readonly #timers = new Map<string, NodeJS.Timeout>();

  /** @param expired is called with the name of a feed after `afterMs`. */
  constructor(
    private readonly afterMs: number,
    private readonly expired: (name: string) => void,
  ) {}

  /** Starts the time of a feed, again if it has started. */
  later(name: string): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.set(name, setTimeout(() => this.expired(name), this.afterMs).unref());
  }

  cancel(name: string): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
