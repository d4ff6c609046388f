import { expect } from 'chai';
import { FeedRate } from '../../../src/mpegts/clock/feed-rate.js';

const MS = 90;

/** Records 25 units a second for this long, from a source that runs at `rate`; the delays follow from the rate. */
function pace(seconds: number, rate: number): { pace: FeedRate; behind: { atMs: number; by: number }[] } {
  const one = new FeedRate();
  const behind: { atMs: number; by: number }[] = [];
  let raised = 0;
  for (let atMs = 0; atMs < seconds * 1000; atMs += 40) {
    const time = atMs * rate * MS;
    const by = one.observe(time, Math.max(0, atMs * MS - time) - raised, atMs);
    if (by > 0) behind.push({ atMs, by });
    raised += by;
  }
  return { pace: one, behind };
}

describe('FeedPace', () => {
  it('reports the rate of a source that is slower or faster than real time, and of no other', () => {
    for (const rate of [0.5, 0.6, 0.9, 1.5]) expect(pace(8, rate).pace.rate(8000)).to.be.closeTo(rate, 0.01);
    for (const rate of [0.98, 1, 1.02]) expect(pace(8, rate).pace.rate(8000)).to.be.NaN;
  });

  it('reports nothing for a source that is gone', () => {
    expect(pace(8, 0.6).pace.rate(12_000)).to.be.NaN;
    expect(pace(8, 1).pace.isPunctual(12_000)).to.be.false;
  });

  it('reports once for each second that a source has fallen behind', () => {
    const { behind } = pace(20, 0.5);
    expect(behind.length, 'of 10 s').to.be.within(8, 10);
    for (const { by } of behind) expect(by / MS).to.be.within(1000, 1100);
    expect(pace(20, 1).behind).to.deep.equal([]);
  });

  it('does not report it for a source that catches up', () => {
    const one = new FeedRate();
    for (let atMs = 5000; atMs < 10_000; atMs += 40) {
      const delay = Math.max(0, 5000 - (atMs - 5000)) * MS;
      expect(one.observe(atMs * MS - delay, delay, atMs)).to.equal(0);
    }
  });
});
