// Makes one PES packet of a picture that comes in several, as where each NAL unit has its own: mpegts.js takes every PES packet
// of H.264 and HEVC for a whole picture.
// ISO/IEC 13818-1 §2.4.3.5 (stuffing), §2.4.3.7 (PES_packet_length, PTS, DTS).

import { mediaStart } from '../../mpegts/access-point.js';
import { hasPayload, PACKET_BYTES, payloadStart, startsUnit } from '../../mpegts/packet.js';
import { PictureHead, type VideoSyntax } from '../../mpegts/picture-head.js';
import { readUnitTime } from './unit-time.js';

const UNIT_START = 0x40; // payload_unit_start_indicator
const ADAPTATION = 0x20; // of adaptation_field_control
const STUFFING = 0xff;
/** No two pictures are nearer to each other; the parts of one have been given times a little apart. Ticks. */
const SAME_TICKS = 90;

/** Follows the pictures of one track. */
export class WholePictures {
  readonly #syntax: VideoSyntax;
  readonly #head = new PictureHead();
  #ticks = -1; // of the picture that has begun; -1: it has no time
  #isInParts = false; // pictures have come in several PES packets

  constructor(syntax: VideoSyntax) {
    this.#syntax = syntax;
  }

  /** Changes packets of the track where they are: a PES packet that goes on with a picture is made part of the one before. */
  join(packets: Uint8Array): void {
    for (let at = 0; at < packets.length; at += PACKET_BYTES) {
      if (startsUnit(packets, at) && hasPayload(packets, at)) this.#begins(packets, at);
    }
  }

  #begins(packets: Uint8Array, at: number): void {
    const pes = payloadStart(packets, at);
    const media = mediaStart(packets, at);
    if (media === -1 || media > at + PACKET_BYTES) return; // its header goes on in the next packet
    const ticks = readUnitTime(packets, at);
    const head = this.#head;
    head.begin(this.#syntax, media, true);
    head.read(packets, at + PACKET_BYTES);
    // Two pictures are not decoded at once, and what has no time goes on, unless a delimiter says that it is another.
    const isPart = ticks === -1 ? head.insertAt === media : Math.abs(ticks - this.#ticks) < SAME_TICKS;
    if (this.#ticks !== -1 && isPart) {
      this.#isInParts = true;
      removeHeader(packets, at, media);
      return;
    }
    this.#ticks = ticks;
    // PES_packet_length: it is not known, unless the picture itself begins here and is not in parts.
    if (this.#isInParts || !head.isOver) packets.fill(0, pes + 4, pes + 6);
  }
}

/** Makes stuffing of a PES header, up to `media`: what is behind it goes on with the PES packet before. */
function removeHeader(packets: Uint8Array, at: number, media: number): void {
  const from = payloadStart(packets, at);
  const hasField = (packets[at + 3]! & ADAPTATION) !== 0;
  packets[at + 1] = packets[at + 1]! & ~UNIT_START;
  packets[at + 3] = packets[at + 3]! | ADAPTATION;
  const hasFlags = hasField && packets[at + 4]! > 0;
  packets[at + 4] = media - at - 5; // adaptation_field_length
  if (!hasFlags) packets[at + 5] = 0; // no flag is set
  packets.fill(STUFFING, hasFlags ? from : at + 6, media);
}
