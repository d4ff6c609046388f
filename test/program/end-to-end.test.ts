// From a real ffmpeg to an endpoint, through the relay as it is run.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { TestEndpoint } from '../support/relay/test-endpoint.js';
import { decode, ffmpeg, scratch, videoArgs } from '../support/media/ffmpeg.js';
import { TestRelay } from '../support/relay/relay.js';
import { type Framing, RawUpload } from '../support/relay/upload.js';
import { until } from '../support/wait.js';

function expectWholePackets(endpoint: TestEndpoint): void {
  for (const { data, isBinary } of endpoint.messages) {
    expect(isBinary).to.be.true;
    expect(data.length % 188).to.equal(0);
    for (let at = 0; at < data.length; at += 188) expect(data[at]).to.equal(0x47);
  }
}

describe('ffmpeg, relay, endpoint', () => {
  let vw: TestRelay;
  let endpoint: TestEndpoint;
  let folder: string;
  beforeEach(async () => {
    vw = await TestRelay.start();
    endpoint = await TestEndpoint.start();
    folder = scratch();
    await vw.connect('video0', endpoint.url);
  });

  /** Runs ffmpeg, which writes the same to a file and to the relay; returns the file. */
  async function push(args: readonly string[], map = '0:v'): Promise<string> {
    const file = join(folder, 'made.ts');
    const outputs = `[f=mpegts]${file}|[f=mpegts]${vw.url}/ts/video0`;
    await ffmpeg([...args, '-map', map, '-f', 'tee', outputs]);
    await until('ffmpeg has left', () => vw.relay.stats().feeds.video0!.source === null);
    return file;
  }

  async function arrived(file: string): Promise<void> {
    const made = readFileSync(file);
    await until('all has arrived', () => endpoint.bytes.length >= made.length);
    expect(endpoint.bytes.equals(made), 'byte for byte what ffmpeg made').to.be.true;
    expectWholePackets(endpoint);
  }

  it('5 s of mpeg1video arrive byte for byte in whole packets, and all 125 pictures decode', async () => {
    const file = await push(videoArgs(5));
    await arrived(file);
    const received = join(folder, 'received.ts');
    writeFileSync(received, endpoint.bytes);
    expect(await decode(received)).to.deep.equal({ pictures: 125, complaints: '' });
    const stats = vw.relay.stats().feeds.video0!;
    expect(stats).to.include({ continuityErrors: 0, transportErrors: 0, badSections: 0, skippedBytes: 0 });
    expect(stats.randomAccessPoints).to.be.greaterThan(5);
  });

  it('live video comes a message a frame', async () => {
    const file = await push(['-re', ...videoArgs(2)]);
    await arrived(file);
    expect(endpoint.messages.length).to.be.within(45, 60);
  });

  for (const [what, args, map] of [
    [
      '6 Mbit/s',
      ['-f', 'lavfi', '-i', 'testsrc2=size=640x480:rate=25:duration=3', '-codec:v', 'mpeg1video', '-b:v', '6M'],
      '0:v',
    ],
    [
      'H.264',
      ['-f', 'lavfi', '-i', 'testsrc2=size=320x240:rate=25:duration=2', '-codec:v', 'libx264', '-threads', '1'],
      '0:v',
    ],
    ['mp2', ['-f', 'lavfi', '-i', 'sine=duration=3', '-codec:a', 'mp2', '-muxdelay', '0.001'], '0:a'],
  ] as const) {
    it(`${what} arrive byte for byte in whole packets`, async () => {
      await arrived(await push(args, map));
    });
  }

  it('the same file arrives the same however it is uploaded', async () => {
    const file = join(folder, 'made.ts');
    await ffmpeg([...videoArgs(2), '-f', 'mpegts', file]);
    const made = readFileSync(file);
    let expected = Buffer.alloc(0);
    for (const framing of ['chunked', 'length', 'expect'] satisfies Framing[]) {
      for (const size of [997, 65_536]) {
        const upload = RawUpload.begin(vw.port, 'video0', framing, made.length);
        for (let at = 0; at < made.length; at += size) {
          if (framing === 'length') upload.write(made.subarray(at, at + size));
          else upload.chunk(made.subarray(at, at + size));
        }
        if (framing !== 'length') upload.endChunks();
        expect((await upload.answer()).body).to.include({ bytes: made.length, skippedBytes: 0 });
        expected = Buffer.concat([expected, made]);
        await until('all has arrived', () => endpoint.bytes.length >= expected.length);
        expect(endpoint.bytes.equals(expected), `${framing}, ${size}`).to.be.true;
      }
    }
    expectWholePackets(endpoint);
  });

  it('a restarted ffmpeg takes the feed over while the old socket hangs', async () => {
    const old = RawUpload.begin(vw.port, 'video0');
    await until('it is taken', () => vw.relay.stats().feeds.video0!.source);
    await arrived(await push(videoArgs(1)));
    expect((await old.answer()).status).to.equal(409);
  });
});
