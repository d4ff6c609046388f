import { expect } from 'chai';
import fc from 'fast-check';
import { Packetizer } from '../../../src/mpegts/packet/packetizer.js';
import { cutAt, packet, packets } from '../../support/mpegts/ts.js';

/** Pushes the pieces, flushes, and returns copies of the messages. */
function messagesOf(packetizer: Packetizer, pieces: readonly Uint8Array[]): Buffer[] {
  const out: Buffer[] = [];
  for (const piece of pieces) {
    const packets = packetizer.push(Buffer.from(piece));
    if (packets) out.push(Buffer.from(packets));
  }
  const last = packetizer.flush();
  if (last) out.push(Buffer.from(last));
  return out;
}

function expectWhole(messages: readonly Buffer[]): void {
  for (const message of messages) {
    expect(message.length % 188).to.equal(0);
    for (let at = 0; at < message.length; at += 188) expect(message[at]).to.equal(0x47);
  }
}

describe('Packetizer', () => {
  it('passes aligned packets on unchanged, without a copy', () => {
    const bytes = packets(7);
    expect(new Packetizer().push(bytes)).to.equal(bytes);
  });

  it('finds the packets in single bytes', () => {
    const packetizer = new Packetizer();
    const bytes = packets(5);
    const messages = messagesOf(
      packetizer,
      [...bytes].map((byte) => Buffer.from([byte])),
    );
    expect(messages).to.have.length(5);
    expect(Buffer.concat(messages).equals(bytes)).to.be.true;
    expect(packetizer.skippedBytes).to.equal(0);
  });

  it('passes on only whole packets when a remainder and a packet meet in one push', () => {
    // A push of 188 bytes after a remainder of 100 returned all 288: an unaligned message, and bytes sent twice.
    const packetizer = new Packetizer();
    const bytes = packets(6);
    const messages = messagesOf(packetizer, cutAt(bytes, [100, 288, 476, 852]));
    expectWhole(messages);
    expect(Buffer.concat(messages).equals(bytes)).to.be.true;
  });

  it('returns the same packets however they are split', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.array(fc.nat(3000), { maxLength: 30 }), (count, cuts) => {
        const packetizer = new Packetizer();
        const bytes = packets(count);
        const messages = messagesOf(packetizer, cutAt(bytes, cuts));
        expectWhole(messages);
        expect(Buffer.concat(messages).equals(bytes)).to.be.true;
        expect(packetizer.skippedBytes).to.equal(0);
      }),
      { numRuns: 500 },
    );
  });

  it('returns the same packets for equal pieces of any size', () => {
    const bytes = packets(20);
    for (let size = 1; size < 600; size++) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      const messages = messagesOf(new Packetizer(), pieces);
      expectWhole(messages);
      expect(Buffer.concat(messages).equals(bytes), `pieces of ${size}`).to.be.true;
    }
  });

  it('starts with the next packet if the input starts in the middle of one', () => {
    for (const offset of [1, 4, 100, 187]) {
      const packetizer = new Packetizer();
      const messages = messagesOf(packetizer, [packets(6).subarray(offset)]);
      expect(Buffer.concat(messages).equals(packets(6).subarray(188))).to.be.true;
      expect(packetizer.skippedBytes).to.equal(188 - offset);
    }
  });

  it('skips noise between packets and counts its bytes exactly', () => {
    for (const noise of [1, 50, 187, 188, 189, 1000]) {
      const packetizer = new Packetizer();
      const bytes = [packets(4), Buffer.alloc(noise, 0xaa), packets(4)];
      const messages = messagesOf(packetizer, [Buffer.concat(bytes)]);
      expect(Buffer.concat(messages).equals(Buffer.concat([packets(4), packets(4)])), `${noise} bytes`).to.be.true;
      expect(packetizer.skippedBytes).to.equal(noise);
      expect(packetizer.resyncs).to.equal(1);
    }
  });

  it('skips noise that starts with 0x47', () => {
    const packetizer = new Packetizer();
    const noise = Buffer.alloc(60, 0xaa);
    noise[0] = 0x47;
    noise[1] = 0x12; // a PID that was not used before
    const messages = messagesOf(packetizer, [Buffer.concat([packets(4), noise, packets(4)])]);
    expect(Buffer.concat(messages).equals(Buffer.concat([packets(4), packets(4)]))).to.be.true;
    expect(packetizer.skippedBytes).to.equal(60);
  });

  it('skips noise that contains 0x47', () => {
    const packetizer = new Packetizer();
    const noise = Buffer.alloc(100, 0xaa);
    noise[30] = noise[31] = noise[99] = 0x47;
    const messages = messagesOf(packetizer, [Buffer.concat([packets(4), noise, packets(4)])]);
    expect(Buffer.concat(messages).equals(Buffer.concat([packets(4), packets(4)]))).to.be.true;
    expect(packetizer.skippedBytes).to.equal(100);
  });

  it('holds a packet until the next byte confirms it, and flushes it at the end', () => {
    const packetizer = new Packetizer();
    expect(packetizer.push(Buffer.concat([Buffer.alloc(10), packet()]))).to.be.null;
    expect(packetizer.skippedBytes).to.equal(10);
    expect(Buffer.from(packetizer.flush()!).equals(packet())).to.be.true;
    expect(packetizer.skippedBytes).to.equal(10);
  });

  it('counts a packet truncated at the end as skipped', () => {
    const packetizer = new Packetizer();
    expect(packetizer.push(Buffer.concat([packet(), packet().subarray(0, 77)]))).to.have.length(188);
    expect(packetizer.flush()).to.be.null;
    expect(packetizer.skippedBytes).to.equal(77);
  });

  it('accounts for every byte of any input, in whole packets', () => {
    const piece = fc.oneof(
      fc.integer({ min: 1, max: 4 }).map((count) => packets(count)),
      fc.uint8Array({ minLength: 1, maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
      fc.integer({ min: 1, max: 400 }).map((length) => Buffer.alloc(length, 0x47)),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.array(fc.nat(5000), { maxLength: 12 }), (pieces, cuts) => {
        const packetizer = new Packetizer();
        const bytes = Buffer.concat(pieces);
        const messages = messagesOf(packetizer, cutAt(bytes, cuts));
        expectWhole(messages);
        expect(Buffer.concat(messages).length + packetizer.skippedBytes).to.equal(bytes.length);
      }),
      { numRuns: 1000 },
    );
  });
});
