// AAC of real ffmpeg in LATM, with any AudioSpecificConfig: ffmpeg's encoder makes no HE-AAC.

import { bytesOf, u } from '../mpegts/bits.js';
import { pesPackets, tablesOf } from '../mpegts/synthetic.js';

const PID = 0x100;

/** The raw frames of the AAC in ADTS on PID 0x100. */
function framesOf(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 188) {
    if ((bytes.readUInt16BE(at + 1) & 0x1fff) !== PID || !(bytes[at + 3]! & 0x10)) continue;
    let from = at + (bytes[at + 3]! & 0x20 ? 5 + bytes[at + 4]! : 4);
    if (bytes[at + 1]! & 0x40) from += 9 + bytes[from + 8]!; // the PES header
    parts.push(bytes.subarray(from, at + 188));
  }
  const all = Buffer.concat(parts);
  const frames: Buffer[] = [];
  for (let at = 0; at + 7 <= all.length;) {
    const length = ((all[at + 3]! & 3) << 11) | (all[at + 4]! << 3) | (all[at + 5]! >> 5); // aac_frame_length
    frames.push(all.subarray(at + (all[at + 1]! & 1 ? 7 : 9), at + length));
    at += length;
  }
  return frames;
}

/** The same AAC in LATM whose AudioSpecificConfig is these bits, as audioMuxVersion 1 has it: with its length. */
export function inLatm(adts: Buffer, ...config: string[]): Buffer {
  const asc = config.join('');
  const mux = ['10', u(2, 0), u(8, 0), '1', u(6, 0), u(4, 0), u(3, 0), u(2, 0), u(8, asc.length), asc];
  const out = [tablesOf([{ pid: PID, type: 0x11 }], PID)];
  let counter = 0;
  for (const [n, frame] of framesOf(adts).entries()) {
    const lengths = '11111111'.repeat(Math.floor(frame.length / 255)) + u(8, frame.length % 255); // PayloadLengthInfo
    const payload = [...frame].map((byte) => u(8, byte)).join('');
    // useSameStreamMux, StreamMuxConfig; frameLengthType, latmBufferFullness, otherDataPresent, crcCheckPresent
    const element = bytesOf('0', ...mux, u(3, 0), u(8, 0xff), '00', lengths, payload);
    const loas = Buffer.from([...bytesOf(u(11, 0x2b7), u(13, element.length)), ...element]);
    const pes = pesPackets({ pid: PID, streamId: 0xc0, pts: 90_000 + n * 3840, counter, payload: loas });
    counter += pes.length / 188;
    out.push(pes);
  }
  return Buffer.concat(out);
}
