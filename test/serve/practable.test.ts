// The server as practable's clients know it: POST /session/<topic> with a token, then a WebSocket whose code works once.

import { expect } from 'chai';
import { TestClient, TestServe } from '../support/relay/serve.js';

/** Asks for access and opens the WebSocket that it brings. */
async function session(serve: TestServe, topic: string, scopes: readonly string[]): Promise<TestClient> {
  const { uri } = await serve.access(topic, serve.token(topic, scopes));
  const client = new TestClient(uri);
  await client.opened();
  await client.flushed(); // it is in, or would be closed
  return client;
}

describe('a server of ours, to a client of practable', () => {
  it('answers a token with the address of a WebSocket, and lets it in there without another word', async () => {
    const serve = await TestServe.start();
    const { status, text, uri } = await serve.access('x', serve.token('x'));
    expect(status).to.equal(200);
    expect(text).to.equal(`${JSON.stringify({ uri })}\n`);
    expect(uri).to.match(new RegExp(`^ws://127.0.0.1:${serve.port}/session/x\\?code=[\\w-]{32}$`));
    const client = new TestClient(uri);
    await client.opened();
    await client.flushed();
    expect([client.closed, client.heard]).to.deep.equal([null, []]);
  });

  it('takes the token as Bearer too', async () => {
    const serve = await TestServe.start();
    const { status } = await serve.access('x', `Bearer ${serve.token('x')}`);
    expect(status).to.equal(200);
  });

  it('answers pages from elsewhere, which ask first (CORS)', async () => {
    const serve = await TestServe.start();
    const asked = await fetch(`${serve.url}/session/x`, {
      method: 'OPTIONS',
      headers: { Origin: 'https://lab.example', 'Access-Control-Request-Headers': 'authorization' },
    });
    expect(asked.status).to.equal(204);
    expect(asked.headers.get('access-control-allow-origin')).to.equal('*');
    expect(asked.headers.get('access-control-allow-headers')).to.contain('Authorization');
    expect(asked.headers.get('access-control-allow-credentials')).to.equal(null);
  });

  it('carries messages both ways between those who may, to nobody who sent them', async () => {
    const serve = await TestServe.start();
    const [experiment, user] = [
      await session(serve, 'data', ['read', 'write']),
      await session(serve, 'data', ['read', 'write']),
    ];
    experiment.socket.send('{"angle":1}');
    user.socket.send(Buffer.from('left'));
    await Promise.all([user.hears(1), experiment.hears(1)]);
    expect([experiment.texts, user.texts]).to.deep.equal([['left'], ['{"angle":1}']]);
    expect(experiment.heard[0]!.isBinary).to.equal(true);
  });

  it('does not hear who may only read, and tells nothing to who may only write', async () => {
    const serve = await TestServe.start();
    const [reader, writer, both] = [
      await session(serve, 'x', ['read']),
      await session(serve, 'x', ['write']),
      await session(serve, 'x', ['read', 'write']),
    ];
    reader.socket.send('from the reader');
    await reader.flushed();
    writer.socket.send('from the writer');
    both.socket.send('from both');
    await Promise.all([reader.hears(2), both.hears(1)]);
    await writer.flushed();
    expect(reader.texts).to.have.members(['from the writer', 'from both']);
    expect(both.texts).to.deep.equal(['from the writer']);
    expect(writer.heard).to.deep.equal([]);
  });

  it('shares a topic with /in and /out', async () => {
    const serve = await TestServe.start();
    const viewer = await serve.member('/out/x');
    const board = await session(serve, 'x', ['write']);
    board.socket.send('picture');
    await viewer.hears(1);
    expect(viewer.texts).to.deep.equal(['picture']);
  });

  it('takes a token of this kind as first message at the other paths, as far as its scopes go', async () => {
    const serve = await TestServe.start();
    const verdict = async (path: string, scopes: string[]) => {
      const client = await serve.client(path, serve.token('x', scopes));
      await client.hears(1);
      return (JSON.parse(client.texts[0]!) as { authorised: boolean }).authorised;
    };
    expect(await verdict('/in/x', ['write'])).to.equal(true);
    expect(await verdict('/out/x', ['read'])).to.equal(true);
    expect(await verdict('/in/x', ['read'])).to.equal(false);
    expect(await verdict('/out/x', ['write'])).to.equal(false);
    const reader = await serve.client('/bi/x', serve.token('x', ['read']));
    const writer = await serve.client('/bi/x', serve.token('x', ['write']));
    await Promise.all([reader.hears(1), writer.hears(1)]);
    reader.socket.send('not mine to send');
    await reader.flushed();
    writer.socket.send('heard');
    await reader.hears(2);
    expect(reader.texts[1]).to.equal('heard');
    expect(writer.heard).to.have.length(1);
  });
});
