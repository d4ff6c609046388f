// The page's side of a track that its worker plays (player-worker.ts).

/** What the page asks of a track in the worker. */
export type TrackOrder =
  | { readonly do: 'played'; readonly id: number; readonly to: number }
  /** It is given nothing more; what it has is played. */
  | { readonly do: 'stop'; readonly id: number }
  | { readonly do: 'close'; readonly id: number };

/** As MseTrack, from afar. */
export class WorkerTrack {
  #recent: Uint8Array<ArrayBuffer>[] | null = []; // null: it goes on by itself
  readonly #id: number;
  readonly #order: (order: TrackOrder) => void;
  readonly #begin: (recent: Uint8Array<ArrayBuffer>[]) => void;

  /** @param begin called once, with all that was written before anything else could happen. */
  constructor(id: number, order: (order: TrackOrder) => void, begin: (recent: Uint8Array<ArrayBuffer>[]) => void) {
    this.#id = id;
    this.#order = order;
    this.#begin = begin;
  }

  /** What it begins with; later it goes on by itself. */
  write(packets: Uint8Array<ArrayBuffer>): void {
    const recent = this.#recent;
    if (recent?.push(packets) !== 1) return;
    queueMicrotask(() => {
      this.#recent = null;
      this.#begin(recent);
    });
  }

  /** The element has played as far as this. */
  playedTo(to: number): void {
    this.#order({ do: 'played', id: this.#id, to });
  }

  stop(): void {
    this.#order({ do: 'stop', id: this.#id });
  }

  close(): void {
    this.#order({ do: 'close', id: this.#id });
  }
}
