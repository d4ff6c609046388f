import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { MAX_EVENT_CLIENTS } from '../../../src/api/live/event-stream.js';
import { DEFAULT_SERVER_OPTIONS, startServer } from '../../../src/api/server.js';
import { relayPages } from '../../../src/web/server/relay-pages.js';
import { eventSchema, historyLostSchema } from '../../../src/relay/events/event.js';
import { Relay } from '../../../src/relay/relay.js';
import { openBrowser } from '../../support/browser/browser.js';
import { afterTest } from '../../support/cleanup.js';
import { EventReader } from '../../support/relay/event-reader.js';
import { keptLog, QUICK, TestRelay } from '../../support/relay/relay.js';
import { until } from '../../support/wait.js';

const mute = (vw: TestRelay, feed: string) => vw.api('PUT', `/api/mutes/${feed}`);

/** A way to a port that can be broken off, as networks are. */
class Way {
  readonly #sockets = new Set<Socket>();
  port = 0;

  static async to(port: number): Promise<Way> {
    const way = new Way();
    const server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      for (const socket of [near, far]) {
        way.#sockets.add(socket);
        socket.on('error', () => undefined).on('close', () => [near, far].forEach((each) => each.destroy()));
      }
      near.pipe(far).pipe(near);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    way.port = (server.address() as AddressInfo).port;
    afterTest(() => {
      server.close();
      way.breakOff();
    });
    return way;
  }

