// Keeps what came since the last random access point, so that a new player begins with a picture at once.

/** More than ten seconds of a good picture; beyond it the next random access point is waited for. */
const MOST_BYTES = 8_000_000;

/** The bytes from the last random access point on. */
export class Recent {
  #messages: Uint8Array[] | null = null;
  #bytes = 0;

  /** What a player can begin with; `null` where no random access point is kept. */
  get messages(): readonly Uint8Array[] | null {
    return this.#messages;
  }

  /** Takes a message; `start` is what a player can start with of it, `null`: nothing. */
  push(data: Uint8Array, start: Uint8Array | null): void {
    if (start) {
      this.#messages = [];
      this.#bytes = 0;
    }
    if (!this.#messages) return;
    const part = start ?? data;
    this.#messages.push(part);
    this.#bytes += part.length;
    if (this.#bytes > MOST_BYTES) this.forget();
  }

  forget(): void {
    this.#messages = null;
    this.#bytes = 0;
  }
}
