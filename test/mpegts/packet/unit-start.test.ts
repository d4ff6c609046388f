import { expect } from 'chai';
import { UnitStart } from '../../../src/mpegts/packet/unit-start.js';
import { packet } from '../../support/mpegts/ts.js';
import { pesPackets } from '../../support/mpegts/synthetic.js';

const payload = Uint8Array.from({ length: 900 }, (_, i) => i % 251);
const unit = (stuffing = 0) =>
  pesPackets({ pid: 0x100, streamId: 0xe0, pts: 9000, dts: 6000, counter: 14, payload, stuffing });
const gathered = (start: UnitStart) => Buffer.from(start.bytes.subarray(start.mediaStart, start.length));

describe('UnitStart', () => {
  it('gathers a unit from its packets, wherever its header ends', () => {
    for (const stuffing of [0, 100, 160, 170, 180]) {
      const data = unit(stuffing);
      const start = new UnitStart();
      expect(start.start(data, 0)).to.be.true;
      expect(start.mediaStart).to.equal(stuffing < 165 ? 19 : -1);
      for (let at = 188; at < data.length; at += 188) expect(start.add(data, at)).to.be.true;
      expect(gathered(start).equals(payload)).to.be.true;
    }
  });

  it('restarts with the next', () => {
    const start = new UnitStart();
    const data = unit();
    for (let i = 0; i < 2; i++) {
      start.start(data, 0);
      for (let at = 188; at < data.length; at += 188) start.add(data, at);
      expect(gathered(start).equals(payload)).to.be.true;
    }
  });

  it('skips duplicates and packets without payload, and ends if one is lost', () => {
    const start = new UnitStart();
    const data = unit();
    start.start(data, 0);
    expect(start.add(data, 0)).to.be.true;
    expect(start.add(packet({ hasPayload: false, counter: 14 }), 0)).to.be.true;
    expect(start.add(data, 188)).to.be.true;
    expect(start.length).to.equal(2 * 184);
    expect(start.add(data, 3 * 188)).to.be.false;
  });

  it('gathers no more than its capacity', () => {
    const start = new UnitStart();
    const long = pesPackets({ pid: 0x100, streamId: 0xe0, pts: 0, counter: 0, payload: new Uint8Array(9000) });
    start.start(long, 0);
    for (let at = 188; at < long.length; at += 188) start.add(long, at);
    expect(start.isFull).to.be.true;
    expect(start.length).to.equal(start.bytes.length);
  });

  it('reads nothing that is scrambled, damaged or no PES packet', () => {
    const start = new UnitStart();
    const scrambled = unit();
    scrambled[3]! |= 0x80; // transport_scrambling_control
    expect(start.start(scrambled, 0)).to.be.false;
    const damaged = unit();
    damaged[1]! |= 0x80; // transport_error_indicator
    expect(start.start(damaged, 0)).to.be.false;
    expect(start.start(packet({ startsUnit: true }), 0)).to.be.false;
    const inside = unit();
    inside[4 + 6]! |= 0x10; // PES_scrambling_control
    expect(start.start(inside, 0)).to.be.true;
    expect(start.mediaStart).to.equal(-1);
  });

  it('supports PES packets without an optional header', () => {
    const start = new UnitStart();
    start.start(packet({ startsUnit: true, payload: Uint8Array.of(0, 0, 1, 0xbf, 0, 0, 7) }), 0); // private_stream_2
    expect(start.mediaStart).to.equal(6);
  });
});
