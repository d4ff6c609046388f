// The server as crossbar's clients know it: paths, the token as first message, the verdict, what goes where.

import { connect } from 'node:net';
import { expect } from 'chai';
import { afterTest } from '../support/cleanup.js';
import { TestServe } from '../support/relay/serve.js';
import { until } from '../support/wait.js';

describe('a server of ours, to a client of crossbar', () => {
  it('answers the token with the verdict, byte for byte, and nothing before it', async () => {
    const serve = await TestServe.start();
    const token = serve.pathToken('/in/some/location');
    const client = await serve.client('/in/some/location', token);
    await client.hears(1);
    expect(client.heard).to.deep.equal([
      {
        data: Buffer.from(`{"topic":"/in/some/location","token":"${token}","authorised":true,"reason":"ok"}`),
        isBinary: false,
      },
    ]);
  });

  it('answers on the wire with one unmasked text frame', async () => {
    const serve = await TestServe.start();
    const token = serve.pathToken('/out/x');
    const wire = connect(serve.port, '127.0.0.1');
    afterTest(() => wire.destroy());
    let heard = Buffer.alloc(0);
    wire.on('data', (data) => (heard = Buffer.concat([heard, data])));
    wire.write(
      'GET /out/x HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: null\r\n\r\n',
    );
    await until('it is upgraded', () => heard.includes('\r\n\r\n'));
    expect(heard.toString()).to.match(/^HTTP\/1\.1 101 /);
    expect(heard.toString()).to.contain('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    expect(heard.toString(), 'jsmpeg asks for it, and Chrome wants it taken').to.contain(
      'Sec-WebSocket-Protocol: null',
    );
    heard = Buffer.alloc(0);
    const head = Buffer.from([0x81, 0x80 | 126, token.length >> 8, token.length & 0xff, 0, 0, 0, 0]);
    wire.write(Buffer.concat([head, Buffer.from(token)]));
    const verdict = `{"topic":"/out/x","token":"${token}","authorised":true,"reason":"ok"}`;
    const frame = Buffer.concat([
      Buffer.from([0x81, 126, verdict.length >> 8, verdict.length & 0xff]),
      Buffer.from(verdict),
    ]);
    await until('the verdict came', () => heard.length >= frame.length);
    expect(heard.equals(frame)).to.equal(true);
  });

  it('takes a token in a binary message, and with white space around it', async () => {
    const serve = await TestServe.start();
    for (const path of ['/in/x', '/out/x', '/bi/x']) {
      const client = await serve.client(path);
      const text = ` ${serve.pathToken(path)}\n`;
      client.socket.send(Buffer.from(text));
      await client.hears(1);
      expect(JSON.parse(client.texts[0]!)).to.deep.equal({ topic: path, token: text, authorised: true, reason: 'ok' });
      expect(client.heard[0]!.isBinary).to.equal(false);
    }
  });

  it('tells who is refused why, in a verdict, and closes at once', async () => {
    const serve = await TestServe.start();
    const client = await serve.client('/in/x', 'no token at all <&>');
    await client.hears(1);
    expect(client.texts[0]).to.equal(
      '{"topic":"/in/x","token":"no token at all \\u003c\\u0026\\u003e","authorised":false,"reason":"this is not a token"}',
    );
    expect(await client.isClosed()).to.deep.equal({ code: 1008, reason: 'this is not a token' });
  });

  it('plays at /out what /in brings: one message for one, text as text, binary as binary', async () => {
    const serve = await TestServe.start();
    const [one, other] = [await serve.member('/out/x'), await serve.member('/out/x/')].map((client) => client);
    const publisher = await serve.member('/in/x');
    const messages = [
      'hello',
      '',
      Buffer.from([1, 2, 3]),
      Buffer.alloc(0),
      'ü',
      Buffer.alloc(70_000, 7),
      'x'.repeat(126),
    ];
    for (const message of messages) publisher.socket.send(message);
    for (const viewer of [one!, other!]) {
      await viewer.hears(messages.length);
      expect(viewer.heard).to.deep.equal(
        messages.map((message) => ({ data: Buffer.from(message), isBinary: typeof message !== 'string' })),
      );
    }
    expect(publisher.heard).to.deep.equal([]);
  });

  it('takes messages that follow the token without waiting for the verdict, in their order', async () => {
    const serve = await TestServe.start();
    const viewer = await serve.member('/out/x');
    const publisher = await serve.client('/in/x');
    publisher.socket.send(serve.pathToken('/in/x'));
    for (let i = 0; i < 50; i++) publisher.socket.send(`message ${i}`);
    await viewer.hears(50);
    expect(viewer.texts).to.deep.equal(Array.from({ length: 50 }, (_, i) => `message ${i}`));
  });

  it('gets nothing from viewers at /out', async () => {
    const serve = await TestServe.start();
    const [viewer, other, publisher] = [
      await serve.member('/out/x'),
      await serve.member('/out/x'),
      await serve.member('/in/x'),
    ];
    viewer.socket.send('from a viewer');
    viewer.socket.send(serve.pathToken('/out/x'));
    await viewer.flushed();
    publisher.socket.send('from the publisher');
    await Promise.all([viewer.hears(1), other.hears(1)]);
    expect([viewer.texts, other.texts, publisher.texts]).to.deep.equal([
      ['from the publisher'],
      ['from the publisher'],
      [],
    ]);
  });

  it('carries /bi both ways, to everybody but the sender, and to no other path', async () => {
    const serve = await TestServe.start();
    const [one, two, three, viewer] = [
      await serve.member('/bi/x'),
      await serve.member('/bi/x'),
      await serve.member('/bi/x'),
      await serve.member('/out/x'),
    ];
    one.socket.send('from one');
    await Promise.all([two.hears(1), three.hears(1)]);
    two.socket.send(Buffer.from('from two'));
    await Promise.all([one.hears(1), three.hears(2)]);
    await viewer.flushed();
    expect([one.texts, two.texts, three.texts, viewer.texts]).to.deep.equal([
      ['from two'],
      ['from one'],
      ['from one', 'from two'],
      [],
    ]);
    expect(three.heard.map(({ isBinary }) => isBinary)).to.deep.equal([false, true]);
  });

  it('keeps topics apart', async () => {
    const serve = await TestServe.start();
    const [a, b, publisher] = [
      await serve.member('/out/lab/a'),
      await serve.member('/out/lab/b'),
      await serve.member('/in/lab/a'),
    ];
    publisher.socket.send('for a');
    await a.hears(1);
    await b.flushed();
    expect(b.heard).to.deep.equal([]);
  });

  it('sends nothing to who has shown no token, and closes it after a while', async () => {
    const serve = await TestServe.start({ limits: { tokenTimeoutMs: 200 } });
    const silent = await serve.client('/out/x');
    const publisher = await serve.member('/in/x');
    publisher.socket.send('secret');
    const { code, reason } = await silent.isClosed();
    expect(code).to.equal(1008);
    expect(reason).to.contain('no token within 0.2 s');
    expect(silent.heard).to.deep.equal([]);
  });

  it('cuts the link when the token ends, publishers and viewers', async () => {
    const serve = await TestServe.start();
    const exp = Math.floor(Date.now() / 1000) + 2;
    for (const path of ['/in/x', '/out/x', '/bi/x']) {
      const client = await serve.client(path, serve.pathToken(path, { exp }));
      void client.hears(1);
    }
    const viewer = await serve.client('/out/x', serve.pathToken('/out/x', { exp }));
    const { code, reason } = await viewer.isClosed();
    expect([code, reason]).to.deep.equal([1008, 'the token has expired']);
    expect(Date.now() / 1000).to.be.at.least(exp);
    await until('all are gone', async () => (await serve.stats()).clients === 0);
  });

  it('lets a token that ends in a year be in for longer than a timer of Node can be', async () => {
    const serve = await TestServe.start();
    const exp = Math.floor(Date.now() / 1000) + 400 * 86_400;
    const client = await serve.client('/bi/x', serve.pathToken('/bi/x', { exp }));
    await client.hears(1);
    await client.flushed();
    await client.flushed();
    expect(client.closed).to.equal(null);
  });

  it('without a secret asks for none and answers none; a token that comes all the same reaches nobody', async () => {
    const serve = await TestServe.start({ secret: null });
    const viewer = await serve.client('/out/x');
    const publisher = await serve.client('/in/x');
    publisher.socket.send('plain');
    await viewer.hears(1);
    const token = serve.pathToken('/in/x');
    const second = await serve.client('/in/x', token);
    await second.hears(1);
    expect(JSON.parse(second.texts[0]!)).to.include({ topic: '/in/x', authorised: true });
    second.socket.send('after the token');
    await viewer.hears(2);
    expect(viewer.texts).to.deep.equal(['plain', 'after the token']);
    expect(publisher.heard).to.deep.equal([]);
    expect(JSON.stringify(serve.log.lines)).not.to.contain(token);
  });
});
