// SCTE-35: the times in its sections are adjusted like the video's, however many packets they span.

import { expect } from 'chai';
import { crc32 } from '../../../src/mpegts/psi/crc32.js';
import { one, picture, VIDEO } from '../../support/mpegts/one-feed.js';

const PID = 0x1f0;

/** A splice_info_section of this many bytes, with pts_adjustment 100; its commands are stuffing. */
function section(bytes: number): Buffer {
  const length = bytes - 3;
  const body = Buffer.alloc(bytes - 4, 0x42);
  body.set([0xfc, 0x30 | (length >> 8), length & 0xff, 0, 0, 0, 0, 0, 100, 0, 0xff, 0xf0, 0]);
  let crc = 0xffffffff;
  for (const byte of body) {
    crc ^= byte << 24;
    for (let i = 0; i < 8; i++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  const end = Buffer.alloc(4);
  end.writeUInt32BE(crc >>> 0);
  return Buffer.concat([body, end]);
}

/** Sections in packets, one after the other: a packet in which one starts has a pointer_field. */
function packetsOf(sections: readonly Buffer[], counter = 0): Buffer[] {
  const packets: Buffer[] = [];
  const starts = sections.map((_, i) => sections.slice(0, i).reduce((sum, { length }) => sum + length, 0));
  const all = Buffer.concat(sections);
  for (let from = 0; from < all.length;) {
    const next = starts.find((at) => at >= from && at < from + 183);
    const packet = Buffer.alloc(188, 0xff);
    const head = next === undefined ? [] : [next - from];
    const some = all.subarray(from, from + 184 - head.length);
    packet.set([
      0x47,
      (next === undefined ? 0 : 0x40) | (PID >> 8),
      PID & 0xff,
      0x10 | (counter++ & 15),
      ...head,
      ...some,
    ]);
    packets.push(packet);
    from += some.length;
  }
  return packets;
}

/** The sections of one PID, reassembled. */
function sectionsIn(out: Buffer, pid: number): Buffer[] {
  const parts: Buffer[] = [];
  const found: Buffer[] = [];
  for (let at = 0; at < out.length; at += 188) {
    if ((out.readUInt16BE(at + 1) & 0x1fff) !== pid || !(out[at + 3]! & 0x10)) continue;
    parts.push(out.subarray(at + (out[at + 1]! & 0x40 ? 5 : 4), at + 188));
  }
  for (let all = Buffer.concat(parts); all.length > 3 && all[0] !== 0xff;) {
    const bytes = 3 + (all.readUInt16BE(1) & 0xfff);
    if (bytes > all.length) break;
    found.push(all.subarray(0, bytes));
    all = all.subarray(bytes);
  }
  return found;
}

const adjustmentOf = (bytes: Buffer): number => (bytes[4]! & 1) * 2 ** 32 + bytes.readUInt32BE(5);

describe('a track of SCTE-35', () => {
  const LENGTHS: Record<string, readonly number[]> = {
    'of one packet': [40],
    'of two packets': [300],
    'of five packets': [900],
    'of the greatest length': [4096],
    'two in one packet': [60, 60],
    'one that begins in the last packet of another': [400, 300, 40],
  };
  for (const [name, lengths] of Object.entries(LENGTHS)) {
    for (const together of [true, false]) {
      it(`adjusts pts_adjustment of sections ${name}, ${together ? 'in one message' : 'a packet a message'}`, () => {
        const { push, remuxer } = one([VIDEO, { pid: PID, type: 0x86 }]);
        push(picture(0, 90_000));
        const given = lengths.map(section);
        const packets = packetsOf(given);
        const out = together ? push(...packets) : Buffer.concat(packets.map((packet) => push(packet)));
        const offset = remuxer.clocks[0]!.offsetMs * 90;
        const sections = sectionsIn(out, 0x101);
        expect(sections.map(({ length }) => length)).to.deep.equal(lengths);
        sections.forEach((bytes, i) => {
          expect(adjustmentOf(bytes)).to.equal(100 + offset);
          expect(crc32(bytes, 0, bytes.length)).to.equal(0);
          expect(bytes.subarray(9, -4).equals(given[i]!.subarray(9, -4)), 'the rest').to.be.true;
        });
        const counters = [...out.keys()].filter(
          (at) => at % 188 === 0 && (out.readUInt16BE(at + 1) & 0x1fff) === 0x101,
        );
        expect(counters.map((at) => out[at + 3]! & 15)).to.deep.equal(packets.map((_, i) => i & 15));
      });
    }
  }

  it('sends a section with a lost packet unchanged, and adjusts the next', () => {
    const { push, remuxer } = one([VIDEO, { pid: PID, type: 0x86 }]);
    push(picture(0, 90_000));
    const [first, , third] = packetsOf([section(500)]);
    const out = Buffer.concat([push(first!), push(third!), push(...packetsOf([section(300)], 3))]);
    const packets = [...out.keys()].filter((at) => at % 188 === 0 && (out.readUInt16BE(at + 1) & 0x1fff) === 0x101);
    expect(packets).to.have.length(4);
    expect(out.readUInt32BE(packets[0]! + 5 + 5)).to.equal(100);
    const [whole] = sectionsIn(out.subarray(packets[2]), 0x101);
    expect(adjustmentOf(whole!)).to.equal(100 + remuxer.clocks[0]!.offsetMs * 90);
    expect(remuxer.counters.damaged).to.equal(0);
  });
});
