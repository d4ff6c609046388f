import { expect } from 'chai';
import { SenderTime } from '../../../src/mpegts/clock/sender-time.js';

const MS = 90; // ticks

/** A source in milliseconds: its timestamps start at 0, and its clock and ours run alike. */
class Source {
  readonly sender = new SenderTime();

  /** A unit of the sampled track, at `nowMs`; `pcrMs` is the PCR in its first packet. */
  unit(nowMs: number, dtsMs: number, pcrMs = NaN): this {
    this.sender.advance(dtsMs * MS, nowMs);
    this.sender.observeUnit(dtsMs * MS, pcrMs * MS, nowMs);
    return this;
  }

  /** A unit of another track. */
  aside(nowMs: number, dtsMs: number): this {
    this.sender.observeUnit(dtsMs * MS, NaN, nowMs);
    return this;
  }

  /** A PCR without a unit. */
  pcr(nowMs: number, pcrMs: number, dtsMs: number): this {
    this.sender.observePcr(pcrMs * MS, dtsMs * MS, nowMs);
    return this;
  }

  /** Pictures every 40 ms during this time, `aheadMs` ahead of a PCR that each or none of them carries. */
  run(fromMs: number, toMs: number, aheadMs = 700, hasPcr = true): this {
    for (let ms = fromMs; ms < toMs; ms += 40) this.unit(ms, ms + aheadMs, hasPcr ? ms : NaN);
    return this;
  }

  get timeMs(): number {
    return this.sender.time / MS;
  }

  get needMs(): number {
    return this.sender.need / MS;
  }
}

