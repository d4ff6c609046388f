// A refused upload leaves a line in the log: ffmpeg tells nobody why.

import { expect } from 'chai';
import { isMistakenUpload, UploadRefusals } from '../../../src/api/live/upload-refusals.js';
import { HttpError } from '../../../src/http/answer/problem.js';
import type { Facts, Log } from '../../../src/log/log.js';
import { until } from '../../support/wait.js';
import { statusOf } from '../../support/relay/wire.js';
import { packets } from '../../support/mpegts/ts.js';
import { TestRelay } from '../../support/relay/relay.js';

const KEY = 'a-key-of-a-board-0123';
const CHUNK = `bc\r\n${packets(1).toString('latin1')}\r\n0\r\n\r\n`;
const HEAD = ['Host: 127.0.0.1', 'Transfer-Encoding: chunked'];

function told(relay: TestRelay): Facts[] {
  return relay.log.lines.filter(({ message }) => message === 'upload refused').map(({ facts }) => facts);
}

describe('an upload to a path that takes none', () => {
  for (const [path, meant] of [
    ['/video0', '/ts/video0'],
    ['/ts/', '/ts/<feed>'],
    ['/', '/ts/<feed>'],
    ['/ws/lab/video0', '/ts/lab/video0'],
    ['/in/video0/', '/ts/video0'],
    ['/Ts//video0', '/ts/video0'],
    ['/stream/front', '/ts/<feed>'],
    ['/a%zz', '/ts/<feed>'],
  ] as const) {
    it(`is told of with what was meant: POST ${path}`, async () => {
      const relay = await TestRelay.start();
      expect(await statusOf(relay.port, [`POST ${path} HTTP/1.1`, ...HEAD], CHUNK)).to.be.within(400, 426);
      expect(told(relay)).to.have.lengthOf(1);
      expect(told(relay)[0]!.meant).to.equal(meant);
    });
  }

  it('is answered with it, too, and told once however often it comes', async () => {
    const relay = await TestRelay.start();
    for (let i = 0; i < 5; i++) {
      const answer = await fetch(`http://127.0.0.1:${relay.port}/video0`, { method: 'PUT', body: packets(1) });
      expect(answer.status).to.equal(404);
      expect(await answer.text()).to.include('uploads go to /ts/video0');
    }
    expect(told(relay)).to.have.lengthOf(1);
  });

  it('is not what a wrong request to the API is', async () => {
    const relay = await TestRelay.start();
    await relay.api('POST', '/api/stream', { stream: 'stream/x', feeds: ['a'] });
    await relay.api('POST', '/stream', { stream: 'stream/x', feeds: ['a'] });
    expect(told(relay)).to.deep.equal([]);
    expect(['/api/x', '/ts/video0', '/login'].map(isMistakenUpload)).to.deep.equal([null, null, null]);
  });
});

describe('an upload without the key', () => {
  const lines: Facts[] = [];
  const log = { warn: (_message: string, facts: Facts) => void lines.push(facts) } as unknown as Log;
  const bare = { path: '/ts/video0', from: '192.0.2.1', authorization: undefined };
  const wanted = new HttpError(401, 'ERR_KEY', 'a key is required');
  beforeEach(() => void (lines.length = 0));

  it('is no news where the same comes with one right behind, as from ffmpeg', async () => {
    const refusals = new UploadRefusals(log, 20);
    refusals.onRefused(bare, wanted);
    refusals.onAccepted(bare);
    refusals.onRefused({ ...bare, path: '/ts/video1' }, wanted);
    await until('the other is told', () => lines.length > 0);
    expect(lines.map(({ path }) => path)).to.deep.equal(['/ts/video1']);
  });

  it('is logged at once if a wrong key was sent', () => {
    new UploadRefusals(log, 60_000).onRefused({ ...bare, authorization: 'Basic eDp4' }, wanted);
    expect(lines).to.have.lengthOf(1);
  });

  it('is waited for in a limited number', () => {
    const refusals = new UploadRefusals(log, 60_000);
    for (let i = 0; i < 201; i++) refusals.onRefused({ ...bare, path: `/ts/video${i}` }, wanted);
    expect(lines.map(({ path }) => path)).to.deep.equal(['/ts/video0']);
  });

  it('is no news at a relay, either', async () => {
    const relay = await TestRelay.start({ apiKey: KEY });
    const password = Buffer.from(`:${KEY}`).toString('base64');
    // From this machine an upload needs no key; the path that takes none does.
    expect(await statusOf(relay.port, ['POST /video0 HTTP/1.1', ...HEAD], CHUNK)).to.equal(401);
    expect(told(relay)).to.deep.equal([]);
    expect(await statusOf(relay.port, ['POST /video0 HTTP/1.1', ...HEAD, 'Authorization: Basic eDp4'], CHUNK)).to.equal(
      401,
    );
    expect(told(relay).map(({ meant }) => meant)).to.deep.equal(['/ts/video0']);
    expect(
      await statusOf(relay.port, ['POST /ts/video0 HTTP/1.1', ...HEAD, `Authorization: Basic ${password}`], CHUNK),
    ).to.equal(200);
  });
});
