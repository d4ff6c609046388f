// What all JSON answers have in common, and where a refusal leads.

import { expect } from 'chai';
import { TestServe } from '../support/relay/serve.js';
import { TestRelay } from '../support/relay/relay.js';

describe('JSON answers', () => {
  it('end with a line, of both servers', async () => {
    const [vw, serve] = [await TestRelay.start(), await TestServe.start({ secret: null, audiences: [] })];
    const rule = { stream: 'stream/a', feeds: [] };
    const texts = [
      (await vw.api('GET', '/healthcheck')).text,
      (await vw.api('POST', '/api/streams', rule)).text,
      (await vw.api('POST', '/api/streams', {})).text,
      (await vw.api('GET', '/api/stats')).text,
      (await vw.api('POST', '/ts/a', 'x')).text,
      (await vw.api('GET', '/nowhere')).text,
      (await vw.api('GET', '/ws/a')).text,
      ...(await Promise.all(
        ['/status', '/api/topics', '/nowhere', '/out/a'].map(async (path) => (await fetch(serve.url + path)).text()),
      )),
    ];
    for (const text of texts) expect(text).to.match(/[^\n]\n$/);
    for (const text of texts) JSON.parse(text);
  });
});

describe('a method that a path does not have', () => {
  it('is answered with where it is to be done', async () => {
    const vw = await TestRelay.start();
    const detail = async (method: string, path: string, status: number) => {
      const answer = await vw.api(method, path);
      expect(answer.status, path).to.equal(status);
      return (JSON.parse(answer.text) as { detail: string }).detail;
    };
    expect(await detail('GET', '/api/streams', 405)).to.include(
      'accepted: POST, PUT; /api/streams/all has GET, DELETE',
    );
    expect(await detail('DELETE', '/api/destinations', 405)).to.include('/api/destinations/{name} has GET, DELETE');
    expect(await detail('POST', '/api/streams/all', 405)).to.include(
      '; /api/streams/{name} has GET, DELETE; /api/streams has POST, PUT',
    );
    expect(await detail('POST', '/api/destinations/1', 405)).to.include('/api/destinations has POST, PUT');
    expect(await detail('GET', '/api/mutes', 404)).to.include('/api/mutes/all has GET, PUT, POST, DELETE');
  });
});

describe('a path that is none', () => {
  it('is answered with the one that is likely to be meant', async () => {
    const vw = await TestRelay.start();
    for (const [method, path, meant] of [
      ['POST', '/api/stream', '/api/streams'],
      ['GET', '/api/status', '/api/stats'],
      ['GET', '/api/destination/all', '/api/destinations/all'],
      ['DELETE', '/api/mute/lab/video0', '/api/mutes/lab/video0'],
      ['GET', '/plays/video0', '/play/video0'],
      ['GET', '/api/nothing', null],
      ['GET', '/x', null],
      ['GET', `/api/${'x'.repeat(9000)}`, null],
    ] as const) {
      const { status, text } = await vw.api(method, path);
      expect(status, path).to.equal(404);
      if (meant === null) expect(text, path).not.to.include('did you mean');
      else
        expect((JSON.parse(text) as { detail: string }).detail).to.include(`; did you mean ${meant}?; GET /api lists`);
    }
  });
});
