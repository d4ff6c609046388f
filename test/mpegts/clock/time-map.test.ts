import { expect } from 'chai';
import { TimeMap } from '../../../src/mpegts/clock/time-map.js';

describe('TimeMap', () => {
  it('maps earlier times as the line was there, over hundreds of knots', () => {
    const map = new TimeMap(0, 1000);
    const found: number[] = [];
    for (let i = 1; i <= 2000; i++) {
      map.extend(i * 10, i % 2 ? 0.95 : 1.05);
      found[i] = map.at(i * 10);
    }
    for (let i = 1700; i <= 2000; i++) expect(map.at(i * 10)).to.be.closeTo(found[i]!, 1e-6);
  });

  it('shifts the whole line at once', () => {
    const map = new TimeMap(0, 1000);
    map.extend(100, 1);
    map.extend(200, 0.5);
    const before = [50, 100, 150, 200, 300].map((at) => map.at(at));
    map.shift(900);
    expect([50, 100, 150, 200, 300].map((at) => map.at(at))).to.deep.equal(before.map((at) => at + 900));
  });
});
