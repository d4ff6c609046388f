// ProgramClock by itself; with tables and packets around it, see ../remux.

import { expect } from 'chai';
import fc from 'fast-check';
import type { ClockedFeed, ClockedTrack } from '../../../src/mpegts/clock/clocked-feed.js';
import { ProgramClock } from '../../../src/mpegts/clock/program-clock.js';
import type { TrackKind } from '../../../src/mpegts/psi/track.js';

const MS = 90; // ticks
const RANGE = 2 ** 33;
const FIRST_MS = 10_000; // where output time starts
const mod = (ticks: number): number => ((ticks % RANGE) + RANGE) % RANGE;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const feedOf = (more: Partial<ClockedFeed> = {}): Mutable<ClockedFeed> => ({
  ...{ clock: null, trim: 0, pastOutput: -Infinity, decodeAhead: 0, lateUnits: 0, earlyPcr: NaN, firstSample: null },
  ...{ promisesPcr: false, hasMedia: true, mediaCount: 1, startHold: null },
  ...more,
});
const trackOf = (kind: TrackKind, heldMs = 0): Mutable<ClockedTrack> => ({
  ...{
    kind,
    heldMs,
    out: { dts: -Infinity },
    clock: null,
    dts: NaN,
    dtsAtMs: NaN,
    unitTicks: 0,
    behind: 0,
    lead: 0,
    isPart: false,
  },
});

/** What is sent of a unit, ms. */
interface Stamped {
  readonly pts: number;
  readonly dts: number;
}

/** A track of a feed of `program`; its stamps are those given plus `fromTicks`, in 33 bits. */
class Source {
  readonly track: Mutable<ClockedTrack>;

  constructor(
    readonly program: ProgramClock,
    kind: TrackKind = 'video',
    readonly fromTicks = 0,
    readonly feed = feedOf(),
  ) {
    this.track = trackOf(kind);
  }

  /** A unit with this DTS, and this PTS - DTS, arrives at `nowMs` and is sent. */
  unit(dtsMs: number, nowMs: number, leadMs = 0, pcrMs = NaN): Stamped {
    const at = (ms: number): number => mod(this.fromTicks + ms * MS);
    const times = { pts: at(dtsMs + leadMs), dts: at(dtsMs), pcr: Number.isNaN(pcrMs) ? NaN : at(pcrMs) };
    this.program.observe(this.feed, this.track, times, nowMs);
    this.program.stamp(this.feed, this.track, times.pts, nowMs);
    return { pts: this.program.pts / MS, dts: this.program.dts / MS };
  }

  /** Units every 40 ms, each at its own time plus `startMs`; returns what was sent. */
  run(fromMs: number, toMs: number, startMs = 1000): Stamped[] {
    const sent: Stamped[] = [];
    for (let ms = fromMs; ms < toMs; ms += 40) sent.push(this.unit(ms, startMs + ms));
    return sent;
  }
}

const steps = (sent: readonly Stamped[]): number[] => sent.slice(1).map(({ dts }, i) => dts - sent[i]!.dts);

