// The forms in which a request may say where it goes, at both servers: with the server's address in front, about the server as
// a whole, and those that are none; and methods that nobody has.

import { writeFileSync } from 'node:fs';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectSecure } from 'node:tls';
import { expect } from 'chai';
import { normalizeTarget } from '../../../src/http/request/request-target.js';
import { servePages } from '../../../src/web/server/serve-pages.js';
import { certificateFor } from '../../support/relay/certificates.js';
import { TestServe } from '../../support/relay/serve.js';
import { until } from '../../support/wait.js';
import { scratch } from '../../support/media/ffmpeg.js';
import { packets } from '../../support/mpegts/ts.js';
import { TestRelay } from '../../support/relay/relay.js';
import { Wire } from '../../support/relay/wire.js';

const UPGRADE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

function head(line: string, ...fields: readonly string[]): string {
  return `${[line, ...fields].join('\r\n')}\r\n\r\n`;
}

/** Asks on a connection of its own; Host is another's, unless it is among the fields. */
async function ask(port: number, line: string, fields: readonly string[] = [], body: string | Buffer = '') {
  const host = fields.some((field) => /^host:/i.test(field)) ? [] : ['Host: evil.example'];
  const wire = new Wire(port).write(head(line, ...host, ...fields)).write(body);
  const status = await wire.status();
  return { status, wire };
}

describe('settleTarget', () => {
  const settled = (method: string, url: string) => {
    const request = new IncomingMessage(new Socket());
    Object.assign(request, { method, url, httpVersionMajor: 1 });
    request.headers.host = 'given';
    normalizeTarget(request);
    return [request.headers.host, request.url];
  };
  for (const [method, target, host, url] of [
    ['GET', '/a/?x', 'given', '/a?x'],
    ['GET', 'http://h/a', 'h', '/a'],
    ['GET', 'HTTP://H:80/a/?x=/', 'H:80', '/a?x=/'],
    ['GET', 'http://h', 'h', '/'],
    ['GET', 'http://h/', 'h', '/'],
    ['GET', 'http://h?x', 'h', '/?x'],
    ['GET', 'http://h//a', 'h', '//a'],
    ['GET', 'http://h/http://i/', 'h', '/http://i/'],
    ['GET', 'http://[::1]:8888/a', '[::1]:8888', '/a'],
    ['OPTIONS', '*', 'given', '*'],
    ['OPTIONS', 'http://h', 'h', '*'],
    ['OPTIONS', 'http://h/', 'h', '/'],
    ['OPTIONS', 'http://h?x', 'h', '/?x'],
  ] as const) {
    it(`of ${method} ${target} is ${url} at ${host}`, () => {
      expect(settled(method, target)).to.deep.equal([host, url]);
    });
  }
  for (const target of [
    '*',
    '',
    'a',
    'h:80',
    'ws://h/a',
    'ftp://h/a',
    'file:///a',
    'http:///a',
    'http://',
    'http:/a',
    'http://u@h/a',
    'http://u:p@h/a',
    'http://h h/a',
    'http://h:x/a',
    'http://h,i/a',
    'http://h#a',
  ]) {
    it(`refuses GET ${target}`, () => {
      expect(() => settled('GET', target)).to.throw('accepted: a path');
    });
  }
  it('refuses an address of https:// where there is no TLS', () => {
    expect(() => settled('GET', 'https://h/a')).to.throw('did not arrive over TLS');
  });
});

