import { expect } from 'chai';
import fc from 'fast-check';
import { bestOf, FeedClock, type TimedTrack } from '../../../src/mpegts/clock/feed-clock.js';
import type { TrackKind } from '../../../src/mpegts/psi/track.js';

const MS = 90; // ticks
const RANGE = 2 ** 33;
const PICTURE_MS = 40;

/** A feed that starts at `startMs` of ours with time stamp 0, in milliseconds: all of its units take `delayMs`. */
class Feed {
  readonly clock: FeedClock;
  readonly track: { kind: TrackKind; dtsAtMs: number };
  nowMs: number;

  constructor(kind: TrackKind = 'video', startMs = 1000, outputMs = 5000) {
    this.clock = new FeedClock(0, outputMs * MS, startMs);
    this.track = { kind, dtsAtMs: NaN };
    this.nowMs = startMs;
  }

  /** A unit with this DTS arrives; returns whether it counts as a sample, and what it is mapped to. */
  unit(dtsMs: number, nowMs: number, targetMs = NaN): { isSample: boolean; outputMs: number } {
    this.nowMs = nowMs;
    const isSample = this.clock.samplesFrom(this.track, dtsMs * MS, nowMs);
    if (isSample && this.track.kind === 'video') this.clock.samplePicture(dtsMs * MS, 0, nowMs);
    else if (isSample) this.clock.sample(dtsMs * MS, nowMs);
    this.track.dtsAtMs = nowMs;
    return { isSample, outputMs: this.clock.toOutput(dtsMs * MS, targetMs * MS, nowMs) / MS };
  }

  /** Units in real time from `fromMs` to `toMs` of its stamps; returns the intervals between them in the output. */
  run(fromMs: number, toMs: number, targetMs = NaN, startMs = 1000): number[] {
    const intervals: number[] = [];
    let before = NaN;
    for (let ms = fromMs; ms <= toMs; ms += PICTURE_MS) {
      const { outputMs } = this.unit(ms, startMs + ms, targetMs);
      if (!Number.isNaN(before)) intervals.push(outputMs - before);
      before = outputMs;
    }
    return intervals;
  }

  get offsetMs(): number {
    return this.clock.offset / MS;
  }
}

const timed = (clock: FeedClock, kind: TrackKind, dtsMs: number, unitMs: number, atMs: number): TimedTrack => ({
  ...{ kind, clock, dts: dtsMs * MS, dtsAtMs: atMs, unitTicks: unitMs * MS },
});

