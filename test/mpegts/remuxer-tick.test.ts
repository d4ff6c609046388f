// The PCRs that are due by time alone: at most 100 ms apart (ISO/IEC 13818-1 §2.7.2), and without messages of their own
// if the feed's messages bring them.

import { expect } from 'chai';
import { START_TIMEOUTS } from '../../src/relay/delivery/access-timeouts.js';
import { TICK_MS } from '../../src/mpegts/psi/repeat-schedule.js';
import { Remuxer } from '../../src/mpegts/remux/remuxer.js';
import { source } from '../support/mpegts/synthetic.js';

interface Made {
  /** The number of messages from ticks. */
  readonly ticked: number;
  /** The longest interval between two PCRs sent, after the first second. */
  readonly longestMs: number;
}

function run(unitMs: number, lateMs: (unit: number) => number = () => 0): Made {
  const remuxer = new Remuxer('lent', START_TIMEOUTS);
  remuxer.setInputs([{ feed: 'cam', select: 'all' }], 0);
  const made = { ticked: 0, longestMs: 0 };
  let lastMs = NaN;
  const take = (data: Uint8Array | null, atMs: number): void => {
    for (let at = 0; data && at < data.length; at += 188) {
      if ((data[at + 3]! & 0x20) === 0 || data[at + 4]! === 0 || (data[at + 5]! & 0x10) === 0) continue;
      if (atMs > 2000) made.longestMs = Math.max(made.longestMs, atMs - lastMs);
      lastMs = atMs;
    }
  };
  let tickAtMs = 1000;
  const options = { feed: 'cam', kind: 'video', fromMs: 1000, lengthMs: 20_000, unitMs, lateMs } as const;
  for (const { feed, data, begins, atMs } of source(options)) {
    for (; tickAtMs < atMs; tickAtMs += TICK_MS) {
      const out = remuxer.tick(tickAtMs);
      if (out) made.ticked++;
      take(out, tickAtMs);
    }
    take(remuxer.push(feed, { data, startsSource: begins }, atMs), atMs);
  }
  return made;
}

describe('PCRs due by time', () => {
  for (const unitMs of [20, 33, 40, 80]) {
    it(`none, if pictures bring one every ${unitMs} ms`, () => {
      const { ticked, longestMs } = run(unitMs);
      expect(ticked).to.be.at.most(1);
      expect(longestMs).to.be.at.most(100);
    });
  }

  for (const unitMs of [110, 200, 222, 500, 1000]) {
    it(`at most 100 ms apart, if pictures come every ${unitMs} ms`, () => {
      expect(run(unitMs).longestMs).to.be.at.most(100);
    });
  }

  it('soon, if an expected picture does not arrive', () => {
    const { ticked, longestMs } = run(40, (unit) => (unit % 50 === 0 ? 400 : 0));
    expect(longestMs).to.be.at.most(150);
    expect(ticked).to.be.within(10, 100);
  });
});
