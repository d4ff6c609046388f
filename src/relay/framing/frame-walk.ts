// Finds where WebSocket frames end in what a connection reads, by their headers alone. RFC 6455 §5.2. Pure.

/** Where a walk is inside a frame: before its first byte, its second, its extended length, or in what follows that. */
type At = 'first' | 'second' | 'length' | 'rest';

/** Walks the frames of one connection, read by read; a frame may lie across several reads. */
export class FrameWalk {
  /** Frames that the last {@link advance} began. */
  frames = 0;

  #at: At = 'first';
  #maskBytes = 0; // of the masking key: 4 or none
  #lengthBytes = 0; // of the extended payload length that are still to come
  #left = 0; // bytes of masking key and payload; while the extended length is read, what is known of it

  /**
   * Walks on from `from` until `most` frames have begun and the last of them is over, or to the end of `bytes`; returns
   * how far it came. A frame that was under way is walked to its end first, and does not count.
   */
  advance(bytes: Uint8Array, from: number, most: number): number {
    let at = from;
    this.frames = 0;
    while (at < bytes.length) {
      switch (this.#at) {
        case 'first':
          if (this.frames === most) return at;
          this.frames++;
          at++;
          this.#at = 'second';
          break;
        case 'second':
          this.#second(bytes[at++]!);
          break;
        case 'length':
          this.#left = this.#left * 256 + bytes[at++]!; // Extended payload length, most significant byte first
          if (--this.#lengthBytes === 0) this.#rest(this.#left + this.#maskBytes);
          break;
        case 'rest': {
          const walked = Math.min(this.#left, bytes.length - at);
          at += walked;
          this.#rest(this.#left - walked);
        }
      }
    }
    return at;
  }

  #second(byte: number): void {
    this.#maskBytes = byte & 0x80 ? 4 : 0; // MASK
    const length = byte & 0x7f; // Payload length
    if (length < 126) {
      this.#rest(length + this.#maskBytes);
      return;
    }
    this.#at = 'length';
    this.#lengthBytes = length === 126 ? 2 : 8;
    this.#left = 0;
  }

  #rest(bytes: number): void {
    this.#left = bytes;
    this.#at = bytes > 0 ? 'rest' : 'first';
  }
}
