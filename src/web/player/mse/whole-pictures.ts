// Joins the PES packets of a picture that arrives in several, for example one per NAL unit: mpegts.js takes every PES
// packet of H.264 and HEVC for a whole picture.
// ISO/IEC 13818-1 §2.4.3.5 (stuffing), §2.4.3.7 (PES_packet_length, PTS, DTS).

import { mediaStart } from '../../../mpegts/pictures/access-point.js';
import type { PictureSyntax } from '../../../mpegts/codecs/picture-syntax.js';
import { hasPayload, PACKET_BYTES, payloadStart, startsUnit } from '../../../mpegts/packet/packet.js';
import { PictureHead } from '../../../mpegts/pictures/picture-head.js';
import { readUnitTime } from '../media/unit-time.js';

const UNIT_START = 0x40; // payload_unit_start_indicator
const ADAPTATION = 0x20; // of adaptation_field_control
const STUFFING = 0xff;
/** Two pictures are at least this far apart; the parts of one may have slightly different times. Ticks. */
const SAME_TICKS = 90;

/** Joins the pictures of one track. */
export class AccessUnitJoiner {
  readonly #syntax: PictureSyntax;
  readonly #head = new PictureHead();
  #ticks = -1; // of the current picture; -1: it has no time
  #isInParts = false; // pictures arrive in several PES packets

  constructor(syntax: PictureSyntax) {
    this.#syntax = syntax;
  }

  /** Modifies packets of the track in place: a PES packet that continues a picture is merged into the one before. */
  join(packets: Uint8Array): void {
    for (let at = 0; at < packets.length; at += PACKET_BYTES) {
      if (startsUnit(packets, at) && hasPayload(packets, at)) this.#begins(packets, at);
    }
  }

  #begins(packets: Uint8Array, at: number): void {
    const pes = payloadStart(packets, at);
    const media = mediaStart(packets, at);
    if (media === -1 || media > at + PACKET_BYTES) return; // its header continues in the next packet
    const ticks = readUnitTime(packets, at);
    const head = this.#head;
    head.start(this.#syntax, media, 'known');
    head.read(packets, at + PACKET_BYTES);
    // A PES packet with the same or no time continues the picture, unless it starts with an access unit delimiter.
    const isPart = ticks === -1 ? head.insertAt === media : Math.abs(ticks - this.#ticks) < SAME_TICKS;
    if (this.#ticks !== -1 && isPart) {
      this.#isInParts = true;
      removeHeader(packets, at, media);
      return;
    }
    this.#ticks = ticks;
    // PES_packet_length = 0 (unbounded), unless the picture starts here and is not in parts.
    if (this.#isInParts || !head.isOver) packets.fill(0, pes + 4, pes + 6);
  }
}

/** Turns a PES header, up to `media`, into stuffing: what follows continues the PES packet before. */
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
