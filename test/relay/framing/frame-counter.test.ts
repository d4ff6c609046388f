// Where frames end: the literal bytes of RFC 6455 §5.7, and any cutting of them into reads.

import { expect } from 'chai';
import fc from 'fast-check';
import { FrameCounter } from '../../../src/relay/framing/frame-counter.js';

const EMPTY = [0x81, 0x00];
const MASKED_HELLO = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]; // RFC 6455 §5.7
const PING = [0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
const LONG = [0x82, 0x7e, 0x01, 0x00, ...Array<number>(256).fill(0x81)];
const MASKED_LONG = [0x82, 0xfe, 0x00, 0x80, 1, 2, 3, 4, ...Array<number>(128).fill(0xff)];
const HUGE = [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0, ...Array<number>(65536).fill(0)];
const FRAMES = [EMPTY, MASKED_HELLO, PING, LONG, MASKED_LONG, HUGE];

describe('a walk over WebSocket frames', () => {
  it('stops where as many frames have begun as it may, and the last is over', () => {
    const bytes = Uint8Array.from(FRAMES.flat());
    const walk = new FrameCounter();
    const ends = FRAMES.map((_, i) => FRAMES.slice(0, i + 1).flat().length);
    let at = 0;
    for (const end of ends) {
      at = walk.advance(bytes, at, 1);
      expect([at, walk.frames]).to.deep.equal([end, 1]);
    }
    expect(walk.advance(bytes, at, 1)).to.equal(bytes.length);
    expect(walk.frames).to.equal(0);
    expect(new FrameCounter().advance(bytes, 0, 4)).to.equal(ends[3]);
  });

  it('ends a frame that lies across reads, and does not count it again', () => {
    const frames = fc.array(fc.constantFrom(...FRAMES.slice(0, 5)), { minLength: 1, maxLength: 12 });
    const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
    fc.assert(
      fc.property(frames, cuts, (list, lengths) => {
        const bytes = Uint8Array.from(list.flat());
        const walk = new FrameCounter();
        let counted = 0;
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const read = bytes.subarray(at, at + lengths[i % lengths.length]!);
          expect(walk.advance(read, 0, Infinity)).to.equal(read.length);
          counted += walk.frames;
          at += read.length;
        }
        expect(counted).to.equal(list.length);
      }),
    );
  });

  it('with none to begin goes to the end of the one that is under way', () => {
    const walk = new FrameCounter();
    walk.advance(Uint8Array.from(PING.slice(0, 4)), 0, 1);
    expect(walk.advance(Uint8Array.from([...PING.slice(4), ...EMPTY]), 0, 0)).to.equal(3);
  });
});
