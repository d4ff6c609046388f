// Endpoints that are reached through a proxy: Debian's tinyproxy, and one that never answers.

import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect } from 'chai';
import { proxyFault, proxyRoute } from '../../../src/relay/dial/forward-proxy.js';
import { speaksTls } from '../../../src/relay/dial/tls-probe.js';
import { certificateFor, testAuthority } from '../../support/relay/certificates.js';
import { EndpointServer, startCrossbar, startPractable } from '../../support/relay/endpoints.js';
import { afterTest } from '../../support/cleanup.js';
import { pause, until } from '../../support/wait.js';
import { freePort, setEnvironment, startTinyproxy } from '../../support/programs/command.js';
import { outerAddress } from '../../support/relay/wire.js';
import { TestRelay } from '../../support/relay/relay.js';

const NONE = Object.fromEntries(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [
    [name, undefined],
    [name.toLowerCase(), undefined],
  ]),
) as Record<string, string | undefined>;

describe('an endpoint through a proxy', () => {
  beforeEach(() => setEnvironment(NONE));

  it('is reached by ws, with its token, through HTTP_PROXY', async () => {
    const proxy = await startTinyproxy();
    const host = outerAddress();
    const endpoint = await startCrossbar({ good: ['a-token'], reason: '' }, host);
    setEnvironment({ HTTP_PROXY: proxy.url, HTTPS_PROXY: 'http://127.0.0.1:1' });
    const relay = await TestRelay.start();
    await relay.send({ destination: `ws://${host}:${endpoint.port}/in/x`, token: 'a-token' });
    await relay.isOpen();
    await proxy.says(new RegExp(`CONNECT ${host}:${endpoint.port}`));
  });

  it('is reached by wss through HTTPS_PROXY, its certificate checked', async () => {
    const proxy = await startTinyproxy();
    const host = outerAddress();
    const { cert: ca } = await testAuthority();
    const good = await EndpointServer.start(host, await certificateFor([host]));
    const bad = await EndpointServer.start(host, await certificateFor(['relay.example']));
    setEnvironment({ https_proxy: proxy.url.replace('http://', '') }); // host:port, as curl takes it
    const relay = await TestRelay.start({ ca });
    await relay.send({ destination: `wss://${host}:${good.port}/in/x` });
    await relay.send({ id: '1', destination: `wss://${host}:${bad.port}/in/x` });
    await relay.isOpen();
    await relay.failsWith(/for another name \(through the proxy 127\.0\.0\.1:\d+\)/, '1');
    await proxy.says(new RegExp(`CONNECT ${host}:${good.port}`));
  });

  it('that speaks TLS where ws:// was given is found out through it, and only there', async () => {
    const proxy = await startTinyproxy();
    const host = outerAddress();
    const [secure, plain] = [await EndpointServer.start(host, await certificateFor([host])), await freePort()];
    setEnvironment({ HTTP_PROXY: proxy.url });
    const relay = await TestRelay.start();
    await relay.send({ destination: `ws://${host}:${secure.port}/in/x` });
    await until('it is found out', () => relay.link().fault !== null);
    expect(relay.link().fault!.code, relay.link().fault!.message).to.equal('wrong-scheme');
    expect(await speaksTls(`http://${host}:${secure.port}/`, new AbortController().signal)).to.equal(true);
    expect(await speaksTls(`ws://${host}:${plain}/`, new AbortController().signal)).to.equal(false);
    setEnvironment({ HTTP_PROXY: 'http://127.0.0.1:1' });
    expect(await speaksTls(`ws://${host}:${secure.port}/`, new AbortController().signal)).to.equal(false);
  });

  it('is asked for access through it, by http and by https', async () => {
    const proxy = await startTinyproxy();
    const host = outerAddress();
    const { cert: ca } = await testAuthority();
    const plain = await startPractable('a-token', host);
    const secure = await startPractable('a-token', host, await certificateFor([host]));
    setEnvironment({ HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url });
    const relay = await TestRelay.start({ ca });
    await relay.send({ destination: plain.url, token: 'a-token' });
    await relay.send({ id: '1', destination: secure.url, token: 'a-token' });
    await relay.isOpen();
    await relay.isOpen('1');
    await proxy.says(new RegExp(`POST http://${host}:${plain.server.port}/session/topic0`));
    expect(plain.asked[0]).to.deep.equal({ method: 'POST', path: '/session/topic0', authorization: 'a-token' });
    expect(proxy.said).not.to.contain(`POST https`);
  });

  it('on this machine never goes through it', async () => {
    const endpoint = await EndpointServer.start();
    const practable = await startPractable('a-token');
    setEnvironment({
      HTTP_PROXY: 'http://127.0.0.1:1',
      HTTPS_PROXY: 'http://127.0.0.1:1',
      ALL_PROXY: 'http://127.0.0.1:1',
    });
    const relay = await TestRelay.start();
    await relay.send({ destination: `ws://localhost:${endpoint.port}/in/x` });
    await relay.send({ id: '1', destination: practable.url, token: 'a-token' });
    await relay.isOpen();
    await relay.isOpen('1');
    for (const host of ['127.0.0.1', '127.9.9.9', '[::1]', 'LOCALHOST', 'a.localhost', '2130706433'])
      expect(proxyRoute(`ws://${host}:1/`, {}), host).to.equal(undefined);
  });

  it('in NO_PROXY does not use it', async () => {
    const host = outerAddress();
    const endpoint = await EndpointServer.start(host);
    setEnvironment({ HTTP_PROXY: 'http://127.0.0.1:1', NO_PROXY: `other.example, ${host}` });
    const relay = await TestRelay.start();
    await relay.send({ destination: `ws://${host}:${endpoint.port}/in/x` });
    await relay.isOpen();
    setEnvironment({ NO_PROXY: '.lab.example,10.0.0.7:9000' });
    expect(proxyRoute('ws://a.lab.example/', {})).to.equal(undefined);
    expect(proxyRoute('ws://10.0.0.7:9000/', {})).to.equal(undefined);
    expect(proxyRoute('ws://10.0.0.7:9001/', {})).not.to.equal(undefined);
  });

  it('that refuses is distinguished from an endpoint that does', async () => {
    const host = outerAddress();
    const proxy = await startTinyproxy({ refuses: host.replaceAll('.', '\\.') });
    const endpoint = await EndpointServer.start(host);
    setEnvironment({ HTTP_PROXY: proxy.url });
    const relay = await TestRelay.start();
    await relay.send({ destination: `ws://${host}:${endpoint.port}/in/x` });
    await relay.failsWith(/^the proxy 127\.0\.0\.1:\d+ answered HTTP 403: it does not let this through$/);
    await relay.send({ id: '1', destination: `http://${host}:${endpoint.port}/session/x`, token: 'a-token' });
    await relay.failsWith(/HTTP 403.*through the proxy/, '1');
    expect(endpoint.visits).to.have.length(0);
  });

  it('that wants a password is given it, and it is shown nowhere', async () => {
    const host = outerAddress();
    const proxy = await startTinyproxy({ login: { user: 'lab', password: 'pass-w0rd' } });
    const endpoint = await EndpointServer.start(host);
    setEnvironment({ HTTP_PROXY: proxy.url.replace('//', '//lab:wr0ng-word@') });
    const relay = await TestRelay.start();
    await relay.send({ destination: `ws://${host}:${endpoint.port}/in/x` });
    await relay.failsWith(/the proxy 127\.0\.0\.1:\d+ answered HTTP 40[137]/);
    setEnvironment({ HTTP_PROXY: proxy.url.replace('//', '//lab:pass-w0rd@') });
    await relay.isOpen();
    const shown = await relay.shown();
    for (const secret of ['pass-w0rd', 'wr0ng-word', Buffer.from('lab:pass-w0rd').toString('base64')])
      expect(shown).not.to.contain(secret);
  });

  it('that is down is reported as such', async () => {
    setEnvironment({ HTTP_PROXY: 'http://lab:pass-w0rd@127.0.0.1:1' });
    const relay = await TestRelay.start();
    await relay.send({ destination: `ws://${outerAddress()}:9/in/x` });
    await relay.failsWith(/connection refused.*through the proxy 127\.0\.0\.1:1\)/);
    await relay.send({ id: '1', destination: `http://${outerAddress()}:9/session/x`, token: 'a-token' });
    await relay.failsWith(/connection refused.*through the proxy 127\.0\.0\.1:1\)/, '1');
    expect(await relay.shown()).not.to.contain('pass-w0rd');
  });

  it('that never answers is left after the time-out, with no connection left behind', async () => {
    const held = new Set<Socket>();
    let taken = 0;
    const silent = createServer((socket) => {
      taken++;
      held.add(socket);
      socket
        .on('close', () => held.delete(socket))
        .on('error', () => undefined)
        .resume();
    }).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    afterTest(() => silent.close());
    const { port } = silent.address() as AddressInfo;
    setEnvironment({ HTTP_PROXY: `http://127.0.0.1:${port}`, HTTPS_PROXY: `http://127.0.0.1:${port}` });
    const relay = await TestRelay.start({ limits: { dialTimeoutMs: 60 } });
    await relay.send({ destination: `ws://${outerAddress()}:9/in/x` });
    await relay.send({ id: '1', destination: `http://${outerAddress()}:9/session/x`, token: 'a-token' });
    await relay.send({ id: '2', destination: `https://${outerAddress()}:9/session/x`, token: 'a-token' });
    await relay.failsWith(/no answer within 0.06 s \(through the proxy/);
    await relay.failsWith(/not answered within 0.06 s.*through the proxy/, '1');
    await relay.failsWith(/not answered within 0.06 s.*through the proxy/, '2');
    await until('it was dialled often', () => taken >= 8);
    expect(held.size).to.be.at.most(3);
    await relay.api('DELETE', '/api/destinations/all');
    await until('nothing is left', () => held.size === 0);
    await pause(100);
    expect(held.size).to.equal(0);
  });
});

describe('the proxy settings', () => {
  it('are checked at start without showing their password', () => {
    for (const good of ['http://proxy:3128', 'proxy.lab:3128', 'http://u:p%40@proxy:3128/', 'https://proxy', ''])
      expect(proxyFault({ HTTPS_PROXY: good }), good).to.equal(null);
    for (const bad of ['socks5://proxy:1', 'http://lab:pass-w0rd@', 'a proxy', 'http://proxy:99999']) {
      const fault = proxyFault({ https_proxy: bad });
      expect(fault, bad).to.contain('https_proxy cannot be used');
      expect(fault).not.to.contain('pass-w0rd');
    }
  });
});
