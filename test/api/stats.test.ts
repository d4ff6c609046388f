import { once } from 'node:events';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { type Stats, statsSchema } from '../../src/relay/stats-schema.js';
import { afterTest } from '../support/cleanup.js';
import { TestEndpoint } from '../support/relay/test-endpoint.js';
import { CAMERA, h264Camera, live, MICROPHONE } from '../support/media/live.js';
import { TestRelay } from '../support/relay/relay.js';
import { RawUpload } from '../support/relay/upload.js';
import { until } from '../support/wait.js';

/** What the API answers, read by the strict schema: nothing is missing, and nothing is there that it does not know. */
async function ask(vw: TestRelay): Promise<Stats> {
  const { status, body } = await vw.api('GET', '/api/stats');
  expect(status).to.equal(200);
  return statsSchema.parse(body);
}

describe('GET /api/stats', () => {
  let vw: TestRelay;
  beforeEach(async () => {
    vw = await TestRelay.start({ limits: { silentAfterMs: 300 } });
  });

  it('is as its schema says where there is nothing', async () => {
    const { process: own, ...rest } = await ask(vw);
    expect(rest).to.deep.include({ feeds: {}, streams: {}, destinations: {} });
    expect(own.pid).to.equal(process.pid);
    expect(own.startedMs + own.uptimeMs).to.be.closeTo(rest.nowMs, 200);
    for (const figure of [own.cpuMs, own.rssBytes, own.heapUsedBytes]) expect(figure).to.be.above(0);
    expect(own.version).to.match(/^\d+\.\d+\.\d+/);
  });

  it('matches its schema for rules without a source and links that never open', async () => {
    await vw.api('POST', '/api/streams', {
      stream: 'stream/a',
      feeds: ['video0', 'audio0#audio'],
      trimMs: { audio0: 5 },
    });
    await vw.api('POST', '/api/streams', { stream: 'stream/empty', feeds: [] });
    await vw.api('PUT', '/api/mutes/all', { tracks: 'all' });
    const far = {
      silent: await TestEndpoint.start({ isSilent: true }),
      no: await TestEndpoint.start({ refuseWith: 403 }),
    };
    const urls = ['ws://127.0.0.1:1/x', far.silent.url, far.no.url];
    for (const [i, destination] of urls.entries()) {
      await vw.api('POST', '/api/destinations', {
        id: String(i),
        stream: ['stream/a', 'b', 'stream/none'][i],
        destination,
      });
    }
    for (const state of ['waiting', 'dialling'] as const) {
      await until(`one is ${state}`, async () =>
        Object.values((await ask(vw)).destinations).some(({ live: { state: now } }) => now === state),
      );
    }
    await until('the stream has a fault', async () => (await ask(vw)).streams['stream/a']!.fault !== null);
    const { feeds, streams, destinations } = await ask(vw);
    expect(feeds.audio0).to.include({ state: 'absent', muted: 'all', subscribers: 1 });
    expect(streams['stream/empty']).to.deep.include({ fault: null, tracks: [], pmtVersion: -1 });
    expect(destinations['2']!.live.fault).to.include({ code: 'refused' });
  });

  it('describes real pictures and sound, and their traffic', async () => {
    const endpoint = await TestEndpoint.start();
    endpoint.onMessage = () => undefined;
    await vw.api('POST', '/api/streams', { stream: 'stream/room', feeds: ['video0', 'audio0'] });
    await vw.connect('stream/room', endpoint.url);
    live(vw.url, 'video0', CAMERA, 12);
    live(vw.url, 'audio0', MICROPHONE, 12);
    live(vw.url, 'video1', h264Camera(1), 12);
    const watcher = new WebSocket(vw.ws('video0'));
    afterTest(() => watcher.terminate());
    await once(watcher, 'open');
    await until('there is a rate, and groups of pictures', async () => {
      const { feeds, streams, destinations } = await ask(vw);
      const isKnown = [feeds.video0, feeds.video1].every(
        (feed) => (feed?.gopMs ?? 0) > 0 && feed!.bitsPerSecond.now > 0,
      );
      return isKnown && streams['stream/room']!.tracks.length === 2 && destinations['0']!.live.bitsPerSecond.now > 1e6;
    });
    const { nowMs, feeds, streams, destinations, process: own } = await ask(vw);
    const { video0, audio0, video1 } = feeds;
    expect(video0!.tracks).to.have.length(1);
    expect(video0!.tracks[0]).to.include({
      kind: 'video',
      codec: 'mpeg1video',
      width: 640,
      height: 480,
      frameRate: 25,
    });
    expect(audio0!.tracks[0]).to.include({ kind: 'audio', codec: 'mp2', sampleRate: 44100, channels: 1, width: null });
    expect(video1!.tracks.map(({ codec }) => codec)).to.deep.equal(['h264', 'aac']);
    expect(video0!.gopMs).to.equal(480); // 12 pictures
    expect(video1!.gopMs).to.equal(1000);
    expect(video0).to.include({ state: 'live', fault: null, continuityErrors: 0, clients: 1, subscribers: 1 });
    expect(nowMs - video0!.lastRandomAccessMs!).to.be.within(0, 30_000);
    expect(video0!.bitsPerSecond.minute).to.be.within(2e6, 6e6);
    expect(video0!.cacheBytes).to.be.above(0);
    expect(own.cacheBytes).to.be.at.least(video0!.cacheBytes);
    const [picture, sound] = streams['stream/room']!.tracks;
    expect(picture).to.include({ feed: 'video0', codec: 'mpeg1video', width: 640, height: 480, frameRate: 25 });
    expect(sound).to.include({ feed: 'audio0', codec: 'mp2', sampleRate: 44100, channels: 1 });
    expect(streams['stream/room']!.clocks.map(({ feed }) => feed)).to.have.members(['video0', 'audio0']);
    const { live: link } = destinations['0']!;
    expect(link).to.include({ state: 'open', fault: null, isDropping: false, nextDialMs: null });
    expect(link.bitsPerSecond.minute).to.be.above(0);
  });

  it('is as its schema says while an endpoint is changed, and when all is gone', async () => {
    const [first, second] = [await TestEndpoint.start(), await TestEndpoint.start({ isSilent: true })];
    await vw.connect('video0', first.url);
    const upload = RawUpload.begin(vw.port, 'video0');
    upload.chunk(Buffer.alloc(500, 'not MPEG-TS'));
    await vw.api('POST', '/api/destinations', { id: '0', stream: 'video0', destination: second.url });
    await until('another link is coming', async () => (await ask(vw)).destinations['0']!.pending !== null);
    await until('the source is silent', async () => (await ask(vw)).feeds.video0!.state === 'silent');
    first.breakOff();
    await until('the old one is left', async () => (await ask(vw)).destinations['0']!.pending === null);
    expect((await vw.api('DELETE', '/api/destinations/0')).status).to.equal(200);
    expect((await ask(vw)).destinations).to.deep.equal({});
    upload.socket.destroy();
    await until('nobody sends', async () => (await ask(vw)).feeds.video0!.state === 'absent');
    expect((await ask(vw)).feeds.video0!.tracks).to.deep.equal([]);
  });

  it('counts the rate of a link anew with its rule, and down to 0 when nothing is sent', async () => {
    const endpoint = await TestEndpoint.start();
    await vw.connect('video0', endpoint.url);
    const upload = RawUpload.begin(vw.port, 'video0');
    const timer = setInterval(() => upload.chunk(Buffer.concat([Buffer.alloc(1880, 0x47)])), 10);
    afterTest(() => clearInterval(timer));
    const rate = () => vw.link().bitsPerSecond;
    await until('there is one', () => rate().now > 500_000);
    clearInterval(timer);
    await until('there is none now', () => rate().now === 0);
    expect(rate().minute).to.be.above(0);
  });
});
