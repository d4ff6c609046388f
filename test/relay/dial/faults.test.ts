// What can be wrong with an endpoint is distinguished: by the same code and message in stats, events and log.

import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { FaultCode, RelayEvent } from '../../../src/relay/events/event.js';
import { faultOf, faultOfClose, readTokenEnd, withToken } from '../../../src/relay/dial/faults.js';
import { certificateFor } from '../../support/relay/certificates.js';
import { EndpointServer, startCrossbar, startPractable } from '../../support/relay/endpoints.js';
import { afterTest } from '../../support/cleanup.js';
import { until } from '../../support/wait.js';
import { setEnvironment, startTinyproxy } from '../../support/programs/command.js';
import { outerAddress } from '../../support/relay/wire.js';
import { packets } from '../../support/mpegts/ts.js';
import { TestRelay } from '../../support/relay/relay.js';

/** A token of the usual form; nobody verifies it here. */
function jwt(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS256' })}.${part(claims)}.c2lnbmF0dXJl`;
}
const seconds = () => Math.floor(Date.now() / 1000);
const expired = () => jwt({ exp: seconds() - 3600, scope: 'a-secret-scope' });

function events(relay: TestRelay): RelayEvent[] {
  return relay.relay.events.since(0).events.map(({ event }) => event);
}

/** Waits until link "0" has failed with `code` and `words`, and looks at what stats, events and log say. */
async function isTold(relay: TestRelay, code: FaultCode, message: RegExp, type = 'link-refused'): Promise<void> {
  const fault = () => relay.link().fault;
  const isSo = () => fault()?.code === code && message.test(fault()?.message ?? '');
  await until(`${code}: ${String(message)}`, isSo).catch((error: unknown) => {
    throw new Error(`${(error as Error).message}; it says ${JSON.stringify(fault())}`);
  });
  expect(relay.link().lastError).to.match(message);
  expect(relay.link().lastErrorMs).to.be.closeTo(Date.now(), 60_000);
  const told = events(relay).filter(
    (event) => (event.type === 'link-refused' || event.type === 'link-lost') && message.test(event.fault.message),
  );
  expect(told.map((event) => [event.type, 'fault' in event && event.fault?.code])).to.deep.equal([[type, code]]);
  const lines = relay.log.lines.filter(({ facts }) => message.test(String(facts.reason)));
  expect(lines, 'one line, however often it is dialled').to.have.length(1);
  expect(lines[0]!.facts.fault).to.equal(code);
}

