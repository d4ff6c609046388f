// The memory of a reader's queue: its bytes, and Node's overhead for each pending write. Without the second, two megabytes
// of 3-byte messages would take a hundred megabytes.

/** Node's overhead for a pending write: the entry in the socket's queue, the buffer and its memory; measured. */
const WRITE_OVERHEAD_BYTES = 256;

/** Counts the writes that wait on one connection. */
export class Backlog {
  #writes = 0;

  readonly #written = (): void => {
    this.#writes--;
  };

  /** Counts a pending write; returns the callback for when the system has taken it. */
  add(): () => void {
    this.#writes++;
    return this.#written;
  }

  /** The memory of `bytes` that wait in the writes counted. */
  memoryOf(bytes: number): number {
    return bytes <= 0 ? bytes : bytes + this.#writes * WRITE_OVERHEAD_BYTES;
  }
}
