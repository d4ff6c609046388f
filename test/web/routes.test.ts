// The pages as each server mounts them: bodies, access and Content-Security-Policy.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { type PlayerRoutes, playerRoutes } from '../../src/web/server/player-routes.js';
import { afterTest } from '../support/cleanup.js';

/** A plain server that has the player and nothing else; 404 is what is left to others. */
async function serve(options: Partial<PlayerRoutes> = {}): Promise<string> {
  const routes = playerRoutes({
    socketPath: '/out/',
    readName: (name) => name,
    wantsToken: false,
    frameAncestors: [],
    ...options,
  });
  const server = createServer((request, response) => {
    response.setHeader('X-Frame-Options', 'SAMEORIGIN'); // as helmet sets it for everything
    routes(request, response, () => response.writeHead(404).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterTest(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('playerRoutes', () => {
  it('serves a page for a name, with the path of its WebSocket', async () => {
    const answer = await fetch(`${await serve()}/play/lab/front%20door`);
    expect(answer.status).to.equal(200);
    expect(answer.headers.get('content-type')).to.equal('text/html; charset=utf-8');
    const text = await answer.text();
    expect(text).to.contain('data-socket="/out/lab/front%20door"').and.contain('<title>lab/front door</title>');
    expect(text).to.contain('data-token="none"');
  });

  it('writes no name into the page as it came', async () => {
    const text = await (await fetch(`${await serve()}/play/${encodeURIComponent('"><script>x</script>')}`)).text();
    expect(text).not.to.contain('<script>x');
  });

  it('allows files of its own and nothing else, in no frame', async () => {
    const { headers } = await fetch(`${await serve()}/play/x`);
    const policy = headers.get('content-security-policy')!;
    expect(policy).to.contain("default-src 'none'").and.contain("frame-ancestors 'none'").and.not.contain('unsafe');
    expect(policy).to.contain("worker-src 'self'");
    expect(headers.get('x-frame-options')).to.equal('SAMEORIGIN');
    expect(headers.get('referrer-policy')).to.equal('same-origin');
  });

  it('lets those put it into a frame who were named', async () => {
    const { headers } = await fetch(`${await serve({ frameAncestors: ["'self'", 'https://lab.example'] })}/play/x`);
    expect(headers.get('content-security-policy')).to.contain("frame-ancestors 'self' https://lab.example");
    expect(headers.get('x-frame-options')).to.equal(null);
  });

  it('has every file that the page names, and sends each once', async () => {
    const url = await serve();
    const text = await (await fetch(`${url}/play/x`)).text();
    const files = [...text.matchAll(/(?:src|href)="(\/player\/[^"]+)"/g)].map(([, path]) => path!);
    expect(files).to.have.lengthOf(5);
    for (const path of files) {
      const first = await fetch(url + path);
      expect([first.status, first.headers.get('content-encoding')], path).to.deep.equal([200, 'gzip']);
      const again = await fetch(url + path, { headers: { 'If-None-Match': first.headers.get('etag')! } });
      expect([again.status, await again.text()], path).to.deep.equal([304, '']);
    }
    const worker = await fetch(`${url}/player/player-worker.js`);
    expect(worker.status).to.equal(200);
    expect(worker.headers.get('content-security-policy'), 'its own').to.equal("default-src 'none'; connect-src 'self'");
    expect((await fetch(`${url}/player/mse-track.js`)).status, 'where there are no workers').to.equal(200);
    const licences = await (await fetch(`${url}/player/licences.txt`)).text();
    expect(licences).to.contain('Apache License').and.contain('MIT License');
  });

  it('leaves other paths alone, and answers 405 to what does not read', async () => {
    const url = await serve();
    for (const path of ['/', '/play', '/player/', '/player/none.js', '/player/..%2f..%2fpackage.json', '/play/%ff']) {
      expect((await fetch(url + path)).status, path).to.equal(404);
    }
    const answer = await fetch(`${url}/play/x`, { method: 'POST' });
    expect([answer.status, answer.headers.get('allow')]).to.deep.equal([405, 'GET, HEAD']);
    expect(await (await fetch(`${url}/play/x`, { method: 'HEAD' })).text()).to.equal('');
  });
});