describe('what is wrong with an endpoint', () => {
  let relay: TestRelay;
  beforeEach(async () => {
    relay = await TestRelay.start();
  });

  it('refused: crossbar does not want the token', async () => {
    const endpoint = await startCrossbar({ good: [], reason: 'not for this topic' });
    await relay.send({ destination: `ws://127.0.0.1:${endpoint.port}/in/x`, token: 'a-token' });
    await endpoint.visited(3);
    await isTold(relay, 'refused', /rejected the token: not for this topic/);
  });

  it('refused: it breaks off when it is shown the token, without a word', async () => {
    const endpoint = await EndpointServer.start();
    endpoint.onMessage = ({ client }) => client.terminate();
    await relay.send({ destination: `ws://127.0.0.1:${endpoint.port}/in/x`, token: 'a-token' });
    await isTold(relay, 'refused', /broke off/);
  });

  it("refused: practable answers 401, with the endpoint's reason", async () => {
    const endpoint = await startPractable('another');
    await relay.send({ destination: endpoint.url, token: 'a-token' });
    await isTold(relay, 'refused', /HTTP 401: the token is refused \(token invalid\)/);
  });

  it('refused: the reason of an access request may hold the token, and is shown without', async () => {
    const endpoint = await startPractable('another');
    const token = 'a-very-secret-token'.repeat(30); // longer than what is shown of a reason
    endpoint.instead = (r) => r.writeHead(403).end(JSON.stringify({ detail: `no: ${token}\u001b[2J` }));
    await relay.send({ destination: endpoint.url, token });
    await isTold(relay, 'refused', /the token is refused \(no: \(secret\)\?\[2J\)/);
    expect(await relay.shown()).not.to.contain('very-secret');
  });

  it('token-required: it answers the upgrade with 401, and the rule has no token', async () => {
    await relay.send({ destination: await answering(401) });
    await isTold(relay, 'token-required', /^it requires a token: set "token" in the rule \(it answered HTTP 401/);
  });

  for (const status of [403, 429]) {
    it(`refused: it answers the upgrade with ${status}`, async () => {
      const endpoint = await answering(status);
      await relay.send({ destination: endpoint });
      await isTold(relay, 'refused', new RegExp(`it answered HTTP ${status}, not a WebSocket`));
    });
  }

  it('refused: it answers the upgrade with a reason, which may hold the code of the address', async () => {
    const reason = JSON.stringify({ detail: 'not from there, with code-4711' });
    await relay.send({ destination: `${await answering(403, '127.0.0.1', reason)}?code=code-4711` });
    await isTold(relay, 'refused', /HTTP 403, not a WebSocket \(not from there, with \(secret\)\)$/);
  });

  for (const [what, body] of [
    ['never ends', null],
    ['is too long', 'x'.repeat(1_000_000)],
  ] as const) {
    it(`refused: it answers the upgrade with a reason that ${what}, and is left`, async () => {
      const endpoint = await EndpointServer.start();
      endpoint.server.removeAllListeners('upgrade');
      endpoint.server.on('upgrade', (_request, socket) => {
        socket.resume().on('end', () => socket.end());
        socket.write(`HTTP/1.1 403 No\r\nContent-Length: 2000000\r\n\r\n${body ?? '{"detail":'}`);
      });
      await relay.send({ destination: `ws://127.0.0.1:${endpoint.port}/in/x` });
      await isTold(relay, 'refused', /HTTP 403, not a WebSocket$/);
      await relay.api('DELETE', '/api/destinations/0');
      await until('nothing is left', () => endpoint.sockets.size === 0);
    });
  }

  it('refused: it closes with 1008, which is policy', async () => {
    const endpoint = await EndpointServer.start();
    endpoint.onVisit = ({ client }) => client.close(1008, 'not you');
    await relay.send({ destination: `ws://127.0.0.1:${endpoint.port}/in/x` });
    await until('it is told', () => events(relay).some(({ type }) => type === 'link-lost'));
    const lost = events(relay).find((event) => event.type === 'link-lost')!;
    expect(lost.fault).to.deep.equal({ code: 'refused', message: 'the relay server closed it (1008: not you)' });
  });

  it('wrong-path: 404 to the upgrade', async () => {
    await relay.send({ destination: await answering(404) });
    await isTold(relay, 'wrong-path', /HTTP 404, not a WebSocket \(wrong path\?\)/);
  });

  it('wrong-path: 404 to the request for access', async () => {
    const endpoint = await startPractable('a-token');
    endpoint.instead = (r) => r.writeHead(404).end('<html>');
    await relay.send({ destination: endpoint.url, token: 'a-token' });
    await isTold(relay, 'wrong-path', /HTTP 404 \(wrong path\?\)/);
  });

  it('other: it answers with 502, which is neither path nor token', async () => {
    await relay.send({ destination: await answering(502) });
    await isTold(relay, 'other', /HTTP 502, not a WebSocket$/);
  });

  it('unreachable: nothing listens there', async () => {
    await relay.send({ destination: 'ws://127.0.0.1:1/in/x' });
    await isTold(relay, 'unreachable', /connection refused/);
  });

  it('unresolvable: the name has no address', async () => {
    await relay.send({ destination: 'ws://no-such-name.invalid/in/x' });
    await isTold(relay, 'unresolvable', /its name (cannot be|was not) resolved/);
    await relay.send({ destination: 'http://no-such-name.invalid/session/x', token: 'a-token' });
    await until('by way of access too', () => relay.link().url.startsWith('http') && relay.link().fault !== null);
    expect(relay.link().fault!.code).to.equal('unresolvable');
  });

  it('untrusted: the authority of the certificate is unknown', async () => {
    const endpoint = await EndpointServer.start('127.0.0.1', await certificateFor(['127.0.0.1']));
    await relay.send({ destination: `wss://127.0.0.1:${endpoint.port}/in/x` });
    await isTold(relay, 'untrusted', /certificate is not trusted.*VW_CA/);
  });

  it('no-answer: the dial is not answered', async () => {
    const silent = createServer((socket) => socket.on('error', () => undefined).resume()).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    afterTest(() => silent.close());
    relay = await TestRelay.start({ limits: { dialTimeoutMs: 250 } });
    await relay.send({ destination: `ws://127.0.0.1:${(silent.address() as AddressInfo).port}/in/x` });
    await isTold(relay, 'no-answer', /^no answer within 0.25 s$/);
  });

  it('no-answer: neither is the token', async () => {
    const endpoint = await startCrossbar({ good: [], reason: '', isSilent: true });
    relay = await TestRelay.start({ limits: { dialTimeoutMs: 1000 } });
    await relay.send({ destination: `ws://127.0.0.1:${endpoint.port}/in/x`, token: 'a-token' });
    await isTold(relay, 'no-answer', /no answer to the token/);
  });

  it('no-answer: a ping is not, and the link is cut', async () => {
    relay = await TestRelay.start({
      limits: { pingIntervalMs: 40, pongTimeoutMs: 120, goodAfterMs: 60_000, backoffMinMs: 5000 },
    });
    const endpoint = await EndpointServer.start();
    endpoint.autoPong = false;
    await relay.send({ destination: `ws://127.0.0.1:${endpoint.port}/in/x` });
    await isTold(relay, 'no-answer', /no answer to a ping/, 'link-lost');
  });

  it('lost: the link was open and broke, and is well when it is open again', async () => {
    relay = await TestRelay.start({ limits: { backoffMinMs: 500, backoffMaxMs: 500 } });
    const endpoint = await EndpointServer.start();
    await relay.send({ destination: `ws://127.0.0.1:${endpoint.port}/in/x` });
    await relay.isOpen();
    expect(relay.link()).to.include({ fault: null, lastError: null, lastErrorMs: null });
    endpoint.visit!.client.terminate(); // the first dial after it is at once: no server may be there
    endpoint.server.close();
    await until('it is noticed', () => events(relay).some(({ type }) => type === 'link-lost'));
    const lost = events(relay).find((event) => event.type === 'link-lost')!;
    expect(lost.fault).to.deep.equal({ code: 'lost', message: 'the connection broke off' });
    await isTold(relay, 'unreachable', /connection refused/);
    endpoint.server.listen(endpoint.port, '127.0.0.1');
    await relay.isOpen();
    await until('it has lasted', () => relay.link().fault === null);
    expect(relay.link().lastError, 'it stays').to.match(/connection refused/);
  });

  it('token-expired: crossbar refuses a token that has ended', async () => {
    const endpoint = await startCrossbar({ good: [], reason: 'denied' });
    const token = expired();
    await relay.send({ destination: `ws://127.0.0.1:${endpoint.port}/in/x`, token });
    await isTold(relay, 'token-expired', /the token has expired at \d{4}-[\d-]+T[\d:]+Z: .*denied/);
    for (const secret of [token, 'a-secret-scope']) expect(await relay.shown()).not.to.contain(secret);
  });

  it('token-expired: practable refuses one', async () => {
    const endpoint = await startPractable('another');
    await relay.send({ destination: endpoint.url, token: expired() });
    await isTold(relay, 'token-expired', /the token has expired.*HTTP 401/);
  });

  it('token-expired: the link is cut at its end', async () => {
    relay = await TestRelay.start({ limits: { backoffMinMs: 5000, backoffMaxMs: 5000 } });
    const token = jwt({ exp: seconds() + 1 });
    const endpoint = await startCrossbar({ good: [token], reason: 'expired' });
    await relay.send({ destination: `ws://127.0.0.1:${endpoint.port}/in/x`, token });
    await relay.isOpen();
    await until('the token has ended', () => Date.now() > readTokenEnd(token)!);
    endpoint.visit!.client.terminate();
    const lost = () => events(relay).find((event) => event.type === 'link-lost');
    await until('it is told', () => lost() !== undefined);
    expect(lost()!.fault.code).to.equal('token-expired');
    expect(lost()!.fault.message).to.match(/^the token has expired.*broke off$/);
  });

  it('a token that has ended is no excuse for what has nothing to do with it', async () => {
    await relay.send({ destination: 'ws://127.0.0.1:1/in/x', token: expired() });
    await isTold(relay, 'unreachable', /^connection refused/);
  });

  it('slow: it takes less than it is sent', async () => {
    relay = await TestRelay.start({ limits: { highWaterBytes: 100_000 } });
    const endpoint = await EndpointServer.start();
    await relay.send({ destination: `ws://127.0.0.1:${endpoint.port}/in/x` });
    await relay.isOpen();
    endpoint.visit!.client.pause();
    const source = relay.relay.feed('video0').open({ address: 'test', superseded: () => undefined });
    await until('messages are dropped', () => {
      for (let i = 0; i < 20; i++) source.publish(packets(300));
      return relay.link().isDropping;
    });
    expect(relay.link().fault).to.include({ code: 'slow' });
    expect(relay.link().fault!.message).to.match(/slower than the stream/);
    endpoint.visit!.client.resume();
    await until('it keeps up', () => {
      source.publish(packets(1));
      return !relay.link().isDropping;
    });
    expect(relay.link().fault).to.equal(null);
    const drops = events(relay).filter(({ type }) => type.startsWith('dropping'));
    expect(drops.map(({ type }) => type)).to.deep.equal(['dropping-started', 'dropping-ended']);
    expect(drops[0]).to.include({ reader: 'destination', name: '0' });
    expect(drops[1]).to.include({ messages: relay.link().droppedMessages, bytes: relay.link().droppedBytes });
    expect(relay.log.lines.map(({ message }) => message)).to.include('endpoint is slow: dropping messages');
  });

  it('is reported once for each reason until the link is open, also if reasons alternate', async () => {
    const endpoint = await startPractable('another');
    let count = 0;
    endpoint.instead = (r) => r.writeHead([401, 404, 500][count++ % 3]!).end();
    await relay.send({ destination: endpoint.url, token: 'a-token' });
    await until('it has been asked often', () => endpoint.asked.length >= 9);
    expect(events(relay).filter(({ type }) => type === 'link-refused')).to.have.length(3);
  });
});

describe('what is wrong with an endpoint behind a proxy', () => {
  let relay: TestRelay;
  const host = outerAddress();
  beforeEach(async () => {
    const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY'];
    setEnvironment(Object.fromEntries(names.flatMap((name) => [name, name.toLowerCase()]).map((n) => [n, undefined])));
    relay = await TestRelay.start();
  });

  it('is the proxy, where that does not listen or has no address', async () => {
    setEnvironment({ HTTP_PROXY: 'http://127.0.0.1:1' });
    await relay.send({ destination: `ws://${host}:9/in/x` });
    await isTold(
      relay,
      'unreachable',
      /^the proxy is not reached: connection refused.*\(through the proxy 127\.0\.0\.1:1\)/,
    );
  });

  it('is the proxy, where nothing listens behind it', async () => {
    const proxy = await startTinyproxy();
    setEnvironment({ HTTP_PROXY: proxy.url });
    await relay.send({ destination: `ws://${host}:9/in/x` });
    await isTold(
      relay,
      'unreachable',
      /^the proxy 127\.0\.0\.1:\d+ answered HTTP 5\d\d: it cannot reach the relay server$/,
    );
  });

  it('is the proxy, where that refuses: not the token', async () => {
    const proxy = await startTinyproxy({ refuses: host.replaceAll('.', '\\.') });
    setEnvironment({ HTTP_PROXY: proxy.url });
    await relay.send({ destination: `ws://${host}:9/in/x`, token: expired() });
    await isTold(relay, 'unreachable', /the proxy .* answered HTTP 403: it does not let this through/);
  });

  it('may be the proxy or the token, where it has handed the request on', async () => {
    const proxy = await startTinyproxy();
    setEnvironment({ HTTP_PROXY: proxy.url });
    const endpoint = await startPractable('another', host);
    endpoint.instead = (r) => r.writeHead(403).end();
    await relay.send({ destination: endpoint.url, token: 'a-token' });
    await isTold(relay, 'refused', /HTTP 403: the token is refused, or the proxy does not let this through \(through/);
  });

  it('is the proxy, where that was handed a request and does not reach the endpoint', async () => {
    const proxy = await startTinyproxy();
    setEnvironment({ HTTP_PROXY: proxy.url });
    await relay.send({ destination: `http://${host}:9/session/x`, token: 'a-token' });
    await isTold(
      relay,
      'unreachable',
      /^asking for access was answered with HTTP 5\d\d: the proxy cannot reach the relay server/,
    );
  });

  it('is the path, where the endpoint answers 404 through it', async () => {
    const proxy = await startTinyproxy();
    setEnvironment({ HTTP_PROXY: proxy.url });
    await relay.send({ destination: await answering(404, host) });
    await isTold(relay, 'wrong-path', /HTTP 404, not a WebSocket \(wrong path\?\) \(through the proxy/);
  });
});

describe('faults', () => {
  const system = (code: string) => faultOf(Object.assign(new Error('in words of its own'), { code })).code;

  it('of the system are distinguished', () => {
    for (const code of ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH']) expect(system(code)).to.equal('unreachable');
    for (const code of ['ENOTFOUND', 'EAI_AGAIN']) expect(system(code)).to.equal('unresolvable');
    expect(system('ETIMEDOUT')).to.equal('no-answer');
    for (const code of ['CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID']) expect(system(code)).to.equal('untrusted');
    expect(faultOf(new Error('what?'))).to.deep.equal({ code: 'other', message: 'what?' });
    expect(faultOfClose(1000, '')).to.deep.equal({ code: 'lost', message: 'the relay server closed it (1000)' });
  });

  it('read the end of a token, whatever it looks like', () => {
    expect(readTokenEnd(jwt({ exp: 1000 }))).to.equal(1_000_000);
    const none = [jwt({}), jwt({ exp: '1' }), jwt([]), 'a.b.c', '..', 'plain', `a.${btoa('null')}.c`];
    for (const token of none) expect(readTokenEnd(token), token).to.equal(null);
    const far = withToken({ code: 'refused', message: 'no' }, readTokenEnd(jwt({ exp: -1e300 })), Date.now());
    expect(far, 'no date that cannot be').to.deep.equal({
      code: 'token-expired',
      message: 'the token has expired: no',
    });
  });
});

/** An endpoint that answers everything with this status. */
async function answering(status: number, host = '127.0.0.1', body = ''): Promise<string> {
  const endpoint = await EndpointServer.start(host);
  endpoint.server.removeAllListeners('upgrade');
  endpoint.server.on('upgrade', (_request, socket) => {
    socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
  });
  return `ws://${host}:${endpoint.port}/in/x`;
}
