// Keeps what arrived since the last random access point, so that a new player starts with a picture at once.

/** More than ten seconds of good video; beyond it nothing is kept until the next random access point. */
const MAX_BYTES = 8_000_000;

/** The messages from the last random access point on. */
export class RecentGop {
  #messages: Uint8Array[] | null = null;
  #bytes = 0;

  /** What a player can start with; `null`: no random access point is kept. */
  get messages(): readonly Uint8Array[] | null {
    return this.#messages;
  }

  /** Adds a message; `start` is the part that a player can start with, `null`: none. */
  push(data: Uint8Array, start: Uint8Array | null): void {
    if (start) {
      this.#messages = [];
      this.#bytes = 0;
    }
    if (!this.#messages) return;
    const part = start ?? data;
    this.#messages.push(part);
    this.#bytes += part.length;
    if (this.#bytes > MAX_BYTES) this.forget();
  }

  forget(): void {
    this.#messages = null;
    this.#bytes = 0;
  }
}
