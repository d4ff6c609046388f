// Frames as they are built, kept and sent: RFC 6455 §5.2.

import { once } from 'node:events';
import { expect } from 'chai';
import { buildMaskedFrame, type FrameSink, frameBuilder } from '../../../src/relay/framing/frame.js';
import { PACKET_BYTES } from '../../../src/mpegts/packet/packet.js';
import { Message } from '../../../src/relay/message.js';
import { TestEndpoint } from '../../support/relay/test-endpoint.js';
import { TestRelay } from '../../support/relay/relay.js';
import { packets } from '../../support/mpegts/ts.js';
import { RawUpload } from '../../support/relay/upload.js';
import { until } from '../../support/wait.js';
import { WebSocket } from 'ws';
import { afterTest } from '../../support/cleanup.js';
import { seeded } from '../../support/random.js';

const RANDOM = seeded('frame');

/** RFC 6455 §5.3 as it is written there. */
function masked(payload: Uint8Array, key: number): Buffer {
  return Buffer.from(payload.map((byte, i) => byte ^ ((key >>> (8 * (i % 4))) & 0xff)));
}

describe('buildMaskedFrame', () => {
  for (const [length, header] of [
    [0, '8280'],
    [125, '82fd'],
    [126, '82fe007e'],
    [65_535, '82feffff'],
    [65_536, '82ff0000000000010000'],
  ] as const) {
    it(`writes the header of ${length} bytes in the shortest form`, () => {
      const payload = RANDOM.bytes(length);
      const frame = buildMaskedFrame(0x2, payload, 0x04030201);
      const at = header.length / 2;
      expect(frame.toString('hex', 0, at)).to.equal(header);
      expect(frame.toString('hex', at, at + 4)).to.equal('01020304');
      expect(frame.subarray(at + 4).equals(masked(payload, 0x04030201))).to.be.true;
    });
  }

  it('takes another key each time', () => {
    const keysSeen = new Set(Array.from({ length: 3000 }, () => buildMaskedFrame(2, RANDOM.bytes(1)).readUInt32LE(2)));
    expect(keysSeen.size).to.be.greaterThan(2990);
  });
});

/** A connection that was given a frame and has not passed it on. */
class SlowCarrier implements FrameSink {
  destroyed = false;
  bytesWritten: number;
  writableLength: number;

  constructor(frame: Uint8Array) {
    this.bytesWritten = 1000 + frame.length;
    this.writableLength = frame.length;
  }

  /** It is given more, and passes on as many bytes of what it has. */
  goOn(given: number, passed: number): void {
    this.bytesWritten += given;
    this.writableLength += given - passed;
  }
}

const anyMessage = () => new Message('binary', RANDOM.bytes(500));

