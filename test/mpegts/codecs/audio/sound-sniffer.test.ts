import { expect } from 'chai';
import { codecName } from '../../../../src/mpegts/codecs/lookup.js';
import { Inspector } from '../../../../src/mpegts/inspect/inspector.js';
import { readLatm } from '../../../../src/mpegts/codecs/audio/aac-parameters.js';
import { noParameters } from '../../../../src/mpegts/codecs/parameters.js';
import { bytesOf, u } from '../../../support/mpegts/bits.js';
import { pesPackets, tablesOf } from '../../../support/mpegts/synthetic.js';

const PID = 0x101;
const body = (bytes: number) => Array<number>(bytes).fill(0x11);
// 22.05 kHz, mono, 200 bytes: syncword to number_of_raw_data_blocks_in_frame
const adts = [...bytesOf(u(12, 0xfff), '0001', u(2, 1), u(4, 7), '0', u(3, 1), '0000', u(13, 200), u(11, 0x7ff), '00')];
const ac3 = [0x0b, 0x77, 0, 0, 0x1c, 0x40, 0xe1, ...body(50)]; // 48 kHz, 384 kbit/s, 3/2 and LFE
const tag = [0x49, 0x44, 0x33, 4, 0, 0, 0, 0, 0, 73, ...body(73)];

/** The parameters of a track of this type whose PES packets contain these bytes. */
function mediaOf(type: number, bytes: readonly number[], descriptors: readonly number[] = []) {
  const inspector = new Inspector();
  const payload = Uint8Array.from(bytes);
  inspector.inspect(tablesOf([{ pid: PID, type, descriptors }], PID));
  inspector.inspect(pesPackets({ pid: PID, streamId: 0xc0, pts: 9000, counter: 0, payload }));
  const { codec, sampleRate, channels } = inspector.media[0]!;
  return [codec, sampleRate, channels];
}

describe('audio formats are detected from the data', () => {
  it('AAC under the stream_type of MPEG audio', () => {
    for (const type of [0x03, 0x04]) {
      expect(mediaOf(type, [...adts, ...body(193), ...adts])).to.deep.equal(['aac', 22050, 1]);
    }
  });

  it('after an ID3 tag', () => {
    expect(mediaOf(0x81, [...tag, ...ac3])).to.deep.equal(['ac3', 48000, 6]);
    expect(mediaOf(0x0f, [...tag, ...adts, ...body(193)])).to.deep.equal(['aac', 22050, 1]);
  });

  it('HE-AAC as decoded, if a descriptor signals it', () => {
    const frames = [...adts, ...body(193)];
    expect(mediaOf(0x0f, frames, [0x1c, 1, 0x51])).to.deep.equal(['aac', 22050, 1]); // AAC
    expect(mediaOf(0x0f, frames, [0x1c, 1, 0x58])).to.deep.equal(['aac', 44100, 1]); // HE-AAC
    expect(mediaOf(0x0f, frames, [0x7c, 1, 0x60])).to.deep.equal(['aac', 44100, 2]); // with parametric stereo
  });

  it('HE-AAC in LATM, signalled after the fields that older decoders read', () => {
    const read = (...extension: readonly string[]) => {
      // audioObjectType 2, 24 kHz, one channel, GASpecificConfig
      const config = [u(5, 2), u(4, 6), u(4, 1), '000', ...extension].join('');
      // audioMuxVersion 1, audioMuxVersionA, taraBufferFullness, ..., numProgram, numLayer, ascLen in one byte
      const mux = ['0', '10', '00', u(8, 0), '1', u(6, 0), u(4, 0), u(3, 0), '00', u(8, config.length), config].join(
        '',
      );
      const bytes = bytesOf(mux, '0'.repeat(64));
      const found = noParameters();
      const all = Uint8Array.from([0x56, 0xe0, bytes.length, ...bytes]);
      return readLatm(all, 0, all.length, found) === true && [found.sampleRate, found.channels];
    };
    expect(read()).to.deep.equal([24000, 1]);
    expect(read(u(11, 0x2b7), u(5, 5), '0')).to.deep.equal([24000, 1]);
    // Whether there is parametric stereo is unknown: decoders output two channels. Then it is said that there is none.
    expect(read(u(11, 0x2b7), u(5, 5), '1', u(4, 3))).to.deep.equal([48000, 2]);
    expect(read(u(11, 0x2b7), u(5, 5), '1', u(4, 3), u(11, 0x548), '0')).to.deep.equal([48000, 1]);
    expect(read(u(11, 0x2b7), u(5, 5), '1', u(4, 3), u(11, 0x548), '1')).to.deep.equal([48000, 2]);
  });

  it('under the stream_types of Blu-ray discs', () => {
    const hdmv = Uint8Array.from([0x05, 4, ...Buffer.from('HDMV')]);
    const none = new Uint8Array(0);
    for (const [streamType, name] of [
      [0x80, 'pcm_bluray'],
      [0x82, 'dts'],
      [0x84, 'eac3'],
      [0x86, 'dts'],
    ] as const) {
      expect(codecName({ streamType, descriptors: none }, hdmv)).to.equal(name);
      expect(codecName({ streamType, descriptors: hdmv })).to.equal(name);
    }
    expect(codecName({ streamType: 0x86, descriptors: none })).to.equal('0x86'); // SCTE-35
  });
});
