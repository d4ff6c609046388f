// VW_API_KEY: what it guards, and how it is shown.

import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import { KeyGuard } from '../../../src/api/access/keys.js';
import { until } from '../../support/wait.js';
import { Command } from '../../support/programs/command.js';
import { outerAddress, statusOf, Wire } from '../../support/relay/wire.js';
import { TestRelay } from '../../support/relay/relay.js';

const KEY = 'p@ss/w:rd%41+ü'.replace('ü', '~');

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

describe('KeyGuard', () => {
  it('takes Bearer, the password of Basic, and its own cookie until that expires', () => {
    const keys = new KeyGuard(KEY);
    const check = (authorization?: string, cookie?: string, at = 0) => keys.check(authorization, cookie, 'a', at);
    expect(check(`Bearer ${KEY}`)).to.equal('good');
    expect(check(`bearer  ${KEY}`)).to.equal('good');
    expect(check(basic('', KEY))).to.equal('good');
    expect(check(basic('anyone', KEY))).to.equal('good');
    expect(check()).to.equal('none');
    const session = keys.newSession(0);
    const week = 7 * 24 * 3_600_000;
    expect(check(undefined, `a=b; vw_session=${session}; c=d`, week - 1)).to.equal('good');
    expect(check(undefined, `vw_session=${session}`, week)).to.equal('none');
    const [end, nonce, mark] = session.split('.') as [string, string, string];
    const forged = createHmac('sha256', 'guess').update(`${end}.${nonce}`).digest('base64url');
    for (const value of [
      '',
      '.',
      'x',
      session.slice(0, -1),
      `${Number(end) + 1}.${nonce}.${mark}`,
      `Infinity.${nonce}.${mark}`,
      `${end}.${nonce}.${forged}`,
      new KeyGuard('another key').newSession(0),
    ])
      expect(check(undefined, `vw_session=${value}`), value).to.equal('none');
  });

  it('takes nothing else for the key', () => {
    const wrong = [
      '',
      'Bearer',
      `Bearer x${KEY}`,
      `Bearer ${KEY.slice(1)}`,
      `Bearer ${KEY.toUpperCase()}`,
      KEY,
      basic(KEY, ''),
      'Basic !!!',
      `Digest ${KEY}`,
    ];
    for (const authorization of wrong)
      expect(new KeyGuard(KEY).check(authorization, undefined, 'a', 0), authorization).to.equal('wrong');
  });

  it('answers ten wrong keys a minute from an address, then none, right or wrong, until the minute is over', () => {
    const keys = new KeyGuard(KEY);
    const guess = (key: string, at: number, address = 'a') => keys.check(`Bearer ${key}`, undefined, address, at);
    for (let i = 0; i < 10; i++) expect(guess(`guess${i}`, i)).to.equal('wrong');
    expect(guess('guess', 59_999)).to.equal('too many');
    expect(guess(KEY, 59_999)).to.equal('too many');
    expect(keys.checkKey(KEY, 'a', 59_999)).to.equal('too many');
    expect(guess(KEY, 59_999, 'b')).to.equal('good');
    expect(keys.check(undefined, `vw_session=${keys.newSession(0)}`, 'a', 59_999)).to.equal('good');
    expect(guess('guess', 60_000)).to.equal('wrong');
    expect(guess(KEY, 60_000)).to.equal('good');
  });

  it('counts the addresses of an IPv6 network of 64 bits as one', () => {
    const keys = new KeyGuard(KEY);
    const from = (address: string) => keys.check('Bearer guess', undefined, address, 0);
    for (let i = 0; i < 10; i++) expect(from(`2001:db8:0:1::${i.toString(16)}`)).to.equal('wrong');
    expect(from('2001:db8:0:1:f00::1')).to.equal('too many');
    expect(from('2001:db8:0:2::1')).to.equal('wrong');
  });
});

