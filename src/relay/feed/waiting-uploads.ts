// The uploads to one feed that are connected: they keep the feed, also before they have sent anything.

import type { Source } from './sink.js';

/** A feed's uploads, in the order in which they connected. */
export class WaitingUploads {
  readonly #sources = new Set<Source>();

  get count(): number {
    return this.#sources.size;
  }

  /** The address of the one that has been connected for longest; `null`: there is none. */
  get address(): string | null {
    const [first] = this.#sources;
    return first?.address ?? null;
  }

  add(source: Source): void {
    this.#sources.add(source);
  }

  delete(source: Source): void {
    this.#sources.delete(source);
  }

  /** Ends those that connected before `source`, which publishes now: of several uploads the newest has the feed. */
  supersedeBefore(source: Source): void {
    const all = [...this.#sources];
    for (const older of all.slice(0, Math.max(0, all.indexOf(source)))) older.superseded();
  }
}