describe('SenderTime', () => {
  it('is the last PCR if PCRs are frequent', () => {
    const source = new Source().run(0, 400);
    expect(source.timeMs).to.equal(360);
    expect(source.needMs, 'units come 700 ms before their DTS').to.equal(-700);
    expect(source.sender.hasPcr).to.be.true;
    expect(source.sender.stepMs).to.equal(40);
  });

  it('advances by DTS between sparse PCRs', () => {
    const source = new Source().run(0, 40);
    source.sender.slip = 0; // of the first PCR
    for (let ms = 40; ms < 2000; ms += 40) source.unit(ms, ms + 700, ms % 500 === 0 ? ms : NaN);
    expect(source.timeMs).to.equal(1960);
    expect(source.needMs).to.equal(-700);
    expect(source.sender.slip, 'DTS and PCR run alike').to.equal(0);
  });

  it('is the DTS if there is no PCR', () => {
    const source = new Source().run(0, 400, 700, false);
    expect(source.timeMs).to.equal(1060);
    expect(source.needMs).to.equal(0);
    expect(source.sender.hasPcr).to.be.false;
  });

  it('is corrected by the first PCR, and reports by how much', () => {
    const source = new Source().run(0, 400, 700, false).pcr(400, 400, 1060);
    expect(source.timeMs).to.equal(400);
    expect(source.sender.slip / MS).to.equal(-660);
    expect(source.needMs, 'as long as it is not known better').to.equal(-660);
  });

  it("finds the lateness of each track's units", () => {
    const source = new Source().run(0, 400).aside(400, -900);
    expect(source.needMs).to.equal(1260);
    source.aside(440, -500);
    expect(source.needMs).to.equal(1260);
  });

  it('ignores a PCR that is unrelated to the DTS that arrives with it', () => {
    const source = new Source().run(0, 400);
    source
      .pcr(400, 400 + 3_600_000, 1100)
      .pcr(400, 5000, 1100)
      .pcr(400, -95_000, 1100);
    expect(source.timeMs).to.equal(360);
  });

  it('accepts a PCR that jumps when those of the next 100 ms are like it', () => {
    const source = new Source().run(0, 400);
    source.sender.slip = 0; // of the first PCR
    source.pcr(400, 2000, 1100);
    expect(source.timeMs).to.equal(360);
    source.pcr(440, 2040, 1140).pcr(480, 2080, 1180);
    expect(source.timeMs).to.equal(360);
    source.pcr(520, 2120, 1220);
    expect(source.timeMs).to.equal(2120);
    expect(source.sender.slip / MS, 'no time that passed').to.equal(1640);
  });

  it('leaves a PCR that goes back to the timestamps, which follow it', () => {
    for (const backMs of [80, 500, 990]) {
      const source = new Source()
        .run(0, 400)
        .pcr(400, 400 - backMs, 1060)
        .pcr(440, 440 - backMs, 1060);
      expect(source.timeMs, `${backMs} ms`).to.equal(360);
      const next = new SenderTime();
      next.continueFrom(source.sender, -backMs * MS, 440);
      next.advance((1140 - backMs) * MS, 440);
      next.observeUnit((1140 - backMs) * MS, (440 - backMs) * MS, 440);
      expect(next.time / MS).to.equal(440 - backMs);
      expect(Math.abs(next.delay) / MS, 'late by two PCRs at most').to.be.at.most(80);
      expect(next.need / MS).to.be.within(-700, -620);
    }
  });

  it('advances between units by the clock, up to the next one', () => {
    const { sender } = new Source().run(0, 400);
    expect(sender.at(380, Infinity) / MS, '20 ms behind the last').to.equal(380);
    expect(sender.at(5000, Infinity) / MS, 'no further than a unit is long').to.equal(400);
    const next = 1080 * MS; // DTS of another track, which was 700 ms ahead of the PCR at least
    expect(sender.at(5000, next) / MS).to.equal(380);
  });

  it('counts how late units come on a clock without delays, for half a minute', () => {
    const source = new Source().run(0, 12_400).aside(12_400, 11_200);
    expect(source.sender.lateness(12_400) / MS).to.equal(1200);
    expect(source.sender.latenessNow(12_400) / MS).to.equal(1200);
    expect(source.sender.needNow(12_400)).to.equal(source.sender.need);
    source.run(12_400, 39_000);
    expect(source.sender.lateness(39_000) / MS, 'still known').to.equal(1200);
    expect(source.sender.latenessNow(39_000) / MS, 'not now').to.be.at.most(500);
    expect(source.sender.needNow(39_000) / MS, 'nor this').to.be.at.most(500);
    source.run(39_000, 74_000);
    expect(source.sender.lateness(74_000) / MS, 'forgotten').to.equal(-700);
    expect(source.sender.latenessNow(74_000) / MS).to.equal(-700);
  });

  it('counts what a source began with for ten seconds, where it does not come again', () => {
    const once = new Source().run(0, 400).aside(400, -800).run(400, 9900);
    expect(once.sender.lateness(9900) / MS).to.equal(1200);
    once.run(9900, 11_000);
    expect(once.sender.lateness(11_000) / MS).to.equal(-700);
    const again = new Source().run(0, 400).aside(400, -800).run(400, 7000).aside(7000, 5900).run(7000, 11_000);
    expect(again.sender.lateness(11_000) / MS).to.equal(1100);
  });

  it('forgets what a source began with after ten seconds at whatever intervals units come', () => {
    for (const everyMs of [21.3, 24, 33.37, 41.7, 100]) {
      const source = new Source().run(0, 120).aside(120, -1080);
      for (let ms = 120; ms < 10_200; ms += everyMs) source.unit(ms, ms + 700, ms);
      expect(source.sender.lateness(10_200) / MS, `${everyMs} ms`).to.be.closeTo(-700, 0.01);
    }
  });

  it('counts a stall of more than a second if it recurs within a minute', () => {
    const source = new Source().run(0, 400);
    const stall = (fromMs: number) => {
      for (let ms = fromMs; ms < fromMs + 1480; ms += 40) source.unit(fromMs + 1480, ms + 700, ms);
    };
    stall(400);
    expect(source.sender.delay / MS, 'the last of what waited').to.equal(40);
    expect(source.sender.lateness(1880) / MS, 'none of what came with the stall').to.be.at.most(-700);
    source.run(1880, 20_000);
    expect(source.sender.lateness(20_000) / MS).to.equal(-700);
    stall(20_000);
    expect(source.sender.lateness(21_480) / MS).to.equal(780);
  });

  it('restarts with another track, and keeps a time based on PCRs', () => {
    const source = new Source().run(0, 400);
    source.sender.restartSampling();
    source.unit(400, 5000);
    expect(source.timeMs).to.equal(360);
    expect(source.needMs).to.equal(-700);
  });

  it('is later by the raised amount from then on', () => {
    const source = new Source().run(0, 400).unit(2400, 1100, 400);
    expect(source.sender.delay / MS).to.equal(2000);
    source.sender.raise(2000 * MS);
    expect(source.sender.delay).to.equal(0);
    expect(source.unit(2440, 1140, 440).sender.delay).to.equal(0);
  });
});
