// Media that is sent by HTTP to vw serve, which takes it by WebSocket: the log says so, and so does the answer.

import { expect } from 'chai';
import { TestServe } from '../support/relay/serve.js';
import { packets } from '../support/mpegts/ts.js';

describe('an upload by HTTP to vw serve', () => {
  for (const [method, path] of [
    ['PUT', '/in/video0'],
    ['POST', '/in/video0'],
    ['POST', '/ts/video0'],
    ['POST', '/'],
  ] as const) {
    it(`is told of, once: ${method} ${path}`, async () => {
      const serve = await TestServe.start();
      for (let i = 0; i < 3; i++) {
        const answer = await fetch(`http://127.0.0.1:${serve.port}${path}`, { method, body: packets(1) });
        expect(answer.status).to.be.within(404, 426);
      }
      const told = serve.log.lines.filter(({ message }) => message === 'upload refused');
      expect(told.map(({ facts }) => facts.path)).to.deep.equal([path]);
      expect(told[0]!.facts.reason).to.include('published by WebSocket at /in/<topic>');
    });
  }

  it('is not what asking for access is', async () => {
    const serve = await TestServe.start();
    expect((await fetch(`http://127.0.0.1:${serve.port}/session/video0`, { method: 'POST' })).status).to.equal(401);
    expect(serve.log.lines.filter(({ message }) => message === 'upload refused')).to.deep.equal([]);
  });
});
