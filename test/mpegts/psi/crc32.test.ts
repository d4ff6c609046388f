import { expect } from 'chai';
import { crc32 } from '../../../src/mpegts/psi/crc32.js';

describe('crc32', () => {
  it('of "123456789" is the check value of CRC-32/MPEG-2', () => {
    expect(crc32(Buffer.from('123456789'))).to.equal(0x0376e6e7);
  });

  it('of a PAT as ffmpeg writes it is the one it carries, and 0 over both', () => {
    const pat = Buffer.from('00b00d0001c100000001f0002ab104b2', 'hex'); // ffmpeg: program 1, PMT 0x1000
    expect(crc32(pat, 0, 12)).to.equal(0x2ab104b2);
    expect(crc32(pat)).to.equal(0);
  });
});
