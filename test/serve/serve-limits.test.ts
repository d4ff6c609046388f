// What one may take of a server, and what happens to who wants more.

import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { afterTest } from '../support/cleanup.js';
import { TestClient, TestServe } from '../support/relay/serve.js';
import { until } from '../support/wait.js';

describe('a server of ours lets in no more than', () => {
  it('so many topics; the next is told so in its verdict, and may come when one is gone', async () => {
    const serve = await TestServe.start({ limits: { maxTopics: 2 } });
    const first = await serve.member('/in/a');
    await serve.member('/bi/b');
    const refused = await serve.client('/out/c', serve.pathToken('/out/c'));
    const { code, reason } = await refused.isClosed();
    expect([code, reason]).to.deep.equal([1013, 'the limit of 2 topics is reached']);
    expect(JSON.parse(refused.texts[0]!)).to.include({ authorised: false, reason });
    first.socket.close();
    await until('a topic is gone', async () => Object.keys((await serve.stats()).topics).length === 1);
    await serve.member('/out/c');
    expect((await serve.stats()).refusals, 'nobody has guessed').to.equal(0);
  });

  it('so many viewers on a topic', async () => {
    const serve = await TestServe.start({ limits: { maxTopicClients: 1 } });
    await serve.member('/out/x');
    const { uri } = await serve.access('x', serve.token('x', ['read']));
    for (const refused of [new TestClient(uri), await serve.client('/out/x', serve.pathToken('/out/x'))]) {
      expect((await refused.isClosed()).code).to.equal(1013);
    }
    await serve.member('/out/y');
    await serve.member('/in/x');
  });

  it('so many WebSockets from an address', async () => {
    const serve = await TestServe.start({ limits: { maxAddressClients: 2 } });
    const one = await serve.member('/out/x');
    await serve.client('/out/x');
    await serve.member('/out/x');
    const refused = await serve.client('/out/x', serve.pathToken('/out/x'));
    const reason = 'at most 2 WebSockets from one address (VW_SERVE_MAX_ADDRESS_CLIENTS)';
    expect(await refused.isClosed()).to.deep.equal({ code: 1013, reason });
    one.socket.close();
    await one.isClosed();
    await serve.member('/out/x');
  });

  it('so many connections from an address, whatever they do', async () => {
    const serve = await TestServe.start({ maxConnections: 3 });
    const idle = Array.from({ length: 3 }, () => connect(serve.port, '127.0.0.1'));
    afterTest(() => idle.forEach((socket) => socket.destroy()));
    await Promise.all(idle.map((socket) => once(socket, 'connect')));
    const refused = new TestClient(`${serve.audience}/out/x`);
    await refused.isClosed();
    expect(refused.status === 503 || refused.status === 0).to.equal(true);
    idle[0]!.destroy();
    await until('there is room', () =>
      serve.client('/out/x').then(
        () => true,
        () => false,
      ),
    );
  });

  it('connections without a token: the oldest of them is closed', async () => {
    const serve = await TestServe.start({ limits: { maxUnauthorised: 2 } });
    const member = await serve.member('/out/x');
    const [oldest, second, third] = [
      await serve.client('/out/x'),
      await serve.client('/out/x'),
      await serve.client('/out/x'),
    ];
    expect((await oldest.isClosed()).code).to.equal(1013);
    for (const client of [second, third, member]) {
      await client.flushed();
      expect(client.closed).to.equal(null);
    }
  });

  it('messages of so many bytes, and says so (1009)', async () => {
    const serve = await TestServe.start({ limits: { maxMessageBytes: 2000 } });
    const viewer = await serve.member('/out/x');
    const publisher = await serve.member('/in/x');
    publisher.socket.send(Buffer.alloc(2000));
    await viewer.hears(1);
    publisher.socket.send(Buffer.alloc(2001));
    expect((await publisher.isClosed()).code).to.equal(1009);
    await viewer.flushed();
    expect(viewer.heard).to.have.length(1);
  });

  it('16 KiB before the token', async () => {
    const serve = await TestServe.start();
    const stranger = await serve.client('/in/x');
    stranger.socket.send('x'.repeat(1_000_000));
    const { code } = await stranger.isClosed();
    expect(code).to.be.oneOf([1009, 1006]);
    expect(stranger.heard).to.deep.equal([]);
  });

  it('a head that comes in time', async () => {
    const serve = await TestServe.start({ headersTimeoutMs: 200 });
    const wire = connect(serve.port, '127.0.0.1');
    afterTest(() => wire.destroy());
    wire.write('GET /out/x HTTP/1.1\r\nHost: x\r\n');
    let heard = '';
    wire.on('data', (text) => (heard += text.toString()));
    await once(wire, 'close');
    expect(heard).to.match(/^HTTP\/1\.1 408 /);
  });

  it('a request that comes in time', async () => {
    const serve = await TestServe.start({ headersTimeoutMs: 200 });
    const wire = connect(serve.port, '127.0.0.1');
    afterTest(() => wire.destroy());
    wire.on('error', () => undefined).resume();
    wire.write(
      `POST /session/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nAuthorization: ${serve.token('x')}\r\n\r\n`,
    );
    await once(wire, 'close');
  });
});

describe('a server of ours answers', () => {
  const topics = ['', 'a//b', '.', 'ü', 'a b', 'x'.repeat(201), '%00', '%zz', 'a%2f..%2fb', '<script>'];
  const notPaths = ['', 'a//b', '.']; // an empty segment, and what a client makes of "."
  for (const topic of topics) {
    const expected = notPaths.includes(topic) ? 404 : 400;
    it(`a topic that is none with ${expected} (${topic.slice(0, 20)})`, async () => {
      const serve = await TestServe.start();
      const refused = new TestClient(`${serve.audience}/out/${topic}`);
      await refused.isClosed();
      expect(refused.status).to.equal(expected);
      const { status } = await fetch(`${serve.url}/session/${topic}`, {
        method: 'POST',
        headers: { Authorization: serve.token('x') },
      });
      expect(status).to.be.oneOf([400, 401, 404]);
    });
  }

  it('a topic by the name of a property like any other', async () => {
    const serve = await TestServe.start();
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const viewer = await serve.member(`/out/${name}`);
      const publisher = await serve.member(`/in/${name}`);
      publisher.socket.send(name);
      await viewer.hears(1);
    }
    expect(Object.keys((await serve.stats()).topics)).to.have.members(['__proto__', 'constructor', 'toString']);
  });

  it('what is not there with 404, what is no WebSocket with 426, other methods with 405', async () => {
    const serve = await TestServe.start();
    expect((await serve.api('GET', '/nothing')).body).to.include({ status: 404, code: 'ERR_NO_SUCH_PATH' });
    for (const path of ['/in/x', '/out/x', '/bi/x', '/session/x']) {
      expect((await serve.api('GET', path)).body, path).to.include({ status: 426, code: 'ERR_UPGRADE_REQUIRED' });
    }
    expect((await serve.api('POST', '/healthcheck')).body).to.include({ status: 405, code: 'ERR_METHOD' });
    expect((await serve.api('DELETE', '/session/x')).body).to.include({ status: 405, code: 'ERR_METHOD' });
    const refused = new TestClient(`${serve.audience}/elsewhere`);
    await refused.isClosed();
    expect(refused.status).to.equal(404);
  });
});
