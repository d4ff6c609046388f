// Counts the pictures in a PES packet: usually one, but some encoders and muxers put several into each.
// Pure: no clock, no I/O. ISO/IEC 13818-2 §6.2.3, ISO/IEC 14496-2 §6.2.5, ISO/IEC 14496-10 §7.3.3, ISO/IEC 23008-2
// §7.3.6.

import { PACKET_BYTES, payloadStart } from '../packet/packet.js';
import type { VideoSyntax } from './picture-head.js';

const PICTURE = 0x00; // picture_start_code
const VOP = 0xb6; // vop_start_code
const FIRST_BIT = 0x80;

/** Reads a unit packet by packet; a field counts as a picture. */
export class PictureCounter {
  /** How many pictures have started. */
  count = 0;
  #syntax: VideoSyntax = 'h264';
  #zeros = 0;
  #since = 0; // bytes since a start code prefix that is still being read; 0: none

  start(syntax: VideoSyntax): void {
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
    const place = this.#since;
    this.#since = 0;
    if (this.#syntax === 'mpeg2') this.count += byte === PICTURE ? 1 : 0;
    else if (this.#syntax === 'mpeg4') this.count += byte === VOP ? 1 : 0;
    else if (place === 1) this.#since = this.#isSlice(byte) ? 2 : 0;
    else if (place === 2 && this.#syntax === 'hevc') this.#since = 3;
    else this.count += (byte & FIRST_BIT) !== 0 ? 1 : 0; // first_mb_in_slice 0, first_slice_segment_in_pic_flag
  }

  #isSlice(byte: number): boolean {
    if (this.#syntax === 'hevc') return ((byte >> 1) & 0x3f) < 32; // nal_unit_type
    const type = byte & 0x1f; // nal_unit_type
    return (byte & FIRST_BIT) === 0 && (type === 1 || type === 5);
  }
}
