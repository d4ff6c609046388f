// How far the PCR of a program of several feeds lags, as a Remuxer sends it.

import { expect } from 'chai';
import { START_TIMEOUTS } from '../../../src/relay/delivery/access-timeouts.js';
import { TICK_MS } from '../../../src/mpegts/psi/repeat-schedule.js';
import { Remuxer } from '../../../src/mpegts/remux/remuxer.js';
import { checkTs, type Sent } from '../../support/mpegts/check-ts.js';
import type { SourceMessage, SourceOptions } from '../../support/mpegts/synthetic.js';
import { clockPacket, inOrder, pesPackets, source, tablesOf } from '../../support/mpegts/synthetic.js';

const VIDEO_PID = 0x100;
const SOUND_PID = 0x101;

const picture = (more: Partial<SourceOptions>): SourceOptions => ({
  ...{ feed: 'video0', kind: 'video', fromMs: 1000, lengthMs: 30_000, pcrMs: 0, streamType: 0x1b },
  ...more,
});
const sound = (more: Partial<SourceOptions>): SourceOptions => ({
  ...{ feed: 'audio0', kind: 'audio', fromMs: 1000, lengthMs: 30_000, pcrMs: 0, unitMs: 24, streamType: 0x0f },
  ...more,
});

/** Runs sources of both feeds; `leaveMs`: when the audio feed leaves. */
function both(a: SourceOptions, b: SourceOptions, leaveMs = Infinity) {
  const remuxer = new Remuxer('owned', START_TIMEOUTS);
  const sent: Sent[] = [];
  const states: { atMs: number; rates: Record<string, number> }[] = [];
  remuxer.setInputs(
    [a.feed, b.feed].map((feed) => ({ feed, select: 'all' })),
    0,
  );
  const add = (data: Uint8Array | null, atMs: number): unknown => data && sent.push({ data, atMs });
  let tickAtMs = 1000;
  let isGone = false;
  for (const { feed, data, begins, atMs } of inOrder(source(a), source(b)) as Iterable<SourceMessage>) {
    for (; tickAtMs < atMs; tickAtMs += TICK_MS) {
      add(remuxer.tick(tickAtMs), tickAtMs);
      const rates = Object.fromEntries(remuxer.feedStates(tickAtMs).map((one) => [one.feed, one.rate]));
      states.push({ atMs: tickAtMs, rates });
    }
    if (atMs >= leaveMs && feed === b.feed) {
      if (!isGone) add(remuxer.endSource(feed, atMs), atMs);
      isGone = true;
    } else add(remuxer.push(feed, { data, startsSource: begins }, atMs), atMs);
  }
  const { tracks, errors, pcrs } = checkTs(sent, { pcrMs: 141, tablesMs: Infinity });
  const others = errors.filter((e) => !/ms after the PCR/.test(e));
  return { tracks: [...tracks.values()], errors: others, pcrs, remuxer, states };
}

