// Ways for a browser's page or a stranger to get in. None does.

import { expect } from 'chai';
import { WebSocket } from 'ws';
import { afterTest } from '../support/cleanup.js';
import { until } from '../support/wait.js';
import { statusOf, Wire } from '../support/relay/wire.js';
import { packets } from '../support/mpegts/ts.js';
import { TestRelay } from '../support/relay/relay.js';

const EVIL = 'http://evil.example';
const RULE = JSON.stringify({ stream: 'stream/x', feeds: ['a'] });
const CHUNK = `bc\r\n${packets(1).toString('latin1')}\r\n0\r\n\r\n`;

let relay: TestRelay;

/** A request as a browser's page or a stranger would send it, head by head. */
function send(first: string, headers: Record<string, string> = {}, body = ''): Promise<number> {
  const all = { Host: `127.0.0.1:${relay.port}`, ...headers };
  return statusOf(relay.port, [first, ...Object.entries(all).map(([name, value]) => `${name}: ${value}`)], body);
}

function json(origin: string, body = RULE): Record<string, string> {
  return { 'Content-Type': 'application/json', 'Content-Length': String(body.length), Origin: origin };
}

const UPGRADE = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};
const CHUNKED = { 'Transfer-Encoding': 'chunked' };

/** Nothing that a stranger did is in force. */
async function nothingChanged(): Promise<void> {
  const { streams, destinations, feeds } = await relay.stats();
  expect({ streams, destinations, feeds }).to.deep.equal({ streams: {}, destinations: {}, feeds: {} });
}

describe('a page of another origin', () => {
  beforeEach(async () => {
    relay = await TestRelay.start({
      allowed: { hosts: new Set(['board.lab.example']), origins: new Set(['https://lab.example']) },
    });
  });
  afterEach(nothingChanged);

  for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH']) {
    it(`may not ${method} the API`, async () => {
      expect(await send(`${method} /api/streams/all HTTP/1.1`, json(EVIL), RULE)).to.equal(403);
    });
  }
  it('may not upload, as ffmpeg does it', async () => {
    expect(await send('POST /ts/video0 HTTP/1.1', { ...CHUNKED, Origin: EVIL }, CHUNK)).to.equal(403);
  });
  it('may not upload, as a browser does it', async () => {
    expect(await send('POST /ts/video0 HTTP/1.1', { 'Content-Length': '188', Origin: EVIL }, 'G'.repeat(188))).to.equal(
      403,
    );
  });
  it('may not fill the log with refused uploads: a line a second', async () => {
    for (let i = 0; i < 20; i++) await send('POST /ts/video0 HTTP/1.1', { ...CHUNKED, Origin: EVIL }, CHUNK);
    const told = relay.log.lines.filter(({ message }) => message === 'upload refused');
    expect(told.length).to.be.within(1, 2);
    expect(told[0]!.facts.reason).to.contain('this origin may not use');
  });
  it('may not open a WebSocket', async () => {
    expect(await send('GET /ws/video0 HTTP/1.1', { ...UPGRADE, Origin: EVIL })).to.equal(403);
  });
  const origins = [
    'null',
    'http://127.0.0.1.evil.example',
    'http://localhost.evil.example',
    'http://evillocalhost',
    'https://lab.example.evil.example',
    'https://evil-lab.example',
    'https://lab.example:8443',
    'http://lab.example',
    'https://sub.lab.example',
    'http://localhost@evil.example',
    'http://evil.example#localhost',
    'http://192.168.7.7',
    'file://',
    'chrome-extension://abcdef',
    '',
    'http://localhost, http://evil.example',
  ];
  for (const origin of origins) {
    it(`is not let in as Origin "${origin}"`, async () => {
      expect(await send('POST /api/streams HTTP/1.1', json(origin), RULE)).to.equal(403);
      expect(await send('GET /ws/video0 HTTP/1.1', { ...UPGRADE, Origin: origin })).to.equal(403);
    });
  }
  it('may not hide behind a second Origin', async () => {
    const lines = ['GET /api/stats HTTP/1.1', 'Host: 127.0.0.1', 'Origin: http://localhost', `Origin: ${EVIL}`];
    expect(await statusOf(relay.port, lines)).to.equal(403);
  });
  it('gets no CORS header for its preflight', async () => {
    const { status, headers } = await relay.api('OPTIONS', '/api/streams', undefined, {
      Origin: EVIL,
      'Access-Control-Request-Method': 'POST',
    });
    expect(status).to.equal(403);
    expect(headers.get('access-control-allow-origin')).to.equal(null);
  });
  for (const type of ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain', '']) {
    it(`may not send a form or simple request (${type === '' ? 'no type' : type}), even without an Origin`, async () => {
      const headers = { ...(type === '' ? {} : { 'Content-Type': type }), 'Content-Length': String(RULE.length) };
      expect(await send('POST /api/streams HTTP/1.1', headers, RULE)).to.equal(415);
      expect(await send('POST /api/destinations HTTP/1.1', headers, RULE)).to.equal(415);
    });
  }
  for (const path of ['/api/stats', '/api/streams/all', '/', '/healthcheck', '/style.css', '/login', '/ts/video0']) {
    it(`whose name was rebound to this machine may not read ${path}`, async () => {
      expect(await send(`GET ${path} HTTP/1.1`, { Host: `evil.example:${relay.port}` })).to.equal(421);
    });
  }
  it('whose name was rebound may not open a WebSocket', async () => {
    expect(await send('GET /ws/video0 HTTP/1.1', { ...UPGRADE, Host: 'evil.example' })).to.equal(421);
  });
  for (const host of [
    'localhost.evil.example',
    '127.0.0.1.nip.io',
    'evil@127.0.0.1',
    '2130706433',
    'x y',
    'lab.example',
  ]) {
    it(`may not go by the name "${host}"`, async () => {
      expect(await send('GET /api/stats HTTP/1.1', { Host: host })).to.be.oneOf([400, 421]);
    });
  }
});