describe('a target with the address in front', () => {
  it('is the same as the path at vw stream: rules, uploads, players, pages, WebSockets', async () => {
    const relay = await TestRelay.start();
    const at = `http://127.0.0.1:${relay.port}`;
    const rule = '{"stream":"stream/x","feeds":[]}';
    const bytes = packets(10);
    for (const [line, status, fields, body] of [
      ['GET /healthcheck', 200],
      ['GET /api/stats/', 200],
      ['GET /api/stats?x', 200],
      ['GET ', 200],
      ['GET ?x', 200],
      ['HEAD /', 200],
      ['GET //api', 404],
      ['GET /api//stats', 404],
      ['GET /nothing', 404],
      ['PATCH /api/streams', 405],
      ['TRACE /api/streams', 405],
      ['POST /api/streams', 200, ['Content-Type: application/json', `Content-Length: ${rule.length}`], rule],
      ['POST /ts/video0', 200, [`Content-Length: ${bytes.length}`], bytes],
      [
        'PUT /ts/video1/',
        200,
        ['Transfer-Encoding: chunked'],
        Buffer.concat([Buffer.from('758\r\n'), bytes, Buffer.from('\r\n0\r\n\r\n')]),
      ],
      ['POST //ts/video0', 404, [`Content-Length: ${bytes.length}`], bytes],
      ['GET /ts/video0', 200],
      ['GET /play/video0', 200],
      ['GET /ws/video0', 426],
      ['GET /ws/video0', 101, UPGRADE],
      ['GET /ws/video0/', 101, UPGRADE],
      ['GET /ws//video0', 404, UPGRADE],
      ['GET /api/stats', 404, UPGRADE],
      ['DELETE /api/streams/all', 200],
    ] as const) {
      const [method, path] = line.split(' ') as [string, string];
      const { status: got, wire } = await ask(relay.port, `${method} ${at}${path} HTTP/1.1`, fields, body);
      expect(got, `${line}: ${wire.heard}`).to.equal(status);
      wire.socket.destroy();
    }
    const { feeds } = relay.relay.stats();
    expect([feeds.video0!.packets, feeds.video1!.packets]).to.deep.equal([10, 10]);
  });

  it('is the same as the path at vw serve', async () => {
    const pages = servePages({ wantsToken: false, embedders: [] });
    const serve = await TestServe.start({ secret: null, pages });
    const at = `http://127.0.0.1:${serve.port}`;
    for (const [line, status, fields] of [
      ['GET /healthcheck', 200],
      ['GET /status/', 200],
      ['GET ', 200],
      ['GET /play/x', 200],
      ['GET /player/topics.css', 200],
      ['GET //status', 404],
      ['TRACE /status', 405],
      ['POST /session/x', 200, ['Content-Length: 0']],
      ['GET /out/x', 426],
      ['GET /out/x', 101, UPGRADE],
      ['GET /in/x/', 101, UPGRADE],
      ['GET /in//x', 404, UPGRADE],
    ] as const) {
      const [method, path] = line.split(' ') as [string, string];
      const { status: got, wire } = await ask(serve.port, `${method} ${at}${path} HTTP/1.1`, fields);
      expect(got, `${line}: ${wire.heard}`).to.equal(status);
      if (line.startsWith('POST'))
        expect(wire.heard, 'where it was asked').to.contain(`ws://127.0.0.1:${serve.port}/session/x`);
      wire.socket.destroy();
    }
  });

  it('counts, and the Host field does not: at neither server does it let in who is not', async () => {
    const key = { apiKey: 'a-key', allowed: { hosts: new Set(['board.lab.example']), origins: new Set<string>() } };
    const [relay, serve] = [await TestRelay.start(key), await TestServe.start({ secret: null })];
    for (const { port } of [relay, serve]) {
      const own = `Host: 127.0.0.1:${port}`;
      for (const more of [[], UPGRADE]) {
        for (const path of ['/', '/ws/x', '/out/x']) {
          const line = `GET http://evil.example:${port}${path} HTTP/1.1`;
          expect((await ask(port, line, [own, ...more])).status, line).to.equal(421);
          // Its page, whose name was made to point here.
          const page = `Origin: http://evil.example:${port}`;
          expect((await ask(port, line, [own, page, ...more])).status, line).to.equal(403);
        }
      }
      expect((await ask(port, `GET http://127.0.0.1:${port}/ HTTP/1.1`, [own, own])).status, 'two').to.equal(400);
      expect(await new Wire(port).write(head(`GET http://127.0.0.1:${port}/ HTTP/1.1`)).status(), 'none').to.equal(400);
      expect((await ask(port, `GET https://127.0.0.1:${port}/ HTTP/1.1`)).status, 'no TLS').to.equal(421);
      expect((await ask(port, `GET http://a:b@127.0.0.1:${port}/ HTTP/1.1`)).status, 'a name').to.equal(400);
      expect((await ask(port, `GET ws://127.0.0.1:${port}/ws/x HTTP/1.1`, UPGRADE)).status, 'ws').to.equal(400);
      for (const target of ['http://', 'http://?x', 'http:///', 'x', 'javascript:1', 'mailto:a@b', '*', '#', '?x']) {
        // Half a body: the answer does not wait for it.
        const { status, wire } = await ask(port, `POST ${target} HTTP/1.1`, [own, 'Content-Length: 9'], 'half');
        expect([status, wire.heard.includes('problem+json')], target).to.deep.equal([400, true]);
      }
    }
    const board = 'http://board.lab.example:8888';
    const asked = (fields: string[]) => ask(relay.port, `GET ${board}/api/stats HTTP/1.1`, fields);
    expect((await asked([])).status, 'no key').to.equal(401);
    expect((await asked(['Authorization: Bearer a-key', `Origin: ${board}`])).status).to.equal(200);
    expect((await asked(['Authorization: Bearer a-key', 'Origin: http://board.lab.example:8889'])).status).to.equal(
      403,
    );
  });

  it('may be of https:// by TLS', async () => {
    const [pair, folder] = [await certificateFor(['localhost']), scratch()];
    const certificate = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
    writeFileSync(certificate.cert, pair.cert);
    writeFileSync(certificate.key, pair.key);
    for (const { port } of [
      await TestRelay.start({ certificate }),
      await TestServe.start({ certificate, secret: null }),
    ]) {
      const socket = connectSecure({ port, host: '127.0.0.1', rejectUnauthorized: false });
      const wire = new Wire(port, '', socket).write(
        head(`GET https://127.0.0.1:${port}/api/stats HTTP/1.1`, 'Host: x'),
      );
      expect(await wire.status()).to.equal(200);
    }
  });
});

