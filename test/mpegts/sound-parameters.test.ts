import { expect } from 'chai';
import { noParameters, type ParameterReader } from '../../src/mpegts/parameters.js';
import { readAc3, readAdts, readLatm, readMpegAudio } from '../../src/mpegts/sound-parameters.js';
import { bytesOf, u } from './bits.js';

function read(reader: ParameterReader, bytes: readonly number[]) {
  const found = noParameters();
  const told = reader(Uint8Array.from(bytes), 0, bytes.length, found);
  return told === true ? [found.codec, found.sampleRate, found.channels] : told;
}
const body = (bytes: number) => Array<number>(bytes).fill(0x11);

/** A header of MPEG audio: ID with its leading bit, layer, bitrate_index, sampling_frequency, padding_bit, mode. */
const mpeg = (version: number, layer: number, bitrate: number, rate: number, padding = 0, mode = 0) =>
  bytesOf(
    u(11, 0x7ff),
    u(2, version),
    u(2, layer),
    '1',
    u(4, bitrate),
    u(2, rate),
    u(1, padding),
    '0',
    u(2, mode),
    u(6, 0),
  );

/** An ADTS header: sampling_frequency_index, channel_configuration, aac_frame_length. */
const adts = (rate: number, channels: number, length: number) =>
  bytesOf(u(12, 0xfff), '0001', u(2, 1), u(4, rate), '0', u(3, channels), '0000', u(13, length), u(11, 0x7ff), '00');

describe('readMpegAudio', () => {
  it('knows versions, layers and modes', () => {
    const of = (...header: readonly number[]) => read(readMpegAudio, [...header, ...body(4)]);
    expect(of(...mpeg(3, 2, 8, 0))).to.deep.equal(['mp2', 44100, 2]);
    expect(of(...mpeg(3, 1, 9, 1, 0, 1))).to.deep.equal(['mp3', 48000, 2]); // joint stereo
    expect(of(...mpeg(3, 3, 9, 2, 0, 3))).to.deep.equal(['mp1', 32000, 1]);
    expect(of(...mpeg(2, 2, 8, 1, 0, 2))).to.deep.equal(['mp2', 24000, 2]); // dual channel
    expect(of(...mpeg(0, 1, 8, 0))).to.deep.equal(['mp3', 11025, 2]); // MPEG-2.5
    expect(of(...mpeg(3, 2, 0, 0))).to.deep.equal(['mp2', 44100, 2]); // free format
  });

  it('finds a frame that does not begin where the unit does, with another behind it', () => {
    // 128 kbit/s of layer II at 44.1 kHz: 417 bytes and a byte of padding now and then.
    for (const padding of [0, 1]) {
      const frames = [...mpeg(3, 2, 8, 0, padding), ...body(413 + padding), ...mpeg(3, 2, 8, 0), ...body(20)];
      expect(read(readMpegAudio, [...body(9), ...frames])).to.deep.equal(['mp2', 44100, 2]);
      expect(read(readMpegAudio, [...body(9), ...frames.slice(0, 415)]), 'not there yet').to.be.undefined;
    }
    const alone = [...body(9), ...mpeg(3, 2, 8, 0), ...body(600)];
    expect(read(readMpegAudio, alone), 'no other behind it').to.be.undefined;
  });

  it('knows the lengths of all layers', () => {
    for (const [header, length] of [
      [mpeg(3, 3, 12, 1), 384], // layer I, 384 kbit/s, 48 kHz
      [mpeg(3, 1, 9, 1), 384], // layer III, 128 kbit/s, 48 kHz
      [mpeg(2, 1, 8, 1), 192], // MPEG-2 layer III, 64 kbit/s, 24 kHz
      [mpeg(2, 2, 8, 1), 384], // MPEG-2 layer II, 64 kbit/s, 24 kHz
    ] as const) {
      const frames = [...header, ...body(length - 4), ...header, ...body(20)];
      expect(read(readMpegAudio, [...body(3), ...frames]), `${length} bytes`).to.be.an('array');
    }
  });

  it('takes what is reserved for no header', () => {
    for (const header of [mpeg(1, 2, 8, 0), mpeg(3, 0, 8, 0), mpeg(3, 2, 15, 0), mpeg(3, 2, 8, 3)]) {
      expect(read(readMpegAudio, [...header, ...body(600)])).to.be.undefined;
    }
  });
});

describe('readAdts', () => {
  it('knows rates and channels', () => {
    expect(read(readAdts, adts(4, 2, 300))).to.deep.equal(['aac', 44100, 2]);
    expect(read(readAdts, adts(3, 1, 300))).to.deep.equal(['aac', 48000, 1]);
    expect(read(readAdts, adts(12, 7, 300))).to.deep.equal(['aac', 7350, 8]);
    expect(read(readAdts, adts(6, 0, 300)), 'told by a program_config_element').to.deep.equal(['aac', 24000, null]);
  });

  it('finds a frame inside a unit, and is not taken in by bytes that look like one', () => {
    const frames = [...adts(3, 2, 107), ...body(100), ...adts(3, 2, 50)];
    expect(read(readAdts, [...body(40), ...frames])).to.deep.equal(['aac', 48000, 2]);
    expect(read(readAdts, [...body(4), ...adts(7, 1, 20), ...body(30), ...frames])).to.deep.equal(['aac', 48000, 2]);
  });

  it('takes what cannot be for no header', () => {
    for (const header of [adts(13, 2, 300), adts(3, 2, 6), mpeg(3, 2, 8, 0)]) {
      expect(read(readAdts, [...header, ...body(600)])).to.be.undefined;
    }
  });
});

