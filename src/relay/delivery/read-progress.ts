// Whether a reader still reads. One whose connection is open, but that takes not one byte of what waits for it, is gone.
// No clock: time is an argument.

/** Follows how much waits for one reader. */
export class ReadProgress {
  #unreadBytes = 0;
  #stalledSince = 0; // ms

  /** @param stuckAfterMs for how long a reader may read nothing of what waits for it. */
  constructor(private readonly stuckAfterMs: number) {}

  /** Notes that `unreadBytes` wait. Returns whether the reader is stuck. */
  isStuck(unreadBytes: number, nowMs: number): boolean {
    if (unreadBytes === 0 || unreadBytes !== this.#unreadBytes) this.restart(unreadBytes, nowMs);
    return unreadBytes > 0 && nowMs - this.#stalledSince >= this.stuckAfterMs;
  }

  /** Notes that `unreadBytes` wait, of which the reader may have been sent some just now: its time starts again. */
  restart(unreadBytes: number, nowMs: number): void {
    this.#unreadBytes = unreadBytes;
    this.#stalledSince = nowMs;
  }
}