describe('a request about the server as a whole', () => {
  it('is answered with what it takes, also without a key, and then as ever', async () => {
    for (const { port } of [
      await TestRelay.start(),
      await TestRelay.start({ apiKey: 'a-key' }),
      await TestServe.start(),
      await TestServe.start({ secret: null }),
    ]) {
      const wire = new Wire(port);
      for (const target of ['*', `http://127.0.0.1:${port}`])
        wire.write(head(`OPTIONS ${target} HTTP/1.1`, 'Host: localhost'));
      wire.write(head('GET /healthcheck HTTP/1.1', 'Host: localhost', 'Connection: close'));
      await until('all are answered', () => wire.isClosed);
      expect(wire.heard.match(/HTTP\/1\.1 \d+/g)).to.deep.equal(['HTTP/1.1 204', 'HTTP/1.1 204', 'HTTP/1.1 200']);
      expect(wire.heard.match(/Allow: GET, HEAD, POST.*OPTIONS\r\n/g)).to.have.length(2);
    }
  });

  it('is for OPTIONS, from where one may ask', async () => {
    for (const { port } of [await TestRelay.start(), await TestServe.start({ secret: null })]) {
      for (const method of ['GET', 'POST', 'TRACE', 'DELETE']) {
        expect((await ask(port, `${method} * HTTP/1.1`, ['Host: localhost', 'Content-Length: 0'])).status).to.equal(
          400,
        );
      }
      expect((await ask(port, 'OPTIONS * HTTP/1.1')).status).to.equal(421);
      const page = ['Host: localhost', 'Origin: http://evil.example'];
      expect((await ask(port, 'OPTIONS * HTTP/1.1', page)).status).to.equal(403);
    }
  });
});

