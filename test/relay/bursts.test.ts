// A burst of tiny messages arrives whole and in order on every path, is counted, and is logged once.

import type { Socket } from 'node:net';
import { expect } from 'chai';
import { TestEndpoint, type Received } from '../support/relay/test-endpoint.js';
import { openBare, tinyFrame } from '../support/load/flood.js';
import { TestRelay } from '../support/relay/relay.js';
import { TestClient, TestServe } from '../support/relay/serve.js';
import { until } from '../support/wait.js';

const COUNT = 5000;

/** Numbered messages, text and binary in turns, twice: the second burst is not logged again. */
function burst(isMasked: boolean, from: number): Buffer {
  const frames = Array.from({ length: COUNT }, (_, i) => tinyFrame(1 + (i % 2), String(from + i), { isMasked }));
  return Buffer.concat(frames);
}

async function expectBursts(write: (bytes: Buffer) => void, isMasked: boolean, readers: (readonly Received[])[]) {
  for (const from of [0, COUNT]) {
    write(burst(isMasked, from));
    await until('all have arrived', () => readers.every(({ length }) => length >= from + COUNT));
  }
  const expected = Array.from({ length: 2 * COUNT }, (_, i) => `${i} ${i % 2 === 1}`);
  for (const heard of readers) {
    expect(heard.map(({ data, isBinary }) => `${data.toString()} ${isBinary}`)).to.deep.equal(expected);
  }
}

describe('a burst of 5,000 tiny messages', () => {
  it('from a local client reaches another and a destination', async () => {
    const [vw, endpoint] = [await TestRelay.start(), await TestEndpoint.start()];
    await vw.connect('data0', endpoint.url);
    const other = new TestClient(vw.ws('data0'));
    await other.opened();
    const peer = await openBare(vw.ws('data0'));
    await expectBursts((bytes) => peer.write(bytes), true, [other.heard, endpoint.messages]);
    expect(vw.relay.stats().feeds.data0!.throttledReads).to.be.at.least(1);
    const told = vw.log.lines.filter(({ message }) => message === 'local client floods tiny messages: throttled');
    expect(told.map(({ facts }) => facts)).to.deep.equal([{ name: 'data0' }]);
  });

  it('from an endpoint reaches local clients', async () => {
    const [vw, endpoint] = [await TestRelay.start(), await TestEndpoint.start()];
    await vw.connect('data0', endpoint.url);
    const clients = [new TestClient(vw.ws('data0')), new TestClient(vw.ws('data0'))];
    await Promise.all(clients.map((client) => client.opened()));
    const { _socket: wire } = endpoint.client as unknown as { _socket: Socket };
    await expectBursts(
      (bytes) => wire.write(bytes),
      false,
      clients.map(({ heard }) => heard),
    );
    const { live, total } = vw.relay.stats().destinations['0']!;
    expect(live.throttledReads).to.be.at.least(1);
    expect(total.throttledReads).to.equal(live.throttledReads);
    expect(vw.log.lines.filter(({ message }) => message === 'endpoint floods tiny messages: throttled')).to.have.length(
      1,
    );
  });

  it('from a publisher of vw serve reaches its viewers', async () => {
    const serve = await TestServe.start();
    const viewers = [await serve.member('/out/x'), await serve.member('/out/x')];
    const peer = await openBare(`${serve.audience}/in/x`, serve.pathToken('/in/x'));
    await until('it is in', async () => (await serve.topic('x')).publishers === 1);
    await expectBursts(
      (bytes) => peer.write(bytes),
      true,
      viewers.map(({ heard }) => heard),
    );
    expect((await serve.topic('x')).throttledReads).to.be.at.least(1);
    const told = serve.log.lines.filter(({ message }) => message === 'client floods tiny messages: throttled');
    expect(told).to.have.length(1);
    expect(told[0]!.facts).to.include({ topic: '/in/x' });
  });
});
