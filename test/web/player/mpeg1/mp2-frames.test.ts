import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { decodeFrames, frameBytes, type FrameDecoder } from '../../../../src/web/player/mpeg1/mp2-frames.js';
import { ffmpeg, scratch } from '../../../support/media/ffmpeg.js';

/** A decoder that notes where it was asked to decode; like jsmpeg's, it does not look what is there. */
function noting(): FrameDecoder & { readonly at: number[]; write(part: Uint8Array): void } {
  const bits = { index: 0, byteLength: 0, bytes: new Uint8Array(1 << 20) };
  const at: number[] = [];
  return {
    bits,
    at,
    write: (part) => {
      bits.bytes.set(part, bits.byteLength);
      bits.byteLength += part.length;
    },
    decode: () => at.push(bits.index / 8) > 0,
  };
}

describe('decodeFrames', () => {
  it('reads the length of a layer II frame', () => {
    expect(frameBytes(Uint8Array.of(0xff, 0xfd, 0x80, 0x00), 0)).to.equal(417); // 128 kbit/s, 44.1 kHz
    expect(frameBytes(Uint8Array.of(0xff, 0xfd, 0x82, 0x00), 0)).to.equal(418); // padding_bit
    expect(frameBytes(Uint8Array.of(0xff, 0xfc, 0x84, 0x00), 0)).to.equal(384); // 48 kHz, with CRC
    for (const other of [
      [0xff, 0xfb, 0x80], // layer III
      [0xff, 0xf5, 0x80], // MPEG-2
      [0xff, 0xfd, 0x00], // free format
      [0xff, 0xfd, 0xf0], // forbidden
      [0xff, 0xfd, 0x8c], // reserved
      [0xfe, 0xfd, 0x80],
    ]) {
      expect(frameBytes(Uint8Array.from([...other, 0]), 0), String(other)).to.equal(0);
    }
  });

  it('decodes each frame of what ffmpeg makes, however it is cut', async () => {
    const file = join(scratch(), 'tone.mp2');
    await ffmpeg(['-f', 'lavfi', '-i', 'sine=duration=2:sample_rate=44100', '-codec:a', 'mp2', '-b:a', '128k', file]);
    const sound = readFileSync(file);
    const whole = noting();
    whole.write(sound);
    decodeFrames(whole);
    expect(whole.at.length).to.be.within(75, 80); // 1,152 samples each
    const pieces = noting();
    for (let at = 0; at < sound.length; at += 333) {
      pieces.write(sound.subarray(at, at + 333));
      decodeFrames(pieces);
    }
    expect(pieces.at).to.deep.equal(whole.at);
  });

  it('goes on behind a frame that was cut off (a microphone that was killed silenced the page for good)', () => {
    const frame = new Uint8Array(417);
    frame.set([0xff, 0xfd, 0x80, 0x00]);
    const decoder = noting();
    decoder.write(frame);
    decoder.write(frame.subarray(0, 100));
    decodeFrames(decoder);
    expect(decoder.at).to.deep.equal([0]);
    for (let i = 0; i < 4; i++) decoder.write(frame);
    decodeFrames(decoder);
    // The first of the four completes the half one; the three behind it are found again.
    expect(decoder.at).to.deep.equal([0, 417, 417 + 100 + 417, 417 + 100 + 2 * 417, 417 + 100 + 3 * 417]);
  });
});