describe('a version of HTTP', () => {
  it('that is not spoken is answered with 505, in its turn, and the connection ends', async () => {
    const ports = [await TestRelay.start(), await TestServe.start({ secret: null })].map(({ port }) => port);
    for (const port of ports) {
      for (const line of [
        ...['GET / HTTP/2.0', 'GET /healthcheck HTTP/0.9', 'GET /healthcheck', 'GET / HTTP/3.0', 'GET / HTTP/1.2'],
        ...['PRI * HTTP/2.0', 'GET http://localhost/ HTTP/2.0', 'brew / HTTP/9.9', 'OPTIONS * HTTP/2.0'],
      ]) {
        for (const more of [[], UPGRADE]) {
          const { status, wire } = await ask(port, line, ['Host: localhost', ...more]);
          expect(status, line).to.equal(505);
          expect(wire.heard, line).to.contain('"code":"ERR_HTTP_VERSION"').and.contain('accepted: HTTP/1.1');
          await until('it ends', () => wire.isClosed);
        }
      }
      const preface = new Wire(port).write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
      await until('it ends', () => preface.isClosed);
      expect(preface.heard).to.contain('HTTP/1.1 505').and.contain('HTTP/2.0 is not supported');
      const first = head('GET /healthcheck HTTP/1.1', 'Host: localhost');
      const later = new Wire(port).write(first + head('POST /ts/x HTTP/2.0', 'Host: localhost') + first);
      await until('it ends', () => later.isClosed);
      expect(later.heard.match(/HTTP\/1\.1 \d+/g)).to.deep.equal(['HTTP/1.1 200', 'HTTP/1.1 505']);
      expect((await ask(port, 'GET /healthcheck HTTP/1.0', ['Host: localhost'])).status).to.equal(200);
    }
  });
});

describe('a method', () => {
  it('that HTTP does not know is answered with 501, and the connection ends', async () => {
    for (const { port } of [await TestRelay.start(), await TestServe.start()]) {
      for (const method of ['get', 'Get', 'BREW', 'GETT', 'GE', 'x', 'M-', '!#$%&*+.^_`|~', 'A'.repeat(64)]) {
        const { wire, status } = await ask(port, `${method} / HTTP/1.1`);
        expect(status, method).to.equal(501);
        expect(wire.heard).to.contain('"code":"ERR_UNKNOWN_METHOD"');
        await until('it ends', () => wire.isClosed);
      }
      const later = new Wire(port).write(
        head('GET /healthcheck HTTP/1.1', 'Host: localhost') + head('brew / HTTP/1.1'),
      );
      await until('it ends', () => later.isClosed);
      expect(later.heard.match(/HTTP\/1\.1 \d+/g)).to.deep.equal(['HTTP/1.1 200', 'HTTP/1.1 501']);
      for (const line of [
        'BR(W / HTTP/1.1',
        '\x16\x03\x01',
        'brew',
        'A'.repeat(70),
        'SSH-2.0-x',
        'GET /\x01 HTTP/1.1',
      ]) {
        expect((await ask(port, line)).status, line).to.equal(400);
      }
    }
  });

  it('that no path has is answered with 405 or 404 at every path', async () => {
    for (const { port } of [await TestRelay.start(), await TestServe.start({ secret: null })]) {
      for (const method of ['TRACE', 'PATCH', 'PROPFIND', 'LINK', 'M-SEARCH', 'PURGE', 'MKCOL', 'OPTIONS']) {
        const found = await ask(port, `${method} /api/stats HTTP/1.1`, ['Host: localhost']);
        expect(found.status, method).to.equal(405);
        expect(found.wire.heard, method).to.contain('Allow: GET, HEAD');
        expect((await ask(port, `${method} /x HTTP/1.1`, ['Host: localhost'])).status, method).to.equal(404);
      }
    }
  });

  it('CONNECT is answered with 405 in its turn, and the connection ends, whatever comes behind it', async () => {
    for (const { port } of [await TestRelay.start({ apiKey: 'a-key' }), await TestServe.start()]) {
      for (const first of ['', head('GET /healthcheck HTTP/1.1', 'Host: localhost').repeat(3)]) {
        const wire = new Wire(port).write(first + head('CONNECT evil.example:443 HTTP/1.1', 'Host: evil.example:443'));
        wire.write('\x16\x03\x01'.repeat(50_000));
        await until('it ends', () => wire.isClosed);
        const answers = wire.heard.match(/HTTP\/1\.1 \d+/g);
        expect(answers).to.deep.equal([...(first === '' ? [] : Array<string>(3).fill('HTTP/1.1 200')), 'HTTP/1.1 405']);
        expect(wire.heard).to.match(/Allow: GET, HEAD, POST.*\r\n/);
      }
    }
  });
});
