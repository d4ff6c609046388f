// A connection that brings nothing is left after a while: not because a publisher is silent, which the server says as soon
// as it has found it out.

import { expect } from 'chai';
import { DEFAULT_LIMITS } from '../../../../src/config/limits.js';
import { maxSilenceMs } from '../../../../src/web/player/connection/silence.js';

const LOOKED_EVERY_MS = 1000;
const ASKED_EVERY_MS = 1000;

describe('how long nothing may come until a player reconnects', () => {
  const live = { state: 'live', fault: null, muted: null } as const;

  it('is longer than a server takes to say that the publisher is silent', () => {
    const untilSaidMs = DEFAULT_LIMITS.silentAfterMs + LOOKED_EVERY_MS + ASKED_EVERY_MS;
    expect(maxSilenceMs({ status: live, isReachable: true })).to.be.within(untilSaidMs + 500, untilSaidMs + 2000);
  });

  it('is shorter with a server that does not answer', () => {
    expect(maxSilenceMs({ status: live, isReachable: false })).to.be.below(7000);
  });

  it('is long where the server has a reason, has muted it, or has said nothing', () => {
    const fault = { code: 'silent', message: 'it has sent nothing for more than 5 s' };
    for (const status of [
      null,
      { ...live, fault },
      { ...live, muted: 'all' as const },
      { ...live, state: 'absent' as const },
    ]) {
      expect(maxSilenceMs({ status, isReachable: true })).to.be.above(20_000);
    }
  });
});
