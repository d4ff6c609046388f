import { expect } from 'chai';
import { codecName } from '../../../src/mpegts/codecs/lookup.js';
import { isTransportStream } from '../../../src/mpegts/packet/is-transport-stream.js';
import { packets } from '../../support/mpegts/ts.js';

const track = (streamType: number, ...descriptors: number[]) => ({
  ...{ pid: 0x100, kind: 'other' as const, sections: false },
  ...{ streamType, descriptors: Uint8Array.from(descriptors) },
});

describe('codecName', () => {
  it('names a stream_type', () => {
    const names = [0x01, 0x02, 0x03, 0x04, 0x0f, 0x11, 0x1b, 0x24].map((type) => codecName(track(type)));
    expect(names).to.deep.equal(['mpeg1video', 'mpegvideo', 'mp2', 'mp2', 'aac', 'aac_latm', 'h264', 'hevc']);
  });

  it('takes the name of private data from its descriptors', () => {
    expect(codecName(track(0x06, 0x05, 4, 0x4f, 0x70, 0x75, 0x73))).to.equal('opus'); // "Opus"
    expect(codecName(track(0x06, 0x6a, 0))).to.equal('ac3');
    expect(codecName(track(0x06, 0x0a, 4, 0x65, 0x6e, 0x67, 0x00, 0x7a, 0))).to.equal('eac3');
    expect(codecName(track(0x06, 0x7c, 2, 0x51, 0))).to.equal('aac');
    expect(codecName(track(0x06, 0x59, 0))).to.equal('dvb_subtitle');
    expect(codecName(track(0x06, 0x05, 4, 0x4b, 0x4c, 0x56, 0x41))).to.equal('klv'); // "KLVA"
  });

  it('takes the name of metadata from its descriptor', () => {
    const id3 = [0x49, 0x44, 0x33, 0x20]; // "ID3 "
    expect(codecName(track(0x15, 0x26, 13, 0xff, 0xff, ...id3, 0xff, ...id3, 0, 0x0f))).to.equal('timed_id3');
    expect(codecName(track(0x15, 0x26, 9, 0x01, 0x00, 0xff, 0x4b, 0x4c, 0x56, 0x41, 0, 0x0f))).to.equal('klv');
    expect(codecName(track(0x15, 0x26, 2, 0x01, 0x00))).to.equal('0x15');
  });

  it("recognizes SCTE-35 by the program's registration", () => {
    const cuei = Uint8Array.from([0x05, 4, 0x43, 0x55, 0x45, 0x49]); // "CUEI"
    expect(codecName(track(0x86), cuei)).to.equal('scte_35');
    expect(codecName(track(0x86, ...cuei))).to.equal('scte_35');
    expect(codecName(track(0x86))).to.equal('0x86');
  });

  it('returns the number of an unknown stream_type, also with damaged descriptors', () => {
    expect([codecName(track(0x06)), codecName(track(0x06, 0x05, 200, 1))]).to.deep.equal(['0x06', '0x06']);
  });
});

describe('isTransportStream', () => {
  it('is true for whole packets only', () => {
    const good = packets(3);
    const late = Buffer.from(good);
    late[376] = 0x46;
    expect([good, packets(1)].every(isTransportStream)).to.equal(true);
    expect([Buffer.alloc(0), good.subarray(1), good.subarray(0, 375), late].some(isTransportStream)).to.equal(false);
  });
});
