import { expect } from 'chai';
import { RateMeter } from '../../../src/relay/feed/rate-meter.js';

/** A meter that was sampled each second while `bytesPerSecond(second)` arrived. */
function metered(seconds: number, bytesPerSecond: (second: number) => number): { meter: RateMeter; bytes: number } {
  const meter = new RateMeter(0);
  let bytes = 0;
  for (let second = 1; second <= seconds; second++) {
    bytes += bytesPerSecond(second);
    meter.sample(bytes, second * 1000);
  }
  return { meter, bytes };
}

describe('Meter', () => {
  it('reports a steady rate, now and over a minute', () => {
    for (const seconds of [2, 3, 59, 60, 61, 200]) {
      const { meter, bytes } = metered(seconds, () => 250_000);
      expect(meter.rate(bytes, seconds * 1000), `${seconds} s`).to.deep.equal({ now: 2e6, minute: 2e6 });
    }
  });

  it('reports 0 soon after the last byte, and less and less over the minute', () => {
    const { meter, bytes } = metered(120, (second) => (second <= 90 ? 250_000 : 0));
    expect(meter.rate(bytes, 120_000)).to.deep.equal({ now: 0, minute: 1e6 });
    const later = metered(200, (second) => (second <= 90 ? 250_000 : 0));
    expect(later.meter.rate(later.bytes, 200_000)).to.deep.equal({ now: 0, minute: 0 });
  });

  it('begins with the first byte, however long there was none', () => {
    const { meter, bytes } = metered(1000, (second) => (second > 990 ? 125_000 : 0));
    expect(meter.rate(bytes, 1_000_000)).to.deep.equal({ now: 1e6, minute: 1e6 });
  });

  it('counts what arrived since the last sample too', () => {
    const { meter, bytes } = metered(10, () => 1000);
    expect(meter.rate(bytes + 500, 10_500)).to.deep.equal({ now: 8000, minute: 8000 });
  });

  it('reports no rate for an interval that is too short', () => {
    expect(new RateMeter(0).rate(100_000, 50)).to.deep.equal({ now: 0, minute: 0 });
  });
});
