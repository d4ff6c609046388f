// Decodes buffered sound frame by frame. jsmpeg takes whatever follows for a whole frame, and stalls for ever if it is
// not one: after a microphone that was cut off in mid-frame, for example. So frames are located here.
// ISO/IEC 11172-3 §2.4.1.3, §2.4.2.3 (layer II).

const HEADER_BYTES = 4;
// bitrate_index of layer II, in kbit/s; 0: free format, and 15: forbidden, are not decoded.
const KBITS = [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 0];
const SAMPLE_RATES = [44_100, 48_000, 32_000, 0]; // sampling_frequency; 3: reserved

/** The parts of jsmpeg's decoder that are used. */
export interface FrameDecoder {
  readonly bits: { index: number; readonly byteLength: number; readonly bytes: Uint8Array };
  decode(): boolean;
}

/** Length of the layer II frame whose header is at `at`, in bytes; 0: there is none. */
export function frameBytes(bytes: Uint8Array, at: number): number {
  // syncword, ID '1' (MPEG-1), layer '10' (II); protection_bit is either
  if (bytes[at] !== 0xff || (bytes[at + 1]! & 0xfe) !== 0xfc) return 0;
  const third = bytes[at + 2]!;
  const kbits = KBITS[third >> 4]!;
  const sampleRate = SAMPLE_RATES[(third >> 2) & 0x03]!;
  if (kbits === 0 || sampleRate === 0) return 0;
  return Math.floor((144_000 * kbits) / sampleRate) + ((third >> 1) & 0x01); // padding_bit
}

/** Decodes every complete frame; skips what is not a frame, and leaves an incomplete one for later. */
export function decodeFrames(decoder: FrameDecoder): void {
  const { bits } = decoder;
  const end = bits.byteLength;
  let at = bits.index >> 3;
  while (at + HEADER_BYTES <= end) {
    const size = frameBytes(bits.bytes, at);
    if (size === 0) {
      at++;
      continue;
    }
    if (at + size > end) break;
    bits.index = at << 3;
    decoder.decode();
    at += size;
  }
  bits.index = at << 3;
}
