// What waits for a reader, as memory: its bytes, and what Node keeps for each write that waits. Without the second, two
// megabytes of 3-byte messages would take a hundred megabytes.

/** What Node keeps for a write that waits: the entry in the socket's queue, the buffer and its memory; measured. */
const WRITE_BYTES = 256;

/** Counts the writes that wait on one connection. */
export class Backlog {
  #writes = 0;

  readonly #written = (): void => {
    this.#writes--;
  };

  /** Counts a write that has to wait; returns what is called once it is with the system. */
  add(): () => void {
    this.#writes++;
    return this.#written;
  }

  /** The memory of `bytes` that wait in the writes counted. */
  memoryOf(bytes: number): number {
    return bytes <= 0 ? bytes : bytes + this.#writes * WRITE_BYTES;
  }
}
