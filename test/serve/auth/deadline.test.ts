// Moments of a clock that is set while it is waited for.

import { expect } from 'chai';
import { COOKIE_NAME, KeyGuard } from '../../../src/api/access/keys.js';
import { atTime } from '../../../src/serve/auth/deadline.js';
import { afterTest } from '../../support/cleanup.js';
import { until } from '../../support/wait.js';

const YEAR_MS = 365 * 24 * 3_600_000;

/** A clock that is set by hand, looked at every 5 ms. */
function setClock(nowMs: number): { now: () => number; checkMs: number; looks: number; nowMs: number } {
  const clock = {
    nowMs,
    looks: 0,
    checkMs: 5,
    now: () => {
      clock.looks++;
      return clock.nowMs;
    },
  };
  return clock;
}

describe('a deadline by the wall clock', () => {
  const starts: [what: string, nowMs: number][] = [
    ['a clock that is 30 years behind', Date.now() - 30 * YEAR_MS],
    ['a clock at its very beginning, 2^31 ms and more from then', 0],
    ['a clock that is an hour behind', Date.now() - 3_600_000],
  ];
  for (const [what, nowMs] of starts) {
    it(`comes when ${what} is corrected`, async () => {
      const clock = setClock(nowMs);
      const atMs = Date.now();
      let reached = 0;
      afterTest(atTime(atMs, () => reached++, clock));
      await until('it was looked at', () => clock.looks > 3);
      expect(reached).to.equal(0);
      clock.nowMs = atMs - 1;
      const { looks } = clock;
      await until('it was looked at again', () => clock.looks > looks + 1);
      expect(reached).to.equal(0);
      clock.nowMs = atMs + 10;
      await until('it is reached', () => reached === 1);
      expect(clock.looks).to.be.at.least(looks + 2);
    });
  }

  it('waits on where the clock is set back, and comes when it is that time after all', async () => {
    const clock = setClock(1_000_000);
    let reached = 0;
    afterTest(atTime(1_000_100, () => reached++, clock));
    clock.nowMs = 0;
    await until('it was looked at', () => clock.looks > 20); // for more than the 100 ms that it was away
    expect(reached).to.equal(0);
    clock.nowMs = 1_000_100;
    await until('it is reached', () => reached === 1);
  });

  it('looks at the clock at least once a minute, however far it is', () => {
    const real = globalThis.setTimeout;
    const delays: number[] = [];
    globalThis.setTimeout = ((run: () => void, ms: number) => {
      delays.push(ms);
      return real(run, ms);
    }) as typeof setTimeout;
    try {
      for (const aheadMs of [61_000, 2 ** 31 + 5, 40 * YEAR_MS]) {
        atTime(Date.now() + aheadMs, () => expect.fail('it is not time yet'))();
      }
    } finally {
      globalThis.setTimeout = real;
    }
    expect(delays).to.have.length(3);
    expect(Math.max(...delays)).to.be.at.most(60_000);
  });

  it('that is past is reached at once, one at Infinity never; one that is called off is not', async () => {
    const clock = setClock(100);
    let reached = 0;
    atTime(100, () => reached++, clock);
    expect(reached).to.equal(1);
    const { looks } = clock;
    atTime(Infinity, () => reached++, clock);
    expect(clock.looks).to.equal(looks);
    atTime(200, () => reached++, clock)();
    clock.nowMs = 300;
    const other = setClock(0);
    afterTest(atTime(1, () => undefined, other));
    await until('time has passed', () => other.looks > 3);
    expect(reached).to.equal(1);
  });
});

describe('what is good for a while', () => {
  const cookie = (keys: KeyGuard, nowMs: number) => `${COOKIE_NAME}=${keys.newSession(nowMs)}`;

  it('a login that a clock of the future has made does not last for years', () => {
    const keys = new KeyGuard('a-key-of-some-length');
    const now = Date.now();
    expect(keys.check(undefined, cookie(keys, now), '192.0.2.1', now + 1000)).to.equal('good');
    expect(keys.check(undefined, cookie(keys, now), '192.0.2.1', now - 60_000), 'set back a little').to.equal('good');
    expect(keys.check(undefined, cookie(keys, now + YEAR_MS), '192.0.2.1', now)).to.equal('none');
    expect(keys.check(undefined, cookie(keys, now - YEAR_MS), '192.0.2.1', now)).to.equal('none');
  });

  it('wrong keys are not held against an address for longer, though the clock be set back', () => {
    const keys = new KeyGuard('a-key-of-some-length');
    const now = Date.now();
    const check = (key: string, nowMs: number) => keys.check(`Bearer ${key}`, undefined, '192.0.2.1', nowMs);
    for (let i = 0; i < 10; i++) expect(check('wrong', now)).to.equal('wrong');
    expect(check('a-key-of-some-length', now + 1000)).to.equal('too many');
    expect(check('a-key-of-some-length', now - YEAR_MS)).to.equal('good');
  });
});
