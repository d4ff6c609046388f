import { randomBytes, randomInt } from 'node:crypto';
import { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import { buildMaskedFrame, framePress } from '../../src/relay/frame.js';
import { maskInto } from '../../src/relay/mask.js';
import { Message } from '../../src/relay/message.js';
import { FarEnd } from '../support/far-end.js';
import { TestRelay } from '../support/relay.js';
import { until } from '../support/wait.js';
import { WebSocket } from 'ws';
import { afterTest } from '../support/cleanup.js';

/** RFC 6455 §5.3 as it is written there. */
function masked(payload: Uint8Array, key: number): Buffer {
  return Buffer.from(payload.map((byte, i) => byte ^ ((key >>> (8 * (i % 4))) & 0xff)));
}

describe('maskInto', () => {
  const keys = [0, 0xffffffff, ...Array.from({ length: 3 }, () => randomInt(2 ** 32 - 1))];

  it('masks as the RFC says, for every length up to 300 and at any place', () => {
    for (const key of keys) {
      for (let length = 0; length <= 300; length++) {
        const payload = randomBytes(length);
        const out = Buffer.alloc(length + 16, 0xee);
        maskInto(out, 14, payload, key);
        expect(out.subarray(14, 14 + length).equals(masked(payload, key)), `${length} bytes, key ${key}`).to.be.true;
        expect(out.subarray(14 + length).equals(Buffer.from([0xee, 0xee])), 'writes nothing behind').to.be.true;
      }
    }
  });

  it('masks what is longer than its window', () => {
    for (const length of [131_071, 131_072, 131_073, 262_144, 400_001]) {
      const payload = randomBytes(length);
      const out = Buffer.alloc(length);
      maskInto(out, 0, payload, keys[2]!);
      expect(out.equals(masked(payload, keys[2]!)), `${length} bytes`).to.be.true;
    }
  });

  it('leaves the payload as it was', () => {
    const payload = randomBytes(1000);
    const before = Buffer.from(payload);
    maskInto(Buffer.alloc(1000), 0, payload, keys[2]!);
    expect(payload.equals(before)).to.be.true;
  });
});

describe('buildMaskedFrame', () => {
  for (const [length, header] of [
    [0, '8280'],
    [125, '82fd'],
    [126, '82fe007e'],
    [65_535, '82feffff'],
    [65_536, '82ff0000000000010000'],
  ] as const) {
    it(`writes the header of ${length} bytes in the shortest form`, () => {
      const payload = randomBytes(length);
      const frame = buildMaskedFrame(0x2, payload, 0x04030201);
      const at = header.length / 2;
      expect(frame.toString('hex', 0, at)).to.equal(header);
      expect(frame.toString('hex', at, at + 4)).to.equal('01020304');
      expect(frame.subarray(at + 4).equals(masked(payload, 0x04030201))).to.be.true;
    });
  }

  it('takes another key each time', () => {
    const keysSeen = new Set(Array.from({ length: 3000 }, () => buildMaskedFrame(2, randomBytes(1)).readUInt32LE(2)));
    expect(keysSeen.size).to.be.greaterThan(2990);
  });
});

/** A connection that has not passed a frame on; `pass` does. */
function slow(frame: Uint8Array): { carrier: Writable; pass: () => void } {
  let pass = () => {};
  const carrier = new Writable({ write: (_chunk, _encoding, done) => (pass = done) });
  carrier.write(frame);
  return { carrier, pass: () => pass() };
}

const anyMessage = () => new Message('binary', randomBytes(500));

describe('framePress', () => {
  it('keeps a frame that was left to a link as it was, whatever is pressed after it', () => {
    const frame = framePress.lend(anyMessage());
    const before = Buffer.from(frame);
    const { carrier, pass } = slow(frame);
    framePress.leave(carrier);
    framePress.lend(anyMessage());
    framePress.lend(anyMessage());
    expect(frame.equals(before)).to.be.true;
    pass();
  });

  it('keeps it until the last of several links has passed it on', async () => {
    const frame = framePress.lend(anyMessage());
    const before = Buffer.from(frame);
    const [first, second] = [slow(frame), slow(frame)];
    framePress.leave(first.carrier);
    framePress.leave(second.carrier);
    first.pass();
    await nextTurn();
    framePress.lend(anyMessage());
    expect(frame.equals(before)).to.be.true;
    second.pass();
    await nextTurn();
    framePress.lend(anyMessage());
    expect(frame.equals(before), 'its memory is used again').to.be.false;
  });

  it('keeps any number of frames that were left to links, and masks them all', async () => {
    const left = Array.from({ length: 40 }, () => {
      const message = anyMessage();
      const frame = framePress.lend(message);
      const link = slow(frame);
      framePress.leave(link.carrier);
      return { frame, link, message };
    });
    for (const { frame, message } of left) {
      expect(frame.subarray(8).equals(masked(message.data, frame.readUInt32LE(4)))).to.be.true;
    }
    for (const { link } of left) link.pass();
    await nextTurn();
  });

  it('uses the memory of a link again that has gone', () => {
    const frame = framePress.lend(anyMessage());
    const { carrier } = slow(frame);
    framePress.leave(carrier);
    carrier.destroy();
    const before = Buffer.from(frame);
    framePress.lend(anyMessage());
    expect(frame.equals(before)).to.be.false;
  });

  it('gives a frame in memory of its own', () => {
    const first = new Message('binary', randomBytes(500));
    framePress.lend(first);
    const frame = framePress.give(first);
    const before = Buffer.from(frame);
    framePress.lend(new Message('binary', randomBytes(500)));
    framePress.give(new Message('binary', randomBytes(500)));
    expect(frame.equals(before)).to.be.true;
  });
});

describe('a frame on the wire', () => {
  it('is read by ws for every length of length', async () => {
    const vw = await TestRelay.start();
    const farEnd = await FarEnd.start();
    await vw.send('data0', farEnd.url);
    const client = new WebSocket(vw.ws('data0'));
    afterTest(() => client.terminate());
    await new Promise((resolve) => client.once('open', resolve));
    const lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 131_058, 131_059, 131_072, 131_073, 500_000];
    const sent = lengths.map((length) => randomBytes(length));
    for (const data of sent) client.send(data);
    await until('all have arrived', () => farEnd.messages.length === lengths.length);
    farEnd.messages.forEach(({ data, isBinary }, i) => {
      expect(isBinary).to.be.true;
      expect(data.equals(sent[i]!), `${lengths[i]!} bytes`).to.be.true;
    });
  });
});
