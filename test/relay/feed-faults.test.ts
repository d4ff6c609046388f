// A feed's state and fault in stats, events and log.

import { expect } from 'chai';
import { WebSocket } from 'ws';
import { afterTest } from '../support/cleanup.js';
import { EventReader } from '../support/relay/event-reader.js';
import { TestRelay } from '../support/relay/relay.js';
import { packets, patSection, pmtSection, sectionPackets } from '../support/mpegts/ts.js';
import { RawUpload } from '../support/relay/upload.js';
import { until } from '../support/wait.js';

const PROGRAM = Buffer.concat([
  sectionPackets(0, patSection(0x1000)),
  sectionPackets(0x1000, pmtSection([{ streamType: 0x02, pid: 0x100 }])),
]);

describe('a feed', () => {
  let vw: TestRelay;
  let events: EventReader;
  beforeEach(async () => {
    vw = await TestRelay.start({ limits: { silentAfterMs: 300 } });
    events = await EventReader.open(vw.url);
  });

  const feed = (name = 'video0') => vw.relay.stats().feeds[name]!;
  const logged = (message: RegExp) => vw.log.lines.filter(({ facts }) => message.test(String(facts.reason)));
  const isTold = async (code: string, message: RegExp, count: number, name = 'video0') => {
    const { fault } = await events.event('feed-fault', count);
    expect(fault).to.include({ code });
    expect(fault!.message).to.match(message);
    expect(feed(name).fault).to.deep.equal(fault);
    expect(logged(message)).to.have.length(1);
    expect(logged(message)[0]!.facts).to.include({ feed: name, fault: code });
  };
  /** Sends `bytes` over and over for the rest of the test. */
  const keepSending = (upload: RawUpload, bytes: Buffer) => {
    const timer = setInterval(() => upload.chunk(bytes), 20);
    afterTest(() => clearInterval(timer));
  };

  it('that a rule names without a source is reported, and so are the start and end of a source', async () => {
    await vw.api('POST', '/api/destinations', { id: '0', stream: 'video0', destination: 'ws://127.0.0.1:1/x' });
    await isTold('no-source', /no source publishes/, 1);
    expect(feed()).to.include({ state: 'absent', source: null });
    const upload = RawUpload.begin(vw.port, 'video0');
    keepSending(upload, PROGRAM);
    const up = await events.event('feed-up');
    expect(up.source)
      .to.equal(feed().source)
      .and.to.match(/^127\.0\.0\.1:\d+$/);
    expect((await events.event('feed-fault', 2)).fault).to.equal(null);
    expect(feed()).to.include({ state: 'live', fault: null });
    upload.socket.destroy();
    expect((await events.event('feed-down')).source).to.equal(up.source);
    await events.event('feed-fault', 3);
    expect(feed().fault?.code).to.equal('no-source');
  });

  it('of a stream rule is reported too; one without readers is not', async () => {
    await vw.api('POST', '/api/streams', { stream: 'stream/a', feeds: ['video0#video', 'audio0'] });
    vw.relay.feed('unwanted');
    await events.event('feed-fault', 2);
    const told = events.blocks.filter(({ event }) => event === 'feed-fault').map(({ data }) => data.feed);
    expect(told.sort()).to.deep.equal(['audio0', 'video0']);
    expect(vw.relay.stats().streams['stream/a']!.fault).to.deep.equal({
      code: 'no-source',
      message: 'feed "video0": no source publishes to this feed',
    });
    expect(feed('unwanted').fault).to.equal(null);
  });

  it('that only a viewer names is missed in stats, and in no event and no line; once a rule names it, in all', async () => {
    const socket = new WebSocket(vw.ws('nosuch'));
    afterTest(() => socket.terminate());
    await until('it is missed', () => vw.relay.stats().feeds.nosuch?.fault?.code === 'no-source');
    expect(logged(/no source publishes/)).to.deep.equal([]);
    await vw.api('POST', '/api/destinations', { id: '0', stream: 'nosuch', destination: 'ws://127.0.0.1:1/x' });
    await isTold('no-source', /no source publishes/, 1, 'nosuch');
    await vw.api('DELETE', '/api/destinations/0');
    socket.terminate();
    expect((await events.event('feed-fault', 2)).fault, 'what was told of is told to be over').to.equal(null);
  });

  it('that only a viewer named leaves no trace', async () => {
    const socket = new WebSocket(vw.ws('nosuch'));
    await until('it is missed', () => vw.relay.stats().feeds.nosuch?.fault?.code === 'no-source');
    socket.terminate();
    await until('it is not, any more', () => vw.relay.stats().feeds.nosuch?.fault === null);
    expect(vw.log.lines.filter(({ facts }) => facts.feed === 'nosuch')).to.deep.equal([]);
    expect(events.blocks.filter(({ event }) => event === 'feed-fault')).to.deep.equal([]);
  });

  it('that is misspelt in a rule is reported with the one that may be meant, in the answer too', async () => {
    vw.relay.feed('video0').open({ address: 'a', superseded: () => undefined });
    const rule = { id: '0', stream: 'vidoe0', destination: 'ws://127.0.0.1:1/x' };
    const { body } = await vw.api('POST', '/api/destinations', rule);
    expect(body).to.include({ stream: 'vidoe0', similar: 'video0' });
    const message = 'no source publishes to this feed; did you mean video0?';
    await until('it is told', () => feed('vidoe0').fault !== null);
    expect(feed('vidoe0').fault).to.deep.equal({ code: 'no-source', message });
    expect(logged(/did you mean/).map(({ facts }) => facts.reason)).to.deep.equal([message]);
  });

  it('that is misspelt in a stream rule is answered with the one that may be meant', async () => {
    for (const name of ['video0', 'demo/mic']) vw.relay.feed(name).open({ address: 'a', superseded: () => undefined });
    const answerTo = async (...feeds: string[]) =>
      (await vw.api('POST', '/api/streams', { stream: 'stream/front', feeds })).body;
    expect(await answerTo('vidoe0', 'demo/mic')).to.deep.equal({
      stream: 'stream/front',
      feeds: ['vidoe0', 'demo/mic'],
      similar: 'video0',
    });
    expect(await answerTo('video0#video', 'mic#audio')).to.include({ similar: 'demo/mic' });
    expect(await answerTo('video0', 'demo/mic')).not.to.have.property('similar');
    expect(await answerTo('video0', 'nothing-like-it')).not.to.have.property('similar');
    expect(JSON.stringify((await vw.api('GET', '/api/rules')).body)).not.to.contain('similar');
  });

  it('is answered with what may be posted as it is: hints are in no rule', async () => {
    for (const name of ['video0', 'demo/mic']) vw.relay.feed(name).open({ address: 'a', superseded: () => undefined });
    const far = { id: '0', stream: 'vidoe0', destination: 'ws://127.0.0.1:1/x', token: 't' };
    const questions: [string, string, object][] = [
      ['PUT', '/api/mutes/vidoe0', { binary: 'pass' }],
      ['PUT', '/api/mutes/mic', { tracks: 'all' }],
      ['POST', '/api/streams', { stream: 'stream/front', feeds: ['vidoe0', 'mic'], trimMs: { mic: 1 } }],
      ['POST', '/api/destinations', far],
    ];
    for (const [method, path, question] of questions) {
      const answer = await vw.api(method, path, question);
      expect(answer.body).to.have.property('similar');
      expect(await vw.api(method, path, answer.body), path).to.deep.include({ status: 200, body: answer.body });
    }
    expect(JSON.stringify((await vw.api('GET', '/api/rules')).body)).not.to.match(/similar|known/);
  });

  it('that is misspelt is found out also where the one that was meant comes later', async () => {
    const rule = { id: '0', stream: 'cam', destination: 'ws://127.0.0.1:1/x' };
    expect((await vw.api('POST', '/api/destinations', rule)).body).not.to.have.property('similar');
    await isTold('no-source', /^no source publishes to this feed$/, 1, 'cam');
    vw.relay.feed('demo/cam').open({ address: 'a', superseded: () => undefined });
    const { fault } = await events.event('feed-fault', 2);
    expect(fault?.message).to.equal('no source publishes to this feed; did you mean demo/cam?');
  });

  it('that has a brother with a rule of its own, or had a source, is not misspelt', async () => {
    const far = 'ws://127.0.0.1:1/x';
    vw.relay.feed('video0').open({ address: 'a', superseded: () => undefined });
    vw.relay
      .feed('vide0')
      .open({ address: 'a', superseded: () => undefined })
      .close();
    await vw.api('POST', '/api/destinations', { id: '0', stream: 'video0', destination: far });
    for (const stream of ['video1', 'vide0']) {
      const { body } = await vw.api('POST', '/api/destinations', { id: stream, stream, destination: far });
      expect(body, stream).not.to.have.property('similar');
    }
  });

  it('whose source is connected and sends nothing is silent, until it sends', async () => {
    const upload = RawUpload.begin(vw.port, 'video0');
    upload.chunk(PROGRAM);
    await isTold('silent', /is connected, and has sent nothing for more than 0\.3 s/, 1);
    expect(feed().state).to.equal('silent');
    expect(feed().sinceMs).to.be.closeTo(Date.now(), 5000);
    keepSending(upload, PROGRAM);
    expect((await events.event('feed-fault', 2)).fault).to.equal(null);
    expect(feed().state).to.equal('live');
  });

  it('whose source has never sent a byte is silent', async () => {
    RawUpload.begin(vw.port, 'video0');
    await isTold('silent', /has sent nothing/, 1);
  });

  it('of packets without tables is reported until tables arrive', async () => {
    const upload = RawUpload.begin(vw.port, 'video0');
    keepSending(upload, packets(4));
    await isTold('no-tables', /packets come from .*, with no PAT that could be read/, 1);
    upload.chunk(PROGRAM);
    expect((await events.event('feed-fault', 2)).fault).to.equal(null);
  });

  it('with a PAT and no PMT is reported as such', async () => {
    keepSending(RawUpload.begin(vw.port, 'video0'), sectionPackets(0, patSection(0x1000)));
    await isTold('no-tables', /with a PAT, and no PMT/, 1);
  });

  it('without any MPEG-TS is reported as such', async () => {
    keepSending(RawUpload.begin(vw.port, 'video0'), Buffer.alloc(5000, 'this is a text. '));
    await isTold('no-tables', /is not MPEG-TS/, 1);
    expect(feed().skippedBytes).to.be.above(0);
  });

  it('that a source takes over is reported as up again, with the source that was replaced', async () => {
    RawUpload.begin(vw.port, 'video0').chunk(PROGRAM);
    const first = await events.event('feed-up');
    RawUpload.begin(vw.port, 'video0').chunk(PROGRAM);
    const second = await events.event('feed-up', 2);
    expect(second.before).to.equal(first.source);
    expect(events.types).not.to.include('feed-down');
    expect(vw.log.lines.map(({ message }) => message)).to.include('feed taken over by a newer source');
  });

  it('reports its tracks when they are known and when they change', async () => {
    const upload = RawUpload.begin(vw.port, 'video0');
    upload.chunk(PROGRAM);
    const first = await events.event('tracks-changed');
    expect(first).to.deep.include({
      name: 'video0',
      tracks: [{ pid: 0x100, kind: 'video', codec: 'mpegvideo' }],
    });
    const entries = [
      { streamType: 0x02, pid: 0x100 },
      { streamType: 0x03, pid: 0x101 },
    ];
    upload.chunk(sectionPackets(0x1000, pmtSection(entries, 1), 1));
    expect((await events.event('tracks-changed', 2)).tracks.map(({ codec }) => codec)).to.deep.equal([
      'mpegvideo',
      'mp2',
    ]);
    expect(feed().tracks.map(({ pid, streamType }) => [pid, streamType])).to.deep.equal([
      [0x100, 0x02],
      [0x101, 0x03],
    ]);
  });

  it('of text is data: it is live while messages arrive, and needs no source', async () => {
    await vw.api('POST', '/api/destinations', { id: '0', stream: 'data0', destination: 'ws://127.0.0.1:1/x' });
    const socket = new WebSocket(vw.ws('data0'));
    afterTest(() => socket.terminate());
    socket.on('open', () => {
      const timer = setInterval(() => socket.send('{"volts":1}'), 50);
      afterTest(() => clearInterval(timer));
    });
    await until('it is live', () => vw.relay.stats().feeds.data0?.state === 'live');
    expect(feed('data0')).to.include({ fault: null, source: null });
    expect(feed('data0').messages).to.equal(feed('data0').opaqueMessages);
    socket.terminate();
    await until('it is not', () => feed('data0').state === 'absent');
    expect(feed('data0').fault).to.equal(null);
  });

  it('that changes all the time is reported once a second, and finally in its last state', async () => {
    const feedOf = vw.relay.feed('video0');
    for (let i = 0; i < 500; i++) feedOf.open({ address: String(i), superseded: () => undefined }).close();
    feedOf.open({ address: 'last', superseded: () => undefined });
    const told = () => events.blocks.filter(({ event }) => /^feed-(up|down)$/.test(event));
    await until('the last is told', () => told().at(-1)?.data.source === 'last');
    expect(told()).to.have.length.of.at.most(12);
  });
});
