// Viewers of a topic that come while a source runs which sends its parameter sets once: hardware encoders do.

import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { picture, tempFolder } from '../support/media/captures.js';
import { decode } from '../support/media/ffmpeg.js';
import { type TestClient, TestServe } from '../support/relay/serve.js';
import { packetsOf } from '../support/mpegts/packets-of.js';
import { withSetsOnce } from '../support/media/sets-once.js';
import { packet, patSection, pmtSection, sectionPackets } from '../support/mpegts/ts.js';
import { until } from '../support/wait.js';

const PID = 0x100;
const MESSAGE_BYTES = 7 * 188;
const X265 = '-preset ultrafast -x265-params log-level=none:keyint=25:scenecut=0';

const CODECS = [
  ['H.264', 0x1b, 'libx264 -preset ultrafast -g 25 -sc_threshold 0'],
  ['HEVC', 0x24, `libx265 ${X265}`],
  ['MPEG-2 video', 0x02, 'mpeg2video -g 25 -sc_threshold 1000000000'],
] as const;

const heard = ({ heard: messages }: TestClient) => Buffer.concat(messages.map(({ data }) => data));

/** Publishes the messages of `bytes` that begin from one offset up to another. */
async function publish(publisher: TestClient, bytes: Buffer, from: number, to: number): Promise<void> {
  for (let at = from; at < to; at += MESSAGE_BYTES) publisher.socket.send(bytes.subarray(at, at + MESSAGE_BYTES));
  await publisher.flushed();
}

describe('a viewer of a topic whose source sends its parameter sets once', () => {
  for (const [what, type, codec] of CODECS) {
    for (const [how, cacheMb, pictures] of [
      ['with what is kept', 8, 100],
      ['where nothing is kept', 0, 75],
    ] as const) {
      it(`starts with a picture that decodes, ${how}: ${what}`, async () => {
        const bytes = withSetsOnce(picture(codec), PID, type);
        const serve = await TestServe.start({ limits: { cacheMb } });
        const early = await serve.member('/out/x');
        const publisher = await serve.member('/in/x');
        const middle = Math.ceil((bytes.length * 0.3) / MESSAGE_BYTES) * MESSAGE_BYTES; // in the second of five seconds
        await publish(publisher, bytes, 0, middle);
        const late = await serve.member('/out/x');
        await publish(publisher, bytes, middle, bytes.length);
        const last = bytes.subarray(-188);
        for (const viewer of [early, late]) await until('all came', () => heard(viewer).subarray(-188).equals(last));
        expect(heard(early).equals(bytes), 'who was there before').to.be.true;
        const file = join(tempFolder(), 'late.ts');
        writeFileSync(file, heard(late));
        expect(await decode(file)).to.deep.equal({ pictures, complaints: '' });
      });
    }
  }
});

describe('a viewer of a topic whose publisher has muted', () => {
  const [PICTURE, SOUND, PMT] = [0x100, 0x101, 0x1000];
  const entries = [
    { streamType: 0x02, pid: PICTURE },
    { streamType: 0x03, pid: SOUND },
  ];
  const tables = (version: number, count: number) =>
    Buffer.concat([
      sectionPackets(0, patSection(PMT), version),
      sectionPackets(PMT, pmtSection(entries.slice(0, count), version), version),
    ]);
  const unit = (pid: number, counter: number) => {
    const payload = Buffer.from([0, 0, 1, pid === SOUND ? 0xc0 : 0xe0, 0, 0, 0x80, 0, 0]);
    return packet({ pid, counter, startsUnit: true, randomAccess: true, payload });
  };

  for (const [what, left] of [
    ['the sound', 1],
    ['everything', 0],
  ] as const) {
    it(`gets nothing of what was kept before: ${what}`, async () => {
      const serve = await TestServe.start();
      const early = await serve.member('/out/x');
      const publisher = await serve.member('/in/x');
      const send = async (...packets: Buffer[]) => {
        publisher.socket.send(Buffer.concat(packets));
        await publisher.flushed();
      };
      await send(tables(0, 2), unit(PICTURE, 0), unit(SOUND, 0));
      await until('it came', () => early.heard.length === 1);
      const before = await serve.member('/out/x');
      await until('it begins with the sound', () => packetsOf(heard(before), SOUND).length === 1);
      await send(tables(1, left));
      await until('it is muted', () => early.heard.length === 2);
      const late = await serve.member('/out/x');
      await send(unit(PICTURE, 1));
      await until('it begins', () => heard(late).length > 0);
      expect(packetsOf(heard(late), SOUND)).to.deep.equal([]);
      expect(packetsOf(heard(late), PICTURE)).to.have.length(1);
    });
  }

  it('gets nothing of what was kept before where the publisher cannot say so, and nothing comes', async () => {
    const serve = await TestServe.start();
    const publisher = await serve.member('/in/x');
    const send = async (...packets: Buffer[]) => {
      publisher.socket.send(Buffer.concat(packets));
      await publisher.flushed();
    };
    await send(tables(0, 2), unit(PICTURE, 0), unit(SOUND, 0));
    const before = await serve.member('/out/x');
    await until('it begins with the sound', () => packetsOf(heard(before), SOUND).length === 1);
    const fault = async () => (await serve.topic('x')).fault as { code: string } | null;
    await until('the topic is silent', async () => (await fault())?.code === 'silent');
    const late = await serve.member('/out/x');
    await send(tables(0, 2), unit(PICTURE, 1));
    await until('it begins', () => heard(late).length > 0);
    expect(packetsOf(heard(late), SOUND)).to.deep.equal([]);
    expect(packetsOf(heard(late), PICTURE)).to.have.length(1);
  }).timeout(20_000);
});
