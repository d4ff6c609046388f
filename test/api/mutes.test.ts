// Mutes by REST: what is answered, and what they do with opaque messages, on every way that these can leave.

import { once } from 'node:events';
import { expect } from 'chai';
import { type RawData, WebSocket } from 'ws';
import { afterTest } from '../support/cleanup.js';
import { TestEndpoint } from '../support/relay/test-endpoint.js';
import { TestRelay } from '../support/relay/relay.js';
import { packets } from '../support/mpegts/ts.js';
import { RawUpload } from '../support/relay/upload.js';
import { until } from '../support/wait.js';

let vw: TestRelay;

/** What a WebSocket of the relay hears: text as it is, binary in `<>`. */
async function listen(name: string): Promise<{ heard: string[]; socket: WebSocket }> {
  const socket = new WebSocket(vw.ws(name));
  afterTest(() => socket.terminate());
  const heard: string[] = [];
  socket.on('message', (data: RawData, isBinary) => heard.push(shown(data as Buffer, isBinary)));
  await once(socket, 'open');
  return { heard, socket };
}

const shown = (data: Buffer, isBinary: boolean) =>
  isBinary ? `<${data.toString('latin1').slice(0, 5)}>` : data.toString();
const bodyOf = async (method: string, path: string, body?: unknown) => (await vw.api(method, path, body)).body;

