import { expect } from 'chai';
import { readDts } from '../../../../src/mpegts/codecs/audio/dts-parameters.js';
import { noParameters } from '../../../../src/mpegts/codecs/parameters.js';
import { bytesOf, u } from '../../../support/mpegts/bits.js';

function read(...bytes: readonly (readonly number[])[]) {
  const all = Uint8Array.from(bytes.flat());
  const found = noParameters();
  const result = readDts(all, 0, all.length, found);
  return result === true ? [found.codec, found.sampleRate, found.channels] : result;
}
const body = (count: number) => Array<number>(count).fill(0x11);

/** A core frame of 48 kHz, 3/2 and LFE. */
const core = (length = 1003) => {
  const start = [u(32, 0x7ffe8001), '1', u(5, 31), '0', u(7, 15), u(14, length - 1), u(6, 9), u(4, 13)];
  const header = bytesOf(...start, u(5, 15), '00000', u(3, 0), '00', u(2, 1), u(20, 0));
  return [...header, ...body(length - header.length)];
};
interface Asset {
  readonly rate: number;
  readonly channels: number;
  /** bHeaderSizeType and nExtSSIndex. */
  readonly isLong?: boolean;
  readonly index?: number;
  readonly fixed?: string;
  readonly descriptor?: string;
}
/** An extension substream's header: nuMaxSampleRate 12 is 48 kHz. */
const extension = (asset: Asset) => {
  const { rate, channels, isLong = false, index = 0, fixed, descriptor = '000' } = asset;
  const sizes = isLong ? [12, 20] : [8, 16];
  // no time stamp, one presentation and asset, whose masks are set, no metadata for mixing
  const plain = u(2, 2) + u(3, 0) + '0' + u(3, 0) + u(3, 0) + '1'.repeat(index + 1) + u(8 * (index + 1), 1) + '0';
  return bytesOf(
    ...[u(32, 0x64582025), u(8, 0), u(2, index), u(1, Number(isLong)), u(sizes[0]!, 60), u(sizes[1]!, 300), '1'],
    ...[fixed ?? plain, u(sizes[1]!, 200), u(9, 30), u(3, 0), descriptor],
    ...[u(5, 23), u(4, rate), u(8, channels - 1), u(100, 0)],
  );
};

describe('readDts', () => {
  it('reads the core', () => {
    expect(read(core(), core())).to.deep.equal(['dts', 48_000, 6]);
    expect(read(body(300), core(), core()), 'that begins inside the unit').to.deep.equal(['dts', 48_000, 6]);
  });

  it('reads what DTS-HD has more than its core, 32 bits aligned behind it', () => {
    const padded = [...core(1003), 0];
    expect(read(padded, extension({ rate: 12, channels: 8 }))).to.deep.equal(['dts', 48_000, 8]);
    expect(read(padded, extension({ rate: 13, channels: 6 }))).to.deep.equal(['dts', 96_000, 6]);
    expect(read(core(1004), extension({ rate: 14, channels: 2 }))).to.deep.equal(['dts', 192_000, 2]);
    expect(read(core(1004), extension({ rate: 8, channels: 8, isLong: true, index: 1 }))).to.deep.equal([
      'dts',
      176_400,
      8,
    ]);
    expect(read(body(90), padded, extension({ rate: 12, channels: 8 }))).to.deep.equal(['dts', 48_000, 8]);
  });

  it('passes over all optional fields', () => {
    const stamped = u(2, 2) + u(3, 0) + '1' + u(36, 5); // nuTimeStamp
    const fixed = stamped + u(3, 1) + u(3, 1) + '11' + u(16, 0x101) + '1' + u(2, 0) + u(2, 1) + u(2, 1) + u(16, 0); // two of each
    const descriptor = '1' + u(4, 1) + '1' + u(24, 0x656e67) + '1' + u(10, 2) + u(24, 0); // type, language, text
    const secondSize = u(16, 9); // nuAssetFsize
    const bytes = extension({ rate: 12, channels: 7, fixed: fixed + secondSize, descriptor });
    expect(read(core(1004), bytes)).to.deep.equal(['dts', 48_000, 7]);
  });

  it('reads DTS Express, which has no core', () => {
    expect(read(extension({ rate: 12, channels: 2 }))).to.deep.equal(['dts', 48_000, 2]);
    expect(read(body(50), extension({ rate: 11, channels: 5 }))).to.deep.equal(['dts', 24_000, 5]);
  });

  it('waits for what shows whether there is an extension substream, and for the whole of its header', () => {
    expect(read(core())).to.be.undefined;
    const whole = extension({ rate: 12, channels: 8 });
    for (let some = 4; some < 16; some++) expect(read(core(1004), whole.slice(0, some)), `${some}`).to.be.undefined;
  });

  it('takes nothing from an extension substream that does not say, or says what cannot be', () => {
    const silent = bytesOf(u(32, 0x64582025), u(8, 0), u(2, 0), '0', u(8, 60), u(16, 300), '0', u(100, 0));
    expect(read(core(1004), silent)).to.be.false;
    expect(read(core(1004), extension({ rate: 15, channels: 8 })), '384 kHz').to.be.false;
    expect(read(core(1004), extension({ rate: 12, channels: 200 }))).to.be.false;
  });
});
