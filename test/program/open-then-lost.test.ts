// Endpoints that take a link and lose it again, on every dial: a fault that stands, and a line a cause.

import { expect } from 'chai';
import { WebSocket } from 'ws';
import { metricsText } from '../../src/api/routes/relay-metrics.js';
import { listFaults } from '../../src/cli/status/list-faults.js';
import type { FaultCode } from '../../src/relay/events/event.js';
import { faultOfClose, faultOfUpgrade, withoutToken } from '../../src/relay/dial/faults.js';
import { TestServe } from '../support/relay/serve.js';
import { EndpointServer, startCrossbar } from '../support/relay/endpoints.js';
import { afterTest } from '../support/cleanup.js';
import { until } from '../support/wait.js';
import { TestRelay } from '../support/relay/relay.js';

/** Messages that come for the rest of the test, of which each may be the first on a link. */
function publish(relay: TestRelay): void {
  const socket = new WebSocket(`ws://127.0.0.1:${relay.port}/ws/video0`).on('error', () => undefined);
  const timer = setInterval(() => {
    if (socket.readyState === WebSocket.OPEN) socket.send(Buffer.alloc(100, 0x80));
  }, 5);
  afterTest(() => {
    clearInterval(timer);
    socket.terminate();
  });
}

/** Looks again and again until it was dialled some more, and sees no health between two dials; then what was told. */
async function staysWrong(relay: TestRelay, code: FaultCode, text: RegExp): Promise<void> {
  await until(
    `it is known to be ${code}; it says ${String(relay.link().lastError)}`,
    () => relay.link().fault?.code === code,
  );
  const { opens, attempts } = relay.link();
  const states = new Set<string>();
  while (relay.link().attempts < attempts + 12) {
    const stats = relay.relay.stats();
    const { fault, state } = stats.destinations['0']!.live;
    states.add(state);
    expect(fault, `while it is ${state}`).to.include({ code });
    expect(fault!.message).to.match(text);
    expect(listFaults(stats).map(({ what }) => what)).to.include('destination 0');
    const metrics = metricsText(stats);
    expect(metrics).to.include('vw_destination_up{destination="0"} 0');
    expect(metrics).to.include(`vw_destination_fault{destination="0",code="${code}"} 1`);
    await new Promise(setImmediate);
  }
  expect(relay.link().opens, 'counted all the same').to.be.at.least(opens + 11);
  expect([...states], 'it was seen open').to.include('open');
  const events = relay.relay.events.since(0).events.map(({ event }) => event);
  const told = events.filter(({ type }) => type.startsWith('link-')).map(({ type }) => type);
  expect(told).to.deep.equal(['link-open', 'link-lost']);
  expect(relay.log.lines.filter(({ message }) => message === 'link lost')).to.have.lengthOf(1);
  expect(relay.log.lines.filter(({ message }) => message === 'link open')).to.have.lengthOf(1);
}

describe('a link that opens and is lost again', () => {
  let relay: TestRelay;
  beforeEach(async () => {
    relay = await TestRelay.start({ limits: { backoffMaxMs: 20, goodAfterMs: 5000 } });
    publish(relay);
  });
  const far = async (onVisit: EndpointServer['onVisit']) => {
    const one = await EndpointServer.start();
    one.onVisit = onVisit;
    return `ws://127.0.0.1:${one.port}/in/video0`;
  };

  it('because vw serve wants a token', async () => {
    const serve = await TestServe.start();
    await relay.send({ destination: `ws://127.0.0.1:${serve.port}/in/video0` });
    await staysWrong(
      relay,
      'token-required',
      /^it requires a token: set "token" in the rule \(.*1008: a token is required/,
    );
    const { refusals } = await serve.stats();
    expect(refusals).to.be.above(10);
    const told = serve.log.lines.filter(({ message }) => message === 'token refused');
    expect(told.map(({ facts }) => facts.reason)).to.deep.equal(['media arrived in place of a token']);
    // Nobody has guessed: whoever has a token is let in from here.
    await serve.member('/in/video0');
  });

  it('because crossbar takes media for a token', async () => {
    const crossbar = await startCrossbar({ good: [], reason: 'denied' });
    await relay.send({ destination: `ws://127.0.0.1:${crossbar.port}/in/video0` });
    await staysWrong(
      relay,
      'token-required',
      /^it requires a token: .* \(it took the first message for a token: denied\)$/,
    );
  });

  it('because it closes each with another number', async () => {
    let visits = 0;
    const destination = await far(({ client }) => client.close(4000, `session ${(visits++).toString(16)}a7 is over`));
    await relay.send({ destination });
    await staysWrong(relay, 'lost', /\(4000: session \w+ is over\)/);
  });

  it('because it requires authentication (3000)', async () => {
    await relay.send({ destination: await far(({ client }) => client.close(3000)) });
    await staysWrong(relay, 'token-required', /^it requires a token/);
  });

  it('because it breaks off, as a proxy does whose server is away', async () => {
    await relay.send({ destination: await far(({ client }) => client.terminate()) });
    await staysWrong(relay, 'lost', /broke off/);
  });

  it('is stable after a while, and that is reported then', async () => {
    relay = await TestRelay.start({ limits: { backoffMaxMs: 20, goodAfterMs: 150 } });
    let isRude = true;
    await relay.send({ destination: await far(({ client }) => isRude && client.terminate()) });
    await until('it is lost twice', () => relay.link().opens > 2);
    isRude = false;
    await until('it is open', () => relay.link().state === 'open');
    const opened = () => relay.log.lines.filter(({ message }) => message === 'link open').length;
    expect([relay.link().fault?.code, opened()], 'it may be lost again at once').to.deep.equal(['lost', 1]);
    await until('it is well', () => relay.link().fault === null);
    expect(Date.now() - relay.link().sinceMs).to.be.at.least(149);
    expect(opened()).to.equal(2);
  });
});

describe('an endpoint that wants a token', () => {
  const token = (fault: ReturnType<typeof faultOfClose>) => withoutToken(fault).code;

  it('is recognised by status, close code or message', () => {
    for (const [code, reason] of [
      [1008, 'no token within 10 s: it must be the first message'],
      [1008, 'Unauthorized'],
      [3000, ''],
      [4401, ''],
      [4001, 'not authorised'],
    ] as const) {
      expect(token(faultOfClose(code, reason)), `${code} ${reason}`).to.equal('token-required');
    }
    expect(token(faultOfUpgrade(401, ''))).to.equal('token-required');
    expect(token(faultOfUpgrade(403, '{"detail":"show a token"}'))).to.equal('token-required');
  });

  it('is not one that says no for another reason', () => {
    expect(token(faultOfClose(1008, 'publish to /in/video0'))).to.equal('refused');
    expect(token(faultOfClose(1000, 'bye'))).to.equal('lost');
    expect(token(faultOfUpgrade(403, ''))).to.equal('refused');
    expect(token(faultOfUpgrade(404, ''))).to.equal('wrong-path');
  });
});
