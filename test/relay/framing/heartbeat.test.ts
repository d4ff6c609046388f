import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { WebSocket, WebSocketServer } from 'ws';
import { Heartbeat } from '../../../src/relay/framing/heartbeat.js';
import { DEFAULT_LIMITS } from '../../../src/config/limits.js';
import { afterTest } from '../../support/cleanup.js';
import { until } from '../../support/wait.js';

const LIMITS = { ...DEFAULT_LIMITS, pingIntervalMs: 20, pongTimeoutMs: 100 };

/** Both ends of a WebSocket in this process. */
async function connected(autoPong: boolean): Promise<{ socket: WebSocket; peer: WebSocket }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', autoPong });
  afterTest(() => server.close());
  await once(server, 'listening');
  const taken = once(server, 'connection');
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  afterTest(() => socket.terminate());
  await once(socket, 'open');
  return { socket, peer: ((await taken) as [WebSocket])[0] };
}

describe('Heartbeat', () => {
  it('finds a peer dead that answers no ping', async () => {
    const { socket } = await connected(false);
    let deaths = 0;
    const heartbeat = new Heartbeat(socket, LIMITS, () => deaths++);
    afterTest(() => heartbeat.stop());
    await until('it is found dead', () => deaths > 0);
  });

  it('does not where the answer came while this process was held up', async () => {
    const { socket, peer } = await connected(true);
    let [deaths, stalls] = [0, 0];
    peer.on('ping', () => {
      if (stalls++ > 3) return;
      const end = performance.now() + 2 * LIMITS.pongTimeoutMs; // the pong has been written, and is not read yet
      while (performance.now() < end);
    });
    const heartbeat = new Heartbeat(socket, LIMITS, () => deaths++);
    afterTest(() => heartbeat.stop());
    await until('it has pinged on', () => stalls > 6);
    expect(deaths).to.equal(0);
    expect(heartbeat.roundTripMs).to.be.at.least(0);
  });
});
