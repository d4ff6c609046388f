// When a link that was lost is dialled again.

import { expect } from 'chai';
import { Backoff } from '../../../src/relay/dial/backoff.js';
import { DEFAULT_LIMITS } from '../../../src/config/limits.js';

describe('Backoff', () => {
  it('dials at once, then after 1 s doubling to 10 s, each up to a fifth off', () => {
    const backoff = new Backoff(DEFAULT_LIMITS);
    for (const wanted of [0, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]) {
      expect(backoff.next()).to.be.within(0.8 * wanted, 1.2 * wanted);
    }
  });

  it('has jitter', () => {
    const delays = Array.from({ length: 20 }, () => {
      const backoff = new Backoff(DEFAULT_LIMITS);
      backoff.next();
      return backoff.next();
    });
    expect(new Set(delays).size).to.be.greaterThan(10);
  });

  it('starts over when the link has been good', () => {
    const backoff = new Backoff(DEFAULT_LIMITS);
    for (let i = 0; i < 200; i++) backoff.next();
    backoff.reset();
    expect(backoff.next()).to.equal(0);
    expect(backoff.next()).to.be.within(800, 1200);
  });
});
