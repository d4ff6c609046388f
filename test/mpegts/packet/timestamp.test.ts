import { expect } from 'chai';
import fc from 'fast-check';
import { readPcr, readTimestamp, ticksAfter, writePcr, writeTimestamp } from '../../../src/mpegts/packet/timestamp.js';

describe('timestamps', () => {
  it('reads and writes the 33 bits of a PTS, and keeps the prefix', () => {
    const at = Uint8Array.of(0x31, 0, 1, 0, 1);
    writeTimestamp(at, 0, 2 ** 33 - 1);
    expect([...at]).to.deep.equal([0x3f, 0xff, 0xff, 0xff, 0xff]);
    writeTimestamp(at, 0, 0x123456789);
    expect(Buffer.from(at).toString('hex')).to.equal('398d15cf13');
    expect(readTimestamp(at, 0)).to.equal(0x123456789);
    fc.assert(
      fc.property(fc.maxSafeNat(), (ticks) => {
        writeTimestamp(at, 0, ticks);
        return readTimestamp(at, 0) === ticks % 2 ** 33;
      }),
    );
  });

  it('reads and writes a PCR with its extension', () => {
    const packet = new Uint8Array(12);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 33 - 1 }), fc.integer({ min: 0, max: 299 }), (base, extension) => {
        writePcr(packet, 0, base + extension / 300);
        return Math.abs(readPcr(packet, 0) - base - extension / 300) < 1e-5 && (packet[10]! & 0x7e) === 0x7e;
      }),
    );
  });

  it('compares times across the wrap', () => {
    expect(ticksAfter(5, 2 ** 33 - 5)).to.equal(10);
    expect(ticksAfter(2 ** 33 - 5, 5)).to.equal(-10);
  });
});
