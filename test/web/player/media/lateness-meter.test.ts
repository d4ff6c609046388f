import { expect } from 'chai';
import { LatenessMeter } from '../../../../src/web/player/media/lateness-meter.js';

/** Pictures 40 ms apart, each looked at `delayOf(its number)` after its time; returns which were left out. */
function leftOut(count: number, delayOf: (i: number) => number): number[] {
  const lateness = new LatenessMeter();
  return Array.from({ length: count }, (_, i) => i).filter((i) => lateness.isTooLate(i * 40, i * 40 + delayOf(i)));
}

describe('Lateness', () => {
  it('leaves nothing out while pictures come as they were made, jitter included', () => {
    expect(leftOut(1000, (i) => 5000 + (i % 7) * 40)).to.deep.equal([]);
  });

  it('leaves out what a stalled network delivers late, until it is live again', () => {
    // 20 pictures are held up and come at once with the 70th; the last three of them are late by 120 ms or less.
    const out = leftOut(200, (i) => (i >= 50 && i < 70 ? (70 - i) * 40 : 0));
    expect(out[0]).to.equal(50);
    expect(out.at(-1)).to.equal(66);
  });

  it('takes a way that has become longer as it is', () => {
    const out = leftOut(200, (i) => (i < 50 ? 0 : 800));
    expect(out[0]).to.equal(50);
    expect(out.at(-1)).to.be.below(50 + 400 / 40);
  });

  it('leaves out for as long as that makes up for it: a machine that decodes too slowly', () => {
    const lateness = new LatenessMeter();
    let now = 0;
    let taken = 0;
    let latest = 0;
    for (let i = 0; i < 500; i++) {
      now = Math.max(now, i * 40);
      if (lateness.isTooLate(i * 40, now)) continue;
      lateness.pictureAccepted();
      taken++;
      now += 100; // to decode it
      latest = Math.max(latest, now - i * 40);
    }
    expect(latest).to.be.below(450);
    expect(taken).to.be.within(150, 205); // 200 could be decoded
  });

  it('takes pictures that come in bursts, a second at a time', () => {
    const lateness = new LatenessMeter();
    const taken = new Set<number>(); // bursts
    let waitsForKey = true;
    for (let i = 0; i < 250; i++) {
      const burst = Math.floor(i / 25);
      if (lateness.isTooLate(i * 40, (burst + 1) * 1000)) waitsForKey = true;
      else if (i % 25 === 0 || !waitsForKey) {
        waitsForKey = false;
        lateness.pictureAccepted();
        taken.add(burst);
      }
    }
    expect(taken.size).to.be.above(7);
  });

  it('takes a late picture of a source that makes few, however late', () => {
    const lateness = new LatenessMeter();
    const delays = [0, 0, 900, 0, 0, 1300, 320, 0];
    for (const [i, delay] of delays.entries()) {
      expect(lateness.isTooLate(i * 1000, i * 1000 + delay), `picture ${i}`).to.be.false;
      lateness.pictureAccepted();
    }
  });

  it('follows clocks that drift apart', () => {
    expect(leftOut(250_000, (i) => i * 40 * 100e-6)).to.deep.equal([]); // 100 ppm for almost three hours
  });

  it('begins anew when the source does', () => {
    const lateness = new LatenessMeter();
    lateness.isTooLate(3_600_000, 0);
    expect(lateness.isTooLate(1400, 40)).to.be.false;
    expect(lateness.ms).to.equal(0);
  });
});