describe('ProgramClock', () => {
  it('adds a constant to the stamps of a feed that is alone', () => {
    for (const fromTicks of [0, 123_456_789, RANGE - 40 * MS, RANGE - 1]) {
      const sent = new Source(new ProgramClock(), 'video', fromTicks).run(0, 4000);
      expect(sent[0], `from ${fromTicks}`).to.deep.equal({ pts: FIRST_MS, dts: FIRST_MS });
      expect(new Set(steps(sent)), 'also through 2^33').to.deep.equal(new Set([40]));
    }
  });

  it('follows a source for days', () => {
    const source = new Source(new ProgramClock());
    for (let ms = 0; ms < 80 * 3600_000; ms += 3 * 3600_000) {
      expect(source.unit(ms, 1000 + ms).dts, `after ${ms / 3600_000} h`).to.equal(FIRST_MS + ms);
    }
  });

  it('begins a new source after all that the feed has sent, whatever its trim', () => {
    const program = new ProgramClock();
    const source = new Source(program);
    const last = source.run(0, 5000).at(-1)!.dts;
    program.retire(source.feed);
    program.setTrim(source.feed, -500 * MS);
    const next = new Source(program, 'video', 4_000_000_000, source.feed);
    expect(next.unit(0, 6000).dts - last).to.be.within(0.01, 40);
  });

  it('keeps PTS - DTS, and the time between tracks of a feed', () => {
    const program = new ProgramClock();
    const video = new Source(program, 'video', RANGE - 500 * MS);
    const audio = new Source(program, 'audio', RANGE - 500 * MS, video.feed);
    expect(video.unit(0, 1000, 80)).to.deep.equal({ dts: FIRST_MS, pts: FIRST_MS + 80 });
    for (let ms = 40; ms < 2000; ms += 40) {
      expect(video.unit(ms, 1000 + ms, 120)).to.deep.equal({ dts: FIRST_MS + ms, pts: FIRST_MS + ms + 120 });
      expect(audio.unit(ms - 300, 1000 + ms).dts, 'a track that is behind').to.equal(FIRST_MS + ms - 300);
    }
    expect(program.jumps).to.equal(0);
  });

  describe('a jump of the stamps', () => {
    for (const byMs of [-3600_000, -5000, 5000, 3600_000]) {
      it(`of ${byMs / 1000} s is counted, and the unit comes as long after the last as before`, () => {
        const program = new ProgramClock();
        const source = new Source(program, 'video', RANGE - 1000 * MS);
        const before = source.run(0, 2000);
        const after = source.run(byMs + 2000, byMs + 4000, 1060 - byMs); // 60 ms late
        expect(new Set(steps([...before, ...after]))).to.deep.equal(new Set([40]));
        expect(program.jumps).to.equal(1);
      });
    }

    it('leaves a feed in time with the others: its delay is known', () => {
      const program = new ProgramClock();
      const [video, audio] = [new Source(program), new Source(program, 'audio', 777)];
      const apart = (dtsMs: number, nowMs: number) =>
        audio.unit(dtsMs, nowMs).dts - video.unit(nowMs - 1000, nowMs).dts;
      let before = NaN;
      for (let ms = 0; ms < 5000; ms += 40) before = apart(ms, 1000 + ms);
      const { clock } = audio.feed;
      expect(apart(905_000, 6000)).to.be.closeTo(before, 5);
      expect(audio.feed.clock).not.to.equal(clock);
      expect(Math.abs(program.errorOf(audio.feed.clock!) / MS)).to.be.below(5);
    });

    it('is none where a source paused and its stamps went on', () => {
      const program = new ProgramClock();
      const source = new Source(program);
      source.run(0, 2000);
      expect(source.unit(7000, 8000).dts).to.equal(FIRST_MS + 7000);
      expect(program.jumps).to.equal(0);
    });

    it('takes the other tracks of the feed along, once each', () => {
      const program = new ProgramClock();
      const video = new Source(program);
      const audio = new Source(program, 'audio', 0, video.feed);
      for (let ms = 0; ms < 2000; ms += 40) [video, audio].forEach((one) => one.unit(ms, 1000 + ms));
      const sent = [video, audio].map((one) => one.unit(900_000, 3000).dts);
      expect(sent, 'in time with each other').to.deep.equal([FIRST_MS + 2000, FIRST_MS + 2000]);
      expect(audio.track.clock).to.equal(video.track.clock);
    });
  });

  describe('two feeds', () => {
    /** Feeds that start at different times, with stamps of their own; both arrive `delayMs` after they were captured. */
    const together = (trimMs: number, fromMs: number) => {
      const program = new ProgramClock();
      const video = new Source(program, 'video', 5_000_000);
      const other = new Source(program, 'video', RANGE - 777_777);
      program.setTrim(other.feed, trimMs * MS);
      const apart: number[] = [];
      for (let ms = 0; ms < 20_000; ms += 40) {
        const at = video.unit(ms, 1000 + ms).dts;
        if (ms >= fromMs) apart.push(other.unit(ms - fromMs, 1000 + ms).dts - at);
      }
      return { program, video, other, apart };
    };

    it('are aligned by when their units arrive, and each is what it was relative to that', () => {
      for (const fromMs of [0, 4000]) {
        const { program, apart, video, other } = together(0, fromMs);
        for (const one of apart.slice(-100)) expect(Math.abs(one), `joins at ${fromMs}`).to.be.below(5);
        expect(program.reference, 'the first is followed').to.equal(video.feed.clock);
        expect(Math.abs(program.errorOf(other.feed.clock!) / MS)).to.be.below(5);
      }
    });

    it('are apart by the trim of the rule', () => {
      for (const trimMs of [-250, 80, 400]) {
        const { apart } = together(trimMs, 1000);
        expect(apart.at(-1)! - trimMs, `${trimMs} ms`).to.be.within(-5, 5);
      }
    });

    it('go on when the one that was the reference leaves, without a step', () => {
      const { program, video, other } = together(0, 2000);
      const before = other.unit(18_000, 21_000).dts;
      program.retire(video.feed);
      expect(program.reference).to.equal(other.feed.clock);
      expect(other.unit(18_040, 21_040).dts - before).to.be.closeTo(40, 0.5);
      const back = new Source(program, 'video', 42, video.feed);
      expect(back.unit(0, 21_080).dts - other.unit(18_080, 21_080).dts, 'and one that returns is in time').to.be.within(
        -1,
        60,
      );
      expect(video.feed.pastOutput, 'after all that it has sent').to.be.below(back.program.dts);
    });
  });

  describe('DTS', () => {
    it('never goes back on a PID: a unit that would is put behind the last, and counted', () => {
      const program = new ProgramClock();
      const source = new Source(program);
      source.run(0, 400);
      expect(source.unit(350, 1400, 80)).to.deep.equal({ dts: FIRST_MS + 360 + 1 / MS, pts: FIRST_MS + 440 + 1 / MS });
      expect(program.heldUnits).to.equal(1);
      expect(source.unit(400, 1440).dts).to.equal(FIRST_MS + 400);
    });

    it('is the same for more of a picture with the same stamps', () => {
      const program = new ProgramClock();
      const source = new Source(program);
      source.run(0, 400);
      expect([source.unit(400, 1400, 40), source.unit(400, 1401, 40)].map(({ dts }) => dts - FIRST_MS)).to.deep.equal([
        400, 400,
      ]);
      expect(program.heldUnits).to.equal(0);
      const sound = new Source(program, 'audio', 0, source.feed);
      expect(sound.unit(400, 1400).dts - sound.unit(400, 1401).dts, 'not of sound').to.be.closeTo(-1 / MS, 1e-9);
    });

    it('increases on every track for any stamps', () => {
      const unit = fc.record({
        of: fc.integer({ min: 0, max: 2 }),
        dts: fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 95_000_000 })),
        lead: fc.integer({ min: 0, max: 500 }),
        passedMs: fc.integer({ min: 0, max: 2000 }),
        hasPcr: fc.boolean(),
      });
      fc.assert(
        fc.property(fc.array(unit, { minLength: 2, maxLength: 80 }), (units) => {
          const program = new ProgramClock();
          const video = new Source(program);
          const all = [video, new Source(program, 'audio', 0, video.feed), new Source(program, 'audio', 7)];
          const last = [-Infinity, -Infinity, -Infinity];
          let nowMs = 1000;
          let pcr = -Infinity;
          for (const { of, dts, lead, passedMs, hasPcr } of units) {
            nowMs += passedMs;
            const sent = all[of]!.unit(dts, nowMs, lead, hasPcr ? dts - 700 : NaN);
            expect(sent.dts).to.be.finite;
            expect(sent.dts).to.be.at.least(last[of]!);
            expect(sent.pts).to.be.at.least(sent.dts);
            last[of] = sent.dts;
            const next = program.makePcr(nowMs);
            expect(next, 'and so does the PCR').to.be.above(pcr);
            pcr = next;
          }
        }),
      );
    });
  });

  describe('subtitles', () => {
    it('that are far ahead, or come after a pause, move nothing else', () => {
      const program = new ProgramClock();
      const video = new Source(program);
      const text = new Source(program, 'other', 0, video.feed);
      video.run(0, 1000);
      expect(text.unit(31_000, 2000).dts, 'with the feed').to.equal(FIRST_MS + 31_000);
      const audio = new Source(program, 'audio', 0, video.feed);
      expect(audio.unit(980, 2000).dts, 'sound that begins now').to.equal(FIRST_MS + 980);
      expect(audio.track.clock).to.equal(video.feed.clock);
      expect(steps(video.run(1000, 3000)).every((one) => one === 40)).to.equal(true);
      expect(program.jumps).to.equal(0);
    });

    it('of another time have a clock of their own, and begin now', () => {
      const program = new ProgramClock();
      const video = new Source(program);
      const data = new Source(program, 'other', 3_000_000_000, video.feed);
      const before = video.run(0, 1000);
      expect(data.unit(0, 2000).dts - before.at(-1)!.dts).to.be.within(0, 60);
      expect(data.track.clock).not.to.equal(video.feed.clock);
      expect(steps([...before, ...video.run(1000, 2000)]).every((one) => one === 40)).to.equal(true);
    });
  });

  describe('the PCR', () => {
    it("is the source's own where units are well ahead of it, through 2^33", () => {
      const program = new ProgramClock();
      const source = new Source(program, 'video', RANGE - 1000 * MS);
      for (let ms = 0; ms < 3000; ms += 40) {
        const { dts } = source.unit(ms + 700, 1000 + ms, 0, ms);
        expect(dts - program.makePcr(1000 + ms) / MS, `${ms} ms`).to.be.closeTo(700, 0.01);
      }
      expect(program.lateUnits).to.equal(0);
    });

    it('comes before the units of a track that is later than the rest, as soon as that is known', () => {
      const program = new ProgramClock();
      const video = new Source(program);
      const audio = new Source(program, 'audio', 0, video.feed);
      let late = 0;
      for (let ms = 0; ms < 6000; ms += 40) {
        video.unit(ms, 1000 + ms);
        const pcr = program.makePcr(1000 + ms);
        if (ms < 800) continue;
        if (audio.unit(ms - 800, 1000 + ms).dts * MS < pcr) late++;
        if (ms > 2000) expect(audio.program.dts, `${ms} ms`).to.be.above(pcr);
      }
      expect(late, 'until it has stood').to.be.within(1, 25);
      expect([program.lateUnits, video.feed.lateUnits]).to.deep.equal([late, late]);
    });

    it("waits for a source's own, or for pictures, 200 ms", () => {
      for (const [promisesPcr, kind, waits] of [
        [true, 'video', true],
        [false, 'video', false],
        [false, 'other', true],
      ] as const) {
        const source = new Source(new ProgramClock(), kind, 0, feedOf({ promisesPcr }));
        source.unit(0, 1000);
        const awaits = (nowMs: number) => source.program.awaitsPcr(source.feed, nowMs);
        expect([awaits(1000), awaits(1200), awaits(1201)], `${kind}, ${promisesPcr}`).to.deep.equal([
          waits,
          waits,
          false,
        ]);
        source.program.makePcr(1000);
        expect(awaits(1000), 'after the first').to.equal(false);
      }
    });

    it('takes one that came before the first unit', () => {
      const program = new ProgramClock();
      const source = new Source(program);
      program.observePcr(source.feed, mod(-300 * MS), 990);
      const { dts } = source.unit(0, 1000);
      expect(dts - program.makePcr(1000) / MS).to.be.closeTo(300, 0.01);
    });

    it('stops for a slow source that is alone, and goes on by the wall clock beside another', () => {
      for (const isAlone of [true, false]) {
        const program = new ProgramClock();
        const slow = new Source(program);
        const other = isAlone ? null : new Source(program, 'audio');
        for (let ms = 0; ms < 5000; ms += 40) {
          slow.unit(ms, 1000 + ms);
          other?.unit(ms, 1000 + ms);
          program.makePcr(1000 + ms);
        }
        const before = program.pcr.last;
        for (let ms = 5000; ms < 5800; ms += 40) {
          other?.unit(ms, 1000 + ms);
          program.makePcr(1000 + ms);
        }
        const passedMs = (program.pcr.last - before) / MS;
        if (isAlone) expect(passedMs).to.be.below(100);
        else expect(passedMs).to.be.within(600, 900);
      }
    });
  });

  it('lines a feed up again that has fallen behind for good', () => {
    const program = new ProgramClock();
    const video = new Source(program, 'video');
    const audio = new Source(program, 'audio', 99);
    let apart = 0;
    for (let ms = 0; ms < 15_000; ms += 40) {
      const at = video.unit(ms, 1000 + ms).dts;
      if (ms < 5000) audio.unit(ms, 1000 + ms);
      else if (ms >= 7000) apart = audio.unit(ms - 2000, 1000 + ms).dts - at; // it was suspended
    }
    expect(Math.abs(apart)).to.be.below(60);
    expect(program.jumps).to.equal(1);
    expect(program.reference).to.equal(video.feed.clock);
  });
});
