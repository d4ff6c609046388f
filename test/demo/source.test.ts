import { expect } from 'chai';
import { loadPicture, loadSound, type DemoMedia } from '../../src/demo/media.js';
import { DemoSource, type SourceOwner } from '../../src/demo/source.js';
import { afterTest } from '../support/cleanup.js';
import { packets } from '../support/mpegts/ts.js';
import { keptLog, TestRelay } from '../support/relay/relay.js';
import { RawUpload } from '../support/relay/upload.js';
import { until } from '../support/wait.js';

/** A source that runs until the test ends, and what it told its owner. */
function start(vw: TestRelay, feed: string, media: DemoMedia): string[] {
  const told: string[] = [];
  const owner: SourceOwner = {
    isFree: (name) => {
      told.push(`${name} looked at`);
      return Promise.resolve(vw.relay.stats().feeds[name]?.source === null);
    },
    uploadFailed: (name, reason) => void told.push(`${name} lost: ${reason}`),
    uploadResumed: (name) => void told.push(`${name} resumed`),
  };
  const source = new DemoSource({ feed, media, relayUrl: vw.url }, owner, keptLog());
  source.start();
  afterTest(() => source.stop());
  return told;
}

describe('a source of the demo', () => {
  it('uploads what can be decoded from its first packet on, without an error', async () => {
    const vw = await TestRelay.start();
    start(vw, 'demo/video', loadPicture());
    start(vw, 'demo/audio', loadSound());
    const feed = (name: string) => vw.relay.stats().feeds[name];
    await until(
      'both send',
      () => (feed('demo/video')?.messages ?? 0) > 10 && (feed('demo/audio')?.messages ?? 0) > 10,
    );
    for (const name of ['demo/video', 'demo/audio']) {
      expect(feed(name)).to.include({ continuityErrors: 0, skippedBytes: 0, badSections: 0 });
      expect(feed(name)!.randomAccessPoints, name).to.be.at.least(1);
    }
  });

  it('is on standby while another source has the feed, and resumes', async () => {
    const vw = await TestRelay.start();
    const told = start(vw, 'demo/audio', loadSound());
    const feed = () => vw.relay.stats().feeds['demo/audio'];
    await until('it sends', () => (feed()?.messages ?? 0) > 3);
    const other = RawUpload.begin(vw.port, 'demo/audio');
    other.chunk(packets(3));
    await until('it has looked', () => told.length === 2);
    expect(told[0]).to.match(/^demo\/audio lost: 409/);
    await until('it has looked again, and left the feed alone', () => told.length === 3);
    other.socket.destroy();
    await until('it is back', () => told.at(-1) === 'demo/audio resumed');
    const { messages } = feed()!;
    await until('it sends again', () => feed()!.messages > messages + 3);
  });

  it('ends its upload in order when it is stopped', async () => {
    const vw = await TestRelay.start();
    const source = new DemoSource(
      { feed: 'demo/audio', media: loadSound(), relayUrl: vw.url },
      {
        isFree: () => Promise.resolve(true),
        uploadFailed: () => expect.fail('it was told to'),
        uploadResumed: () => undefined,
      },
      keptLog(),
    );
    source.start();
    await until('it sends', () => (vw.relay.stats().feeds['demo/audio']?.messages ?? 0) > 3);
    await source.stop();
    expect(vw.relay.stats().feeds['demo/audio']!.source).to.equal(null);
    await source.stop();
  });
});
