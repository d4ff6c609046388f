import { connect } from 'node:net';
import { expect } from 'chai';
import { afterTest } from '../../support/cleanup.js';
import { TestRelay } from '../../support/relay/relay.js';
import { packets } from '../../support/mpegts/ts.js';
import { until } from '../../support/wait.js';

const GET = 'GET /ts/video0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';

describe('GET /ts/<feed>', () => {
  /** A connection that asks, and what it has heard. */
  function ask(vw: TestRelay, requests: string) {
    const socket = connect(vw.port, '127.0.0.1');
    const client = { socket, heard: '' };
    socket.on('data', (data) => (client.heard += data.toString('latin1'))).on('error', () => undefined);
    socket.write(requests);
    afterTest(() => socket.destroy());
    return client;
  }

  it('leaves nothing behind when its client goes', async () => {
    const vw = await TestRelay.start();
    const feed = vw.relay.feed('video0');
    const client = ask(vw, GET);
    await until('it watches', () => feed.stats().subscribers === 1);
    client.socket.destroy();
    await until('it does not', () => feed.stats().subscribers === 0);
  });

  it('leaves nothing behind when its client has asked twice on one connection', async () => {
    // The second response never has the socket, and its end is never told: it was written to for ever.
    const vw = await TestRelay.start();
    const feed = vw.relay.feed('video0');
    const source = feed.open({ address: 'test', superseded: () => undefined });
    const client = ask(vw, GET + GET);
    await until('it watches', () => feed.stats().subscribers > 0);
    source.publish(packets(3));
    await until('packets come', () => client.heard.length > 3 * 188);
    client.socket.destroy();
    await until('no viewer is left', () => feed.stats().subscribers === 0);
  });

  it('refuses a player behind a request that is being answered, and says why', async () => {
    const vw = await TestRelay.start();
    vw.relay.feed('video0');
    const client = ask(vw, 'GET /api/stats HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n' + GET);
    await until('both are answered', () => client.heard.includes('ERR_PIPELINED'));
    expect(client.heard).to.match(/^HTTP\/1\.1 200 /);
  });
});