  breakOff(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

describe('GET /api/events', () => {
  let vw: TestRelay;
  beforeEach(async () => {
    vw = await TestRelay.start();
  });

  it('sends events from now on, each with its id, its type and one line of JSON', async () => {
    await mute(vw, 'before');
    const reader = await EventReader.open(vw.url);
    expect(reader.response.headers).to.include({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
    });
    expect(reader.retryMs).to.be.above(0);
    await mute(vw, 'video0');
    await vw.api('DELETE', '/api/mutes/video0');
    await reader.event('rule-deleted');
    expect(reader.types).to.deep.equal(['rule-set', 'rule-deleted']);
    for (const { id, event, data } of reader.blocks) {
      const told = eventSchema.parse(data);
      expect(told.type).to.equal(event);
      expect(id).to.equal(`${vw.relay.events.run}-${told.id}`);
    }
  });

  it('says nothing of a rule that is posted as it stands', async () => {
    const rules: [string, unknown][] = [
      ['/api/streams', { stream: 'stream/a', feeds: ['video0'] }],
      ['/api/destinations', { id: '0', stream: 'video0', destination: 'ws://127.0.0.1:9/x', token: 'hush-hush' }],
    ];
    for (const [path, rule] of rules) await vw.api('POST', path, rule);
    await mute(vw, 'all');
    const reader = await EventReader.open(vw.url, '/api/events?types=rule-set,rule-deleted');
    for (const [path, rule] of rules) await vw.api('POST', path, rule);
    await mute(vw, 'all');
    await vw.api('DELETE', '/api/mutes/all');
    await reader.event('rule-deleted');
    expect(reader.types).to.deep.equal(['rule-deleted']);
    const all = await EventReader.open(vw.url, '/api/events?lastEventId=0&types=rule-set');
    expect(all.blocks.map(({ data }) => data.name)).to.deep.equal(['stream/a', '0', 'all']);
    expect(JSON.stringify(all.blocks)).to.contain('"tokenSet":true').and.not.to.contain('hush');
  });

  it('goes on after Last-Event-ID, without a gap and without telling anything twice', async () => {
    const first = await EventReader.open(vw.url);
    await mute(vw, 'a');
    await first.event('rule-set');
    first.request.destroy();
    for (const feed of ['b', 'c']) await mute(vw, feed);
    const again = await EventReader.open(vw.url, '/api/events', { 'Last-Event-ID': first.lastEventId });
    await mute(vw, 'd');
    await again.event('rule-set', 3);
    expect(again.blocks.map(({ data }) => data.name)).to.deep.equal(['b', 'c', 'd']);
    expect(again.types).not.to.include('history-lost');
  });

  it('lets a client reconnect that has received nothing', async () => {
    const first = await EventReader.open(vw.url);
    first.request.destroy();
    await mute(vw, 'a');
    const again = await EventReader.open(vw.url, '/api/events', { 'Last-Event-ID': first.lastEventId });
    expect((await again.event('rule-set')).name).to.equal('a');
  });

  it('takes the header before ?lastEventId=, which an EventSource sends again and again', async () => {
    for (const feed of ['a', 'b']) await mute(vw, feed);
    const { run } = vw.relay.events;
    const path = `/api/events?lastEventId=${run}-0`;
    const reader = await EventReader.open(vw.url, path, { 'Last-Event-ID': `${run}-1` });
    expect(reader.blocks.map(({ data }) => data.name)).to.deep.equal(['b']);
  });

  const losses: [string, (run: string) => string, RegExp][] = [
    ['an id of another run', () => '0badcafe-1', /restarted/],
    ['a number without its run', () => '1', /not an event id/],
    ['what is no id', () => "'; DROP TABLE", /not an event id/],
    ['a very long one', () => 'x'.repeat(5000), /not an event id/],
    ['an event that has not happened', (run) => `${run}-99`, /no longer kept/],
    ['a number beyond all numbers', (run) => `${run}-999999999999999`, /no longer kept/],
  ];
  for (const [what, id, words] of losses) {
    it(`answers ${what} with history-lost and what is kept`, async () => {
      for (const feed of ['a', 'b']) await mute(vw, feed);
      const reader = await EventReader.open(vw.url, '/api/events?types=rule-set', {
        'Last-Event-ID': id(vw.relay.events.run),
      });
      await mute(vw, 'c');
      await reader.event('rule-set', 3);
      expect(reader.types).to.deep.equal(['history-lost', 'rule-set', 'rule-set', 'rule-set']);
      const lost = historyLostSchema.parse(reader.blocks[0]!.data);
      expect(lost.message).to.match(words);
      expect(lost.firstId).to.equal(1);
    });
  }

  it('says that history is lost when more has happened than is kept', async () => {
    const first = await EventReader.open(vw.url);
    first.request.destroy();
    for (let i = 0; i < 1100; i++) {
      vw.relay.events.emit({ type: 'feed-down', feed: String(i), source: 'a' });
    }
    const again = await EventReader.open(vw.url, '/api/events', { 'Last-Event-ID': first.lastEventId });
    expect(again.types[0]).to.equal('history-lost');
    expect(again.blocks[0]!.data.firstId).to.equal(again.blocks[1]!.data.id);
    expect(again.blocks).to.have.length(1001);
  });

  it('sends only the requested types, and refuses unknown ones with the list of types', async () => {
    const reader = await EventReader.open(vw.url, '/api/events?types=rule-deleted,%20link-open');
    await mute(vw, 'a');
    await vw.api('DELETE', '/api/mutes/a');
    await reader.event('rule-deleted');
    expect(reader.types).to.deep.equal(['rule-deleted']);
    for (const types of ['', 'rule-set,', 'rule-set,nothing', 'RULE-SET', 'rule-set&types=rule-set', 'history-lost']) {
      const { status, body } = await vw.api('GET', `/api/events?types=${types}`);
      expect(status, types).to.equal(400);
      expect(body).to.include({ code: 'ERR_BAD_EVENT_TYPES' });
      expect((body as { detail: string }).detail).to.contain('link-open');
    }
  });

  it('has room for so many clients, and for another when one has gone', async () => {
    const readers = await Promise.all(Array.from({ length: MAX_EVENT_CLIENTS }, () => EventReader.open(vw.url)));
    expect(await vw.api('GET', '/api/events')).to.deep.include({ status: 503 });
    readers[7]!.request.destroy();
    await until('there is room', () => EventReader.open(vw.url).then(Boolean, () => false));
    await mute(vw, 'a');
    for (const reader of readers) if (reader !== readers[7]) await reader.event('rule-set');
  });

  it('disconnects a client that does not read, without delaying others', async () => {
    const reader = await EventReader.open(vw.url);
    const slow = connect(vw.port, '127.0.0.1');
    afterTest(() => slow.destroy());
    slow.on('error', () => undefined).write('GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    await once(slow, 'data');
    slow.pause();
    let gone = false;
    const cut = () => vw.log.lines.some(({ message }) => message === 'event client does not read: disconnected');
    const feeds = Array.from({ length: 200 }, (_, i) => 'x'.repeat(90) + String(i));
    let count = 0;
    await until('it is cut off', () => {
      for (let i = 0; i < 20; i++, count++) {
        vw.relay.events.emit({ type: 'rule-set', kind: 'stream', name: 'a', rule: { feeds } });
      }
      return cut();
    });
    slow.on('close', () => (gone = true)).resume();
    await until('its connection is gone', () => gone);
    await reader.event('rule-set', count);
    expect(reader.isOver).to.equal(false);
  });

  it('answers HEAD, and other methods with 405', async () => {
    const head = await fetch(`${vw.url}/api/events`, { method: 'HEAD' });
    expect(head.headers.get('content-type')).to.contain('text/event-stream');
    expect((await vw.api('POST', '/api/events')).headers.get('allow')).to.equal('GET, HEAD');
  });

  it('wants the key', async () => {
    const relay = new Relay(QUICK, keptLog());
    const options = { ...DEFAULT_SERVER_OPTIONS, port: 0, apiKey: 'the-key-of-this-test' };
    const server = await startServer(relay, options, relayPages(), keptLog());
    afterTest(() => Promise.all([server.close(), relay.close()]));
    const failed = await EventReader.open(server.url).catch((error: unknown) => (error as Error).message);
    expect(failed).to.equal('HTTP 401');
    await EventReader.open(server.url, '/api/events', { Authorization: 'Bearer the-key-of-this-test' });
  });

  it('ends at once when the relay stops', async () => {
    const relay = new Relay(QUICK, keptLog());
    const server = await startServer(relay, { ...DEFAULT_SERVER_OPTIONS, port: 0 }, relayPages(), keptLog());
    const reader = await EventReader.open(server.url);
    let isComplete = false;
    reader.response.on('end', () => (isComplete = true));
    await Promise.all([server.close(), relay.close()]);
    await until('it is over', () => reader.isOver);
    expect(isComplete, 'in order').to.equal(true);
  });

  it('is read by curl -N as it comes', async () => {
    const curl = spawn('curl', ['-sN', `${vw.url}/api/events?lastEventId=0`], { stdio: ['ignore', 'pipe', 'inherit'] });
    afterTest(() => curl.kill());
    let text = '';
    curl.stdout.on('data', (bytes: Buffer) => (text += bytes.toString()));
    await until('it has begun', () => text.includes('id: '));
    await mute(vw, 'video0');
    await until('it has the event', () => /event: rule-set\ndata: \{.*"name":"video0".*\}\n\n/.test(text));
  });

  it('is read by a browser, which comes back and goes on where it was', async () => {
    const way = await Way.to(vw.port);
    const context = await openBrowser();
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${way.port}/play/video0`); // whose policy lets it connect
    await page.evaluate(`
      globalThis.heard = [];
      const source = new EventSource('/api/events');
      source.addEventListener('rule-set', ({ data, lastEventId }) => heard.push([JSON.parse(data).name, lastEventId]));
      new Promise((resolve) => source.addEventListener('open', resolve));
    `);
    const names = async () => (await page.evaluate<[string, string][]>('heard')).map(([name]) => name);
    await mute(vw, 'a');
    await until('it hears the first', async () => (await names()).length === 1);
    way.breakOff();
    await mute(vw, 'b');
    await mute(vw, 'c');
    await until('it hears what it has missed', async () => (await names()).length === 3);
    expect(await names()).to.deep.equal(['a', 'b', 'c']);
  });
});
