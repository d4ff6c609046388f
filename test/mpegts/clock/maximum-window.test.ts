// The largest of recent values, and how long it is remembered.

import { expect } from 'chai';
import { MaximumWindow } from '../../../src/mpegts/clock/maximum-window.js';
import { TICKS_PER_MS } from '../../../src/mpegts/packet/timestamp.js';

const LATE = 900 * TICKS_PER_MS;

/** Adds 0 every 40 ms, and `LATE` every `everyMs`; how often that was not remembered when it came. */
function surprises(window: MaximumWindow, everyMs: number, lengthMs: number): number {
  let count = 0;
  for (let ms = 0; ms < lengthMs; ms += 40) {
    const isLate = ms > 0 && ms % everyMs < 40;
    if (isLate && window.maximum(ms) < LATE) count++;
    window.add(isLate ? LATE : 0, ms);
  }
  return count;
}

describe('MaximumWindow', () => {
  it('forgets a maximum after once to twice its span, whenever values come', () => {
    const window = new MaximumWindow(30_000, 60_000);
    window.add(LATE, 0);
    for (let ms = 0; ms <= 90_000; ms += 37) {
      window.add(0, ms);
      if (ms < 30_000) expect(window.maximum(ms)).to.equal(LATE);
      if (ms >= 60_000) expect(window.maximum(ms)).to.equal(0);
    }
  });

  for (const everyMs of [8000, 20_000, 35_000, 45_000, 55_000, 59_000]) {
    it(`remembers what recurs every ${everyMs / 1000} s, once it has recurred`, () => {
      expect(surprises(new MaximumWindow(30_000, 60_000), everyMs, 600_000)).to.be.at.most(2);
    });
  }

  it('forgets as fast as before once it recurs no more', () => {
    const window = new MaximumWindow(30_000, 60_000);
    surprises(window, 45_000, 300_000);
    for (let ms = 300_000; ms < 480_000; ms += 40) window.add(0, ms);
    expect(window.maximum(480_000)).to.equal(0);
    window.add(LATE, 480_000);
    for (let ms = 480_000; ms <= 540_000; ms += 40) window.add(0, ms);
    expect(window.maximum(540_000)).to.equal(0);
  });

  it('keeps its span where recurrence is not asked for', () => {
    expect(surprises(new MaximumWindow(1000), 1500, 60_000)).to.be.above(10);
  });
});