describe('an unauthenticated peer', () => {
  beforeEach(async () => {
    relay = await TestRelay.start({ headersTimeoutMs: 400 });
  });
  afterEach(nothingChanged);

  it('may not name another host in the request target', async () => {
    const evil = 'http://evil.example';
    expect(await send(`GET ${evil}/api/stats HTTP/1.1`)).to.equal(421);
    expect(await send(`GET ${evil}/ws/video0 HTTP/1.1`, UPGRADE)).to.equal(421);
    // A page of that name, which was made to point here: both say it, and Host does not.
    expect(await send(`POST ${evil}:${relay.port}/api/streams HTTP/1.1`, json(`${evil}:${relay.port}`), RULE)).to.equal(
      403,
    );
    for (const target of ['*', 'api/stats', 'evil.example:80']) {
      expect(await send(`GET ${target} HTTP/1.1`), target).to.equal(400);
    }
  });
  it('may not leave the Host out', async () => {
    expect(await statusOf(relay.port, ['GET /api/stats HTTP/1.1'])).to.equal(400);
    expect(await statusOf(relay.port, ['GET /api/stats HTTP/1.0'])).to.equal(421);
    expect(await statusOf(relay.port, ['GET /api/stats HTTP/1.1', 'Host:'])).to.equal(421);
  });
  it('may not send two Hosts', async () => {
    const lines = ['Host: 127.0.0.1', 'Host: evil.example'];
    expect(await statusOf(relay.port, ['GET /api/stats HTTP/1.1', ...lines])).to.equal(400);
    expect(await statusOf(relay.port, ['POST /ts/x HTTP/1.1', ...lines, 'Transfer-Encoding: chunked'], CHUNK)).to.equal(
      400,
    );
  });
  it('may not send an oversized head', async () => {
    const { heard } = await answerOf(`GET /api/stats HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect(heard).to.match(/^HTTP\/1\.1 431 /);
    const head = `POST /ts/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`;
    expect((await answerOf(head)).heard).to.match(/^HTTP\/1\.1 431 /);
  });
  it('may not send an oversized body', async () => {
    const body = `{"x":"${'x'.repeat(70_000)}"}`;
    const { status } = await relay.api('POST', '/api/streams', body);
    expect(status).to.equal(413);
  });
  it('may not smuggle a request between Content-Length and Transfer-Encoding', async () => {
    const smuggled = `0\r\n\r\nDELETE /api/streams/all HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
    for (const target of ['/ts/x', '/api/streams'])
      for (const coding of ['chunked', 'Chunked', 'xchunked', 'chunked, identity', 'identity']) {
        const headers = { 'Content-Length': '6', 'Transfer-Encoding': coding, 'Content-Type': 'application/json' };
        expect(await send(`POST ${target} HTTP/1.1`, headers, smuggled), `${target} ${coding}`).to.equal(400);
      }
  });
  it('may not fold a header, end a line with a bare LF or CR, or put a space before the colon', async () => {
    const lines = [
      'X: a\r\n b',
      'X: a\nY: b',
      'X: a\rY: b',
      'Transfer-Encoding : chunked',
      'X: a\u0000b',
      'Content-Length: 0\nX: y',
    ];
    for (const line of lines) {
      const head = ['POST /ts/x HTTP/1.1', 'Host: x', line, 'Transfer-Encoding: chunked'];
      expect(await statusOf(relay.port, head, '0\r\n\r\n'), JSON.stringify(line)).to.equal(400);
    }
  });
  for (const path of [
    '/ts/../api/streams',
    '/ts/%2e%2e/api/streams',
    '/ts/..%2fapi',
    '/ts/.',
    '/ts/',
    '/ts/api',
    '/ts/%61pi',
  ])
    it(`may not get past the names by POST ${path}`, async () => {
      expect(await send(`POST ${path} HTTP/1.1`, CHUNKED, CHUNK)).to.be.oneOf([400, 404]);
      expect(await send(`POST ${path} HTTP/1.1`, { 'Content-Length': '0' })).to.be.oneOf([400, 404]);
    });
  for (const path of [
    '//api/streams/all',
    '/API/streams/all',
    '/Api/Stats',
    '/api/../api/stats',
    '/%61pi/stats',
    '/x/api/stats',
  ])
    it(`finds nothing at ${path}`, async () => {
      expect(await send(`GET ${path} HTTP/1.1`)).to.equal(404);
    });
  for (const path of [
    '/',
    '/api/stats',
    '/ws',
    '/WS/x',
    '/ts/x',
    '//ws/x',
    '/ws/api',
    '/ws/%61pi',
    '/ws//api',
    '/ws/../api',
  ])
    it(`is not upgraded at ${path}`, async () => {
      expect(await send(`GET ${path} HTTP/1.1`, UPGRADE)).to.be.oneOf([400, 404]);
    });
  it('may not go on with a second request behind an upload', async () => {
    const second = `POST /api/streams HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${RULE.length}\r\n\r\n${RULE}`;
    const wire = new Wire(relay.port).write(`POST /ts/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`);
    wire.write(`0\r\n\r\n${second}`);
    expect(await wire.status()).to.equal(200);
    await until('the connection ends', () => wire.isClosed);
    expect(wire.heard.match(/HTTP\/1\.1/g)).to.have.length(1);
    expect((await relay.stats()).streams).to.deep.equal({});
    relay = await TestRelay.start();
  });
  it('holds nothing with half-open heads: others are served, and all are gone in time', async () => {
    const wires = Array.from({ length: 300 }, (_, i) =>
      new Wire(relay.port).write(
        i % 3 === 0 ? '' : i % 3 === 1 ? 'GET /api/stats HT' : 'POST /ts/x HTTP/1.1\r\nHost: x\r\nX-',
      ),
    );
    const drip = setInterval(() => wires.forEach((wire) => wire.socket.writable && wire.write('a')), 50);
    afterTest(() => clearInterval(drip));
    expect((await relay.api('GET', '/healthcheck')).status).to.equal(200);
    await until('all are gone', () => wires.every(({ isClosed }) => isClosed));
  });
  it('holds nothing with a body that trickles', async () => {
    const head =
      'POST /api/streams HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{';
    const wire = new Wire(relay.port).write(head);
    expect(await wire.status()).to.equal(408);
    await until('it is cut', () => wire.isClosed);
    const refused = new Wire(relay.port).write(head.replace('/api/streams', '/nowhere'));
    expect(await refused.status()).to.equal(404);
    await until('it is cut too', () => refused.isClosed);
  });
  it('floods with upgrades and is bounded by address, feed and time', async () => {
    relay = await TestRelay.start({ maxConnections: 20, limits: { maxClients: 5 } });
    const clients = Array.from({ length: 40 }, () => new WebSocket(`ws://127.0.0.1:${relay.port}/ws/video0`));
    let open = 0;
    let refused = 0;
    for (const client of clients) client.on('open', () => open++).on('error', () => refused++);
    await until('all are answered', () => open + refused === 40);
    expect(open).to.equal(5);
    for (const client of clients) client.terminate();
    await until('there is room again', async () => {
      try {
        return (await relay.api('GET', '/healthcheck')).status === 200;
      } catch {
        return false;
      }
    });
    relay = await TestRelay.start();
  });
});

/** Writes bytes as they are and waits for the end of the connection. */
async function answerOf(bytes: string): Promise<Wire> {
  const wire = new Wire(relay.port).write(bytes);
  await wire.status();
  return wire;
}

describe('access control', () => {
  it('is a page of this machine, of an allowed origin, and a player that asks for the subprotocol "null"', async () => {
    relay = await TestRelay.start({ allowed: { hosts: new Set(), origins: new Set(['https://lab.example']) } });
    for (const origin of ['http://localhost:3000', 'http://127.0.0.1', 'https://lab.example', 'http://[::1]:8'])
      expect(await send('GET /api/stats HTTP/1.1', { Origin: origin }), origin).to.equal(200);
    const player = new WebSocket(`ws://127.0.0.1:${relay.port}/ws/video0`, 'null', { origin: 'http://localhost' });
    afterTest(() => player.terminate());
    await new Promise((resolve, reject) => player.on('open', resolve).on('error', reject));
    expect(player.protocol).to.equal('null');
  });
  it('is a page of an allowed origin, also by preflight where there is a key', async () => {
    relay = await TestRelay.start({
      apiKey: 'k',
      allowed: { hosts: new Set(), origins: new Set(['https://lab.example']) },
    });
    const Origin = 'https://lab.example';
    const preflight = await relay.api('OPTIONS', '/api/streams', undefined, {
      Origin,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'authorization,content-type',
    });
    expect(preflight.status).to.equal(204);
    expect(preflight.headers.get('access-control-allow-headers')).to.contain('Authorization');
    expect((await relay.api('GET', '/api/stats', undefined, { Origin })).status).to.equal(401);
    const answer = await relay.api('GET', '/api/stats', undefined, { Origin, Authorization: 'Bearer k' });
    expect(answer.status).to.equal(200);
    expect(answer.headers.get('access-control-allow-origin')).to.equal(Origin);
  });
});
