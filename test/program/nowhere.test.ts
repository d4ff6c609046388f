// What goes nowhere though the link is well, and addresses with the wrong scheme: said in stats, events and log.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { listFaults } from '../../src/cli/status/list-faults.js';
import { faultOf, faultOfUpgrade } from '../../src/relay/dial/faults.js';
import { TestClient, TestServe } from '../support/relay/serve.js';
import { certificateFor } from '../support/relay/certificates.js';
import { EndpointServer } from '../support/relay/endpoints.js';
import { afterTest } from '../support/cleanup.js';
import { until } from '../support/wait.js';
import { packets } from '../support/mpegts/ts.js';
import { TestRelay } from '../support/relay/relay.js';

describe('a stream that has no rule', () => {
  it('is the fault of its destination, and of the stream while anybody waits for it', async () => {
    const [relay, endpoint] = [await TestRelay.start(), await EndpointServer.start()];
    await relay.send({ stream: 'stream/front', destination: `ws://127.0.0.1:${endpoint.port}/in/x` });
    await relay.isOpen();
    const viewer = new WebSocket(`ws://127.0.0.1:${relay.port}/ws/stream/other`);
    afterTest(() => viewer.terminate());
    await once(viewer, 'open');
    const { destinations, streams } = await relay.stats();
    expect(destinations['0']!.live.fault?.code).to.equal('no-rule');
    expect(destinations['0']!.live.fault?.message).to.include('there is no stream rule "stream/front"');
    expect(streams['stream/other']).to.deep.include({ feeds: [], subscribers: 1 });
    expect(streams['stream/other']!.fault?.code).to.equal('no-rule');
    expect(listFaults(relay.relay.stats()).map(({ what, fault }) => `${what}: ${fault.code}`)).to.deep.equal([
      'stream stream/front: no-rule',
      'stream stream/other: no-rule',
      'destination 0: no-rule',
    ]);
    relay.relay.checkHealth(performance.now());
    relay.relay.checkHealth(performance.now());
    await relay.api('POST', '/api/streams', { stream: 'stream/front', feeds: ['video0'] });
    expect(relay.link().fault).to.equal(null);
    relay.relay.checkHealth(performance.now());
    const events = relay.relay.events.since(0).events.map(({ event }) => event);
    const told = events.flatMap((event) => (event.type === 'destination-fault' ? [event.fault?.code] : []));
    expect(told).to.deep.equal(['no-rule', undefined]);
    expect(relay.log.lines.filter(({ message }) => message.startsWith('destination has'))).to.have.lengthOf(2);
    viewer.close();
    await until('nobody waits any more', () => !('stream/other' in relay.relay.stats().streams));
  });

  it('is what its page says while it waits, and not once there is a rule', async () => {
    const relay = await TestRelay.start();
    const viewer = new WebSocket(`ws://127.0.0.1:${relay.port}/ws/stream/front`);
    afterTest(() => viewer.terminate());
    await once(viewer, 'open');
    const fault = async () => {
      const { text } = await relay.api('GET', '/api/play/stream/front');
      return (JSON.parse(text) as { fault: { code: string } | null }).fault?.code;
    };
    await until('the page says so', async () => (await fault()) === 'no-rule');
    await relay.api('POST', '/api/streams', { stream: 'stream/front', feeds: ['video0'] });
    await until('the page says no more', async () => (await fault()) !== 'no-rule');
  });

  it('names the stream that may be meant', async () => {
    const relay = await TestRelay.start();
    await relay.api('POST', '/api/streams', { stream: 'stream/front', feeds: ['video0'] });
    await relay.send({ stream: 'stream/frnot', destination: 'ws://127.0.0.1:1/in/x' });
    const { destinations, streams } = relay.relay.stats();
    expect(streams['stream/frnot']!.fault?.message).to.match(
      /^there is no stream rule "stream\/frnot"; did you mean stream\/front\?/,
    );
    expect(destinations['0']!.live.fault?.code).to.be.oneOf(['no-rule', 'unreachable']);
    relay.relay.checkHealth(performance.now());
    expect(
      relay.log.lines.filter(({ facts }) => /did you mean stream\/front/.test(String(facts.reason))),
    ).to.have.lengthOf(1);
  });

  it('is not reported if its rule follows at once', async () => {
    const relay = await TestRelay.start();
    await relay.send({ stream: 'stream/front', destination: 'ws://127.0.0.1:1/in/x' });
    await relay.api('POST', '/api/streams', { stream: 'stream/front', feeds: ['video0'] });
    relay.relay.checkHealth(performance.now());
    expect(relay.log.lines.some(({ message }) => message.startsWith('destination has'))).to.equal(false);
  });
});