describe('mutes by REST', () => {
  beforeEach(async () => {
    vw = await TestRelay.start({ limits: { forgetAfterMs: 20 } });
  });

  it('answer how binary messages are treated, and are listed by /api/rules in a form that can be posted again', async () => {
    await vw.api('POST', '/api/streams', { stream: 'stream/a', feeds: ['mic#audio', 'cam'] });
    const told = { feed: 'mic', known: true };
    expect(await bodyOf('PUT', '/api/mutes/mic')).to.deep.equal({ ...told, tracks: 'audio', binary: 'drop' });
    const passes = { tracks: 'audio', binary: 'pass' };
    expect(await bodyOf('POST', '/api/mutes/mic', passes)).to.deep.equal({ ...told, ...passes });
    expect(await bodyOf('PUT', '/api/mutes/cam', { tracks: 'all' })).to.include({ tracks: 'all', binary: 'drop' });
    const { mutes } = (await bodyOf('GET', '/api/rules')) as { mutes: { feed: string }[] };
    expect(mutes).to.deep.equal([
      { feed: 'mic', ...passes },
      { feed: 'cam', tracks: 'all' },
    ]);
    for (const { feed, ...rule } of mutes)
      expect((await vw.api('PUT', `/api/mutes/${feed}`, rule)).status).to.equal(200);
    expect(await bodyOf('GET', '/api/mutes/all')).to.deep.equal({ mic: 'audio', cam: 'all' });
    expect(vw.relay.stats().mutes).to.deep.equal({
      mic: { ...passes, known: true },
      cam: { tracks: 'all', binary: 'drop', known: true },
    });
    expect(await bodyOf('PUT', '/api/mutes/mic', { tracks: 'audio', binary: 'drop' })).to.include({ binary: 'drop' });
    for (const body of [{ tracks: 'all', binary: 'pass' }, { binary: 'maybe' }, [], ['all'], '"all"', 1, true, null]) {
      const answer = await vw.api('PUT', '/api/mutes/mic', body);
      expect([answer.status, (answer.body as { code: string }).code], JSON.stringify(body)).to.deep.equal([
        400,
        'ERR_BAD_MUTE',
      ]);
      expect((answer.body as { detail: string }).detail).to.match(/"tracks": .*"binary": /);
    }
  });

  it('say of a feed that is not there that it will be muted when it comes, and which one may have been meant', async () => {
    await vw.api('POST', '/api/streams', { stream: 'stream/a', feeds: ['mic'] });
    const drop = { tracks: 'audio', binary: 'drop' };
    expect(await bodyOf('PUT', '/api/mutes/mci')).to.deep.equal({ feed: 'mci', ...drop, known: false, similar: 'mic' });
    expect(await bodyOf('PUT', '/api/mutes/mic')).to.deep.equal({ feed: 'mic', ...drop, known: true });
    await listen('nobody'); // who only watches makes no feed known
    expect(await bodyOf('PUT', '/api/mutes/nobody')).to.deep.equal({ feed: 'nobody', ...drop, known: false });
    expect(await bodyOf('PUT', '/api/mutes/all')).to.deep.equal({ feed: 'all', ...drop, known: true });
    expect(vw.log.lines.find(({ message, facts }) => message === 'muted' && facts.feed === 'mci')?.facts.note).to.match(
      /no such feed now/,
    );
    expect(vw.relay.stats().mutes.mci!.known).to.be.false;
  });

  it('name the feed that has segments in front of what was given', async () => {
    vw.relay.feed('demo/video').open({ address: 'a', superseded: () => undefined });
    expect(await bodyOf('PUT', '/api/mutes/video')).to.include({ known: false, similar: 'demo/video' });
  });

  it('of a stream are refused, with its feeds; a name that is none, with what is one', async () => {
    await vw.api('POST', '/api/streams', { stream: 'stream/demo', feeds: ['demo/video', 'demo/audio#audio'] });
    const detailOf = async (name: string) =>
      ((await bodyOf('PUT', `/api/mutes/${name}`, {})) as { detail: string }).detail;
    expect(await detailOf('stream/demo')).to.equal(
      'mute: "stream/demo" is a stream, and feeds are muted; accepted: a feed (it is made of demo/video, demo/audio), or all ' +
        'for every feed',
    );
    expect(await detailOf('stream/none')).to.include('accepted: a feed, or all');
    expect(await detailOf('a%20b'))
      .to.match(/^mute: feed "a b": accepted: 1 to 200 characters/)
      .and.not.include('tracks');
  });

  it('know a feed that has or had a source, or that a destination names', async () => {
    const known = async (name: string) => ((await bodyOf('PUT', `/api/mutes/${name}`)) as { known: boolean }).known;
    const upload = RawUpload.begin(vw.port, 'cam');
    upload.chunk(packets(3));
    const { socket } = await listen('data0');
    socket.send('1.5 V');
    await until('both are there', () => {
      const { cam, data0 } = vw.relay.stats().feeds;
      return cam?.state === 'live' && data0?.opaqueMessages === 1;
    });
    expect([await known('cam'), await known('data0')]).to.deep.equal([true, true]);
    upload.socket.destroy();
    socket.close();
    await until('both are forgotten', () => Object.keys(vw.relay.stats().feeds).length === 0);
    expect([await known('cam'), await known('data0'), await known('sent')]).to.deep.equal([true, true, false]);
    await vw.api('POST', '/api/destinations', { id: '1', stream: 'sent', destination: 'ws://127.0.0.1:9/in/x' });
    expect(await known('sent')).to.be.true;
  });

  it('have room for the one of every feed, however many there are', async () => {
    const small = await TestRelay.start({ limits: { maxRules: 1 } });
    expect((await small.api('PUT', '/api/mutes/a')).status).to.equal(200);
    expect((await small.api('PUT', '/api/mutes/b')).status).to.equal(503);
    expect((await small.api('PUT', '/api/mutes/all')).status).to.equal(200);
  });

  for (const [what, mute, expected] of [
    ['the sound: text passes, binary does not', { tracks: 'audio' }, ['text', 'end']],
    [
      'the sound but for binary: that passes, packets do not',
      { tracks: 'audio', binary: 'pass' },
      ['text', '<bytes>', 'end'],
    ],
    ['everything: nothing passes', { tracks: 'all' }, ['end']],
  ] as const) {
    it(`of ${what}, to viewers, destinations and streams, and from endpoints`, async () => {
      const [endpoint, room] = [await TestEndpoint.start(), await TestEndpoint.start()];
      await vw.api('POST', '/api/streams', { stream: 'stream/room', feeds: ['data0'] });
      await vw.connect('data0', endpoint.url, '1');
      await vw.connect('stream/room', room.url, '2');
      const viewers = [await listen('data0'), await listen('stream/room')];
      const sender = await listen('data0');
      const local = viewers[0]!;
      await vw.api('PUT', '/api/mutes/data0', mute);
      const send = (socket: WebSocket) => {
        socket.send('text');
        socket.send(Buffer.from('bytes'));
        socket.send(packets(2)); // whole packets that nobody has looked into
      };
      send(sender.socket);
      send(endpoint.client!);
      await until('all were taken', () => {
        return vw.relay.stats().feeds.data0!.opaqueMessages === 3 && vw.link('1').receivedMessages === 3;
      });
      const withheld = 2 * (4 - expected.length);
      expect(vw.relay.stats().feeds.data0).to.deep.include({
        withheldMessages: withheld,
        mutedBinary: 'binary' in mute ? 'pass' : 'drop',
      });
      await vw.api('DELETE', '/api/mutes/data0');
      sender.socket.send('end');
      const heardBy = ({ messages }: TestEndpoint) => messages.map(({ data, isBinary }) => shown(data, isBinary));
      const ways = () => [heardBy(endpoint), heardBy(room), viewers[1]!.heard];
      await until('the end has come', () => [...ways(), local.heard].every((heard) => heard.includes('end')));
      for (const heard of ways()) expect(heard).to.deep.equal(expected);
      const twice = expected.slice(0, -1).flatMap((one) => [one, one]);
      expect([...local.heard].sort(), 'from both sides').to.deep.equal([...twice, 'end'].sort());
    });
  }

  it('hold for binary messages of a feed of which a rule takes the picture alone, without a mute', async () => {
    const room = await TestEndpoint.start();
    await vw.api('POST', '/api/streams', { stream: 'stream/room', feeds: ['cam#video'] });
    await vw.connect('stream/room', room.url);
    const { socket } = await listen('cam');
    socket.send(Buffer.from('bytes'));
    socket.send('text');
    await until('text has come', () => room.messages.length > 0);
    expect(room.messages.map(({ data }) => data.toString())).to.deep.equal(['text']);
    expect(vw.relay.stats().streams['stream/room']!.withheldMessages).to.equal(1);
    await vw.api('POST', '/api/streams', { stream: 'stream/room', feeds: ['cam#video', 'cam#audio'] });
    socket.send(Buffer.from('bytes'));
    await until('bytes have come', () => room.messages.length === 2);
  });
});
