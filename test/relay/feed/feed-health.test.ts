import { expect } from 'chai';
import { FeedHealth, type FeedSample } from '../../../src/relay/feed/feed-health.js';

describe('FeedWatch', () => {
  const seen: FeedSample = {
    source: null,
    waiting: null,
    packetBytes: 0,
    opaqueTs: 0,
    opaqueBytes: 0,
    skippedBytes: 0,
    packets: 0,
    hasPat: false,
    hasPmt: false,
    isWanted: true,
    isAwaited: false,
    pictures: null,
    sounds: null,
    accessPoints: 0,
    gopMs: null,
    likelyMeant: () => null,
    streamFault: null,
  };

  it('reports a fault only when it changes', () => {
    const watch = new FeedHealth(5000, 0);
    const changes = [1000, 2000, 3000, 60_000].filter((nowMs) => watch.check(seen, nowMs));
    expect(changes).to.deep.equal([3000]);
    expect(watch.fault?.code).to.equal('no-source');
    expect(watch.check({ ...seen, isWanted: false }, 61_000)).to.equal(true);
    expect(watch.fault).to.equal(null);
  });

  it('reports that video has stopped while audio continues, as long as that lasts', () => {
    const watch = new FeedHealth(5000, 0);
    watch.sourceStarted(0, 0);
    const sends = (nowMs: number, pictures: number) => {
      const some = { source: 'a', packetBytes: nowMs, packets: nowMs, hasPat: true, hasPmt: true };
      return watch.check({ ...seen, ...some, pictures, sounds: nowMs }, nowMs);
    };
    const changes = [];
    for (let nowMs = 0; nowMs <= 40_000; nowMs += 1000) {
      if (sends(nowMs, nowMs <= 10_000 || nowMs > 30_000 ? nowMs : 10_000)) changes.push([nowMs, watch.fault?.message]);
    }
    expect(changes).to.deep.equal([
      [15_000, 'a is connected, and has sent no picture for 5 s, only sound'],
      [31_000, undefined],
    ]);
  });

  it('gives another source the time for its tables that the first had', () => {
    const watch = new FeedHealth(5000, 0);
    watch.sourceStarted(0, 0);
    const sends = (nowMs: number) => watch.check({ ...seen, source: 'a', packetBytes: nowMs, packets: nowMs }, nowMs);
    expect([1000, 2000].map(sends)).to.deep.equal([false, false]);
    watch.sourceStarted(2000, 2500);
    expect([3000, 4000].map(sends)).to.deep.equal([false, false]);
    expect(sends(5000)).to.equal(true);
    expect(watch.fault?.code).to.equal('no-tables');
  });
});
