// Endpoints that are asked for access first (practable's way).

import type { ServerResponse } from 'node:http';
import { expect } from 'chai';
import { startPractable } from '../../support/relay/endpoints.js';
import { pause, until } from '../../support/wait.js';
import { TestRelay } from '../../support/relay/relay.js';

const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.cHJhY3RhYmxl.c2lnbmF0dXJl';

describe('an endpoint that is asked for access', () => {
  it('is posted the bare token, and its uri is dialled', async () => {
    const endpoint = await startPractable(TOKEN);
    const relay = await TestRelay.start();
    await relay.send({ destination: endpoint.url, token: TOKEN });
    await relay.isOpen();
    const asked = { method: 'POST', path: '/session/topic0', authorization: TOKEN };
    expect(endpoint.asked).to.deep.equal(endpoint.codes.map(() => asked));
    expect(endpoint.server.visit!.url).to.equal(`/session/topic0?code=${endpoint.codes.at(-1)!}`);
    await relay.api('POST', '/ts/video0', 'G'.repeat(188), { 'Content-Type': 'video/mp2t' });
  });

  it('is asked anew for each dial', async () => {
    const endpoint = await startPractable(TOKEN);
    const relay = await TestRelay.start();
    await relay.send({ destination: endpoint.url, token: TOKEN });
    for (let count = 1; count <= 3; count++) {
      await endpoint.server.visited(count);
      await relay.isOpen();
      endpoint.server.visit!.client.terminate();
      await until('the loss is noticed', () => relay.link().state !== 'open');
    }
    await endpoint.server.visited(4);
    expect(new Set(endpoint.server.visits.map(({ url }) => url)).size).to.equal(endpoint.server.visits.length);
  });

  it('that ignores a used code is found out by its silence to pings', async () => {
    const endpoint = await startPractable(TOKEN);
    endpoint.stale = 'used-before';
    const relay = await TestRelay.start({ limits: { pingIntervalMs: 40, pongTimeoutMs: 120 } });
    await relay.send({ destination: endpoint.url, token: TOKEN });
    await relay.failsWith(/no answer to a ping for 0.12 s/);
    endpoint.stale = null;
    await until('a fresh code is good', () => relay.link().state === 'open' && relay.link().pingMs !== null);
  });

  it('closes the link at the end of its token and is asked again', async () => {
    const endpoint = await startPractable(TOKEN);
    const relay = await TestRelay.start();
    await relay.send({ destination: endpoint.url, token: TOKEN });
    await relay.isOpen();
    endpoint.token = 'another';
    endpoint.server.visit!.client.close(1000, `token ${TOKEN} expired, code ${endpoint.codes.at(-1)!}`);
    await relay.failsWith(/HTTP 401: the token is refused/);
    await relay.send({ destination: endpoint.url, token: 'another' });
    await relay.isOpen();
    const shown = await relay.shown();
    for (const secret of [TOKEN, ...endpoint.codes]) expect(shown).not.to.contain(secret);
    expect(shown).to.contain('expired, code (secret)');
  });

  it('without a token is refused with 400, and nothing changes', async () => {
    const relay = await TestRelay.start();
    for (const destination of ['http://127.0.0.1:1/session/x', 'HTTPS://127.0.0.1:1/session/x']) {
      const { status, text } = await relay.api('POST', '/api/destinations', { id: '0', stream: 'a', destination });
      expect(status, text).to.equal(400);
      expect(text).to.contain('token');
    }
    expect((await relay.stats()).destinations).to.deep.equal({});
  });

  it('loses its token when the rule names another endpoint, and 400 says that one is required', async () => {
    const endpoint = await startPractable(TOKEN);
    const relay = await TestRelay.start();
    await relay.send({ destination: endpoint.url, token: TOKEN });
    const rule = { id: '0', stream: 'video0', destination: 'http://127.0.0.1:1/session/elsewhere' };
    expect((await relay.api('POST', '/api/destinations', rule)).status).to.equal(400);
    const off = { id: '0', stream: 'video0', destination: endpoint.url, token: null };
    expect((await relay.api('POST', '/api/destinations', off)).status).to.equal(400);
    await relay.isOpen();
  });

  const answers: [string, RegExp, (response: ServerResponse) => void][] = [
    ['500', /HTTP 500/, (r) => r.writeHead(500).end('oops')],
    ['HTML', /was not answered with \{"uri"/, (r) => r.writeHead(200, { 'Content-Type': 'text/html' }).end('<p>hi')],
    ['a redirect', /HTTP 302, a redirect/, (r) => r.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end()],
    ['nothing', /not answered within 0.25 s/, () => undefined],
    ['a head and nothing more', /not answered within 0.25 s/, (r) => r.writeHead(200).write('{"uri":')],
    [
      'an endless body',
      /far too much/,
      (r) => {
        const more = () => r.write('x'.repeat(16_384)) && setImmediate(more);
        r.on('drain', more);
        r.on('error', () => undefined);
        more();
      },
    ],
    ['a broken connection', /dropped the connection|hang up/, (r) => r.socket?.destroy()],
    ['half a body', /dropped the connection|aborted/, (r) => r.writeHead(200, { 'Content-Length': 99 }).end('{"uri"')],
    ['no uri', /was not answered with/, (r) => r.end('{}')],
    ['null', /was not answered with/, (r) => r.end('null')],
    ['a number for a uri', /was not answered with/, (r) => r.end('{"uri":1}')],
    ['an http uri', /was not answered with/, (r) => r.end('{"uri":"http://127.0.0.1:1/x?code=secret-code"}')],
    ['a file uri', /was not answered with/, (r) => r.end('{"uri":"file:///etc/passwd?code=secret-code"}')],
    ['a uri that is none', /was not answered with/, (r) => r.end('{"uri":"wss://"}')],
    [
      'a uri where nothing listens',
      /connection refused/,
      (r) => r.end('{"uri":"ws://127.0.0.1:1/x?code=secret-code"}'),
    ],
    ['a uri of a bad port', /was not answered with/, (r) => r.end('{"uri":"ws://127.0.0.1:99999/?code=secret-code"}')],
  ];
  for (const [name, message, answer] of answers) {
    it(`that answers ${name} has failed, is asked again, and shows no secret`, async () => {
      const endpoint = await startPractable(TOKEN);
      endpoint.instead = answer;
      // Only what does not answer is waited for: any other answer may take its time on a busy machine.
      const limits = message.source.includes('0.25 s') ? { dialTimeoutMs: 250 } : {};
      const relay = await TestRelay.start({ limits });
      await relay.send({ destination: endpoint.url, token: TOKEN });
      await relay.failsWith(message);
      await until('it is asked again', () => endpoint.asked.length >= 2);
      const shown = await relay.shown();
      expect(shown).not.to.contain(TOKEN);
      expect(shown).not.to.contain('secret-code');
      endpoint.instead = null;
      await relay.isOpen();
    });
  }

  it('that names a uri with a fragment is dialled without it', async () => {
    const endpoint = await startPractable(TOKEN);
    endpoint.instead = (r) => r.end(`{"uri":"ws://127.0.0.1:${endpoint.server.port}/session/x?code=abcdef#there"}`);
    const relay = await TestRelay.start();
    await relay.send({ destination: endpoint.url, token: TOKEN });
    await endpoint.server.visited(1);
    expect(endpoint.server.visit!.url).to.equal('/session/x?code=abcdef');
  });

  it('is called off when the rule is deleted while it is asked', async () => {
    const endpoint = await startPractable(TOKEN);
    endpoint.instead = () => undefined;
    const relay = await TestRelay.start({ limits: { dialTimeoutMs: 60_000 } });
    await relay.send({ destination: endpoint.url, token: TOKEN });
    await until('it is asked', () => endpoint.asked.length === 1);
    expect((await relay.api('DELETE', '/api/destinations/0')).status).to.equal(200);
    await until('the connection is gone', () => endpoint.server.sockets.size === 0);
    await pause(50);
    expect(endpoint.asked).to.have.length(1);
  });
});
