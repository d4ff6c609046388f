// The names of feeds that somebody has published to and that are gone: whoever names one means it.

export class FormerFeeds implements Iterable<string> {
  readonly #names = new Set<string>();

  /** @param most how many names are kept; the oldest go first. */
  constructor(private readonly most: number) {}

  add(name: string): void {
    this.#names.delete(name);
    this.#names.add(name);
    if (this.#names.size <= this.most) return;
    const [oldest] = this.#names;
    this.#names.delete(oldest!); // there is one: the newest at least
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#names.values();
  }
}
