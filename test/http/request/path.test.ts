// A slash at the end of a path means nothing, and an empty segment is a 404 that names the path that is meant: at every
// path of both servers.

import { expect } from 'chai';
import { pathOf, refuseEmptySegments, withoutLastSlash } from '../../../src/http/request/path.js';
import { trimSlashes } from '../../../src/trim-slashes.js';
import { servePages } from '../../../src/web/server/serve-pages.js';
import { openDocument, operationsOf } from '../../support/relay/document.js';
import { TestServe } from '../../support/relay/serve.js';
import { packets } from '../../support/mpegts/ts.js';
import { TestRelay } from '../../support/relay/relay.js';
import { Wire } from '../../support/relay/wire.js';

const UPGRADE = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n';
const SOCKET_KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

/** The answer to a request for a path: its status, and its body as far as it has come. */
async function ask(port: number, method: string, path: string, isUpgrade = false): Promise<[number, string]> {
  const wire = new Wire(port);
  const more = isUpgrade ? UPGRADE + SOCKET_KEY : 'Connection: close\r\nContent-Length: 0\r\n';
  wire.write(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`);
  const status = await wire.status();
  wire.socket.destroy();
  return [status, wire.heard];
}

describe('a path', () => {
  for (const [target, plain] of [
    ['/', '/'],
    ['/?x=/', '/?x=/'],
    ['/a', '/a'],
    ['/a/', '/a'],
    ['/a/b/?x=//', '/a/b?x=//'],
    ['/a//', '/a//'],
    ['//', '//'],
    ['*', '*'],
    ['http://x/a/', 'http://x/a/'],
    ['', ''],
  ] as const) {
    it(`is "${plain}" when it was sent as "${target}"`, () => {
      expect(withoutLastSlash(target)).to.equal(plain);
    });
  }

  for (const [path, meant] of [
    ['//', '/'],
    ['//a', '/a'],
    ['/a//', '/a'],
    ['/a///b//c/', '/a/b/c'],
  ] as const) {
    it(`"${path}" is refused, and "${meant}" is named`, () => {
      expect(() => refuseEmptySegments(path)).to.throw(`did you mean ${meant}?`);
    });
  }

  it('without an empty segment is not refused', () => {
    for (const path of ['/', '/a/b', '*']) expect(() => refuseEmptySegments(path)).not.to.throw();
    expect(pathOf('/a?b?c//')).to.equal('/a');
    expect(trimSlashes('//a//')).to.equal('//a');
  });
});

describe('every path of vw stream', () => {
  it('answers the same with a slash at its end, and 404 with an empty segment', async () => {
    const relay = await TestRelay.start({ apiKey: null });
    const document = await openDocument(relay);
    const paths = [...new Set(operationsOf(document).map(({ template }) => template.replace(/\{.*\}/, 'video0')))];
    expect(paths).to.include.members(['/', '/ts/video0', '/ws/video0', '/play/video0', '/metrics', '/api/streams']);
    for (const path of paths.filter((one) => one !== '/')) {
      // DELETE is answered by most of them without changing what the next finds.
      const plain = await ask(relay.port, 'DELETE', path);
      expect((await ask(relay.port, 'DELETE', `${path}/`))[0], path).to.equal(plain[0]);
      if (!path.startsWith('/ts/') && path !== '/api/events') {
        expect((await ask(relay.port, 'GET', `${path}/?x`))[0], path).to.equal((await ask(relay.port, 'GET', path))[0]);
      }
      for (const wrong of [`/${path}`, path.replace(/(?<=.)\//, '//'), `${path}//`]) {
        const [status, heard] = await ask(relay.port, 'GET', wrong);
        if (wrong !== path) expect([status, heard.includes(`did you mean ${path}?`)], wrong).to.deep.equal([404, true]);
      }
    }
  });

  it('takes uploads and WebSockets the same way', async () => {
    const relay = await TestRelay.start();
    const upload = async (path: string) => {
      const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`;
      const wire = new Wire(relay.port).write(`${head}bc\r\n`).write(packets(1)).write('\r\n0\r\n\r\n');
      return [await wire.status(), wire.heard] as const;
    };
    expect((await upload('/ts/video0/'))[1]).to.contain('"feed":"video0"');
    expect((await upload('/ts/'))[0]).to.equal(404);
    for (const path of ['/ts//video0', '//ts/video0', '/ts/video0//']) {
      const [status, heard] = await upload(path);
      expect([status, heard.includes('did you mean /ts/video0?')], path).to.deep.equal([404, true]);
    }
    expect((await ask(relay.port, 'GET', '/ws/video0/', true))[0]).to.equal(101);
    for (const path of ['/ws//video0', '//ws/video0', '/ws/video0//']) {
      const [status, heard] = await ask(relay.port, 'GET', path, true);
      expect([status, heard.includes('did you mean /ws/video0?')], path).to.deep.equal([404, true]);
    }
    expect(Object.keys(relay.relay.stats().feeds)).to.deep.equal(['video0']);
  });

  it('is open or guarded as it is without the slash', async () => {
    const relay = await TestRelay.start({ apiKey: 'the-right-key' });
    for (const [path, status] of [
      ['/login/', 200],
      ['/healthcheck/', 200],
      ['/api/stats/', 401],
      ['//login', 401],
      ['//ts/video0', 401],
    ] as const) {
      expect((await ask(relay.port, 'PUT', path))[0], path).to.equal(status === 200 ? 405 : 401);
      const found = await relay.api('GET', path, undefined, { Accept: 'application/json' });
      expect(found.status, path).to.equal(status);
    }
    const page = await relay.api('GET', '/play/video0/');
    expect([page.status, page.headers.get('location')]).to.deep.equal([303, '/login?to=%2Fplay%2Fvideo0']);
  });
});

describe('every path of vw serve', () => {
  it('answers the same with a slash at its end, and 404 with an empty segment', async () => {
    const pages = servePages({ wantsToken: false, embedders: [] });
    const serve = await TestServe.start({ secret: null, pages });
    const paths = [
      '/healthcheck',
      '/status',
      '/api/stats',
      '/api/topics',
      '/metrics',
      '/play/a/b',
      '/player/topics.css',
    ];
    const topics = ['/in/a/b', '/out/a/b', '/bi/a/b', '/session/a/b'];
    for (const path of [...paths, ...topics]) {
      const isTopic = topics.includes(path);
      for (const isUpgrade of isTopic ? [false, true] : [false]) {
        const expected = isUpgrade ? 101 : isTopic ? 426 : 200;
        expect((await ask(serve.port, 'GET', `${path}/`, isUpgrade))[0], path).to.equal(expected);
        for (const wrong of [`/${path}`, path.replace(/(?<=.)\//, '//'), `${path}//`]) {
          if (wrong === path) continue;
          const [status, heard] = await ask(serve.port, 'GET', wrong, isUpgrade);
          expect([status, heard.includes(`did you mean ${path}?`)], wrong).to.deep.equal([404, true]);
        }
      }
    }
    expect((await ask(serve.port, 'POST', '/session/a/b/'))[1]).to.contain('/session/a/b?code=');
    expect((await ask(serve.port, 'POST', '/session//a'))[0]).to.equal(404);
  });
});
