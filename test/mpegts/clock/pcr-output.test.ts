import { expect } from 'chai';
import fc from 'fast-check';
import { FeedClock } from '../../../src/mpegts/clock/feed-clock.js';
import { PcrOutput, type PcrTime } from '../../../src/mpegts/clock/pcr-output.js';
import { readPcr, ticksAfter, writePcr } from '../../../src/mpegts/packet/timestamp.js';

const MS = 90; // ticks

/** A program of one feed or of several, in milliseconds. */
class Bench {
  readonly pcr = new PcrOutput();
  readonly driver: FeedClock;
  #nowMs = 0;

  constructor(
    readonly isByStamps = true,
    offsetMs = 0,
  ) {
    this.driver = new FeedClock(0, offsetMs * MS, 0);
  }

  get lagMs(): number {
    return Math.round(this.pcr.lag / MS);
  }

  /** The state when the program's time is `timeMs` and the need is `needMs`, or may be `guessMs`. */
  timeOf(timeMs: number, needMs: number, guessMs = needMs): PcrTime {
    const { driver, isByStamps } = this;
    return { driver, time: timeMs * MS, need: needMs * MS, guess: guessMs * MS, isByStamps };
  }

  /** Returns the PCR, ms, `passedMs` later, in this state. */
  at(
    passedMs: number,
    timeMs: number,
    needMs: number,
    driver: FeedClock | null = this.driver,
    guessMs?: number,
  ): number {
    this.#nowMs += passedMs;
    return this.pcr.make({ ...this.timeOf(timeMs, needMs, guessMs), driver }, this.#nowMs) / MS;
  }
}

describe('PcrOutput', () => {
  it('keeps the PCR of a source whose units are well ahead of it', () => {
    const bench = new Bench();
    expect(bench.at(0, 10_000, -700)).to.equal(10_000);
    expect(bench.at(40, 10_040, -700)).to.equal(10_040);
    expect(bench.lagMs).to.equal(0);
  });

  it('starts with a lag if units are hardly ahead of it, or after it', () => {
    expect(new Bench().at(0, 10_000, -50)).to.equal(9920); // 130 ms of headroom
    expect(new Bench().at(0, 10_000, 0)).to.equal(9870);
    expect(new Bench().at(0, 10_000, 1200)).to.equal(8670);
  });

  it('stops until the lag is reached if more is needed, and continues from there', () => {
    const bench = new Bench();
    bench.at(0, 10_000, -700);
    let before = 10_000;
    for (let ms = 40; ms <= 960; ms += 40) {
      const value = bench.at(40, 10_000 + ms, 870);
      expect(value - before, `after ${ms} ms`).to.be.within(1e-6, 0.001); // a tick of 27 MHz
      before = value;
    }
    expect(bench.at(40, 11_000, 870)).to.be.closeTo(10_000, 0.01);
    expect(bench.at(40, 11_040, 870)).to.be.closeTo(10_040, 0.01);
  });

  it('lags by at most 3 s', () => {
    const bench = new Bench();
    expect(bench.at(0, 10_000, 8000)).to.equal(7000);
    expect(bench.at(40, 10_040, 9000)).to.equal(7040);
  });

  it('reduces a lag that is no longer needed by a tenth of the elapsed time', () => {
    const bench = new Bench();
    bench.at(0, 10_000, 1000);
    expect(bench.lagMs).to.equal(1130);
    let value = 8870;
    for (let i = 1; i <= 50; i++) {
      const next = bench.at(40, 10_000 + 40 * i, -700);
      expect(next - value).to.be.closeTo(44, 0.01);
      value = next;
    }
    expect(bench.lagMs).to.equal(930);
    for (let i = 51; i <= 1000; i++) bench.at(40, 10_000 + 40 * i, -700);
    expect(bench.lagMs).to.equal(0);
  });

  it('continues by itself if no time is known', () => {
    const bench = new Bench();
    bench.at(0, 10_000, -700);
    expect(bench.at(40, NaN, -700)).to.equal(10_040);
    expect(bench.at(40, 10_080, -700, null)).to.equal(10_080);
    expect(bench.at(40, 10_120, -700), 'and takes the time up again').to.equal(10_120);
  });

  it('keeps at most 500 ms of DTS - PCR if the program is shared with other feeds', () => {
    const bench = new Bench();
    bench.pcr.mayHaveOtherFeeds = true;
    expect(bench.at(0, 10_000, -2000)).to.equal(11_500);
    const trimmed = new Bench();
    trimmed.pcr.mayHaveOtherFeeds = true;
    trimmed.pcr.maxTrim = 600 * MS; // the others' units are 600 ms further ahead
    expect(trimmed.at(0, 10_000, -2000)).to.equal(11_660);
  });

  it("keeps a source's own PCR for 3 s, until all of its tracks have arrived, when another feed joins it", () => {
    const bench = new Bench();
    bench.at(0, 10_000, -700);
    bench.pcr.mayHaveOtherFeeds = true;
    for (let ms = 40; ms < 3000; ms += 40) expect(bench.at(40, 10_000 + ms, -700)).to.equal(10_000 + ms);
    for (let ms = 3000; ms < 6000; ms += 40) bench.at(40, 10_000 + ms, -700);
    expect(bench.lagMs).to.equal(-200);
  });

  it("continues another feed's time from its current value", () => {
    const bench = new Bench(false);
    bench.at(0, 10_000, -300);
    const other = new FeedClock(0, 5000 * MS, 0);
    expect(bench.at(40, 7040, -3300, other)).to.be.closeTo(10_040, 0.01);
    expect(bench.at(40, 7080, -3300, other)).to.be.closeTo(10_080, 0.01);
  });

  it("does not count a source's own correction as elapsed time", () => {
    const bench = new Bench();
    bench.at(0, 10_000, -700);
    bench.driver.sender.slip = 40 * MS; // its timestamps had not advanced its time far enough
    expect(bench.at(40, 10_080, -660)).to.equal(10_040);
    expect(bench.driver.sender.slip).to.equal(0);
  });

  it('keeps data in time that came while this process was not running, in a program of several feeds', () => {
    const bench = new Bench(false);
    let nowMs = 10_000;
    const at = (passedMs: number): number => bench.at(passedMs, (nowMs += passedMs), 0);
    let before = at(0);
    for (let i = 0; i < 20; i++) before = at(40);
    expect(bench.lagMs).to.equal(130);
    for (let stall = 0; stall < 10; stall++) {
      const value = at(300);
      const first = nowMs - 300; // the lowest possible DTS of the data that came meanwhile
      if (stall === 0) expect(value).to.be.below(first);
      expect(value - before).to.be.at.least(98);
      before = at(20);
      expect(bench.lagMs, `stall ${stall}`).to.be.at.most(632);
    }
    for (let i = 0; i < 200; i++) at(40);
    expect(bench.lagMs).to.be.below(190);
    before = at(0);
    expect(at(2000) - before, 'a pause').to.be.closeTo(2000, 60);
  });

  it('tells how far it would advance', () => {
    const bench = new Bench();
    const advance = (timeMs: number, needMs: number): number =>
      bench.pcr.advance({ ...bench.timeOf(timeMs, needMs), driver: bench.driver }) / MS;
    expect(advance(10_000, -700), 'the first').to.equal(Infinity);
    bench.at(0, 10_000, -700);
    for (const [timeMs, needMs] of [
      [10_040, -700],
      [10_200, -60], // a little lag
      [10_500, -50],
    ] as const) {
      const wanted = advance(timeMs, needMs);
      const before = bench.pcr.last / MS;
      expect(bench.at(40, timeMs, needMs) - before, `to ${timeMs}`).to.be.closeTo(wanted, 0.01);
    }
    expect(advance(10_500, 900), 'it would stop').to.be.below(0);
  });

  it('gives room to units that may be late, and takes it back at once when they are not', () => {
    const bench = new Bench(false);
    const at = (ms: number, guessMs: number): number => bench.at(40, 10_000 + ms, -300, bench.driver, guessMs);
    at(0, -300);
    for (let ms = 40; ms < 1000; ms += 40) at(ms, 300);
    expect(bench.lagMs).to.be.within(390, 430);
    for (let ms = 1000; ms < 1520; ms += 40) at(ms, -300);
    expect(bench.lagMs, 'as fast as it was given').to.be.below(30);
  });

  it('counts on beyond 33 bits: it wraps where it is written', () => {
    const bench = new Bench();
    const fromMs = Math.floor(2 ** 33 / MS) - 60;
    const packet = new Uint8Array(188);
    for (let ms = 0; ms < 200; ms += 40) {
      const value = bench.at(40, fromMs + ms, -700);
      expect(value).to.be.closeTo(fromMs + ms, 1e-3);
      writePcr(packet, 0, value * MS);
      expect(ticksAfter(readPcr(packet, 0), fromMs * MS), `after ${ms} ms`).to.be.closeTo(ms * MS, 0.01);
    }
    expect(readPcr(packet, 0), 'it has wrapped').to.be.below(200 * MS);
  });

  it('never goes back, for any time and need', () => {
    const step = fc.tuple(
      fc.integer({ min: 0, max: 3000 }),
      fc.integer({ min: -2000, max: 5000 }),
      fc.integer({ min: -5000, max: 6000 }),
      fc.boolean(),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.boolean(), fc.boolean(), (steps, isByStamps, isShared) => {
        const bench = new Bench(isByStamps);
        const other = new FeedClock(0, 0, 0);
        bench.pcr.mayHaveOtherFeeds = isShared;
        let last = bench.at(0, 100_000, 0);
        let time = 100_000;
        for (const [passed, further, need, isOther] of steps) {
          time += further;
          const value = bench.at(passed, time, need, isOther ? other : bench.driver);
          expect(value).to.be.above(last);
          last = value;
        }
      }),
    );
  });
});
