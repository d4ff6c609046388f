// Codes are for all, and nobody uses up those of others.

import { expect } from 'chai';
import { Codes } from '../../../src/serve/auth/codes.js';
import { type Grant, TokenError } from '../../../src/serve/auth/tokens.js';
import { TestClient, TestServe } from '../../support/relay/serve.js';

const grant = (owner: string, endsMs = Infinity): Grant => ({ canRead: true, canWrite: false, endsMs, owner });

describe('one-time codes', () => {
  it('are good once, for their topic, for so long, until their token ends', () => {
    const codes = new Codes(1000);
    const one = () => codes.issue('x', grant('t', 5000), '192.0.2.1', 0);
    const used = one();
    expect(codes.redeem(used, 'x', 999, 0).owner).to.equal('t');
    expect(() => codes.redeem(used, 'x', 999, 0)).to.throw(TokenError, 'is unknown');
    expect(() => codes.redeem(one(), 'y', 0, 0)).to.throw(TokenError, 'another topic');
    expect(() => codes.redeem(one(), 'x', 1000, 0)).to.throw(TokenError, 'expired');
    expect(() => codes.redeem(one(), 'x', 0, 5000)).to.throw(TokenError, 'expired');
  });

  it('last by a clock that nobody sets: it does not matter how the time of day jumps', () => {
    const codes = new Codes(1000);
    const code = codes.issue('x', grant('t'), '192.0.2.1', 0);
    expect(codes.redeem(code, 'x', 500, -1e12).canRead).to.equal(true);
  });

  const floods: [what: string, flood: (i: number) => [topic: string, owner: string, address: string]][] = [
    ['a token', () => ['x', 'flood', '192.0.2.1']],
    ['a token from many addresses', (i) => ['x', 'flood', `192.0.2.${i % 200}`]],
    ['a token for another topic from many addresses', (i) => ['y', 'flood', `192.0.2.${i % 200}`]],
    ['an address with many tokens', (i) => ['y', `flood${i}`, '192.0.2.1']],
    ['an IPv6 host with many addresses', (i) => ['x', 'flood', `2001:db8::${(i % 5000).toString(16)}`]],
  ];
  for (const [what, flood] of floods) {
    it(`of a class behind one address outlive a flood of ${what}`, () => {
      const codes = new Codes(30_000, 2000);
      const ask = (i: number) => codes.issue(...argumentsOf(flood(i)), 0);
      for (let i = 0; i < 5000; i++) ask(i);
      const own = Array.from({ length: 200 }, () => codes.issue('x', grant('class'), '198.51.100.1', 0));
      for (let i = 0; i < 5000; i++) ask(i);
      for (const code of own) expect(codes.redeem(code, 'x', 1, 0).owner).to.equal('class');
    });
  }

  it('let in a class of 200 behind one address with one token, all at once, and again', async () => {
    const serve = await TestServe.start();
    const token = serve.token('x', ['read']);
    for (let round = 0; round < 2; round++) {
      const asked = await Promise.all(Array.from({ length: 200 }, () => serve.access('x', token)));
      expect(asked.filter(({ status }) => status !== 200)).to.deep.equal([]);
      const clients = asked.map(({ uri }) => new TestClient(uri));
      await Promise.all(clients.map((client) => client.opened()));
      for (const { socket } of clients) socket.terminate();
    }
  });
});

function argumentsOf([topic, owner, address]: [string, string, string]): [string, Grant, string] {
  return [topic, grant(owner), address];
}
