// Picture and sound of two ffmpegs, joined and muted while they run, as an endpoint sees it.

import { once } from 'node:events';
import { expect } from 'chai';
import { checkTs, type Sent } from '../support/mpegts/check-ts.js';
import { probe, warnings } from '../support/media/captures.js';
import { closeAll } from '../support/cleanup.js';
import { TestEndpoint } from '../support/relay/test-endpoint.js';
import { live, MICROPHONE } from '../support/media/live.js';
import { TestRelay } from '../support/relay/relay.js';
import { until } from '../support/wait.js';

const VIDEO = [
  '-f',
  'lavfi',
  '-i',
  'testsrc2=size=320x240:rate=25',
  '-codec:v',
  'mpeg1video',
  '-b:v',
  '1000k',
  '-bf',
  '0',
];

describe('a stream of two ffmpegs', () => {
  let vw: TestRelay;
  let endpoint: TestEndpoint;
  const sent: Sent[] = [];
  const stream = (...feeds: string[]) => vw.api('POST', '/api/streams', { stream: 'stream/room', feeds });
  const bytes = () => Buffer.concat(sent.map(({ data }) => data));
  const soundBytes = () =>
    vw.relay.stats().streams['stream/room']!.tracks.filter(({ kind }) => kind === 'audio').length;

  beforeEach(async () => {
    vw = await TestRelay.start();
    endpoint = await TestEndpoint.start();
    await stream('video0', 'audio0');
    await vw.api('POST', '/api/destinations', { id: '0', stream: 'stream/room', destination: endpoint.url });
    await until('the link is open', () => vw.relay.stats().destinations['0']!.live.state === 'open');
    sent.length = 0;
  });
  afterEach(closeAll);

  const collect = () => {
    for (const { data } of endpoint.messages) sent.push({ data, atMs: 0 });
  };

  it('is one program of two tracks in which everything decodes', async () => {
    const [video, sound] = [live(vw.url, 'video0', VIDEO, 3), live(vw.url, 'audio0', MICROPHONE, 3)];
    await Promise.all([once(video, 'exit'), once(sound, 'exit')]);
    await until(
      'all has arrived',
      () => vw.relay.stats().destinations['0']!.live.waitingBytes === 0 && endpoint.bytes.length > 0,
    );
    collect();
    const found = probe(bytes());
    expect(found.find(({ codec }) => codec === 'mpeg1video')?.frames).to.equal(75);
    expect(found.find(({ codec }) => codec === 'mp2')?.frames).to.be.within(114, 116);
    expect(warnings(bytes())).to.equal('');
  }).timeout(30_000);

  it('keeps its picture whole through 40 mutes, by rule and for the room', async () => {
    const [video, sound] = [live(vw.url, 'video0', VIDEO, 6), live(vw.url, 'audio0', MICROPHONE, 6)];
    await until(
      'both are there',
      () => soundBytes() === 1 && vw.relay.stats().streams['stream/room']!.tracks.length === 2,
    );
    const before = vw.relay.stats().streams['stream/room']!.tracks.map(({ pid }) => pid);
    for (let i = 0; i < 40; i++) {
      const messages = endpoint.messages.length;
      if (i % 2) await stream('video0');
      else await vw.api('PUT', '/api/mutes/all', { tracks: 'audio' });
      expect(soundBytes()).to.equal(0);
      await until('the picture goes on', () => endpoint.messages.length > messages + 1);
      if (i % 2) await stream('video0', 'audio0');
      else await vw.api('DELETE', '/api/mutes/all');
      await until('the sound is back', () => soundBytes() === 1);
    }
    expect(vw.relay.stats().streams['stream/room']!.tracks.map(({ pid }) => pid)).to.deep.equal(before);
    await Promise.all([once(video, 'exit'), once(sound, 'exit')]);
    collect();
    const { errors } = checkTs(sent, { pcrMs: Infinity, tablesMs: Infinity });
    expect(errors.filter((error) => /continuity|counter/i.test(error))).to.deep.equal([]);
    expect(probe(bytes()).find(({ codec }) => codec === 'mpeg1video')?.frames).to.equal(150);
  }).timeout(40_000);

  it('mutes a single feed that carries both, and lets its picture through as it is', async () => {
    await vw.api('POST', '/api/destinations', { id: '0', stream: 'cam', destination: endpoint.url });
    const both = [...VIDEO.slice(0, 4), ...MICROPHONE.slice(0, 4), ...VIDEO.slice(4), ...MICROPHONE.slice(4)];
    const cam = live(vw.url, 'cam', both, 5);
    const counts = () => {
      const data = endpoint.bytes;
      let soundPackets = 0;
      for (let at = 0; at < data.length; at += 188) if ((data.readUInt16BE(at + 1) & 0x1fff) === 0x101) soundPackets++;
      return soundPackets;
    };
    await until('there is sound', () => counts() > 0);
    expect((await vw.api('PUT', '/api/mutes/cam', { tracks: 'audio' })).body).to.deep.equal({
      feed: 'cam',
      tracks: 'audio',
      binary: 'drop',
      known: true,
    });
    const messages = endpoint.messages.length + 2;
    await until('what was on the wire has come', () => endpoint.messages.length > messages);
    const muted = counts();
    await until('the picture goes on', () => endpoint.messages.length > messages + 20);
    expect(counts()).to.equal(muted);
    expect((await vw.api('DELETE', '/api/mutes/cam')).body).to.equal('cam');
    await until('the sound is back', () => counts() > muted);
    await once(cam, 'exit');
    collect();
    const { errors } = checkTs(sent, { pcrMs: Infinity, tablesMs: Infinity });
    expect(errors.filter((error) => /continuity|counter/i.test(error))).to.deep.equal([]);
  }).timeout(30_000);
});
