// Pictures and sound of one source, of which one stops.

import { expect } from 'chai';
import { TrackStallDetector } from '../../../src/relay/feed/stall-detector.js';

const LEAST_MS = 5000;
const SECOND_MS = 1000;

/** How many of something have come by `nowMs` that come every `gapMs` until `untilMs`. */
const came = (nowMs: number, gapMs: number, untilMs = Infinity) => Math.floor(Math.min(nowMs, untilMs) / gapMs);

/** When something was first found to have stopped, and what; null: nothing was in two minutes. */
function firstStop(of: (nowMs: number) => readonly [pictures: number | null, sounds: number | null]) {
  const watch = new TrackStallDetector(LEAST_MS);
  for (let nowMs = 0; nowMs < 120_000; nowMs += SECOND_MS) {
    const stop = watch.sample(...of(nowMs), nowMs);
    if (stop) return { atMs: nowMs, ...stop };
  }
  return null;
}

describe('a source of pictures and sound', () => {
  const goesOn: [string, Parameters<typeof firstStop>[0]][] = [
    ['both come', (now) => [came(now, 40), came(now, 24)]],
    ['a picture comes every ten seconds', (now) => [came(now, 10_000), came(now, 24)]],
    ['sound comes four seconds at a time', (now) => [came(now, 40), came(now, 4000)]],
    ['both stop together', (now) => [came(now, 40, 20_000), came(now, 24, 20_000)]],
    ['there is no sound', (now) => [came(now, 40), null]],
    ['the sound cannot be counted', (now) => [came(now, 40, 20_000), null]],
  ];
  for (const [when, of] of goesOn) {
    it(`has nothing that stopped where ${when}`, () => expect(firstStop(of)).to.equal(null));
  }

  it('has one that stopped, after five seconds or as long as it may take by its rhythm', () => {
    expect(firstStop((now) => [came(now, 40, 20_000), came(now, 24)])).to.deep.equal({
      ...{ atMs: 25_000, kind: 'picture', forMs: LEAST_MS },
    });
    expect(firstStop((now) => [came(now, 40), came(now, 24, 20_000)])).to.deep.equal({
      ...{ atMs: 25_000, kind: 'sound', forMs: LEAST_MS },
    });
    expect(firstStop((now) => [came(now, 4000, 40_000), came(now, 24)])).to.deep.equal({
      ...{ atMs: 50_000, kind: 'picture', forMs: 10_000 },
    });
  });

  it('has one that stopped where it is listed and never comes', () => {
    expect(firstStop((now) => [came(now, 40), 0])).to.deep.equal({ atMs: 10_000, kind: 'sound', forMs: 10_000 });
  });
});