describe('a relay with a key', () => {
  it('wants it for everything but loopback uploads, the login and the healthcheck', async () => {
    const relay = await TestRelay.start({ apiKey: KEY });
    const get = async (path: string, headers: Record<string, string> = {}) =>
      (await relay.api('GET', path, undefined, headers)).status;
    for (const path of [
      '/api/stats',
      '/api/streams/all',
      '/nowhere',
      `/api/stats?key=${KEY}`,
      `/api/stats?token=${KEY}`,
    ])
      expect(await get(path), path).to.equal(401);
    expect(await get('/')).to.equal(303);
    for (const path of ['/healthcheck', '/login', '/style.css']) expect(await get(path), path).to.equal(200);
    const upgrade = [
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ];
    const ws = (...more: string[]) =>
      statusOf(relay.port, ['GET /ws/x HTTP/1.1', 'Host: localhost', ...upgrade, ...more]);
    expect(await ws()).to.equal(401);
    expect(await ws(`Authorization: Bearer ${KEY}`)).to.equal(101);
    expect(await get('/api/stats', { Authorization: basic('', KEY) })).to.equal(200);
    const upload = new Wire(relay.port).write(
      'POST /ts/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    );
    expect(await upload.status()).to.equal(200);
    for (let i = 0; i < 10; i++) expect(await get('/api/stats', { Authorization: `Bearer ${i}` })).to.equal(401);
    const late = await relay.api('GET', '/api/stats', undefined, { Authorization: `Bearer ${KEY}` });
    expect(late.status).to.equal(429);
    expect(late.headers.get('retry-after')).to.equal('60');
  });

  it('logs wrong keys with their sender, a line a second at most, and nothing of the keys', async () => {
    const relay = await TestRelay.start({ apiKey: KEY });
    const told = () => relay.log.lines.filter(({ message }) => message === 'key refused');
    await relay.api('GET', '/api/stats');
    expect(told(), 'asked without one').to.deep.equal([]);
    await relay.api('POST', '/login', 'key=secret-guess', { 'Content-Type': 'application/x-www-form-urlencoded' });
    const facts = { from: '127.0.0.1', reason: 'the key is wrong' };
    expect(told()).to.deep.equal([{ level: 'warn', message: 'key refused', facts }]);
    const guess = ['Host: localhost', 'Authorization: Bearer secret-guess'];
    const upgrade = [
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${btoa('0'.repeat(16))}`,
    ];
    for (let i = 0; i < 4; i++) {
      expect(await statusOf(relay.port, ['GET /metrics HTTP/1.1', ...guess])).to.equal(401);
      expect(await statusOf(relay.port, ['GET /ws/x HTTP/1.1', ...guess, ...upgrade])).to.equal(401);
    }
    await relay.api('GET', '/api/stats', undefined, { Authorization: 'Bearer secret-guess' });
    const second = new Promise((resolve) => setTimeout(resolve, 1000));
    expect(told()).to.have.lengthOf(1);
    await second; // lines are a second apart
    await relay.api('GET', '/api/stats', undefined, { Authorization: 'Bearer secret-guess' });
    expect(
      told()
        .slice(1)
        .map((line) => line.facts),
    ).to.deep.equal([{ from: '127.0.0.1', reason: 'too many wrong keys from this address within a minute' }]);
    expect(JSON.stringify(relay.log.lines)).not.to.contain('secret');
  });

  it('has a login page that works without script and leaves a cookie', async () => {
    const relay = await TestRelay.start({ apiKey: KEY });
    const page = await relay.api('GET', '/login');
    expect(page.text)
      .to.contain('<form method="post" action="/login">')
      .and.not.match(/<script|javascript:|style=/);
    const csp = page.headers.get('content-security-policy')!;
    expect(csp).to.contain("default-src 'none'").and.contain("frame-ancestors 'none'").and.not.contain('unsafe');
    expect(page.headers.get('x-content-type-options')).to.equal('nosniff');
    expect(page.headers.get('x-powered-by')).to.equal(null);
    const login = (key: string) =>
      relay.api('POST', '/login', new URLSearchParams({ key }).toString(), {
        'Content-Type': 'application/x-www-form-urlencoded',
      });
    const wrong = await login('nonsense');
    expect(wrong.status).to.equal(401);
    expect(wrong.headers.get('set-cookie')).to.equal(null);
    expect(wrong.headers.get('www-authenticate')).to.equal(null);
    const good = await login(KEY);
    expect(good.status).to.equal(303);
    const cookie = good.headers.get('set-cookie')!;
    expect(cookie)
      .to.contain('HttpOnly')
      .and.contain('SameSite=Strict')
      .and.contain('Path=/')
      .and.not.contain('Secure');
    const session = { Cookie: cookie.split(';')[0]! };
    expect((await relay.api('GET', '/api/stats', undefined, session)).status).to.equal(200);
    expect((await relay.api('GET', '/', undefined, session)).status).to.equal(200);
    expect((await relay.api('POST', '/logout', undefined, session)).headers.get('set-cookie')).to.contain('1970');
  });

  it('leads through the login to the player that was asked for, and nowhere else', async () => {
    const relay = await TestRelay.start({ apiKey: KEY });
    const asked = await relay.api('GET', '/play/stream/front');
    expect([asked.status, asked.headers.get('location')]).to.deep.equal([303, '/login?to=%2Fplay%2Fstream%2Ffront']);
    expect((await relay.api('GET', asked.headers.get('location')!)).text).to.contain('value="/play/stream/front"');
    expect((await relay.api('GET', '/login?to=https://elsewhere.example')).text).to.contain('name="to" value="/"');
    for (const [to, leadsTo] of [
      ['/play/stream/front', '/play/stream/front'],
      ['//elsewhere.example', '/'],
      ['/play/../../x?y', '/'],
      ['/play/x\r\nSet-Cookie: a=b', '/'],
    ] as const) {
      const answer = await relay.api('POST', '/login', new URLSearchParams({ key: KEY, to }).toString(), {
        'Content-Type': 'application/x-www-form-urlencoded',
      });
      expect([answer.status, answer.headers.get('location')], to).to.deep.equal([303, leadsTo]);
    }
  });

  it('takes ffmpeg from elsewhere with the key in its address, and not without', async () => {
    const relay = await TestRelay.start({ apiKey: KEY, host: '0.0.0.0' });
    const push = (login: string) =>
      new Command('ffmpeg', [
        '-hide_banner',
        '-loglevel',
        'error',
        '-nostdin',
        '-f',
        'lavfi',
        '-i',
        'testsrc2=size=160x120:rate=25:duration=1',
        '-codec:v',
        'mpeg1video',
        '-f',
        'mpegts',
        `http://${login}${outerAddress()}:${relay.port}/ts/video0`,
      ]);
    const bare = push('');
    await bare.ended();
    // ffmpeg does not look at the answer to an upload: what counts is that nothing came in.
    expect(relay.relay.stats().feeds).to.deep.equal({});
    const wrong = push(':wrong@');
    await wrong.ended();
    expect(relay.relay.stats().feeds).to.deep.equal({});
    const good = push(`:${encodeURIComponent(KEY)}@`);
    await until('packets arrive', () => (relay.relay.stats().feeds.video0?.packets ?? 0) > 50);
    expect(await good.ended(), good.said).to.equal(0);
    expect(JSON.stringify(relay.log.lines)).not.to.contain(KEY);
  });
});
