import { expect } from 'chai';
import fc from 'fast-check';
import { MinimumWindow } from '../../../src/mpegts/clock/minimum-window.js';

/** Values, and the time since the one before, ms. */
const values = fc.array(
  fc.record({ value: fc.integer({ min: -1000, max: 1000 }), afterMs: fc.integer({ min: 0, max: 900 }) }),
  {
    minLength: 1,
    maxLength: 200,
  },
);

describe('LeastWindow', () => {
  it('has the minimum of the last 14 to 16 s, and reports each time that it may have changed', () => {
    fc.assert(
      fc.property(values, (list) => {
        const window = new MinimumWindow();
        const taken: { value: number; atMs: number }[] = [];
        let atMs = 12_345;
        for (const { value, afterMs } of list) {
          atMs += afterMs;
          taken.push({ value, atMs });
          const before = window.minimum;
          const isSaid = window.add(value, atMs);
          const since = (ms: number) =>
            Math.min(...taken.filter((one) => one.atMs > atMs - ms).map((one) => one.value));
          expect(window.minimum).to.be.at.most(since(14_000)).and.at.least(since(16_000));
          if (window.minimum !== before) expect(isSaid).to.be.true;
        }
      }),
    );
  });

  it('keeps its minimum during a pause longer than the window, because the next value may be late', () => {
    const window = new MinimumWindow();
    window.add(5, 1000);
    window.add(700, 60_000);
    expect(window.minimum).to.equal(5);
    window.add(690, 63_000);
    expect(window.minimum).to.equal(690);
  });

  it('is raised as a whole', () => {
    const window = new MinimumWindow();
    window.add(5, 1000);
    window.raise(100);
    expect(window.minimum).to.equal(105);
    expect(window.add(104, 1001)).to.be.true;
    expect(window.minimum).to.equal(104);
  });
});
