// Ways to be refused. For each: nobody is let in, the reason is told and the WebSocket closed, the server goes on, and
// what was shown is in no log, no answer to others and no stats.

import { createSign, generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { makeToken, SECRET, soon, TestClient, TestServe } from '../support/relay/serve.js';
import { until } from '../support/wait.js';

const now = () => Math.floor(Date.now() / 1000);

/** A server with a publisher that talks all the time and a viewer of the topic, before anybody else comes. */
async function startBusy(): Promise<{ serve: TestServe; viewer: TestClient; publisher: TestClient }> {
  const serve = await TestServe.start({ limits: { codeMs: 300 } });
  const viewer = await serve.member('/out/x');
  const publisher = await serve.member('/in/x');
  return { serve, viewer, publisher };
}

/** What must hold after somebody was refused with what it had shown. */
async function expectNoHarm(
  { serve, viewer, publisher }: Awaited<ReturnType<typeof startBusy>>,
  refused: TestClient,
  shown: string,
): Promise<void> {
  publisher.socket.send('for those who may');
  await viewer.hears(1);
  if (refused.socket.readyState === refused.socket.OPEN) await refused.flushed();
  expect(refused.texts.join()).not.to.contain('for those who may');
  expect(viewer.texts, 'what others heard').to.deep.equal(['for those who may']);
  expect(publisher.heard).to.deep.equal([]);
  if (shown.length > 3) {
    const logged = JSON.stringify(serve.log.lines);
    expect(logged).not.to.contain(shown);
    for (const part of shown.split('.').filter((one) => one.length > 10)) expect(logged).not.to.contain(part);
    expect(JSON.stringify(await serve.stats())).not.to.contain(shown);
  }
  expect(serve.log.lines.filter(({ level }) => level === 'error')).to.deep.equal([]);
}

function rsaToken(claims: object): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`;
  return `${text}.${createSign('sha256').update(text).sign(privateKey).toString('base64url')}`;
}

type Make = (serve: TestServe) => string;
const good = (serve: TestServe, path = '/out/x') => ({ ...soon(), aud: serve.audience + path });

const tokens: [name: string, make: Make, reason: RegExp][] = [
  ['for another topic', (s) => s.pathToken('/out/y'), /another server or path/],
  ['for a topic that begins like this one', (s) => s.pathToken('/out/x/y'), /another server or path/],
  ['for another way (/in)', (s) => s.pathToken('/in/x'), /another server or path/],
  ['for another way (/bi)', (s) => s.pathToken('/bi/x'), /another server or path/],
  ['for another server', () => makeToken({ ...soon(), aud: 'wss://elsewhere.example/out/x' }), /another server/],
  [
    'for a server whose name begins alike',
    (s) => makeToken({ ...soon(), aud: `${s.audience}0/out/x` }),
    /another server/,
  ],
  ['without aud', () => makeToken({ ...soon() }), /no aud/],
  ['with an aud that is no text', () => makeToken({ ...soon(), aud: 7 }), /another server|wrong type/],
  ['with an empty list of aud', () => makeToken({ ...soon(), aud: [] }), /another server/],
  ['of alg none', (s) => makeToken(good(s), SECRET, { alg: 'none' }), /not a token|not signed with HS256/],
  ['of alg none in other letters', (s) => makeToken(good(s), SECRET, { alg: 'nOnE' }), /not a token|not signed with/],
  ['of alg HS384', (s) => makeToken(good(s), SECRET, { alg: 'HS384' }), /not signed with HS256/],
  ['of alg HS512', (s) => makeToken(good(s), SECRET, { alg: 'HS512' }), /not signed with HS256/],
  ['of alg RS256', (s) => rsaToken(good(s)), /not signed with HS256/],
  ['without alg', (s) => makeToken(good(s), SECRET, { typ: 'JWT' }), /not a token/],
  [
    'with a header that must be understood',
    (s) => makeToken(good(s), SECRET, { alg: 'HS256', crit: ['x'], x: 1 }),
    /./,
  ],
  ['that has expired', (s) => s.pathToken('/out/x', { exp: now() - 1 }), /has expired/],
  ['that expires now', (s) => s.pathToken('/out/x', { exp: now() }), /has expired/],
  ['that is not valid yet', (s) => s.pathToken('/out/x', { nbf: now() + 30 }), /not valid yet/],
  ['without exp', (s) => makeToken({ aud: `${s.audience}/out/x`, nbf: now() }), /no end/],
  ['with an exp that is a text', (s) => s.pathToken('/out/x', { exp: '2999999999' }), /wrong type/],
  ['with an nbf that is a text', (s) => s.pathToken('/out/x', { nbf: 'yesterday' }), /wrong type/],
  ['of another secret', (s) => makeToken(good(s), 'another-secret-of-thirty-two-characters'), /signature/],
  ['of an empty secret', (s) => makeToken(good(s), ''), /signature/],
  ['whose claims were changed', (s) => tampered(s), /signature/],
  ['whose signature was cut off', (s) => s.pathToken('/out/x').replace(/[^.]*$/, ''), /signature|not a token/],
  ['that is three dots', () => '...', /not a token/],
  ['that is empty', () => '', /not a token/],
  ['that is JSON', () => '{"token":"x"}', /not a token/],
  ['that is 10,000 letters', () => 'e'.repeat(10_000), /too long/],
  ['of the other kind for another topic', (s) => s.token('y'), /another topic/],
  ['of the other kind for no topic', (s) => s.token(''), /another topic/],
  ['of the other kind without scopes', (s) => s.token('x', ['read'], { scopes: undefined }), /no scopes/],
  ['of the other kind with an empty list of scopes', (s) => s.token('x', []), /lacks the scope/],
  ['of the other kind with the scope write only', (s) => s.token('x', ['write']), /lacks the scope "read"/],
  ['of the other kind with the scope stats only', (s) => s.token('x', ['stats']), /lacks the scope/],
  ['of the other kind with scopes that are a text', (s) => s.token('x', [], { scopes: 'read' }), /wrong type/],
  ['of the other kind with another prefix', (s) => s.token('x', ['read'], { prefix: 'shell' }), /kind of connection/],
  ['of the other kind for another server', (s) => s.token('x', ['read'], { aud: ['wss://other'] }), /another server/],
  ['for this path with scopes that say less', (s) => s.pathToken('/out/x', { scopes: ['write'] }), /lacks the scope/],
];

function tampered(serve: TestServe): string {
  const [head, , signature] = serve.pathToken('/out/y').split('.') as [string, string, string];
  return `${head}.${Buffer.from(JSON.stringify(good(serve))).toString('base64url')}.${signature}`;
}

describe('a server of ours refuses at /out a token', () => {
  for (const [name, make, reason] of tokens) {
    it(name, async () => {
      const busy = await startBusy();
      const token = make(busy.serve);
      const client = await busy.serve.client('/out/x', token);
      const { code, reason: told } = await client.isClosed();
      expect(code).to.equal(1008);
      expect(told).to.match(reason);
      expect(JSON.parse(client.texts[0]!)).to.deep.equal({ topic: '/out/x', token, authorised: false, reason: told });
      await expectNoHarm(busy, client, token);
    });
  }

  it('and what was sent behind it', async () => {
    const busy = await startBusy();
    const client = await busy.serve.client('/in/x', busy.serve.pathToken('/in/y'));
    client.socket.send('behind a refused token');
    client.socket.send(busy.serve.pathToken('/in/x'));
    await client.isClosed();
    expect(client.heard).to.have.length(1);
    await expectNoHarm(busy, client, 'behind a refused token');
  });
});

describe('a server of ours refuses to give access', () => {
  // A session may be for writing only.
  for (const [name, make] of tokens.filter(([name]) => !name.includes('write only'))) {
    it(`to a token ${name}`, async () => {
      const busy = await startBusy();
      const token = make(busy.serve);
      const { status, text, uri } = await busy.serve.access('x', token);
      expect([status, uri]).to.deep.equal([401, '']);
      expect(JSON.parse(text)).to.include({ status: 401, code: 'ERR_TOKEN' });
      if (token.length > 3) expect(text).not.to.contain(token);
    });
  }

  it('without a token', async () => {
    const serve = await TestServe.start();
    const { status, body } = await serve.api('POST', '/session/x');
    expect(status).to.equal(401);
    expect(body).to.include({ code: 'ERR_TOKEN' });
  });
});

describe('a server of ours refuses at /session a code', () => {
  const codes: [name: string, make: (serve: TestServe) => Promise<string>, reason: RegExp][] = [
    ['that was used', usedCode, /is unknown/],
    ['that is too old', lateCode, /has expired/],
    ['of another topic', otherCode, /another topic/],
    ['that nobody gave', () => Promise.resolve('/session/x?code=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'), /is unknown/],
    ['that is empty', () => Promise.resolve('/session/x?code='), /is unknown/],
    ['that is not there', () => Promise.resolve('/session/x'), /is unknown/],
    ['that is a good token', (serve) => Promise.resolve(`/session/x?code=${serve.token('x')}`), /is unknown/],
    ['that is the name of a property', () => Promise.resolve('/session/x?code=__proto__'), /is unknown/],
    ['whose token has ended meanwhile', endedCode, /expired/],
  ];

  async function pathOfCode(serve: TestServe, topic: string, claims: object = {}): Promise<string> {
    const { uri } = await serve.access(topic, serve.token(topic, ['read', 'write'], claims));
    return uri.slice(serve.audience.length);
  }

  async function usedCode(serve: TestServe): Promise<string> {
    const path = await pathOfCode(serve, 'x');
    const first = await serve.client(path);
    await first.flushed();
    expect(first.closed).to.equal(null);
    first.socket.terminate();
    return path;
  }

  async function lateCode(serve: TestServe): Promise<string> {
    const path = await pathOfCode(serve, 'x');
    const at = Date.now(); // or later than it was made
    await until('the code is too old', () => Date.now() > at + 400);
    return path;
  }

  async function otherCode(serve: TestServe): Promise<string> {
    return (await pathOfCode(serve, 'y')).replace('/session/y', '/session/x');
  }

  async function endedCode(serve: TestServe): Promise<string> {
    const exp = now() + 1;
    const path = await pathOfCode(serve, 'x', { exp });
    await until('the token has ended', () => Date.now() >= exp * 1000);
    return path;
  }

  for (const [name, make, reason] of codes) {
    it(name, async () => {
      const busy = await startBusy();
      const path = await make(busy.serve);
      const client = await busy.serve.client(path);
      client.socket.send('behind a refused code');
      const { code, reason: told } = await client.isClosed();
      expect(code).to.equal(1008);
      expect(told).to.match(reason);
      await expectNoHarm(busy, client, path.split('=')[1] ?? '');
    });
  }

  it('a second time at once, whichever of two comes first', async () => {
    const busy = await startBusy();
    const { uri } = await busy.serve.access('x', busy.serve.token('x'));
    const both = [new TestClient(uri), new TestClient(uri)];
    await until('one is closed', () => both.some(({ closed }) => closed !== null));
    const [left] = both.filter(({ closed }) => closed === null);
    await left!.flushed();
    expect(both.filter(({ closed }) => closed !== null)).to.have.length(1);
  });
});

describe('a server of ours refuses', () => {
  it('who has been refused too often in a minute without a reason; a good token from there still gets in', async () => {
    const serve = await TestServe.start({ limits: { maxRefusals: 3 }, trustedProxies: ['127.0.0.1'] });
    const from = (address: string) => ({ headers: { 'X-Forwarded-For': address } });
    const guess = async (address: string) => (await serve.client('/out/x', 'guess', from(address))).isClosed();
    for (let i = 0; i < 3; i++) expect((await guess('192.0.2.1')).reason).to.equal('this is not a token');
    const tooMany = 'too many refused tokens from this address; wait a minute';
    expect(await guess('192.0.2.1')).to.deep.equal({ code: 1008, reason: tooMany });
    expect((await guess('192.0.2.2')).reason, 'others hear why').to.equal('this is not a token');
    const ask = (token: string) => {
      const headers = { Authorization: token, 'X-Forwarded-For': '192.0.2.1' };
      return fetch(`${serve.url}/session/x`, { method: 'POST', headers });
    };
    const asked = await ask('guess');
    expect([asked.status, asked.headers.get('retry-after')]).to.deep.equal([429, '60']);
    // A class behind one address is not kept out by one of it whose token is too old.
    expect((await ask(serve.token('x'))).status).to.equal(200);
    expect((await serve.member('/out/x', from('192.0.2.1'))).closed).to.equal(null);
  });

  it('stats, metrics and the list of topics without a token, or with one for something else', async () => {
    const serve = await TestServe.start();
    await serve.member('/out/hidden-topic');
    const ask = async (path: string, token?: string) => {
      const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
      const response = await fetch(serve.url + path, { headers });
      return { status: response.status, text: await response.text() };
    };
    for (const path of ['/status', '/api/stats', '/metrics', '/api/topics']) {
      const { status, text } = await ask(path);
      expect(status, path).to.equal(401);
      expect(text).not.to.contain('hidden-topic');
    }
    for (const path of ['/status', '/api/stats', '/metrics']) {
      expect((await ask(path, serve.token('hidden-topic'))).status, path).to.equal(401);
      expect((await ask(path, serve.token('', ['stats']))).text, path).to.contain('hidden-topic');
      expect((await ask(path, serve.token('', ['relay:stats']))).status, path).to.equal(200);
    }
    expect((await ask('/api/topics', serve.token('other'))).text).to.equal('[]\n');
    expect((await ask('/api/topics', serve.token('hidden-topic', ['write']))).status).to.equal(401);
    for (const token of [serve.token('other'), serve.token('hidden-topic', ['write']), undefined]) {
      expect((await ask('/api/play/hidden-topic', token)).status).to.equal(401);
    }
    for (const token of [serve.token('hidden-topic', ['read']), serve.pathToken('/out/hidden-topic')]) {
      const play = JSON.parse((await ask('/api/play/hidden-topic', token)).text) as { state: string };
      expect(play.state).to.equal('absent');
      const { text } = await ask('/api/topics', token);
      expect(JSON.parse(text)).to.deep.equal([{ topic: 'hidden-topic', isPublished: false, codecs: [], muted: null }]);
    }
  });
});
