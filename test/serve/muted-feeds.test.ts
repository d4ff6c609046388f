// A feed that is sent to a topic as it is, and muted at the relay: what the topic's viewers receive, and which mute they see.

import { writeFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { decode, ffmpeg, scratch } from '../support/media/ffmpeg.js';
import { continuityErrors, packetsOf } from '../support/mpegts/packets-of.js';
import { TestRelay } from '../support/relay/relay.js';
import { type TestClient, TestServe } from '../support/relay/serve.js';
import { RawUpload } from '../support/relay/upload.js';
import { until } from '../support/wait.js';

const [PICTURE, SOUND] = [0x100, 0x101];
const GOPS = 6;

const heard = ({ heard: messages }: TestClient) => Buffer.concat(messages.map(({ data }) => data));

/** A second of picture and sound, a keyframe at its beginning and nowhere else, with tables ten times. */
async function second(folder: string, from: number): Promise<Buffer> {
  const path = join(folder, 'source.ts');
  await ffmpeg([
    ...['-f', 'lavfi', '-i', 'testsrc=size=160x120:rate=25:duration=1'],
    ...['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000:duration=1'],
    ...['-c:v', 'mpeg2video', '-g', '25', '-sc_threshold', '1000000000', '-c:a', 'mp2'],
    ...['-output_ts_offset', `${from}`, '-pat_period', '0.1', '-f', 'mpegts', path],
  ]);
  return readFileSync(path);
}

/** The seconds of one source that runs on: counters follow each other. */
function inARow(seconds: readonly Buffer[]): Buffer[] {
  const counters = new Map<number, number>();
  for (const bytes of seconds) {
    for (let at = 0; at < bytes.length; at += 188) {
      const pid = bytes.readUInt16BE(at + 1) & 0x1fff;
      const last = counters.get(pid) ?? 15;
      const counter = (bytes[at + 3]! & 0x10) === 0 ? last : (last + 1) & 0x0f;
      bytes[at + 3] = (bytes[at + 3]! & 0xf0) | counter;
      counters.set(pid, counter);
    }
  }
  return [...seconds];
}

describe('a topic that gets a feed as it is', () => {
  for (const tracks of ['audio', 'all'] as const) {
    it(`says that it is muted, and late viewers get nothing of before: ${tracks}`, async () => {
      const folder = scratch();
      const gops = inARow(await Promise.all(Array.from({ length: GOPS }, (_, i) => second(scratch(), i))));
      const [serve, vw] = await Promise.all([TestServe.start({ secret: null, isOpen: true }), TestRelay.start()]);
      const early = await serve.client('/out/x');
      const upload = RawUpload.begin(vw.port, 'cam');
      await vw.connect('cam', `${serve.audience}/in/x`);
      const status = async () =>
        (await serve.api('GET', '/api/play/x')).body as { muted: string | null; fault: unknown };
      let sent = 0;
      const send = async (data: Buffer): Promise<void> => {
        sent += data.length;
        upload.chunk(data);
        await until('the feed has it', () => vw.relay.stats().feeds['cam']?.packets === sent / 188);
      };
      await send(gops[0]!);
      await until('it came', () => packetsOf(heard(early), SOUND).length === packetsOf(gops[0]!, SOUND).length);
      expect(await status()).to.include({ muted: null });
      await vw.api('PUT', '/api/mutes/cam', { tracks });
      await send(gops[1]!.subarray(188 * 100)); // without its keyframe: only the PMT can say it
      await until('it says so', async () => (await status()).muted === tracks);
      const late = await serve.client('/out/x');
      await send(gops[2]!);
      await send(gops[3]!);
      expect((await status()).fault).to.equal(null);
      await vw.api('DELETE', '/api/mutes/cam');
      await send(gops[4]!);
      await until('it takes it back', async () => (await status()).muted === null);
      await send(gops[5]!);
      const last = packetsOf(gops[5]!, SOUND).length + packetsOf(gops[4]!, SOUND).length;
      await until('all came', () => packetsOf(heard(late), SOUND).length >= last - 1);
      expect(packetsOf(heard(late), SOUND).length, 'none of before').to.be.at.most(last);
      const pictures = tracks === 'audio' ? 4 : 2;
      writeFileSync(join(folder, 'late.ts'), heard(late));
      expect(await decode(join(folder, 'late.ts'))).to.deep.equal({ pictures: 25 * pictures, complaints: '' });
      expect(continuityErrors(heard(late))).to.deep.equal([]);
      expect(packetsOf(heard(late), PICTURE)).to.not.be.empty;
    });
  }
});