describe('the lag of a program of several feeds', () => {
  it('grows by the need of a feed that joins, and shrinks when that feed is gone', () => {
    const long = sound({ fromMs: 5000, unitMs: 1000 });
    const { tracks, errors, remuxer } = both(picture({ lengthMs: 40_000 }), long, 20_000);
    expect(errors).to.deep.equal([]);
    expect(tracks[1]!.units.length).to.equal(14);
    const late = tracks[1]!.units.filter(({ dts, pcr }) => dts < pcr);
    expect(late.length).to.equal(remuxer.timing.lateUnits);
    for (const { atMs } of late) expect(atMs, 'only those that waited, and until the PCR has stood').to.be.below(8500);
    const ahead = (atMs: number): number => {
      const unit = tracks[0]!.units.find((one) => one.atMs >= atMs)!;
      return (unit.dts - unit.pcr) / 90;
    };
    expect(ahead(4000)).to.be.below(150);
    expect(ahead(19_000)).to.be.within(1000, 1400);
    expect(ahead(36_000)).to.be.below(200);
  });

  for (const unitMs of [20, 33, 40, 66, 100]) {
    it(`lets pictures of ${unitMs} ms be in time that waited until their age was known`, () => {
      // The PCR stands meanwhile, and is sent every 70 ms: wherever that leaves it, it must not pass them.
      for (let fromMs = 5000; fromMs < 5070; fromMs += 5) {
        for (const leadMs of [0, 40, 80]) {
          // They come when they are to be shown; read by a busy machine, one is later than the next.
          const lateMs = (unit: number): number => leadMs + (unit % 2 === 0 ? 25 : 0);
          const a = picture({ fromMs, lengthMs: 4000, unitMs, leadMs: () => leadMs, lateMs });
          const { tracks, errors, remuxer } = both(a, sound({ lengthMs: 8000 }));
          expect(errors).to.deep.equal([]);
          const counts = [Math.ceil(4000 / unitMs), Math.ceil(8000 / 24)];
          expect(tracks.map(({ units }) => units.length)).to.have.members(counts);
          expect(remuxer.timing.lateUnits, `from ${fromMs} ms, lead ${leadMs} ms`).to.equal(0);
        }
      }
    });
  }

  it('lets sound be in time that waited until its age was known', () => {
    for (let fromMs = 5000; fromMs < 5070; fromMs += 5) {
      for (const unitMs of [20, 24, 100]) {
        const lateMs = (unit: number): number => unitMs + (unit % 2 === 0 ? 25 : 0); // it comes when it has been heard
        const b = sound({ fromMs, lengthMs: 4000, unitMs, lateMs });
        const { errors, remuxer } = both(picture({ lengthMs: 8000, leadMs: () => 40, lateMs: () => 40 }), b);
        expect(errors).to.deep.equal([]);
        expect(remuxer.timing.lateUnits, `from ${fromMs} ms, ${unitMs} ms each`).to.equal(0);
      }
    }
  });

  for (const slow of ['video0', 'audio0']) {
    it(`keeps the other's pace when ${slow} encodes at 0.6 of real time`, () => {
      const lateMs = (unitMs: number) => (unit: number) => unit * unitMs * (1 / 0.6 - 1);
      const [a, b] = [
        picture(slow === 'video0' ? { lateMs: lateMs(40), lengthMs: 18_000 } : {}),
        sound(slow === 'audio0' ? { lateMs: lateMs(24), lengthMs: 18_000 } : {}),
      ];
      const { tracks, errors, remuxer, states } = both(a, b);
      expect(errors).to.deep.equal([]);
      expect(tracks[0]!.units.length).to.equal(a.lengthMs / 40);
      expect(tracks[1]!.units.length).to.equal(b.lengthMs / 24);
      expect(remuxer.timing.heldUnits).to.equal(0);
      expect(remuxer.timing.jumps, 'once for each second that is lost').to.be.within(7, 12);
      const punctual = tracks[slow === 'video0' ? 1 : 0]!.units;
      for (let i = 1; i < punctual.length; i++) {
        const step = (punctual[i]!.dts - punctual[i - 1]!.dts) / 90;
        expect(step).to.be.closeTo(slow === 'video0' ? 24 : 40, 3);
      }
      for (const { dts, pcr } of punctual) expect(dts - pcr).to.be.at.least(0);
      const late = tracks[slow === 'video0' ? 0 : 1]!.units.filter(({ atMs, dts, pcr }) => atMs > 12_000 && dts < pcr);
      expect(late, 'once its need is known').to.deep.equal([]);
      const rates = states.filter(({ atMs }) => atMs > 8000 && atMs < 30_000).map((one) => one.rates[slow]!);
      for (const rate of rates) expect(rate).to.be.closeTo(0.6, 0.03);
    });
  }

  it('does not treat the second of two long units that waited together as a jump', () => {
    for (const unitMs of [900, 1000, 1100, 1500]) {
      const { tracks, errors, remuxer } = both(picture({}), sound({ fromMs: 4321, unitMs }));
      expect(errors).to.deep.equal([]);
      expect(remuxer.timing.jumps, `${unitMs} ms`).to.equal(0);
      expect(tracks[1]!.units.length).to.equal(Math.ceil(30_000 / unitMs));
      for (const { errorMs } of remuxer.clocks) expect(errorMs).to.be.closeTo(0, 1);
    }
  });

  it('does not treat a constant delay of 2 s as falling behind', () => {
    const { tracks, errors, remuxer } = both(picture({}), sound({ lateMs: () => 2000, pcrMs: 2000 }));
    expect(errors).to.deep.equal([]);
    expect(remuxer.timing.jumps).to.equal(0);
    expect(tracks[1]!.units.length).to.equal(30_000 / 24);
  });

  for (const [fps, rate, isAlone] of [
    [5, 0.9, true],
    [5, 0.9, false],
    [2, 1, true],
    [2, 0.6, true],
  ] as const) {
    const name = `${fps} pictures a second at ${rate} of real time${isAlone ? '' : ', beside sound'}`;
    it(`advances by at most 100 ms at once, to the same total: ${name}`, () => {
      const unitMs = 1000 / fps;
      const slow = picture({ unitMs, lateMs: (unit) => unit * unitMs * (1 / rate - 1), lengthMs: 18_000, pcrMs: 700 });
      const { pcrs } = both(slow, isAlone ? sound({ fromMs: 100_000, lengthMs: 1 }) : sound({ unitMs: 168 }));
      const steps = pcrs.slice(1).map(({ value }, i) => (value - pcrs[i]!.value) / 90);
      expect(Math.max(...steps)).to.be.at.most(100);
      expect(Math.min(...steps)).to.be.above(0);
      const passed = (pcrs.at(-1)!.value - pcrs[0]!.value) / 90;
      expect(passed, 'in all').to.be.at.least(isAlone ? 17_000 : 29_000);
    });
  }

  it('advances by at most 100 ms at once if PCRs come in packets of their own, on the video PID', () => {
    const remuxer = new Remuxer('owned', START_TIMEOUTS);
    remuxer.setInputs(
      [
        { feed: 'cam', select: 'all' },
        { feed: 'mic', select: 'all' },
      ],
      0,
    );
    const sent: Sent[] = [];
    const add = (data: Uint8Array | null, atMs: number): unknown => data && sent.push({ data, atMs });
    for (let n = 0; n < 40; n++) {
      const atMs = 1000 + n * 125;
      const pes = { streamId: 0xe0, pts: n * 125 * 90, counter: n, payload: new Uint8Array(9), access: true };
      const clock = clockPacket(VIDEO_PID, n * 125 * 90 + 40 * 90);
      clock[3]! |= n & 15;
      const tables = tablesOf([{ pid: VIDEO_PID, type: 0x1b }], VIDEO_PID, n);
      add(
        remuxer.push(
          'cam',
          { data: Buffer.concat([tables, pesPackets({ pid: VIDEO_PID, ...pes })]), startsSource: n === 0 },
          atMs,
        ),
        atMs,
      );
      add(remuxer.push('cam', { data: clock }, atMs + 40), atMs + 40);
      const mic = pesPackets({ ...pes, pid: SOUND_PID, streamId: 0xc0 });
      const micTables = tablesOf([{ pid: SOUND_PID, type: 0x0f }], SOUND_PID, n);
      add(remuxer.push('mic', { data: Buffer.concat([micTables, mic]), startsSource: n === 0 }, atMs + 41), atMs + 41);
    }
    const { pcrs } = checkTs(sent, { pcrMs: Infinity, tablesMs: Infinity });
    const steps = pcrs.slice(1).map(({ value }, i) => (value - pcrs[i]!.value) / 90);
    expect(steps.length).to.be.at.least(40);
    expect(Math.max(...steps)).to.be.at.most(100);
  });

  it('waits for a slow source if it is alone', () => {
    const slow = picture({ lateMs: (unit) => unit * 40 * (1 / 0.6 - 1), lengthMs: 18_000, pcrMs: 700 });
    const { tracks, errors, remuxer } = both(slow, sound({ fromMs: 100_000, lengthMs: 1 }));
    expect(errors.filter((error) => !/PCR (jumps|after)/.test(error))).to.deep.equal([]);
    expect(remuxer.timing).to.deep.equal({ heldUnits: 0, lateUnits: 0, jumps: 0 });
    const steps = tracks[0]!.units.map(({ dts }, i, all) => (i ? (dts - all[i - 1]!.dts) / 90 : 40));
    expect(new Set(steps.map(Math.round))).to.deep.equal(new Set([40]));
  });
});