describe('MPEG-TS at /ws/<feed> of another relay', () => {
  it('is reported by both: it is data there', async () => {
    const [here, there] = [await TestRelay.start(), await TestRelay.start({ limits: { silentAfterMs: 200 } })];
    await here.send({ destination: `ws://127.0.0.1:${there.port}/ws/front` });
    await here.isOpen();
    expect(here.link().fault).to.equal(null);
    const publication = here.relay.feed('video0').open({ address: 'test', superseded: () => undefined });
    const send = () => publication.publish(packets(7));
    await until('it arrives', () => {
      send();
      return (there.relay.stats().feeds.front?.opaqueMessages ?? 0) > 0;
    });
    there.relay.checkHealth(performance.now());
    here.relay.checkHealth(performance.now());
    expect(there.relay.stats().feeds.front!.fault?.code).to.equal('opaque-ts');
    expect(there.relay.stats().feeds.front!.fault?.message).to.include('send it to /ts/<feed>');
    expect(here.link().fault?.code).to.equal('opaque-ts');
    expect(here.log.lines.filter(({ facts }) => facts.fault === 'opaque-ts')).to.have.lengthOf(1);
    await until('what is over is over', () => {
      there.relay.checkHealth(performance.now());
      return there.relay.stats().feeds.front!.fault === null;
    });
  });

  it("is no fault where it is an instrument's data", async () => {
    const [here, there] = [await TestRelay.start(), await TestRelay.start()];
    await here.send({ destination: `ws://127.0.0.1:${there.port}/ws/front` });
    await here.isOpen();
    here.relay.feed('video0').publishOpaque('binary', Buffer.from('{"celsius":21}'), null);
    await until('it arrives', () => (there.relay.stats().feeds.front?.opaqueMessages ?? 0) > 0);
    there.relay.checkHealth(performance.now());
    expect([here.link().fault, there.relay.stats().feeds.front!.fault]).to.deep.equal([null, null]);
  });
});

describe('the API of a relay that wants its key', () => {
  const KEY = 'a-key-of-a-board-0123';
  for (const [what, path, token] of [
    ['at /ws/<feed>', '/ws/video0', null],
    ['at /ws/<feed>, with the key as token', '/ws/video0', KEY],
    ['where access is asked for', '/session/video0', KEY],
  ] as const) {
    it(`is reported not to be an endpoint, ${what}, and no token is requested`, async () => {
      const [here, there] = [await TestRelay.start(), await TestRelay.start({ apiKey: KEY })];
      const scheme = path.startsWith('/session') ? 'http' : 'ws';
      await here.send({ destination: `${scheme}://127.0.0.1:${there.port}${path}`, ...(token ? { token } : {}) });
      await until('it is told', () => here.link().fault !== null);
      expect(here.link().fault!.code).to.equal('refused');
      expect(here.link().fault!.message).to.match(
        /^it is the API of a relay .*VW_API_KEY.*accepted: \/in\/<topic> of vw serve$/,
      );
    });
  }
});

