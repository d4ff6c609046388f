// Tiny messages that wait for a reader take memory by their number, not by their bytes: a reader that does not read them
// is sent no more of them than the limit in bytes stands for.

import { IncomingMessage, ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { expect } from 'chai';
import type { WebSocket } from 'ws';
import { outletOf } from '../../../src/api/live/http-viewer.js';
import { Backlog } from '../../../src/relay/delivery/backlog.js';
import { DEFAULT_LIMITS } from '../../../src/config/limits.js';
import { Message } from '../../../src/relay/message.js';
import { DEFAULT_SERVE_LIMITS } from '../../../src/config/limits.js';
import { TopicViewer } from '../../../src/serve/clients/topic-viewer.js';
import { Delivery } from '../../../src/relay/delivery/delivery.js';
import { TestEndpoint } from '../../support/relay/test-endpoint.js';
import { openBare, tinyFrame } from '../../support/load/flood.js';
import { TestRelay } from '../../support/relay/relay.js';
import { TestClient } from '../../support/relay/serve.js';
import { packets } from '../../support/mpegts/ts.js';
import { until } from '../../support/wait.js';

const BURST = 5000;

/** A connection whose other side reads nothing. */
function stillSocket(): Socket {
  const held: (() => void)[] = [];
  const carrier = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => void held.push(done) });
  return carrier as unknown as Socket;
}

describe('what waits for a reader', () => {
  it('weighs what Node keeps for each write, until that is with the system', () => {
    const backlog = new Backlog();
    const [first, second] = [backlog.add(), backlog.add()];
    const both = backlog.memoryOf(10);
    first();
    const one = backlog.memoryOf(5);
    expect(both - 10).to.equal(2 * (one - 5));
    expect(one).to.be.above(100);
    second();
    expect(backlog.memoryOf(3)).to.equal(3);
    expect(backlog.memoryOf(-1), 'nothing can be sent').to.equal(-1);
  });

  it('is dropped for a viewer of a topic long before its bytes come to the limit', () => {
    const carrier = stillSocket();
    const observer = { droppingStarted: () => undefined, droppingEnded: () => undefined };
    const socket = { readyState: 1 } as unknown as WebSocket;
    const limits = { ...DEFAULT_SERVE_LIMITS, highWaterBytes: 1_000_000 };
    const { delivery: viewer } = new TopicViewer(socket, carrier, limits, observer);
    for (let i = 0; i < 100_000; i++) viewer.write(new Message('binary', Buffer.from([i])));
    expect(viewer.droppedMessages).to.be.above(90_000);
    expect(carrier.writableLength).to.be.below(100_000);
  });

  it('is dropped for a player of GET /ts/... in the same way', () => {
    const carrier = stillSocket();
    const response = new ServerResponse(new IncomingMessage(carrier));
    response.assignSocket(carrier);
    const observer = { droppingStarted: () => undefined, droppingEnded: () => undefined };
    const viewer = new Delivery(outletOf(response), { ...DEFAULT_LIMITS, highWaterBytes: 1_000_000 }, observer);
    const one = packets(1);
    for (let i = 0; i < 10_000; i++)
      viewer.write(new Message('ts', one, { accessPointOffset: 0, startsSource: true, facts: null }));
    expect(viewer.droppedMessages).to.be.above(7000);
    expect(response.writableLength).to.be.below(700_000);
  });

  it('is dropped for a destination in the same way, and an instrument that sends 5,000 loses none', async () => {
    const [vw, endpoint] = [await TestRelay.start(), await TestEndpoint.start()];
    await vw.connect('data0', endpoint.url);
    const peer = await openBare(vw.ws('data0'));
    endpoint.pause();
    const large = new TestClient(vw.ws('data0'));
    await large.opened();
    let sent = 0;
    await until('the system takes no more', () => {
      const { sentMessages, waitingBytes } = vw.link();
      if (sentMessages === sent && waitingBytes === 0) {
        large.socket.send(Buffer.alloc(60_000));
        sent++;
      }
      return waitingBytes > 0;
    });
    await until('all of them are there', () => vw.link().sentMessages === sent);
    const burst = Buffer.concat(Array.from({ length: BURST }, () => tinyFrame(2, 'x', { isMasked: true })));
    peer.write(burst);
    await until('the burst waits', () => vw.link().sentMessages === sent + BURST);
    expect(vw.link().droppedMessages).to.equal(0);
    peer.write(burst);
    await until('messages are dropped', () => vw.link().droppedMessages > 0);
    expect(vw.link().waitingBytes).to.be.below(DEFAULT_LIMITS.highWaterBytes / 10);
  });
});
