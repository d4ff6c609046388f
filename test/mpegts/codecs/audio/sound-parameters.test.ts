import { expect } from 'chai';
import { noParameters, type ParameterReader } from '../../../../src/mpegts/codecs/parameters.js';
import { readAc3, readMpegAudio } from '../../../../src/mpegts/codecs/audio/sound-parameters.js';
import { bytesOf, u } from '../../../support/mpegts/bits.js';

function read(reader: ParameterReader, bytes: readonly number[]) {
  const found = noParameters();
  const told = reader(Uint8Array.from(bytes), 0, bytes.length, found);
  return told === true ? [found.codec, found.sampleRate, found.channels] : told;
}
const body = (bytes: number) => Array<number>(bytes).fill(0x11);

/** A header of MPEG audio: ID with the bit before it, layer, bitrate_index, sampling_frequency, padding_bit, mode. */
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

describe('readMpegAudio', () => {
  it('reads versions, layers and modes', () => {
    const of = (...header: readonly number[]) => read(readMpegAudio, [...header, ...body(4)]);
    expect(of(...mpeg(3, 2, 8, 0))).to.deep.equal(['mp2', 44100, 2]);
    expect(of(...mpeg(3, 1, 9, 1, 0, 1))).to.deep.equal(['mp3', 48000, 2]); // joint stereo
    expect(of(...mpeg(3, 3, 9, 2, 0, 3))).to.deep.equal(['mp1', 32000, 1]);
    expect(of(...mpeg(2, 2, 8, 1, 0, 2))).to.deep.equal(['mp2', 24000, 2]); // dual channel
    expect(of(...mpeg(0, 1, 8, 0))).to.deep.equal(['mp3', 11025, 2]); // MPEG-2.5
    expect(of(...mpeg(3, 2, 0, 0))).to.deep.equal(['mp2', 44100, 2]); // free format
  });

  it("finds a frame that does not start at the unit's start, if another follows", () => {
    // 128 kbit/s of layer II at 44.1 kHz: 417 bytes, occasionally with a byte of padding.
    for (const padding of [0, 1]) {
      const frames = [...mpeg(3, 2, 8, 0, padding), ...body(413 + padding), ...mpeg(3, 2, 8, 0), ...body(20)];
      expect(read(readMpegAudio, [...body(9), ...frames])).to.deep.equal(['mp2', 44100, 2]);
      expect(read(readMpegAudio, [...body(9), ...frames.slice(0, 415)]), 'not there yet').to.be.undefined;
    }
    const alone = [...body(9), ...mpeg(3, 2, 8, 0), ...body(600)];
    expect(read(readMpegAudio, alone), 'no other behind it').to.be.undefined;
  });

  it('computes the frame lengths of all layers', () => {
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

  it('does not accept reserved values as a header', () => {
    for (const header of [mpeg(1, 2, 8, 0), mpeg(3, 0, 8, 0), mpeg(3, 2, 15, 0), mpeg(3, 2, 8, 3)]) {
      expect(read(readMpegAudio, [...header, ...body(600)])).to.be.undefined;
    }
  });
});

/** A header of AC-3: fscod, frmsizecod, bsid, and the bits from acmod on. */
const ac3 = (rate: number, size: number, bsid: number, rest: string) =>
  bytesOf(u(16, 0x0b77), u(16, 0), u(2, rate), u(6, size), u(5, bsid), '000', rest.padEnd(8, '0'));
/** A header of E-AC-3: strmtyp, frmsiz, fscod and the field after it, acmod, lfeon. */
const eac3 = (type: number, message: number, rates: string, mode: number, lfe: number) =>
  bytesOf(
    u(16, 0x0b77),
    u(2, type),
    u(3, 0),
    u(11, message - 1),
    rates,
    u(3, mode),
    u(1, lfe),
    u(5, 16),
    '000',
    u(8, 0),
  );

describe('readAc3', () => {
  it('finds lfeon after the fields that depend on the mode', () => {
    const of = (rest: string) => read(readAc3, ac3(0, 20, 8, rest));
    expect(of('000' + '1')).to.deep.equal(['ac3', 48000, 3]); // 1+1
    expect(of('001' + '0')).to.deep.equal(['ac3', 48000, 1]);
    expect(of('010' + '11' + '0')).to.deep.equal(['ac3', 48000, 2]); // dsurmod
    expect(of('011' + '11' + '0')).to.deep.equal(['ac3', 48000, 3]); // cmixlev
    expect(of('110' + '11' + '0')).to.deep.equal(['ac3', 48000, 4]); // surmixlev
    expect(of('111' + '00' + '00' + '1')).to.deep.equal(['ac3', 48000, 6]); // both
  });

  it('reads rates, also halved ones', () => {
    expect(read(readAc3, ac3(1, 20, 8, '001'))).to.deep.equal(['ac3', 44100, 1]);
    expect(read(readAc3, ac3(2, 20, 6, '001'))).to.deep.equal(['ac3', 32000, 1]);
    expect(read(readAc3, ac3(0, 20, 9, '001'))).to.deep.equal(['ac3', 24000, 1]);
    const whole = (header: readonly number[]) => [...header, ...body(600 - header.length), ...header];
    expect(read(readAc3, whole(eac3(0, 300, '00' + '11', 7, 1)))).to.deep.equal(['eac3', 48000, 6]);
    expect(read(readAc3, whole(eac3(0, 300, '11' + '01', 2, 0)))).to.deep.equal(['eac3', 22050, 2]);
  });

  it('computes frame lengths', () => {
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

  describe('of E-AC-3 with dependent substreams', () => {
    /** A dependent frame: acmod, lfeon and, if given, chanmap; with or without compr. */
    const dependent = (message: number, mode: number, lfe: number, map: number | null, compr = '0') => {
      const rest = ['00', '11', u(3, mode), u(1, lfe), u(5, 16), u(5, 0), compr === '0' ? '0' : '1' + compr];
      const told = map === null ? '0' : '1' + u(16, map);
      return bytesOf(u(16, 0x0b77), u(2, 1), u(3, 0), u(11, message - 1), ...rest, told, '0'.repeat(24));
    };
    const frame = (header: readonly number[], bytes: number) => [...header, ...body(bytes - header.length)];
    const core = frame(eac3(0, 200, '0011', 7, 1), 400); // 5.1
    const of = (...frames: readonly (readonly number[])[]) => read(readAc3, frames.flat());
    const SIDES_AND_BACKS = 0x1a00; // Ls, Rs, Lrs and Rrs

    it('counts the channels that they add, but not those that they replace', () => {
      expect(of(core, dependent(50, 6, 0, SIDES_AND_BACKS), body(90), core)).to.deep.equal(['eac3', 48000, 8]);
      const withCompr = dependent(50, 6, 0, SIDES_AND_BACKS, '10101010');
      expect(of(core, frame(withCompr, 100), core), 'compr').to.deep.equal(['eac3', 48000, 8]);
      expect(of(core, frame(dependent(50, 1, 0, 0x0100), 100), core), 'Cs').to.deep.equal(['eac3', 48000, 7]);
      expect(of(core, frame(dependent(50, 2, 0, null), 100), core), 'no chanmap').to.deep.equal(['eac3', 48000, 6]);
      const two = [frame(dependent(50, 2, 0, 0x0200), 100), frame(dependent(50, 2, 0, 0x0010), 100)];
      expect(of(core, ...two, core), 'two of them').to.deep.equal(['eac3', 48000, 10]);
    });

    it('needs the bytes after the frame, and keeps what was read until then', () => {
      expect(of(core)).to.be.undefined;
      expect(of(core, dependent(50, 6, 0, SIDES_AND_BACKS).slice(0, 8))).to.be.undefined;
      const found = noParameters();
      expect(readAc3(Uint8Array.from(core), 0, core.length, found)).to.be.undefined;
      expect([found.codec, found.sampleRate, found.channels]).to.deep.equal(['eac3', 48000, 6]);
      expect(of(core, core)).to.deep.equal(['eac3', 48000, 6]);
      expect(of(core, frame(eac3(0, 100, '0011', 2, 0), 200)), 'another program').to.deep.equal(['eac3', 48000, 6]);
    });
  });

  it('accepts neither invalid headers nor a dependent substream', () => {
    const wrong = [ac3(3, 20, 8, '010'), ac3(0, 38, 8, '010'), ac3(0, 20, 17, '010'), eac3(0, 99, '1111', 2, 0)];
    for (const header of [...wrong, eac3(1, 300, '0011', 2, 0)]) {
      expect(read(readAc3, [...header, ...body(600)])).to.be.undefined;
    }
  });
});
