// Counts the pictures in a PES packet: usually one, but some encoders and muxers put several into each.
// Pure: no clock, no I/O. What is particular to a codec is in its PictureSyntax (codecs/picture-syntax.ts).

import type { PictureSyntax } from '../codecs/picture-syntax.js';
import { PACKET_BYTES, payloadStart } from '../packet/packet.js';

/** Reads a unit packet by packet; a field counts as a picture. */
export class PictureCounter {
  /** How many pictures have started. */
  count = 0;
  #syntax: PictureSyntax | null = null; // `null`: not started
  #zeros = 0;
  #since = 0; // bytes since a start code prefix that is still being read; 0: none

  start(syntax: PictureSyntax): void {
    this.count = 0;
    this.#syntax = syntax;
    this.#zeros = this.#since = 0;
  }

  /**
   * Reads the payload of the packet at `at`. A PES header contains no other start code than its own, which is not a
   * picture's.
   */
  add(data: Uint8Array, at: number): void {
    for (let i = payloadStart(data, at); i < at + PACKET_BYTES; i++) {
      const byte = data[i]!;
      if (this.#since > 0) this.#read(byte);
      else if (byte === 1 && this.#zeros >= 2) this.#since = 1;
      this.#zeros = byte === 0 ? this.#zeros + 1 : 0;
    }
  }

  /** Reads the byte after a start code prefix, and further ones until it is clear whether a picture starts. */
  #read(byte: number): void {
    const sign = this.#syntax!.countPicture(byte, this.#since); // it was started
    this.#since = sign === 'undecided' ? this.#since + 1 : 0;
    if (sign === 'picture') this.count++;
  }
}
