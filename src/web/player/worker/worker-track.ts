// The page's proxy of a track that its worker plays (player-worker.ts).

/** Commands of the page to a track in the worker. */
export type TrackCommand =
  | { readonly type: 'played'; readonly id: number; readonly to: number }
  /** It gets nothing more; what is buffered is played. */
  | { readonly type: 'stop'; readonly id: number }
  | { readonly type: 'close'; readonly id: number };

/** The interface of MseTrack for a track in the worker. */
export class WorkerTrack {
  #recent: Uint8Array<ArrayBuffer>[] | null = []; // null: it continues by itself
  readonly #id: number;
  readonly #order: (order: TrackCommand) => void;
  readonly #onReady: (recent: Uint8Array<ArrayBuffer>[]) => void;

  /** @param begin called once with all that was written within the first task. */
  constructor(id: number, order: (order: TrackCommand) => void, begin: (recent: Uint8Array<ArrayBuffer>[]) => void) {
    this.#id = id;
    this.#order = order;
    this.#onReady = begin;
  }

  /** Adds to the start; later it continues by itself. */
  write(packets: Uint8Array<ArrayBuffer>): void {
    const recent = this.#recent;
    if (recent?.push(packets) !== 1) return;
    queueMicrotask(() => {
      this.#recent = null;
      this.#onReady(recent);
    });
  }

  /** The element has played up to `to`. */
  playedTo(to: number): void {
    this.#order({ type: 'played', id: this.#id, to });
  }

  stop(): void {
    this.#order({ type: 'stop', id: this.#id });
  }

  close(): void {
    this.#order({ type: 'close', id: this.#id });
  }
}
