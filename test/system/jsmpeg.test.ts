// What jsmpeg's real demuxer makes of a joined stream, against what two ffmpegs wrote beside their uploads.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { TestEndpoint } from '../support/relay/test-endpoint.js';
import { ffmpeg, scratch, videoArgs } from '../support/media/ffmpeg.js';
import { demuxByJsmpeg } from '../support/browser/jsmpeg.js';
import { Program } from '../support/programs/program.js';
import { until } from '../support/wait.js';

const SOUND = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100', '-codec:a', 'mp2', '-b:a', '128k'];
const DELAYS = [
  ['0.001', 'max_delay=1000'],
  ["ffmpeg's default", 'max_delay=700000'],
] as const;

/** How often `units`, found in this order in what was captured, leave something out between two of them. */
function gapsIn(units: readonly Buffer[], captured: Buffer): number {
  let gaps = 0;
  let end = 0;
  for (const unit of units) {
    const at = captured.indexOf(unit, end);
    expect(at, 'a unit that was not captured, or not then').to.be.at.least(end);
    if (at > end) gaps++;
    end = at + unit.length;
  }
  return gaps;
}

describe("jsmpeg's demuxer behind a stream of two ffmpegs", () => {
  let vw: Program;
  let endpoint: TestEndpoint;
  let folder: string;

  beforeEach(async () => {
    folder = scratch();
    endpoint = await TestEndpoint.start();
    vw = await Program.stream();
    await stream('video0', 'audio0');
    await vw.connect('stream/room', endpoint.url, '0');
  });

  const stream = (...feeds: string[]) => vw.api('POST', '/api/streams', { stream: 'stream/room', feeds });

  /** Runs ffmpeg live; it writes the same packets to the relay and, bare, to a file: what it has encoded is in both. */
  function live(feed: string, args: readonly string[], seconds: number, options: string, bare: string): Promise<void> {
    const outputs = `[f=mpegts:${options}]${vw.url}/ts/${feed}|[f=${bare}]${join(folder, bare)}`;
    return ffmpeg(['-re', ...args, '-t', String(seconds), '-map', '0', '-f', 'tee', outputs]);
  }

  const received = (): Buffer[] => endpoint.messages.map(({ data }) => data);
  const captured = (bare: string): Buffer => readFileSync(join(folder, bare));

  /** What jsmpeg makes of all that was sent: a link that is closed by its rule's end has sent everything before. */
  async function demuxed(): Promise<{ pictures: Buffer[]; sounds: Buffer[] }> {
    await until('both have left', async () => Object.values((await vw.stats()).feeds).every(({ source }) => !source));
    await vw.api('DELETE', '/api/destinations/0');
    await until('the link is closed', () => endpoint.closeCodes.length === 1);
    expect(endpoint.dials).to.equal(1);
    return demuxByJsmpeg(received());
  }

  const isFlowing = (feed: string) => async () => ((await vw.stats()).feeds[feed]?.messages ?? 0) > 3;

  for (const [name, options] of DELAYS) {
    for (const first of ['video0', 'audio0']) {
      it(`hands on exactly what was captured, ${first} first, muxdelay ${name}`, async () => {
        const video = () => live('video0', videoArgs(3), 3, options, 'mpeg1video');
        const sound = () => live('audio0', SOUND, 3, options, 'mp2');
        const [one, other] = first === 'video0' ? [video, sound] : [sound, video];
        const running = one();
        await until(`${first} is there`, isFlowing(first));
        await Promise.all([running, other()]);
        const { pictures, sounds } = await demuxed();
        expect(pictures).to.have.length(75); // one at a time
        expect(Buffer.concat(pictures).equals(captured('mpeg1video')), 'the picture, byte for byte').to.be.true;
        expect(Buffer.concat(sounds).equals(captured('mp2')), 'the sound, byte for byte').to.be.true;
      }).timeout(30_000);
    }
  }

  for (const [how, mute, unmute] of [
    ['the rule', () => stream('video0'), () => stream('video0', 'audio0')],
    ['the room', () => vw.api('PUT', '/api/mutes/all', { tracks: 'audio' }), () => vw.api('DELETE', '/api/mutes/all')],
  ] as const) {
    it(`hands on every picture through a mute by ${how} and back, and no sound that was not captured`, async () => {
      const running = Promise.all([
        live('video0', videoArgs(4), 4, 'max_delay=1000', 'mpeg1video'),
        live('audio0', SOUND, 4, 'max_delay=1000', 'mp2'),
      ]);
      const messages = async (more: number) => {
        const enough = endpoint.messages.length + more;
        await until('it goes on', () => endpoint.messages.length >= enough);
      };
      await until('both are there', async () => (await isFlowing('video0')()) && (await isFlowing('audio0')()));
      await messages(50);
      expect((await mute()).status).to.equal(200);
      const muted = (await vw.stats()).destinations['0']!.live.sentMessages;
      await messages(30);
      const back = endpoint.messages.length;
      expect((await unmute()).status).to.equal(200);
      await running;
      const { pictures, sounds } = await demuxed();
      expect(pictures).to.have.length(100);
      expect(Buffer.concat(pictures).equals(captured('mpeg1video')), 'the picture, byte for byte').to.be.true;
      expect(gapsIn(sounds, captured('mp2')), 'silences').to.equal(1);
      const soundsUntil = (end: number) => demuxByJsmpeg(received().slice(0, end)).sounds.length;
      expect(muted).to.be.lessThan(back);
      expect(soundsUntil(back)).to.equal(soundsUntil(muted));
    }).timeout(30_000);
  }
});
