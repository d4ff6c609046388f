// Ends of mutes wait for the disk, mutes do not: so a mute may overtake the end of the same mute, and must outlast it.

export class LooserMutes {
  readonly #waiting = new Set<Set<string>>();

  /** A feed, or `all`, was muted just now. */
  muted(name: string): void {
    for (const since of this.#waiting) since.add(name);
  }

  /** Runs `work`, which can ask whether a name was muted since it began. */
  async during<T>(work: (isMutedSince: (name: string) => boolean) => Promise<T>): Promise<T> {
    const since = new Set<string>();
    this.#waiting.add(since);
    try {
      return await work((name) => since.has(name));
    } finally {
      this.#waiting.delete(since);
    }
  }
}
