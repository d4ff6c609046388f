// Recognises a message of whole transport packets.
// Pure. ISO/IEC 13818-1 §2.4.3.2.

import { PACKET_BYTES, SYNC } from './packet.js';

/** Whether bytes are whole, consecutive packets from the first byte on. */
export function isTransportStream(data: Uint8Array): boolean {
  if (data.length === 0 || data.length % PACKET_BYTES !== 0) return false;
  for (let at = 0; at < data.length; at += PACKET_BYTES) if (data[at] !== SYNC) return false;
  return true;
}
