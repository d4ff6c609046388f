// Finds the ends of WebSocket frames in a connection's reads, by their headers alone. RFC 6455 §5.2. Pure.

/** The position inside a frame: before its first byte, its second, its extended length, or in the rest. */
type At = 'first' | 'second' | 'length' | 'rest';

/** Parses the frames of one connection, read by read; a frame may span several reads. */
export class FrameCounter {
  /** Frames that started in the last {@link advance}. */
  frames = 0;

  #at: At = 'first';
  #maskBytes = 0; // of the masking key: 4 or none
  #lengthBytes = 0; // of the extended payload length, not read yet
  #payloadLeft = 0; // bytes of masking key and payload; while the extended length is read, what is known of it

  /**
   * Parses from `from` until `most` frames have started and the last of them has ended, or to the end of `bytes`; returns
   * the position reached. A frame that started in an earlier read is completed first, and is not counted.
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
          this.#payloadLeft = this.#payloadLeft * 256 + bytes[at++]!; // Extended payload length, most significant byte first
          if (--this.#lengthBytes === 0) this.#rest(this.#payloadLeft + this.#maskBytes);
          break;
        case 'rest': {
          const walked = Math.min(this.#payloadLeft, bytes.length - at);
          at += walked;
          this.#rest(this.#payloadLeft - walked);
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
    this.#payloadLeft = 0;
  }

  #rest(bytes: number): void {
    this.#payloadLeft = bytes;
    this.#at = bytes > 0 ? 'rest' : 'first';
  }
}