describe('FeedClock', () => {
  describe('unwrapping', () => {
    it('continues through 2^33, forwards and backwards, for days', () => {
      const start = RANGE - 10 * MS;
      const clock = new FeedClock(start, 0, 0);
      let whole = start;
      for (let i = 0; i < 200; i++) {
        whole += 3600_000 * MS;
        expect(clock.unwrap(whole % RANGE)).to.equal(whole);
        clock.follow(whole);
      }
      expect(whole, 'it has wrapped').to.be.above(7 * RANGE);
      expect(clock.unwrap((whole - 500 * MS) % RANGE), 'a unit of a track that is behind').to.equal(whole - 500 * MS);
    });

    it('maps a stamp after the wrap to the time after the one before it', () => {
      const clock = new FeedClock(RANGE - 20 * MS, 5000 * MS, 0);
      const stamps = [RANGE - 20 * MS, 20 * MS, 60 * MS].map((stamp) => {
        const whole = clock.unwrap(stamp);
        clock.follow(whole);
        return clock.toOutput(whole, NaN, 0) / MS;
      });
      expect(stamps).to.deep.equal([5000, 5040, 5080]);
    });
  });

  describe('slewing', () => {
    it('does not move a feed whose error is inaudible, or which has no target', () => {
      for (const targetMs of [5002.9, 4997.1, NaN]) {
        const feed = new Feed();
        expect(new Set(feed.run(0, 8000, targetMs).map((one) => Math.round(one * 1e6)))).to.deep.equal(new Set([40e6]));
        expect(feed.offsetMs).to.equal(5000);
      }
    });

    it('once it has begun, it goes on to half a millisecond', () => {
      for (const byMs of [-30, 30]) {
        const feed = new Feed();
        feed.run(0, 4000);
        feed.run(4040, 14_000, 5000 + byMs);
        expect(feed.offsetMs, `by ${byMs}`).to.be.closeTo(5000 + byMs, 0.51);
      }
    });

    for (const [what, byMs, slope] of [
      ['1 % for an error that is not noticed', 40, 1.01],
      ['1 % back for an error that is not noticed', -40, 0.99],
      ['5 % for an error that is', 400, 1.05],
      ['5 % back for an error that is', -400, 0.95],
    ] as const) {
      it(`is ${what}, once the feed has settled`, () => {
        const feed = new Feed();
        feed.run(0, 4000);
        for (const one of feed.run(4040, 6000, 5000 + byMs)) expect(one / PICTURE_MS).to.be.closeTo(slope, 1e-9);
      });
    }

    it('is fast while the feed settles: pictures from a tenth to twice, sound no less than 95 %', () => {
      for (const [kind, least, most] of [
        ['video', 0.1, 2],
        ['audio', 0.95, 2],
      ] as const) {
        for (const targetMs of [4000, 6000]) {
          const feed = new Feed(kind);
          const [first] = feed.run(0, 40, targetMs);
          expect(first! / PICTURE_MS, `${kind} to ${targetMs}`).to.be.closeTo(targetMs < 5000 ? least : most, 1e-9);
          expect(feed.clock.isSlewedFastAt(40 * MS, 5000), 'its PTS too').to.equal(true);
        }
      }
    });

    it('goes to the right place at once where it is moved, and only until it is there', () => {
      for (const byMs of [700, -20]) {
        const feed = new Feed();
        feed.run(0, 4000);
        feed.clock.move(feed.nowMs);
        feed.unit(4040, 5040, 5000 + byMs);
        expect(feed.offsetMs, `by ${byMs}`).to.be.closeTo(5000 + byMs, 0.51);
        feed.unit(4080, 5080, 5000 + byMs);
        const [first] = feed.run(4120, 4160, 5800);
        expect(first!, 'another error').to.be.at.most(PICTURE_MS * 1.05 + 1e-9);
      }
    });

    it('never changes the order of stamps, whatever the targets', () => {
      const step = fc.record({ ms: fc.integer({ min: 1, max: 400 }), targetMs: fc.integer({ min: 0, max: 10_000 }) });
      fc.assert(
        fc.property(fc.array(step, { minLength: 2, maxLength: 60 }), (steps) => {
          const feed = new Feed();
          let dtsMs = 0;
          const outputs = steps.map(({ ms, targetMs }) => feed.unit((dtsMs += ms), 1000 + dtsMs, targetMs).outputMs);
          outputs.slice(1).forEach((one, i) => expect(one).to.be.above(outputs[i]!));
        }),
      );
    });

    it('leaves what was sent with a later PTS where it is, before a fast slew', () => {
      const feed = new Feed();
      feed.unit(0, 1000);
      feed.clock.lastPts = 5120 * MS; // of a picture that is shown after the next three
      feed.unit(40, 1040, 4000);
      expect(feed.clock.toOutputIfKnown(120 * MS) / MS).to.equal(5120);
    });

    it('is not led by subtitles that are far ahead', () => {
      const feed = new Feed();
      feed.unit(0, 1000);
      expect(feed.clock.toOutput(4100 * MS, NaN, 1000) / MS, 'mapped as it would be').to.equal(9100);
      feed.unit(40, 1040, 4000);
      expect(feed.offsetMs, 'and not fixed').to.be.below(4970);
    });
  });

  describe('samples', () => {
    it('give the delay of the unit that was delayed least, for nearly 16 s', () => {
      const feed = new Feed();
      feed.run(0, 1000);
      feed.unit(1040, 2040 - 30); // the least
      for (let ms = 1080; ms < 16_800; ms += PICTURE_MS) feed.unit(ms, 1000 + ms + (ms % 200));
      expect(feed.clock.leastDelay / MS).to.equal(970);
      for (let ms = 16_800; ms <= 24_000; ms += PICTURE_MS) feed.unit(ms, 1000 + ms + (ms % 200));
      expect(feed.clock.leastDelay / MS, 'that is long ago').to.equal(1000);
    });

    it('come from video rather than audio rather than the rest; then those of before do not count', () => {
      const clock = new FeedClock(0, 0, 0);
      const [data, audio, video, more] = (['other', 'audio', 'video', 'video'] as const).map((kind) => ({ kind }));
      expect(clock.samplesFrom(data!, 0, 0)).to.equal(true);
      expect(clock.samplesFrom(audio!, 0, 10)).to.equal(true);
      clock.sample(0, 10);
      expect(clock.leastDelay / MS).to.equal(10);
      expect(clock.samplesFrom(data!, 0, 20)).to.equal(false);
      expect(clock.samplesFrom(video!, 0, 30)).to.equal(true);
      expect(clock.leastDelay).to.equal(Infinity);
      expect([audio!, more!].map((track) => clock.samplesFrom(track, 0, 40))).to.deep.equal([false, false]);
    });

    it('come from another track if theirs stops and the other goes on, not if all of the feed stood still', () => {
      for (const [isAll, wanted] of [
        [false, true],
        [true, false],
      ] as const) {
        const clock = new FeedClock(0, 0, 0);
        clock.samplesFrom({ kind: 'video' }, 0, 0);
        const audio = { kind: 'audio' as const, dtsAtMs: isAll ? 0 : 3980 };
        expect(clock.samplesFrom(audio, 0, 2900), 'not yet').to.equal(false);
        expect(clock.samplesFrom(audio, 0, 4000)).to.equal(wanted);
      }
    });

    it("of pictures count the encoder's delay that PTS - DTS shows: once more where pictures are not reordered", () => {
      const plain = new FeedClock(0, 0, 0);
      const delayed = new FeedClock(0, 0, 0);
      const reordered = new FeedClock(0, 0, 0);
      const video = { kind: 'video' as const };
      for (const clock of [plain, delayed, reordered]) clock.samplesFrom(video, 0, 0);
      for (let i = 0; i < 8; i++) {
        plain.samplePicture(i * 40 * MS, 0, 100 + i * 40);
        delayed.samplePicture(i * 40 * MS, 40 * MS, 100 + i * 40);
        reordered.samplePicture(i * 40 * MS, (i % 4) * 40 * MS, 100 + i * 40);
      }
      expect([plain, delayed, reordered].map(({ leastDelay }) => leastDelay / MS)).to.deep.equal([100, 20, -20]);
    });

    it('do not make a feed older when its encoder chooses more B-pictures later', () => {
      const clock = new FeedClock(0, 0, 0);
      clock.samplesFrom({ kind: 'video' }, 0, 0);
      for (let i = 0; i < 16; i++) clock.samplePicture(i * 40 * MS, (i % 2) * 40 * MS, 100 + i * 40);
      const before = clock.leastDelay;
      for (let i = 16; i < 64; i++) clock.samplePicture(i * 40 * MS, (i % 4) * 40 * MS, 100 + i * 40);
      expect(clock.leastDelay).to.equal(before);
    });

    it('show the drift of a clock after two minutes', () => {
      const feed = new Feed();
      for (let ms = 0; ms < 200_000; ms += PICTURE_MS) {
        feed.unit(ms, 1000 + ms * (1 - 50e-6));
        if (ms < 60_000) expect(feed.clock.driftPpm).to.equal(0);
      }
      expect(feed.clock.driftPpm).to.be.closeTo(50, 15);
    });

    it('raised by a delay that stays are as if all had come later', () => {
      const feed = new Feed();
      feed.run(0, 1000);
      feed.clock.raise(700 * MS);
      expect(feed.clock.leastDelay / MS).to.equal(1700);
      feed.unit(1040, 2040 + 750);
      expect(feed.clock.leastDelay / MS, 'a later one does not matter').to.equal(1700);
    });
  });

  it('is steady when none was younger for 200 ms; sound needs two units more to place others by', () => {
    const feed = new Feed('audio');
    feed.clock.sender.advance(0, 1000);
    feed.clock.sender.advance(100 * MS, 1100); // its interval
    feed.unit(0, 1000);
    feed.unit(100, 1050); // catches up
    feed.unit(200, 1150);
    expect([1249, 1251].map((ms) => feed.clock.isSteady(ms))).to.deep.equal([false, true]);
    expect([1251, 1449, 1451].map((ms) => feed.clock.isFitToPlace(ms))).to.deep.equal([false, false, true]);
    feed.clock.samplesFrom({ kind: 'video' }, 0, 1200);
    expect(feed.clock.isFitToPlace(1201), 'by pictures at once').to.equal(true);
  });

  it('settles for 3 s, unless its place was known from the start', () => {
    const feed = new Feed();
    expect([1000, 3999, 4000].map((ms) => feed.clock.isSettling(ms))).to.deep.equal([true, true, false]);
    const placed = new FeedClock(0, 0, 1000);
    placed.useFirstSample({
      ...{ track: { track: undefined as never, kind: 'video', heldMs: 0 } },
      ...{ stamp: 40 * MS, arrivalMs: 1100, lead: 0, longestLead: 0 },
    });
    expect(placed.isSettling(1000)).to.equal(false);
    expect(placed.leastDelay / MS).to.equal(1060);
  });

  it('continues as it was after its stamps jump, by as much as they do', () => {
    const feed = new Feed();
    feed.run(0, 5000);
    const next = new FeedClock(900_000 * MS, 10_040 * MS, 6040);
    next.inherit(feed.clock, 6040);
    const by = (feed.clock.offset - next.offset) / MS;
    expect(by).to.equal(5000 - (10_040 - 900_000));
    expect(next.leastDelay / MS).to.equal(1000 - by);
    expect([next.rank, next.sampler]).to.deep.equal([feed.clock.rank, feed.track]);
    expect(next.isSettling(6040), 'its place is known').to.equal(false);
    expect(next.samplesFrom(feed.track, next.first, 6040)).to.equal(true);
  });

  describe('what is yet to come', () => {
    it('is the least DTS of the tracks that are running', () => {
      const clock = new FeedClock(0, 0, 0);
      expect(clock.nextDts(0)).to.equal(Infinity);
      clock.include(timed(clock, 'video', 1000, 40, 5000), 5000);
      clock.include(timed(clock, 'audio', 900, 24, 5000), 5000);
      clock.include(timed(clock, 'other', 100, 24, 5000), 5000);
      clock.include(timed(new FeedClock(0, 0, 0), 'audio', 100, 24, 5000), 5000);
      expect(clock.nextDts(5010) / MS).to.equal(924);
      clock.include(timed(clock, 'video', 4000, 40, 8100), 8100); // the others are gone
      expect(clock.nextDts(8100) / MS).to.equal(4040);
    });

    it('may be later by a quarter of what audio units are longer than 200 ms', () => {
      for (const [unitMs, marginMs] of [
        [150, 0],
        [200, 0],
        [1000, 200],
      ] as const) {
        const clock = new FeedClock(0, 0, 0);
        clock.include(timed(clock, 'audio', 0, unitMs, 0), 0);
        clock.include(timed(clock, 'video', 0, 5000, 0), 0);
        expect(clock.margin(0) / MS, `${unitMs} ms`).to.equal(marginMs);
        expect(clock.margin(3000), 'of a track that is gone').to.equal(0);
      }
    });

    it('is a track that the tables list, for 1.2 s of our time and of its own, and while no PCR defines the time', () => {
      const awaiting = (more: (clock: FeedClock) => void = () => undefined): FeedClock => {
        const clock = new FeedClock(0, 0, 1000);
        clock.mediaTrackCount = 2;
        clock.include(timed(clock, 'video', 0, 40, 1000), 1000);
        more(clock);
        return clock;
      };
      expect([1000, 2199, 2200].map((ms) => awaiting().awaitsTrack(ms))).to.deep.equal([true, true, false]);
      expect(awaiting((clock) => clock.follow(1201 * MS)).awaitsTrack(1000), 'a burst').to.equal(false);
      const come = awaiting((clock) => clock.include(timed(clock, 'audio', 0, 24, 1000), 1000));
      expect(come.awaitsTrack(1000), 'it has come').to.equal(false);
      const paced = awaiting(({ sender }) => {
        for (let ms = 0; ms < 200; ms += 40) sender.observePcr(ms * MS, (ms + 700) * MS, 1000 + ms);
      });
      expect(paced.awaitsTrack(1200), 'frequent PCRs').to.equal(false);
    });
  });
});

describe('bestOf', () => {
  it('is the clock of pictures, of those that have samples and are fit', () => {
    const [sound, picture, empty] = (['audio', 'video', 'video'] as const).map((kind) => {
      const feed = new Feed(kind);
      feed.clock.samplesFrom(feed.track, 0, 1000);
      return feed.clock;
    });
    for (const clock of [sound!, picture!]) clock.sample(0, 1000);
    const all = [sound!, empty!, picture!];
    expect(bestOf(all, () => true)).to.equal(picture);
    expect(bestOf(all, (clock) => clock !== picture)).to.equal(sound);
    expect(bestOf([empty!], () => true)).to.equal(null);
  });
});
