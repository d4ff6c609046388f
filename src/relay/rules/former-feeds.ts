// The names of removed feeds that were once published to: such a name is not a misspelt one.

export class FormerFeeds implements Iterable<string> {
  readonly #names = new Set<string>();

  /** @param most how many names are kept; the oldest are removed first. */
  constructor(private readonly most: number) {}

  add(name: string): void {
    this.#names.delete(name);
    this.#names.add(name);
    if (this.#names.size <= this.most) return;
    const [oldest = ''] = this.#names;
    this.#names.delete(oldest);
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#names.values();
  }
}
