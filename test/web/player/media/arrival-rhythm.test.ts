import { expect } from 'chai';
import { ArrivalRhythm } from '../../../../src/web/player/media/arrival-rhythm.js';

/** A track whose units are `gapMs` apart, `count` of them, the last of which came at the time that is returned. */
function follow(rhythm: ArrivalRhythm, gapMs: number, count: number, fromMs = 0, inBursts = 1): number {
  let arrivedMs = fromMs;
  for (let i = 0; i < count; i++) {
    arrivedMs = fromMs + Math.floor(i / inBursts) * inBursts * gapMs;
    rhythm.add(90_000 + fromMs + i * gapMs, arrivedMs);
  }
  return arrivedMs;
}

describe('the rhythm of a track', () => {
  it('gives up a track of 25 units a second after two seconds, and not before', () => {
    const rhythm = new ArrivalRhythm();
    const lastMs = follow(rhythm, 40, 20);
    expect([rhythm.isAlive(lastMs + 1900), rhythm.isAlive(lastMs + 2100)]).to.deep.equal([true, false]);
  });

  it('believes in a track as seldom as it comes', () => {
    for (const gapMs of [500, 1000, 2000, 5000]) {
      const rhythm = new ArrivalRhythm();
      const lastMs = follow(rhythm, gapMs, 5);
      expect(rhythm.expectedIntervalMs).to.equal(gapMs);
      expect(rhythm.isAlive(lastMs + gapMs * 2), `${gapMs}`).to.equal(true);
      expect(rhythm.isAlive(lastMs + Math.max(2001, gapMs * 3)), `${gapMs}`).to.equal(false);
    }
  });

  it('knows a unit that is late before the track counts as stopped', () => {
    for (const gapMs of [40, 2000]) {
      const rhythm = new ArrivalRhythm();
      const lastMs = follow(rhythm, gapMs, 8);
      const lateMs = Math.max(500, gapMs * 1.5);
      expect([lateMs - 20, lateMs + 20].map((ms) => rhythm.isLate(lastMs + ms))).to.deep.equal([false, true]);
      expect(rhythm.isAlive(lastMs + lateMs + 20)).to.equal(true);
    }
  });

  it('believes in units that come many at a time', () => {
    const rhythm = new ArrivalRhythm();
    const lastMs = follow(rhythm, 24, 600, 0, 120); // 3 s at once
    expect(rhythm.isAlive(lastMs + 5000)).to.equal(true);
  });

  it('takes one long pause for no rhythm', () => {
    const rhythm = new ArrivalRhythm();
    follow(rhythm, 40, 20);
    const lastMs = follow(rhythm, 40, 4, 60_000);
    expect(rhythm.isAlive(lastMs + 2100)).to.equal(false);
  });

  it('believes in a first unit for a while, and never in none', () => {
    const rhythm = new ArrivalRhythm();
    expect(rhythm.isAlive(0)).to.equal(false);
    rhythm.add(0, 0);
    expect([rhythm.isAlive(4000), rhythm.isAlive(6000)]).to.deep.equal([true, false]);
  });

  it('has no proof of life in what a cache has kept', () => {
    const rhythm = new ArrivalRhythm();
    for (let i = 0; i < 100; i++) rhythm.add(i * 40, i * 4); // ten times as fast as it was made, over a narrow line
    expect(rhythm.isProven).to.equal(false);
    for (let i = 0; i < 5; i++) rhythm.add(4000 + i * 40, 440 + i * 40);
    expect(rhythm.isProven).to.equal(true);
  });

  it('has none in the messages of a cache that a busy page takes one by one', () => {
    const rhythm = new ArrivalRhythm();
    for (let i = 0; i < 12; i++) rhythm.add(i * 40, i < 6 ? 0 : (i - 5) * 20); // and once there is a pause:
    rhythm.add(480, 170);
    expect(rhythm.isProven).to.equal(false);
  });

  it('has one in a picture every two seconds, from the second on', () => {
    const rhythm = new ArrivalRhythm();
    follow(rhythm, 2000, 2);
    expect(rhythm.isProven).to.equal(true);
  });
});
