// What ends or loosens a mute waits for the disk. A mute that is asked for meanwhile is not to be undone by it: until that one
// is in force, the feed stays muted as it is.

export class LooserMutes {
  readonly #waiting = new Set<Set<string>>();

  /** A mute of a feed, or of `all`, has been asked for. */
  muted(name: string): void {
    for (const since of this.#waiting) since.add(name);
  }

  /** Runs `work`, which can ask whether a mute of a name has been asked for since it began. */
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
