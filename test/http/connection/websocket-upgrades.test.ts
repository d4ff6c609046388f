// Upgrades that are not ours are ignored, as curl --http2 and Java's HttpClient offer them with plain requests; those to
// WebSocket are taken, or refused.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { expect } from 'chai';
import { certificateFor, testAuthority } from '../../support/relay/certificates.js';
import { TestServe } from '../../support/relay/serve.js';
import { until } from '../../support/wait.js';
import { packets } from '../../support/mpegts/ts.js';
import { TestRelay } from '../../support/relay/relay.js';
import { Wire } from '../../support/relay/wire.js';
import { Command } from '../../support/programs/command.js';
import { scratch } from '../../support/media/ffmpeg.js';

const CURL = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'];
const OFFERS: Readonly<Record<string, readonly string[]>> = {
  'by curl': CURL,
  'by Java': ['HTTP2-Settings: AAEAAEAAAAIAAAAB', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c'],
  'of several protocols': ['Connection: keep-alive, UPGRADE', 'Upgrade: TLS/1.0, h2c'],
  'with WebSocket among them, to what is no GET': ['Connection: Upgrade', 'Upgrade: foo, WebSocket'],
  'as WebSocket, to what is no GET': ['Connection: upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
  'in several fields': ['Connection: upgrade', 'Connection: http2-settings', 'Upgrade: h2c', 'Upgrade: foo/2'],
};
const RULE = JSON.stringify({ stream: 'stream/front', feeds: ['video0'] });
const BYTES = packets(100);

function head(line: string, ...fields: readonly string[]): string {
  return `${[`${line} HTTP/1.1`, 'Host: localhost', ...fields].join('\r\n')}\r\n\r\n`;
}

/** The final answers on a connection: status and body of each. */
async function answers(wire: Wire, count: number): Promise<{ status: number; body: string }[]> {
  const read = () => {
    const found = [];
    let rest = wire.heard.replace(/HTTP\/1\.1 100 Continue\r\n\r\n/g, '');
    for (;;) {
      const end = rest.indexOf('\r\n\r\n');
      if (end === -1) return found;
      const length = Number(/content-length: *(\d+)/i.exec(rest.slice(0, end))?.[1] ?? 0);
      if (rest.length < end + 4 + length) return found;
      found.push({ status: Number(rest.slice(9, 12)), body: rest.slice(end + 4, end + 4 + length) });
      rest = rest.slice(end + 4 + length);
    }
  };
  await until(`${count} answers`, () => read().length >= count).catch((error: unknown) => {
    throw new Error(`${(error as Error).message}; it said: ${wire.heard}`);
  });
  return read();
}

describe('an upgrade that is not ours', () => {
  for (const [who, offer] of Object.entries(OFFERS)) {
    it(`offered ${who}, leaves GET, PUT and POST what they are, one after the other on one connection`, async () => {
      const relay = await TestRelay.start();
      const wire = new Wire(relay.port);
      const json = ['Content-Type: application/json', `Content-Length: ${RULE.length}`];
      for (let round = 0; round < 3; round++) {
        const mayGet = !offer.some((field) => /websocket/i.test(field));
        wire.write(head('GET /healthcheck', ...(mayGet ? offer : [])));
        await answers(wire, 5 * round + 1);
        wire.write(head('POST /api/streams', ...json, ...offer) + RULE);
        await answers(wire, 5 * round + 2);
        wire.write(head('PUT /api/streams', 'Content-Type: application/json', ...offer, 'Transfer-Encoding: chunked'));
        wire.write(`5\r\n${RULE.slice(0, 5)}\r\n`);
        wire.write(`${(RULE.length - 5).toString(16)}\r\n${RULE.slice(5)}\r\n0\r\n\r\n`);
        await answers(wire, 5 * round + 3);
        wire.write(head('POST /ts/video0', ...offer, `Content-Length: ${BYTES.length}`)).write(BYTES);
        await answers(wire, 5 * round + 4);
        wire.write(head('GET /healthcheck'));
        const last = (await answers(wire, 5 * round + 5)).slice(-5);
        expect(last.map(({ status }) => status)).to.deep.equal([200, 200, 200, 200, 200]);
        expect(last[1]!.body).to.equal(`${RULE}\n`);
        expect(last[3]!.body).to.contain('"packets":100');
      }
    });
  }

  it('leaves nothing behind on a connection, however often it is offered', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => void warnings.push(warning);
    process.on('warning', note);
    for (const { port } of [await TestRelay.start(), await TestServe.start()]) {
      const wire = new Wire(port);
      for (let i = 1; i <= 15; i++) {
        wire.write(head('GET /healthcheck', ...CURL));
        await answers(wire, i);
      }
    }
    process.off('warning', note);
    expect(warnings).to.deep.equal([]); // of more than ten listeners to one event
  });

  it('is ignored in requests that are sent before the ones ahead are answered, and the answers keep their order', async () => {
    const relay = await TestRelay.start();
    const all = Array.from({ length: 20 }, (_, i) => {
      const body = JSON.stringify({ stream: `stream/s${i}`, feeds: [] });
      const json = ['Content-Type: application/json', `Content-Length: ${body.length}`];
      return head('POST /api/streams', ...json, ...(i % 3 === 0 ? [] : CURL)) + body;
    });
    const heard = await answers(new Wire(relay.port).write(all.join('')), 20);
    expect(heard.map(({ body }) => (JSON.parse(body) as { stream: string }).stream)).to.deep.equal(
      Array.from({ length: 20 }, (_, i) => `stream/s${i}`),
    );
  });

  it('leaves an upload what it is: as ffmpeg frames it, and asked for with Expect', async () => {
    const relay = await TestRelay.start();
    for (const more of [[], ['Expect: 100-continue']]) {
      const wire = new Wire(relay.port).write(head('POST /ts/video0', ...CURL, 'Transfer-Encoding: chunked', ...more));
      if (more.length > 0) await until('it is told to go on', () => wire.heard.includes('100 Continue'));
      for (let i = 0; i < 100; i++) {
        wire.write(`bc\r\n`);
        wire.write(packets(1));
        wire.write('\r\n');
      }
      wire.write('0\r\n\r\n');
      const [{ status, body } = { status: 0, body: '' }] = await answers(wire, 1);
      expect([status, body]).to.deep.equal([200, '{"feed":"video0","bytes":18800,"packets":100,"skippedBytes":0}\n']);
    }
  });

  it('does not let a length be lost among more fields than Node keeps', async () => {
    const relay = await TestRelay.start();
    const many = Array.from({ length: 1100 }, () => 'a:');
    const smuggled = head('DELETE /api/streams/all');
    const wire = new Wire(relay.port);
    wire.write(head('POST /api/streams', ...CURL, ...many, `Content-Length: ${smuggled.length}`) + smuggled);
    expect(await wire.status()).to.equal(431);
    await until('the connection ends', () => wire.isClosed);
    expect(wire.heard.match(/HTTP\/1\.1/g)).to.have.length(1);
  });

  it('is ignored by vw serve too', async () => {
    const serve = await TestServe.start();
    const wire = new Wire(serve.port);
    const token = `Authorization: ${serve.token('x')}`;
    wire.write(head('GET /healthcheck', ...CURL));
    await answers(wire, 1);
    wire.write(`${head('POST /session/x', token, ...CURL, 'Content-Length: 2')}{}`);
    await answers(wire, 2);
    wire.write(head('POST /session/x', token, ...CURL, 'Transfer-Encoding: chunked', 'Expect: 100-continue'));
    await until('it is told to go on', () => wire.heard.includes('100 Continue'));
    await answers(wire, 3);
    wire.write('2\r\n{}\r\n0\r\n\r\n');
    const webSocket = ['Connection: Upgrade', 'Upgrade: foo, WEBSOCKET', 'Sec-WebSocket-Version: 13'];
    wire.write(`${head('POST /session/x', token, ...webSocket, 'Content-Length: 2')}{}`);
    wire.write(`${head('POST /session/x', token, ...webSocket, 'Transfer-Encoding: chunked')}2\r\n{}\r\n0\r\n\r\n`);
    wire.write(head('GET /out/x', ...CURL));
    const heard = await answers(wire, 6);
    expect(heard.map(({ status }) => status)).to.deep.equal([200, 200, 200, 200, 200, 426]);
    expect(heard[1]!.body).to.contain('?code=');
  });

  it('is ignored by TLS too, on both servers', async () => {
    const [{ cert: ca }, pair, folder] = [await testAuthority(), await certificateFor(['localhost']), scratch()];
    const certificate = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
    writeFileSync(certificate.cert, pair.cert);
    writeFileSync(certificate.key, pair.key);
    const secure = (port: number) => {
      return new Wire(port, '', connectTls({ port, host: '127.0.0.1', ca, servername: 'localhost' }));
    };
    const relay = await TestRelay.start({ certificate });
    const json = ['Content-Type: application/json', `Content-Length: ${RULE.length}`];
    const wire = secure(relay.port);
    wire.write(head('GET /healthcheck', ...CURL));
    await answers(wire, 1);
    wire.write(head('POST /api/streams', ...json, ...CURL) + RULE.slice(0, 9)).write(RULE.slice(9));
    await answers(wire, 2);
    wire.write(head('POST /ts/video0', ...CURL, 'Transfer-Encoding: chunked'));
    wire
      .write(`${BYTES.length.toString(16)}\r\n`)
      .write(BYTES)
      .write('\r\n0\r\n\r\n');
    const heard = await answers(wire, 3);
    expect(heard.map(({ status }) => status)).to.deep.equal([200, 200, 200]);
    expect(heard[1]!.body).to.equal(`${RULE}\n`);
    expect(heard[2]!.body).to.contain('"packets":100');

    const serve = await TestServe.start({ certificate });
    const other = secure(serve.port);
    const token = `Authorization: ${serve.token('x')}`;
    other.write(head('POST /session/x', token, ...CURL, 'Content-Length: 2')).write('{}');
    await answers(other, 1);
    other.write(head('GET /out/x', ...CURL));
    const said = await answers(other, 2);
    expect(said.map(({ status }) => status)).to.deep.equal([200, 426]);
    expect(said[0]!.body).to.contain('"uri":"wss://');
  });

  it('is ignored from curl, with and without a body', async () => {
    const relay = await TestRelay.start();
    const url = `http://127.0.0.1:${relay.port}`;
    const type = 'Content-Type: application/json';
    for (const more of [
      ['-d', RULE, `${url}/api/streams`],
      ['-X', 'PUT', '-H', 'Transfer-Encoding: chunked', '-d', RULE, `${url}/api/streams`],
      [`${url}/api/stats`, `${url}/healthcheck`],
      ['-d', RULE, '-H', 'Expect: 100-continue', `${url}/api/streams`],
    ]) {
      const curl = new Command('curl', ['-sS', '--fail', '--http2', '-H', type, ...more]);
      expect(await curl.ended(), curl.said).to.equal(0);
    }
    const file = join(scratch(), 'bytes');
    writeFileSync(file, BYTES);
    const upload = new Command('sh', ['-c', `curl -sS --fail --http2 -T - ${url}/ts/video0 < ${file}`]);
    expect(await upload.ended(), upload.said).to.equal(0);
    expect(relay.relay.stats().feeds.video0!.packets).to.equal(100);
  });
});

describe('an upgrade to WebSocket', () => {
  const UPGRADE = ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];
  const at = async (line: string, ...fields: string[]) => {
    const relay = await TestRelay.start();
    return new Wire(relay.port).write(head(line, ...fields)).status();
  };

  it('is taken when it is one of several that are offered', async () => {
    expect(await at('GET /ws/x', 'Connection: Upgrade', 'Upgrade: h2c, WebSocket', ...UPGRADE)).to.equal(101);
    expect(await at('GET /ws/x', 'Connection: Upgrade', 'Upgrade: h2c', 'Upgrade: websocket', ...UPGRADE)).to.equal(
      101,
    );
  });

  it('is none in HTTP/1.0, which has no upgrades', async () => {
    const relay = await TestRelay.start();
    const lines = ['GET /ws/x HTTP/1.0', 'Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket', ...UPGRADE];
    expect(await new Wire(relay.port).write(`${lines.join('\r\n')}\r\n\r\n`).status()).to.equal(426);
  });

  it('is taken on a connection that was in use, at both servers, also behind requests that are not answered yet', async () => {
    const offer = ['Connection: keep-alive, UPGRADE', 'Upgrade: h2c', 'Upgrade: WebSocket, foo', ...UPGRADE];
    const [relay, serve] = [await TestRelay.start(), await TestServe.start({ secret: null })];
    for (const [port, path] of [
      [relay.port, '/ws/x'],
      [serve.port, '/out/x'],
    ] as const) {
      const wire = new Wire(port).write(head('GET /healthcheck'));
      await answers(wire, 1);
      wire.write(head('GET /healthcheck').repeat(30) + head(`GET ${path}`, ...offer));
      await until('it is upgraded', () => wire.heard.includes('HTTP/1.1 101'));
      expect(wire.heard.match(/HTTP\/1\.1 \d+/g)!.slice(-2)).to.deep.equal(['HTTP/1.1 200', 'HTTP/1.1 101']);
    }
  });

  for (const [what, line, fields] of [
    ['without a key', 'GET /ws/x', ['Connection: Upgrade', 'Upgrade: websocket']],
    ['by POST', 'POST /ws/x', ['Connection: Upgrade', 'Upgrade: websocket', ...UPGRADE]],
    ['at a path that has none', 'GET /api/stats', ['Connection: Upgrade', 'Upgrade: websocket', ...UPGRADE]],
    ['of another version', 'GET /ws/x', ['Connection: Upgrade', 'Upgrade: websocket', UPGRADE[1]!]],
  ] as const) {
    it(`${what} stays an error`, async () => {
      expect(await at(line, ...fields)).to.be.within(400, 426);
    });
  }
});
