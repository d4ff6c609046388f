import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { START_TIMEOUTS } from '../../src/relay/delivery/access-timeouts.js';
import { Splicer } from '../../src/mpegts/splice/splicer.js';
import { Inspector } from '../../src/mpegts/inspect/inspector.js';
import { decode } from '../support/media/ffmpeg.js';
import { continuityErrors } from '../support/mpegts/packets-of.js';
import { withSetsOnce } from '../support/media/sets-once.js';
import { capture, tempFolder } from '../support/media/captures.js';

const PID = 0x100;
const clip = (...encoder: string[]) =>
  capture('-f', 'lavfi', '-i', 'testsrc=s=160x120:r=25:d=3', '-c:v', ...encoder, '-g', '25', '-threads', '1');

const CODECS: readonly (readonly [string, number, () => Buffer])[] = [
  ['H.264', 0x1b, () => clip('libx264', '-preset', 'ultrafast', '-sc_threshold', '0')],
  [
    'H.264 in PES packets whose length is told',
    0x1b,
    () => clip('libx264', '-preset', 'ultrafast', '-omit_video_pes_length', '0'),
  ],
  ['HEVC', 0x24, () => clip('libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none:scenecut=0')],
  ['MPEG-2 video', 0x02, () => clip('mpeg2video', '-sc_threshold', '1000000000')],
  ['MPEG-4 part 2', 0x10, () => clip('mpeg4', '-sc_threshold', '1000000000')],
];

/** Messages of `size` packets; 0: each starts with a unit. */
function messagesOf(bytes: Buffer, size: number): Buffer[] {
  const starts = [0];
  for (let at = 188; at < bytes.length; at += 188) {
    if (size === 0 ? bytes[at + 1]! & 0x40 : at % (size * 188) === 0) starts.push(at);
  }
  return starts.map((from, i) => bytes.subarray(from, starts[i + 1] ?? bytes.length));
}

/** The data for a reader that joins with the message in which this unit starts. */
function joined(bytes: Buffer, size: number, unit: number): Buffer {
  const inspector = new Inspector();
  const splicer = new Splicer(START_TIMEOUTS);
  const got: Buffer[] = [];
  let units = 0;
  for (const message of messagesOf(bytes, size)) {
    for (let at = 0; at < message.length; at += 188) {
      if ((message.readUInt16BE(at + 1) & 0x5fff) === (0x4000 | PID)) units++;
    }
    const accessPointOffset = inspector.inspect(message);
    if (units <= unit) continue;
    const { incoming } = splicer.splice(message, accessPointOffset, inspector, 0);
    if (incoming) got.push(Buffer.from(incoming));
  }
  return Buffer.concat(got);
}

describe('a start within a source that sends its parameter sets once', () => {
  for (const [what, type, make] of CODECS) {
    it(`decodes from its first picture: ${what}`, async () => {
      const sent = withSetsOnce(make(), PID, type);
      for (const size of [0, 1, 7]) {
        const got = joined(sent, size, 30);
        const file = join(tempFolder(), 'start.ts');
        writeFileSync(file, got);
        expect(await decode(file), `${size} packets a message`).to.deep.equal({ pictures: 25, complaints: '' });
        expect(continuityErrors(got), 'counters').to.deep.equal([]);
        // The tables and the picture's first packet have changed; everything after that is as sent.
        let same = 0;
        while (got.at(-1 - same) === sent.at(-1 - same)) same++;
        expect(got.length - same, "bytes that are not the source's").to.be.within(4 * 188 - 187, 5 * 188);
      }
    });
  }

  it('inserts nothing into a picture that has all of them', () => {
    for (const [what, , make] of CODECS) {
      const sent = make();
      const got = joined(sent, 0, 30);
      const at = sent.indexOf(got.subarray(2 * 188)); // after the tables
      expect(at, what).to.be.above(0);
    }
  });
});
