// Answers keep the order of their requests; behind one that goes on for as long as the client stays nothing is processed, and
// nothing is kept.

import { expect } from 'chai';
import { TestServe } from '../../support/relay/serve.js';
import { until } from '../../support/wait.js';
import { packets } from '../../support/mpegts/ts.js';
import { TestRelay } from '../../support/relay/relay.js';
import { Wire } from '../../support/relay/wire.js';

const UPGRADE =
  'GET /ws/y HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const BEHIND: Readonly<Record<string, string>> = {
  'an upgrade': UPGRADE,
  'an upgrade that is not ours': UPGRADE.replace('websocket', 'h2c'),
  CONNECT: 'CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n',
  'a request': 'DELETE /api/streams/all HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'a request with a body': `POST /api/streams HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90000\r\n\r\n${'x'.repeat(90_000)}`,
  'another player': 'GET /ts/x HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'half a head': 'GET /api/sta',
  'nothing, or its own body': '',
  'no HTTP': '\x00\x01\x02 hello\r\n',
};
const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;

/** A relay with a stream, a feed x that somebody sends to, and what sends to it. */
async function running(): Promise<{ relay: TestRelay; send: () => void }> {
  const relay = await TestRelay.start({ headersTimeoutMs: 300 });
  await relay.api('POST', '/api/streams', { stream: 'stream/a', feeds: ['x'] });
  const feed = relay.relay.feed('x');
  const source = feed.open({ address: 'test', superseded: () => undefined });
  return { relay, send: () => source.publish(packets(7)) };
}

describe('an answer that goes on for as long as the client stays', () => {
  for (const path of ['/ts/x', '/api/events']) {
    for (const when of ['with it', 'later']) {
      it(`is the last of its connection: ${path}, whatever is sent ${when}`, async () => {
        const all = Object.entries(BEHIND).map(async ([what, behind]) => {
          const { relay, send } = await running();
          const wire = new Wire(relay.port);
          // Its own, which does not come: that is not awaited.
          const body = behind === '' && when === 'later' ? 'Content-Length: 9\r\n' : '';
          if (when === 'later') {
            wire.write(get(path, body));
            await until('it has begun', () => wire.heard.includes('Connection: close'));
            wire.write(behind);
          } else wire.write(get(path) + behind);
          await until('it has begun', () => wire.heard.includes('Connection: close'));
          const before = wire.heard.length;
          // As long as a head may take: nothing is awaited any more.
          const end = performance.now() + 500;
          await until('it goes on', () => {
            send();
            if (path === '/api/events')
              relay.relay.setStream({ stream: 'stream/b', feeds: [String(wire.heard.length)] });
            return performance.now() > end && wire.heard.length > before;
          });
          expect(wire.heard.match(/HTTP\/1\.1 \d+/g), what).to.deep.equal(['HTTP/1.1 200']);
          expect(Object.keys(relay.relay.stats().streams), `${what} is not processed`).to.include('stream/a');
          expect(relay.relay.stats().feeds.x!.subscribers).to.equal(path === '/ts/x' ? 2 : 1);
          wire.socket.end();
          await until('the connection ends', () => wire.isClosed);
          await until('its place is free', () => relay.relay.stats().feeds.x!.subscribers === 1);
        });
        await Promise.all(all);
      });
    }
  }

  it('keeps nothing of what comes behind it', async () => {
    const { relay, send } = await running();
    for (const behind of [UPGRADE, '']) {
      const wire = new Wire(relay.port).write(get('/ts/x') + behind);
      await until('it has begun', () => wire.heard.includes('Connection: close'));
      const before = process.memoryUsage().rss;
      let passed = 0;
      const block = Buffer.alloc(1 << 20, get('/healthcheck'));
      while (passed < 200) {
        if (!wire.socket.write(block)) await new Promise((resolve) => wire.socket.once('drain', resolve));
        passed++;
      }
      const heard = wire.heard.length;
      await until('it goes on', () => {
        send();
        return wire.heard.length > heard;
      });
      expect(process.memoryUsage().rss - before).to.be.below(80 << 20);
      wire.socket.destroy();
    }
  });
});

describe('whoever ends its side of the connection behind its requests', () => {
  it('hears the answers, one or many, also those that take a while', async () => {
    const [relay, serve] = [await TestRelay.start(), await TestServe.start()];
    const token = `Host: localhost\r\nAuthorization: ${serve.token('x', ['read', 'stats'])}\r\n\r\n`;
    for (const [port, request] of [
      [relay.port, get('/healthcheck')],
      [relay.port, 'POST /ts/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello'],
      [serve.port, get('/healthcheck')],
      [serve.port, `POST /session/x HTTP/1.1\r\n${token}`],
      [serve.port, `GET /status HTTP/1.1\r\n${token}`],
    ] as const) {
      for (const count of [1, 20, 50]) {
        const wire = new Wire(port);
        wire.socket.end(request.repeat(count));
        await until('it ends', () => wire.isClosed);
        expect(wire.heard.match(/HTTP\/1\.1 \d+/g)).to.deep.equal(Array<string>(count).fill('HTTP/1.1 200'));
      }
    }
    const half = new Wire(relay.port);
    half.socket.end(`${get('/healthcheck')}POST /ts/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhello`);
    await until('half a request is none', () => half.isClosed);
    expect(relay.relay.stats().feeds.x!.source).to.equal(null);
  });
});

describe('the answer to what cannot be read', () => {
  it('comes behind those that are on their way, and once', async () => {
    const relay = await TestRelay.start();
    for (const rest of ['no HTTP\r\n\r\n', 'GET / HTTP/1.1\r\nHost : x\r\n\r\n'.repeat(1000)]) {
      const wire = new Wire(relay.port).write(get('/api/docs').repeat(40) + rest);
      wire.socket.end();
      await until('it ends', () => wire.isClosed);
      const answers = wire.heard.match(/HTTP\/1\.1 \d+/g);
      expect(answers).to.deep.equal([...Array<string>(40).fill('HTTP/1.1 200'), 'HTTP/1.1 400']);
    }
  });

  it('is that of its request where that is not answered yet; where it is, there is no other', async () => {
    const relay = await TestRelay.start();
    const fields = 'Host: localhost\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n\r\n';
    const broken = new Wire(relay.port).write(`POST /ts/x HTTP/1.1\r\n${fields}5\r\nhello\r\nno size\r\n`);
    await until('it ends', () => broken.isClosed);
    expect(broken.heard.match(/HTTP\/1\.1 \d+/g)).to.deep.equal(['HTTP/1.1 400']);
    const refused = new Wire(relay.port).write(`POST /nothing HTTP/1.1\r\n${fields}`);
    expect(await refused.status()).to.equal(404);
    refused.write('no size\r\n');
    await until('it ends', () => refused.isClosed);
    expect(refused.heard.match(/HTTP\/1\.1 \d+/g)).to.deep.equal(['HTTP/1.1 404']);
  });
});
