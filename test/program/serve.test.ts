// ffmpeg → vw stream → vw serve → a viewer, by each of vw stream's ways to a server.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { decode, ffmpeg, scratch, videoArgs } from '../support/media/ffmpeg.js';
import { TestClient, TestServe } from '../support/relay/serve.js';
import { until } from '../support/wait.js';
import { TestRelay } from '../support/relay/relay.js';

const SECONDS = 2;

/** Publishes pictures with ffmpeg, to its end. */
function publish(relay: TestRelay, feed: string, seconds = SECONDS): Promise<void> {
  return ffmpeg(['-re', ...videoArgs(seconds), '-f', 'mpegts', `${relay.url}/ts/${feed}`]);
}

/** What a viewer heard decodes, all of it. */
async function expectPictures(heard: readonly { data: Buffer }[], least: number): Promise<void> {
  const file = join(scratch(), 'heard.ts');
  writeFileSync(file, Buffer.concat(heard.map(({ data }) => data)));
  const { pictures, complaints } = await decode(file);
  expect(complaints).to.equal('');
  expect(pictures).to.be.at.least(least);
}

describe('ffmpeg, vw stream, vw serve and a viewer', () => {
  const ways: [name: string, rule: (serve: TestServe) => { destination: string; token?: string }, secret: boolean][] = [
    ['plain', (s) => ({ destination: `${s.audience}/in/video0` }), false],
    [
      'a token where none is asked for',
      (s) => ({ destination: `${s.audience}/in/video0`, token: s.token('x') }),
      false,
    ],
    ["crossbar's token", (s) => ({ destination: `${s.audience}/in/video0`, token: s.pathToken('/in/video0') }), true],
    [
      "practable's token as first message",
      (s) => ({ destination: `${s.audience}/in/video0`, token: s.token('video0', ['write']) }),
      true,
    ],
    [
      "practable's access",
      (s) => ({ destination: `${s.url}/session/video0`, token: s.token('video0', ['read', 'write']) }),
      true,
    ],
  ];
  for (const [name, rule, hasSecret] of ways) {
    it(`play every picture: ${name}`, async () => {
      const serve = await TestServe.start(hasSecret ? {} : { secret: null });
      const viewer = hasSecret ? await serve.member('/out/video0') : await serve.client('/out/video0');
      const relay = await TestRelay.start();
      await relay.send(rule(serve));
      await relay.isOpen();
      await publish(relay, 'video0');
      const { sentMessages } = relay.link();
      await viewer.hears(sentMessages);
      expect(viewer.heard, 'one message for one').to.have.length(sentMessages);
      expect(relay.link()).to.include({ opens: 1, droppedMessages: 0 });
      await expectPictures(viewer.heard, SECONDS * 25);
      const { codecs, continuityErrors } = await serve.topic('video0');
      expect([codecs, continuityErrors]).to.deep.equal([['mpeg1video'], 0]);
    });
  }

  it('go on through a renewed token without a picture lost', async () => {
    const serve = await TestServe.start();
    const viewer = await serve.member('/out/video0');
    const relay = await TestRelay.start();
    const destination = `${serve.audience}/in/video0`;
    await relay.send({ destination, token: serve.pathToken('/in/video0') });
    await relay.isOpen();
    const published = publish(relay, 'video0', 4);
    await viewer.hears(30);
    await relay.send({ destination, token: serve.pathToken('/in/video0', { jti: 'renewed' }) });
    await published;
    await until('the old link is gone', async () => (await serve.topic('video0')).publishers === 1);
    await until('all has come', async () => {
      const { receivedMessages, sentMessages } = await serve.topic('video0');
      return receivedMessages === sentMessages && viewer.heard.length === sentMessages;
    });
    await expectPictures(viewer.heard, 4 * 25);
  });

  it('tell the board why its token is refused', async () => {
    const serve = await TestServe.start();
    const relay = await TestRelay.start();
    await relay.send({ destination: `${serve.audience}/in/video0`, token: serve.pathToken('/in/video1') });
    await relay.failsWith(/rejected the token: this token is for another server or path/);
    await relay.send({ destination: `${serve.url}/session/video0`, token: serve.token('video1') });
    await relay.failsWith(/answered with HTTP 401: the token is refused/);
  });

  it('carry data both ways, a command to the board and its answer', async () => {
    const serve = await TestServe.start();
    const relay = await TestRelay.start();
    await relay.send({
      stream: 'data0',
      destination: `${serve.audience}/bi/data0`,
      token: serve.pathToken('/bi/data0'),
    });
    await relay.isOpen();
    const instrument = new TestClient(`ws://127.0.0.1:${relay.port}/ws/data0`);
    await instrument.opened();
    const user = await serve.member('/bi/data0');
    user.socket.send('{"cmd":"left"}');
    await instrument.hears(1);
    instrument.socket.send('{"angle":1}');
    await user.hears(1);
    expect([instrument.texts, user.texts]).to.deep.equal([['{"cmd":"left"}'], ['{"angle":1}']]);
  });
});
