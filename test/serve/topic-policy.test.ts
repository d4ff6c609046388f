// Whose requests are served: this machine's without a secret, everyone's when it is open, and whose address counts behind a proxy.

import { request } from 'node:http';
import { expect } from 'chai';
import { isAddressRange } from '../../src/address-range.js';
import { TrustedProxies } from '../../src/serve/clients/client-address.js';
import { TestClient, TestServe } from '../support/relay/serve.js';
import { outerAddress } from '../support/relay/wire.js';

/** The status of a GET with these header fields, as they are written. */
function statusOf(serve: TestServe, headers: Record<string, string>, host = '127.0.0.1', path = '/status') {
  return new Promise<number>((resolve, reject) => {
    request({ host, port: serve.port, path, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}

/** The status of an upgrade with these header fields; 101 where it is taken. */
async function upgradeOf(serve: TestServe, headers: Record<string, string>, host = '127.0.0.1'): Promise<number> {
  const client = new TestClient(`ws://${host}:${serve.port}/out/x`, { headers });
  await client.opened().catch(() => undefined);
  return client.status === 0 ? 101 : client.status;
}

describe('a server without a secret', () => {
  it('serves its own machine, and nobody at another address of it', async () => {
    const serve = await TestServe.start({ secret: null, host: '0.0.0.0' });
    const outer = outerAddress();
    expect([await statusOf(serve, {}), await upgradeOf(serve, {})]).to.deep.equal([200, 101]);
    expect([await statusOf(serve, {}, outer), await upgradeOf(serve, {}, outer)]).to.deep.equal([403, 403]);
    expect(await statusOf(serve, {}, outer, '/session/x')).to.equal(403);
    const answer = await fetch(`http://${outer}:${serve.port}/status`);
    expect(await answer.text(), 'says what its own machine is').to.include(
      '127.0.0.1, [::1], localhost; not at its address',
    );
    expect(await statusOf(serve, {}, outer, '/healthcheck'), 'says no more than "ok"').to.equal(200);
  });

  it('serves everybody when it is opened', async () => {
    const serve = await TestServe.start({ secret: null, isOpen: true, host: '0.0.0.0' });
    const outer = outerAddress();
    const foreign = { Origin: 'https://elsewhere.example', Host: 'relay.example' };
    expect([await statusOf(serve, foreign, outer), await upgradeOf(serve, foreign, outer)]).to.deep.equal([200, 101]);
  });

  it('refuses pages of other origins, and names that were made to point here (DNS rebinding)', async () => {
    const serve = await TestServe.start({
      secret: null,
      allowed: { hosts: new Set(['lab.example']), origins: new Set(['https://lab.example']) },
    });
    for (const Origin of ['https://elsewhere.example', 'null', 'file://']) {
      expect([await statusOf(serve, { Origin }), await upgradeOf(serve, { Origin })], Origin).to.deep.equal([403, 403]);
    }
    for (const Host of ['rebound.example', 'rebound.example:8889']) {
      expect([await statusOf(serve, { Host }), await upgradeOf(serve, { Host })], Host).to.deep.equal([421, 421]);
    }
    const allowed = { Origin: 'https://lab.example', Host: 'lab.example' };
    expect([await statusOf(serve, allowed), await upgradeOf(serve, allowed)]).to.deep.equal([200, 101]);
  });

  it('refuses what a proxy passes on that it does not know', async () => {
    const serve = await TestServe.start({ secret: null });
    for (const headers of [
      { 'X-Forwarded-For': '192.0.2.1' },
      { 'X-Forwarded-For': '127.0.0.1' },
      { Forwarded: 'for=x' },
    ]) {
      expect([await statusOf(serve, headers), await upgradeOf(serve, headers)]).to.deep.equal([403, 403]);
    }
  });

  it('refuses whom a proxy that it trusts names, unless that is this machine', async () => {
    const serve = await TestServe.start({ secret: null, trustedProxies: ['127.0.0.1'] });
    const from = (address: string) => ({ 'X-Forwarded-For': address });
    expect([await statusOf(serve, from('192.0.2.1')), await upgradeOf(serve, from('192.0.2.1'))]).to.deep.equal([
      403, 403,
    ]);
    expect(await upgradeOf(serve, from('::1'))).to.equal(101);
  });
});

describe('X-Forwarded-For', () => {
  it('from an untrusted peer does not get around a limit', async () => {
    const serve = await TestServe.start({ limits: { maxRefusals: 2 } });
    for (let i = 0; i < 2; i++) {
      const client = await serve.client('/out/x', 'guess', { headers: { 'X-Forwarded-For': `192.0.2.${i}` } });
      await client.isClosed();
    }
    const client = await serve.client('/out/x', 'guess', { headers: { 'X-Forwarded-For': '192.0.2.9' } });
    expect((await client.isClosed()).reason).to.match(/^too many refused tokens/);
    for (const { facts } of serve.log.lines.filter(({ message }) => message === 'token refused')) {
      expect(facts.from).to.equal('127.0.0.1');
    }
  });

  const cases: [trusted: string[], peer: string, field: string | undefined, client: string][] = [
    [[], '192.0.2.1', '198.51.100.1', '192.0.2.1'],
    [['10.0.0.0/8'], '10.1.2.3', undefined, '10.1.2.3'],
    [['10.0.0.0/8'], '10.1.2.3', '198.51.100.1', '198.51.100.1'],
    [['10.0.0.0/8'], '::ffff:10.1.2.3', '198.51.100.1', '198.51.100.1'],
    // The client may write what it likes at the left; each proxy appends at the right.
    [['10.0.0.0/8'], '10.1.2.3', '127.0.0.1, 198.51.100.1', '198.51.100.1'],
    [['10.0.0.0/8'], '10.1.2.3', '198.51.100.1, 10.9.9.9', '198.51.100.1'],
    [['10.0.0.0/8'], '10.1.2.3', '10.9.9.9', '10.9.9.9'],
    [['10.0.0.0/8'], '10.1.2.3', 'unknown', '10.1.2.3'],
    [['10.0.0.0/8'], '10.1.2.3', '', '10.1.2.3'],
    [['10.0.0.0/8'], '10.1.2.3', '198.51.100.1:4711', '198.51.100.1'],
    [['fd00::/8', '::1'], '::1', '[2001:db8::1]:443', '2001:db8::1'],
    [['fd00::/8', '::1'], 'fd12::1', '2001:db8::1', '2001:db8::1'],
    [['127.0.0.1'], '127.0.0.2', '198.51.100.1', '127.0.0.2'],
  ];
  for (const [trusted, peer, field, client] of cases) {
    it(`"${field ?? 'not there'}" from ${peer}, ${trusted.join() || 'nobody'} trusted: it is ${client}`, () => {
      expect(new TrustedProxies(trusted).clientOf(peer, field)).to.equal(client);
    });
  }

  it('ranges are addresses with as many bits as they have', () => {
    const good = ['127.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8', '0.0.0.0/0', '::/128'];
    const bad = ['', 'localhost', '10.0.0.0/33', '10.0.0/8', '::/129', '10.0.0.0/8/8', '10.0.0.0/', '10.0.0.0/-1'];
    expect(good.filter((range) => !isAddressRange(range))).to.deep.equal([]);
    expect(bad.filter(isAddressRange)).to.deep.equal([]);
  });
});
