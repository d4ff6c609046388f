import { expect } from 'chai';
import fc from 'fast-check';
import { BitReader } from '../../../src/mpegts/codecs/bit-reader.js';
import { bytesOf, nal, se, u, ue } from '../../support/mpegts/bits.js';

const open = (bytes: readonly number[], isNal = false): BitReader => {
  const reader = new BitReader();
  reader[isNal ? 'openNal' : 'open'](Uint8Array.from(bytes), 0, bytes.length);
  return reader;
};

describe('BitReader', () => {
  it('reads bits across bytes, up to 32 at once', () => {
    const reader = open([0b10110011, 0xff, 0xff, 0xff, 0xf0]);
    expect([reader.bits(3), reader.bit(), reader.bits(32), reader.bits(4)]).to.deep.equal([5, 1, 0x3fffffff, 0]);
    expect(reader.isGood).to.be.true;
  });

  it('reads Exp-Golomb codes (table 9-2)', () => {
    const reader = open(bytesOf('1', '010', '011', '00100', '00111', '0001000'));
    expect([0, 1, 2, 3, 4, 5].map(() => reader.ue())).to.deep.equal([0, 1, 2, 3, 6, 7]);
    const signed = open(bytesOf('1', '010', '011', '00100', '00101'));
    expect([0, 1, 2, 3, 4].map(() => signed.se() + 0)).to.deep.equal([0, 1, -1, 2, -2]);
  });

  it('reads what was written, with and without emulation prevention', () => {
    const field = fc.oneof(
      fc.record({ write: fc.constant('u' as const), value: fc.integer({ min: 0, max: 0xffffffff }) }),
      fc.record({
        write: fc.constant('ue' as const),
        value: fc.oneof(fc.nat(3), fc.integer({ min: 0, max: 2 ** 31 })),
      }),
      fc.record({ write: fc.constant('se' as const), value: fc.integer({ min: -(2 ** 30), max: 2 ** 30 }) }),
    );
    fc.assert(
      fc.property(fc.array(field, { maxLength: 20 }), (fields) => {
        const bits = fields.map(({ write, value }) =>
          write === 'u' ? u(32, value) : (write === 'ue' ? ue : se)(value),
        );
        const reader = open(nal([0x67], ...bits).slice(4), true);
        const read = fields.map(({ write }) => (write === 'u' ? reader.bits(32) : reader[write]()) + 0);
        expect(read).to.deep.equal(fields.map(({ value }) => value + 0));
        expect(reader.isGood).to.be.true;
      }),
    );
  });

  it('skips emulation_prevention_three_byte, also twice in a row and as the last byte', () => {
    const reader = open([0, 0, 3, 0, 0, 3, 1, 0, 0, 3], true);
    expect([reader.bits(32), reader.bits(8), reader.bits(16)]).to.deep.equal([0, 1, 0]);
    expect(reader.isGood).to.be.true;
    reader.bit();
    expect(reader.lacksBytes).to.be.true;
  });

  it('reads 00 00 03 unchanged outside of NAL units', () => {
    expect(open([0, 0, 3, 5]).bits(32)).to.equal(0x305);
  });

  it('reports missing bytes at the end of the data, and an error at the end of a NAL unit', () => {
    const short = open([0x80]);
    short.skip(9);
    expect(short).to.include({ lacksBytes: true, isBad: false });
    const ended = open([0x80, 0, 0, 1, 0x68, 0xff], true);
    ended.skip(32);
    expect(ended).to.include({ lacksBytes: false, isBad: true });
  });

  it('stops at an invalid code', () => {
    const reader = open([0, 0, 0, 0, 0, 0, 0, 0, 0xff]);
    reader.ue();
    expect(reader.isBad).to.be.true;
  });
});