describe('media at /out of vw serve', () => {
  it('is refused with where to publish; text, as a sign of life, is not', async () => {
    const serve = await TestServe.start({ secret: null, audiences: [] });
    const viewer = new TestClient(`ws://127.0.0.1:${serve.port}/out/a/b`);
    await viewer.opened();
    viewer.socket.send('{"ping":1}');
    viewer.socket.send(Buffer.alloc(0));
    await viewer.flushed();
    expect(viewer.closed).to.equal(null);
    viewer.socket.send(packets(1));
    expect(await viewer.isClosed()).to.deep.equal({ code: 1008, reason: 'publish to /in/a/b' });
  });

  it('is a fault of the destination that sends it there', async () => {
    const [relay, serve] = [await TestRelay.start(), await TestServe.start({ secret: null, audiences: [] })];
    await relay.send({ destination: `ws://127.0.0.1:${serve.port}/out/x` });
    await relay.isOpen();
    const publication = relay.relay.feed('video0').open({ address: 'test', superseded: () => undefined });
    publication.publish(packets(7));
    await until('it is told', () => relay.link().fault !== null);
    expect(relay.link().fault).to.deep.equal({
      code: 'refused',
      message: 'the relay server closed it (1008: publish to /in/x)',
    });
  });

  it('is refused at /bi to whoever may only read', async () => {
    const serve = await TestServe.start();
    const viewer = await serve.client('/bi/x', serve.pathToken('/bi/x', { scopes: ['read'] }));
    await viewer.hears(1);
    viewer.socket.send(packets(1));
    expect(await viewer.isClosed()).to.deep.equal({ code: 1008, reason: 'this token lacks the scope "write"' });
  });
});

describe('an address with the wrong scheme', () => {
  it('at a TLS port is reported as wss:// or https://, whatever the server does', async () => {
    const pair = await certificateFor(['127.0.0.1']);
    const [relay, endpoint] = [await TestRelay.start(), await EndpointServer.start('127.0.0.1', pair)];
    for (const rule of [
      { id: '0', destination: `ws://127.0.0.1:${endpoint.port}/in/x` },
      { id: '1', destination: `http://127.0.0.1:${endpoint.port}/session/x`, token: 'a-token' },
    ]) {
      await relay.send(rule);
      await until('it is found out', () => relay.link(rule.id).fault !== null);
      expect(relay.link(rule.id).fault!.code, 'at once').to.equal('wrong-scheme');
      expect(relay.link(rule.id).fault!.message).to.include('it speaks TLS there: use wss:// in place of ws://');
      const { attempts } = relay.link(rule.id);
      await until('it is tried again', () => relay.link(rule.id).attempts > attempts + 2);
      expect(relay.link(rule.id).fault?.code, 'and it stays found out').to.equal('wrong-scheme');
      const told = relay.log.lines.filter(({ facts }) => facts.destination === rule.id && 'fault' in facts);
      expect(
        told.map(({ facts }) => facts.fault),
        'one line, and no guess before it',
      ).to.deep.equal(['wrong-scheme']);
    }
    // What nginx and Go answer, and a server that answers with an alert.
    expect(faultOfUpgrade(400, '<center>The plain HTTP request was sent to HTTPS port</center>').code).to.equal(
      'wrong-scheme',
    );
    expect(faultOfUpgrade(400, 'Client sent an HTTP request to an HTTPS server.').code).to.equal('wrong-scheme');
    const alert = Object.assign(new Error('Parse Error'), {
      code: 'HPE_INVALID_CONSTANT',
      rawPacket: Buffer.from([0x15, 3, 1]),
    });
    expect(faultOf(alert).code).to.equal('wrong-scheme');
  });

  it('at a port without TLS is reported as ws:// or http://', async () => {
    const [relay, endpoint] = [await TestRelay.start(), await EndpointServer.start()];
    await relay.send({ destination: `wss://127.0.0.1:${endpoint.port}/in/x` });
    await until('it is told', () => relay.link().fault !== null);
    expect(relay.link().fault!.code).to.equal('wrong-scheme');
    expect(relay.link().fault!.message).to.include('use ws:// in place of wss://');
  });

  it('is not what is wrong with a server that just breaks off', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    server.on('connection', (socket) => socket.destroy());
    await once(server, 'listening');
    afterTest(() => server.close());
    const relay = await TestRelay.start();
    await relay.send({ destination: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/x` });
    await until('it is tried a few times', () => relay.link().attempts > 4);
    expect(relay.link().fault).to.deep.equal({
      code: 'other',
      message: 'the relay server dropped the connection: should it be wss:// (https://)?',
    });
  });
});
