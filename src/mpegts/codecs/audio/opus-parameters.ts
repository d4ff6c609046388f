// Reads the channels of Opus from its descriptor; its rate is always the same.
// Pure: no clock, no I/O. The Opus codec's mapping to MPEG-2 TS.

import { DVB_EXTENSION_DESCRIPTOR, readDescriptors } from '../../psi/descriptors.js';
import type { Parameters } from '../parameters.js';

const OPUS_EXTENSION = 0x80; // descriptor_tag_extension, user defined

/** Adds what the descriptors of an Opus track say. */
export function describeOpus(descriptors: Uint8Array, found: Parameters): void {
  found.sampleRate = 48_000; // Opus is always decoded at this rate
  found.channels = opusChannels(descriptors);
}

/** By channel_config_code: 0 is dual mono, 0x81 is followed by a channel count, 0x82 to 0x88 are independent channels. */
function opusChannels(descriptors: Uint8Array): number | null {
  for (const { tag, body } of readDescriptors(descriptors)) {
    if (tag !== DVB_EXTENSION_DESCRIPTOR || body[0] !== OPUS_EXTENSION) continue;
    const code = body[1] ?? -1;
    if (code === 0) return 2;
    if (code === 0x81) return body[2] || null;
    const channels = code & 0x7f;
    return code !== -1 && channels >= 1 && channels <= 8 ? channels : null;
  }
  return null;
}
