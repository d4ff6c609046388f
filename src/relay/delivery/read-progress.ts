// Whether a reader still reads. One whose connection is open, but that takes not one byte of what waits for it, is gone. What
// is added meanwhile does not count: pings are, whatever the reader does.
// No clock: time is an argument.

/** Follows how far one reader has read. */
export class ReadProgress {
  #position = 0;
  #stalledSince = 0; // ms

  /** @param stuckAfterMs for how long a reader may read nothing of what waits for it. */
  constructor(private readonly stuckAfterMs: number) {}

  /**
   * Notes how far the reader has read, in bytes from any origin, and that `unreadBytes` wait for it. Returns whether it is
   * stuck.
   */
  check(position: number, unreadBytes: number, nowMs: number): boolean {
    if (unreadBytes === 0 || position > this.#position) this.restart(position, nowMs);
    return unreadBytes > 0 && nowMs - this.#stalledSince >= this.stuckAfterMs;
  }

  /** Notes how far the reader has read; its time starts again. */
  restart(position: number, nowMs: number): void {
    this.#position = position;
    this.#stalledSince = nowMs;
  }
}
