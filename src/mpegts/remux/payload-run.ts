// The fast path of a packet through a Remuxer, which most packets take.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.3.3.

import type { OutputBuffer } from '../packet/output-buffer.js';
import { PACKET_BYTES, SYNC } from '../packet/packet.js';
import { FIRST_TRACK, type RemuxFeed, type RemuxTrack } from './remux-feed.js';

/**
 * Sends the packets from `from` on that continue a unit being sent and carry only payload. Returns the offset of the first
 * one that needs more; that is `from` if there are none.
 */
export function forwardPayloadRun(feed: RemuxFeed, buffer: OutputBuffer, data: Uint8Array, from: number): number {
  const { slots, tracks } = feed;
  const { bytes } = buffer;
  const shift = buffer.nextAt - from;
  let track: RemuxTrack | null = null;
  let pid = -1;
  let last = 0;
  let counter = 0;
  let high = 0;
  let low = 0;
  let at = from;
  for (; at + PACKET_BYTES <= data.length; at += PACKET_BYTES) {
    const second = data[at + 1]!;
    const control = data[at + 3]!;
    // No error, no start of a unit, not scrambled, payload only.
    if (data[at] !== SYNC || (second & 0xc0) !== 0 || (control & 0xf0) !== 0x10) break;
    const here = ((second & 0x1f) << 8) | data[at + 2]!;
    if (here !== pid) {
      const slot = slots[here]!;
      if (slot < FIRST_TRACK) break;
      const next = tracks[slot - FIRST_TRACK]!;
      if (!next.open || next.held || next.counter < 0) break;
      if ((control & 0x0f) !== ((next.counter + 1) & 0x0f)) break;
      if (track) track.advance(last, counter, data, at - PACKET_BYTES);
      track = next;
      pid = here;
      last = track.counter;
      const out = track.out!; // open tracks have one
      counter = out.counter;
      high = out.pid >> 8;
      low = out.pid & 0xff;
    } else if ((control & 0x0f) !== ((last + 1) & 0x0f)) break;
    last = control & 0x0f;
    counter = (counter + 1) & 0x0f;
    const to = at + shift;
    bytes[to + 1] = (second & 0x20) | high; // transport_priority
    bytes[to + 2] = low;
    bytes[to + 3] = 0x10 | counter;
  }
  if (at === from) return from;
  track!.advance(last, counter, data, at - PACKET_BYTES); // set with the first of them
  buffer.keep(at - from);
  return at;
}