/** A header of AC-3: fscod, frmsizecod, bsid, and from acmod on. */
const ac3 = (rate: number, size: number, bsid: number, rest: string) =>
  bytesOf(u(16, 0x0b77), u(16, 0), u(2, rate), u(6, size), u(5, bsid), '000', rest.padEnd(8, '0'));
/** A header of E-AC-3: strmtyp, frmsiz, fscod and what is behind it, acmod, lfeon. */
const eac3 = (type: number, words: number, rates: string, mode: number, lfe: number) =>
  bytesOf(u(16, 0x0b77), u(2, type), u(3, 0), u(11, words - 1), rates, u(3, mode), u(1, lfe), u(5, 16), '000', u(8, 0));

describe('readAc3', () => {
  it('finds lfeon behind what the mode brings with it', () => {
    const of = (rest: string) => read(readAc3, ac3(0, 20, 8, rest));
    expect(of('000' + '1')).to.deep.equal(['ac3', 48000, 3]); // 1+1
    expect(of('001' + '0')).to.deep.equal(['ac3', 48000, 1]);
    expect(of('010' + '11' + '0')).to.deep.equal(['ac3', 48000, 2]); // dsurmod
    expect(of('011' + '11' + '0')).to.deep.equal(['ac3', 48000, 3]); // cmixlev
    expect(of('110' + '11' + '0')).to.deep.equal(['ac3', 48000, 4]); // surmixlev
    expect(of('111' + '00' + '00' + '1')).to.deep.equal(['ac3', 48000, 6]); // both
  });

  it('knows rates, also halved ones', () => {
    expect(read(readAc3, ac3(1, 20, 8, '001'))).to.deep.equal(['ac3', 44100, 1]);
    expect(read(readAc3, ac3(2, 20, 6, '001'))).to.deep.equal(['ac3', 32000, 1]);
    expect(read(readAc3, ac3(0, 20, 9, '001'))).to.deep.equal(['ac3', 24000, 1]);
    expect(read(readAc3, eac3(0, 300, '00' + '11', 7, 1))).to.deep.equal(['eac3', 48000, 6]);
    expect(read(readAc3, eac3(0, 300, '11' + '01', 2, 0))).to.deep.equal(['eac3', 22050, 2]);
  });

  it('knows the lengths of frames', () => {
    for (const [header, length] of [
      [ac3(0, 18, 8, '010'), 640], // 160 kbit/s, 48 kHz
      [ac3(1, 18, 8, '010'), 696], // 44.1 kHz
      [ac3(1, 19, 8, '010'), 698],
      [ac3(2, 18, 8, '010'), 960], // 32 kHz
      [eac3(0, 200, '0011', 2, 0), 400],
    ] as const) {
      const frames = [...header, ...body(length - 7), ...header, ...body(8)];
      expect(read(readAc3, [...body(5), ...frames]), `${length} bytes`).to.be.an('array');
    }
  });

  it('takes what cannot be for no header, nor a substream that depends on another', () => {
    const wrong = [ac3(3, 20, 8, '010'), ac3(0, 38, 8, '010'), ac3(0, 20, 17, '010'), eac3(0, 99, '1111', 2, 0)];
    for (const header of [...wrong, eac3(1, 300, '0011', 2, 0)]) {
      expect(read(readAc3, [...header, ...body(600)])).to.be.undefined;
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
    expect(of(u(5, 2), u(4, 3), u(4, 0)), 'told elsewhere').to.deep.equal([null, 48000, null]);
  });

  it('reads it behind the values of audioMuxVersion 1', () => {
    expect(read(readLatm, loas(config1, u(5, 2), u(4, 3), u(4, 2), u(32, 0)))).to.deep.equal([null, 48000, 2]);
  });

  it('goes on to a frame that has it, as far as there are bytes', () => {
    const same = loas('1' + u(7, 5) + u(32, 1));
    const told = loas(config, u(5, 2), u(4, 3), u(4, 2), u(32, 0));
    expect(read(readLatm, [...same, ...same, ...told])).to.deep.equal([null, 48000, 2]);
    expect(read(readLatm, [...same, ...same])).to.be.undefined;
    expect(read(readLatm, [...same, ...told.slice(0, 6)])).to.be.undefined;
  });

  it('tells nothing of what cannot be', () => {
    const fine = [u(5, 2), u(4, 3), u(4, 2), u(32, 0)];
    expect(read(readLatm, body(50)), 'no syncword').to.be.false;
    expect(read(readLatm, loas('011', ...fine)), 'audioMuxVersionA').to.be.false;
    expect(read(readLatm, loas(config, u(5, 2), u(4, 13), u(4, 2), u(32, 0))), 'samplingFrequencyIndex').to.be.false;
    expect(read(readLatm, loas(config)), 'ends in the middle').to.be.false;
  });
});
