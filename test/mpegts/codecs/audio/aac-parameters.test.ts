import { expect } from 'chai';
import { readAdts, readLatm } from '../../../../src/mpegts/codecs/audio/aac-parameters.js';
import { noParameters, type ParameterReader } from '../../../../src/mpegts/codecs/parameters.js';
import { bytesOf, u } from '../../../support/mpegts/bits.js';

function read(reader: ParameterReader, bytes: readonly number[]) {
  const found = noParameters();
  const told = reader(Uint8Array.from(bytes), 0, bytes.length, found);
  return told === true ? [found.codec, found.sampleRate, found.channels] : told;
}
const body = (bytes: number) => Array<number>(bytes).fill(0x11);

/** An ADTS header: sampling_frequency_index, channel_configuration, aac_frame_length, protection_absent. */
const adts = (rate: number, channels: number, length: number, bare = 1) =>
  bytesOf(
    u(12, 0xfff),
    '000',
    u(1, bare),
    u(2, 1),
    u(4, rate),
    '0',
    u(3, channels),
    '0000',
    u(13, length),
    u(11, 0x7ff),
    '00',
  );
/** program_config_element(): one front single and a pair, one back pair, one LFE; all mixdowns. */
const pce =
  [u(4, 0), u(2, 1), u(4, 3), u(4, 2), u(4, 0), u(4, 1), u(2, 1), u(3, 0), u(4, 0)].join('') +
  ['1' + u(4, 0), '1' + u(4, 0), '1' + u(3, 0), '0' + u(4, 0), '1' + u(4, 0), '1' + u(4, 1), u(4, 0)].join('');

describe('readAdts', () => {
  it('reads rates and channels', () => {
    expect(read(readAdts, adts(4, 2, 300))).to.deep.equal(['aac', 44100, 2]);
    expect(read(readAdts, adts(3, 1, 300))).to.deep.equal(['aac', 48000, 1]);
    expect(read(readAdts, adts(12, 7, 300))).to.deep.equal(['aac', 7350, 8]);
  });

  it('counts the channels of a program_config_element', () => {
    const of = (header: readonly number[], ...bits: string[]) =>
      read(readAdts, [...header, ...bytesOf(...bits), ...body(9)]);
    const { length } = bytesOf('101', pce); // its last byte is not needed
    expect(of(adts(6, 0, 300), '101', pce)).to.deep.equal(['aac', 24000, 6]);
    expect(of([...adts(6, 0, 300, 0), 1, 2], '101', pce), 'behind a CRC').to.deep.equal(['aac', 24000, 6]);
    expect(of(adts(6, 0, 300), '000', pce), 'another element').to.deep.equal(['aac', 24000, null]);
    expect(of(adts(6, 0, 300), '101', u(10, 0), u(12, 0xfff), u(10, 0), u(300, 0)), 'too many').to.deep.equal([
      'aac',
      24000,
      null,
    ]);
    for (let some = 0; some < length - 1; some++) {
      const cut = [...adts(6, 0, 300), ...bytesOf('101', pce).slice(0, some)];
      expect(read(readAdts, cut), `${some} bytes of it`).to.be.undefined;
    }
  });

  it('finds a frame inside a unit, and ignores bytes that resemble one', () => {
    const frames = [...adts(3, 2, 107), ...body(100), ...adts(3, 2, 50)];
    expect(read(readAdts, [...body(40), ...frames])).to.deep.equal(['aac', 48000, 2]);
    expect(read(readAdts, [...body(4), ...adts(7, 1, 20), ...body(30), ...frames])).to.deep.equal(['aac', 48000, 2]);
  });

  it('accepts no invalid header', () => {
    for (const header of [adts(13, 2, 300), adts(3, 2, 6), [0xff, 0xfd, 0x80, 0x04]]) {
      expect(read(readAdts, [...header, ...body(600)])).to.be.undefined;
    }
  });
});

/** AudioSyncStream() of one frame. */
function loas(...bits: string[]): number[] {
  const frame = bytesOf(...bits);
  return [...bytesOf(u(11, 0x2b7), u(13, frame.length)), ...frame];
}
const config = '0' + '0' + '1' + u(6, 0) + u(4, 0) + u(3, 0); // useSameStreamMux, audioMuxVersion, ..., numLayer
const config1 = '0' + '10' + '00' + u(8, 0xff) + '1' + u(6, 0) + u(4, 0) + u(3, 0) + '01' + u(16, 30);

describe('readLatm', () => {
  it('reads AudioSpecificConfig', () => {
    const of = (...bits: string[]) => read(readLatm, loas(config, ...bits, u(32, 0)));
    expect(of(u(5, 2), u(4, 3), u(4, 2))).to.deep.equal([null, 48000, 2]);
    expect(of(u(5, 2), u(4, 15), u(24, 44000), u(4, 1))).to.deep.equal([null, 44000, 1]);
    expect(of(u(5, 31), u(6, 10), u(4, 4), u(4, 6)), 'an object type above 31').to.deep.equal([null, 44100, 6]);
    expect(of(u(5, 5), u(4, 6), u(4, 2), u(4, 3)), 'SBR: the rate that is heard').to.deep.equal([null, 48000, 2]);
    expect(of(u(5, 29), u(4, 6), u(4, 1), u(4, 3)), 'PS: two channels of one').to.deep.equal([null, 48000, 2]);
    expect(of(u(5, 2), u(4, 3), u(4, 0), '000', pce), 'program_config_element').to.deep.equal([null, 48000, 6]);
    const below = [u(5, 5), u(4, 6), u(4, 0), u(4, 3), u(5, 2), '01', u(14, 0), '0', pce];
    expect(of(...below), 'that of what is below SBR').to.deep.equal([null, 48000, 6]);
    expect(of(u(5, 2), u(4, 3), u(4, 8)), 'reserved').to.deep.equal([null, 48000, null]);
  });

  it('reads it after the values of audioMuxVersion 1', () => {
    expect(read(readLatm, loas(config1, u(5, 2), u(4, 3), u(4, 2), u(32, 0)))).to.deep.equal([null, 48000, 2]);
  });

  it('continues to a frame that has it, as far as there are bytes', () => {
    const same = loas('1' + u(7, 5) + u(32, 1));
    const told = loas(config, u(5, 2), u(4, 3), u(4, 2), u(32, 0));
    expect(read(readLatm, [...same, ...same, ...told])).to.deep.equal([null, 48000, 2]);
    expect(read(readLatm, [...same, ...same])).to.be.undefined;
    expect(read(readLatm, [...same, ...told.slice(0, 6)])).to.be.undefined;
  });

  it('reads nothing from invalid data', () => {
    const fine = [u(5, 2), u(4, 3), u(4, 2), u(32, 0)];
    expect(read(readLatm, body(50)), 'no syncword').to.be.false;
    expect(read(readLatm, loas('011', ...fine)), 'audioMuxVersionA').to.be.false;
    expect(read(readLatm, loas(config, u(5, 2), u(4, 13), u(4, 2), u(32, 0))), 'samplingFrequencyIndex').to.be.false;
    expect(read(readLatm, loas(config)), 'ends in the middle').to.be.false;
  });
});