describe('framePress', () => {
  it('keeps a frame that was left to a link as it was, whatever is pressed after it', () => {
    const frame = frameBuilder.shared(anyMessage());
    const before = Buffer.from(frame);
    const carrier = new SlowCarrier(frame);
    frameBuilder.retain(carrier);
    for (let i = 0; i < 3; i++) frameBuilder.shared(anyMessage());
    carrier.goOn(5000, frame.length - 1); // others wait behind it, and its last byte is not passed on yet
    frameBuilder.shared(anyMessage());
    expect(frame.equals(before)).to.be.true;
    carrier.destroyed = true;
  });

  it('uses its memory again when the last of several links has passed it on, though others wait behind it', () => {
    const frame = frameBuilder.shared(anyMessage());
    const before = Buffer.from(frame);
    const [first, second] = [new SlowCarrier(frame), new SlowCarrier(frame)];
    frameBuilder.retain(first);
    frameBuilder.retain(second);
    first.goOn(5000, frame.length);
    frameBuilder.shared(anyMessage());
    expect(frame.equals(before)).to.be.true;
    second.goOn(5000, frame.length);
    frameBuilder.shared(anyMessage());
    expect(frame.equals(before)).to.be.false;
  });

  it('keeps any number of frames that were left to links, and masks them all', () => {
    const left = Array.from({ length: 40 }, () => {
      const message = anyMessage();
      const frame = frameBuilder.shared(message);
      const carrier = new SlowCarrier(frame);
      frameBuilder.retain(carrier);
      return { frame, carrier, message };
    });
    for (const { frame, message } of left) {
      expect(frame.subarray(8).equals(masked(message.data, frame.readUInt32LE(4)))).to.be.true;
    }
    for (const { carrier } of left) carrier.destroyed = true;
  });

  it('uses the memory of a link again that has gone', () => {
    const frame = frameBuilder.shared(anyMessage());
    const carrier = new SlowCarrier(frame);
    frameBuilder.retain(carrier);
    carrier.destroyed = true;
    const before = Buffer.from(frame);
    frameBuilder.shared(anyMessage());
    expect(frame.equals(before)).to.be.false;
  });

  it('gives a frame in memory of its own', () => {
    const first = new Message('binary', RANDOM.bytes(500));
    frameBuilder.shared(first);
    const frame = frameBuilder.owned(first);
    const before = Buffer.from(frame);
    frameBuilder.shared(new Message('binary', RANDOM.bytes(500)));
    frameBuilder.owned(new Message('binary', RANDOM.bytes(500)));
    expect(frame.equals(before)).to.be.true;
  });
});

describe('a frame on the wire', () => {
  it('is read by ws for every length of length', async () => {
    const vw = await TestRelay.start();
    const endpoint = await TestEndpoint.start();
    await vw.connect('data0', endpoint.url);
    const client = new WebSocket(vw.ws('data0'));
    afterTest(() => client.terminate());
    await new Promise((resolve) => client.once('open', resolve));
    const lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 131_058, 131_059, 131_072, 131_073, 500_000];
    const sent = lengths.map((length) => RANDOM.bytes(length));
    for (const data of sent) client.send(data);
    await until('all have arrived', () => endpoint.messages.length === lengths.length);
    endpoint.messages.forEach(({ data, isBinary }, i) => {
      expect(isBinary).to.be.true;
      expect(data.equals(sent[i]!), `${lengths[i]!} bytes`).to.be.true;
    });
  });

  it('is what was sent at a dozen endpoints that are slow again and again', async () => {
    const vw = await TestRelay.start();
    const sent = packets(100_000); // 19 MB
    const endpoints = await Promise.all(Array.from({ length: 12 }, () => TestEndpoint.start()));
    let [taken, wrong] = [0, 0];
    for (const [i, endpoint] of endpoints.entries()) {
      endpoint.onMessage = (data) => {
        const from = data.readUInt32BE(8) * PACKET_BYTES; // the number of its first packet
        if (!data.equals(sent.subarray(from, from + data.length))) wrong++;
        taken += data.length;
        endpoint.pause();
        setTimeout(() => endpoint.resume(), 1 + (i % 5));
      };
      await vw.connect('video0', endpoint.url, `${i}`);
      endpoint.pause();
    }
    const upload = RawUpload.begin(vw.port, 'video0');
    let isBehind = false; // all of them, at once
    for (let at = 0; at < sent.length; at += 100 * PACKET_BYTES) {
      upload.chunk(sent.subarray(at, at + 100 * PACKET_BYTES));
      if (upload.socket.writableNeedDrain) await once(upload.socket, 'drain');
      if (isBehind || !endpoints.every((_, i) => vw.link(`${i}`).waitingBytes > 0)) continue;
      isBehind = true;
      for (const endpoint of endpoints) endpoint.resume();
    }
    expect(isBehind).to.be.true;
    upload.endChunks();
    await upload.answer();
    const sum = () => endpoints.reduce((bytes, _, i) => bytes + vw.link(`${i}`).sentBytes, 0);
    await until('all have taken what they were sent', () => taken === sum());
    expect(wrong).to.equal(0);
  });
});
