// The program's clock with feeds of any interleaving: all units are sent, with one map for each feed, and the PCR lags by
// their need.

import { expect } from 'chai';
import fc from 'fast-check';
import { TICK_MS } from '../../../src/mpegts/psi/repeat-schedule.js';
import { Remuxer } from '../../../src/mpegts/remux/remuxer.js';
import { type CheckedTrack, checkTs, type Sent } from '../../support/mpegts/check-ts.js';
import type { SourceMessage, SourceOptions } from '../../support/mpegts/synthetic.js';
import { inOrder, pesPackets, source, tablesOf } from '../../support/mpegts/synthetic.js';

const VIDEO_PID = 0x100;
const SOUND_PID = 0x101;
const CLOCK_PID = 0x1ff;
const NO_PCR = 0x1fff;
const FIRST = 2 ** 33 - 300_000; // wraps after 3 s

interface Multiplex {
  /** How much later than video of the same time audio arrives; negative: earlier. */
  readonly soundLateMs: number;
  /** Every how many pictures one is decoded ahead of the others. */
  readonly depth: number;
  /** PTS - DTS of every picture in addition. */
  readonly leadMs: number;
  readonly pcrEveryMs: number;
  readonly pcrPid: number;
  /** DTS - PCR of pictures. */
  readonly pcrMs: number;
  readonly soundMs: number;
  /** How long after the first picture audio starts; 2 s by default. */
  readonly soundFromMs?: number;
  /** Offset added to the arrival time of an audio unit. */
  readonly soundAtMs?: (n: number) => number;
  /** Units within this time arrive at once. */
  readonly burstMs: number;
}

const MULTIPLEX: Multiplex = {
  ...{ soundLateMs: 0, depth: 0, leadMs: 0, pcrEveryMs: 40, pcrPid: VIDEO_PID, pcrMs: 700, soundMs: 24, burstMs: 1 },
};
const LENGTH_MS = 9000;
const PICTURE_MS = 40;

/** Messages of a feed with both tracks, by arrival. */
function multiplex(one: Multiplex): { atMs: number; data: Buffer }[] {
  const {
    soundLateMs,
    depth,
    leadMs,
    pcrEveryMs,
    pcrPid,
    pcrMs,
    soundMs,
    burstMs,
    soundFromMs = 2000,
    soundAtMs,
  } = one;
  const units: { atMs: number; isPicture: boolean; n: number }[] = [];
  for (let n = 0; n * PICTURE_MS < LENGTH_MS; n++) units.push({ atMs: n * PICTURE_MS, isPicture: true, n });
  for (let n = 0; n * soundMs < LENGTH_MS - 3000; n++) {
    const atMs = soundFromMs + n * soundMs + soundLateMs + (soundAtMs?.(n) ?? 0);
    units.push({ atMs, isPicture: false, n });
  }
  units.sort((a, b) => a.atMs - b.atMs);
  const counters = { video: 0, sound: 0 };
  let pcrAt = -Infinity;
  return units.map(({ atMs, isPicture, n }, i) => {
    const isDue = pcrPid !== NO_PCR && isPicture && atMs - pcrAt >= pcrEveryMs;
    if (isDue) pcrAt = atMs;
    const dts = FIRST + (isPicture ? n * PICTURE_MS : soundFromMs + n * soundMs) * 90;
    const pcr = FIRST + (atMs - pcrMs) * 90;
    const payload = new Uint8Array(100);
    payload[0] = n & 255;
    payload[1] = n >> 8;
    const parts: Buffer[] = [];
    const entries = [
      { pid: VIDEO_PID, type: 0x1b },
      { pid: SOUND_PID, type: 0x0f },
    ];
    if (i % 5 === 0) parts.push(tablesOf(entries, pcrPid, i / 5));
    if (isDue && pcrPid === CLOCK_PID) parts.push(clockPacket(pcr));
    if (isPicture) {
      const lead = leadMs + (depth === 0 ? 0 : (n % (depth + 1) === 0 ? depth + 1 : 1) * PICTURE_MS);
      parts.push(
        pesPackets({
          ...{ pid: VIDEO_PID, streamId: 0xe0, pts: dts + lead * 90, dts, counter: counters.video++, payload },
          ...(isDue && pcrPid === VIDEO_PID ? { pcr } : {}),
          access: n % 25 === 0,
        }),
      );
    } else {
      parts.push(pesPackets({ pid: SOUND_PID, streamId: 0xc0, pts: dts, counter: counters.sound++, payload }));
    }
    return { atMs: 1000 + Math.ceil(atMs / burstMs) * burstMs, data: Buffer.concat(parts) };
  });
}

function clockPacket(pcr: number): Buffer {
  const packet = pesPackets({ pid: CLOCK_PID, streamId: 0xe0, pts: 0, pcr, counter: 0, payload: new Uint8Array(9) });
  packet.set([0x47, CLOCK_PID >> 8, CLOCK_PID & 255, 0x20, 183, 0x10]);
  return packet.subarray(0, 188);
}

function run(one: Multiplex): { tracks: CheckedTrack[]; sent: Sent[]; errors: string[]; remuxer: Remuxer } {
  const remuxer = new Remuxer();
  const sent: Sent[] = [];
  remuxer.setInputs([{ feed: 'cam', select: 'all' }], 0);
  let tickAtMs = 1000;
  multiplex(one).forEach(({ atMs, data }, i) => {
    for (; tickAtMs < atMs; tickAtMs += TICK_MS) {
      const made = remuxer.tick(tickAtMs);
      if (made) sent.push({ data: made, atMs: tickAtMs });
    }
    const out = remuxer.push('cam', data, i === 0, atMs);
    if (out) sent.push({ data: out, atMs });
  });
  const { tracks, errors } = checkTs(sent, { pcrMs: Infinity, tablesMs: Infinity, payloads: true });
  return { tracks: [...tracks.values()], sent, errors, remuxer };
}

/** The distinct offsets added to units, ticks. */
function shifts({ tracks }: { tracks: CheckedTrack[] }): Set<number> {
  const found = new Set<number>();
  for (const { units, streamType } of tracks) {
    for (const { dts, payload } of units) {
      const n = payload[0]! + payload[1]! * 256;
      const was = streamType === 0x1b ? n * PICTURE_MS * 90 : NaN;
      if (!Number.isNaN(was)) found.add(mod(dts - FIRST - was));
    }
  }
  return found;
}
const mod = (value: number): number => ((value % 2 ** 33) + 2 ** 33) % 2 ** 33;

function expectAll(one: Multiplex): void {
  const made = run(one);
  const { tracks, remuxer } = made;
  const pictures = tracks.find(({ streamType }) => streamType === 0x1b)!.units;
  const sound = tracks.find(({ streamType }) => streamType === 0x0f)!.units;
  expect(pictures.length, 'pictures').to.equal(LENGTH_MS / PICTURE_MS);
  expect(sound.length, 'sound').to.equal(Math.ceil((LENGTH_MS - 3000) / one.soundMs));
  expect(shifts(made).size, 'maps').to.equal(1);
  const [shift] = shifts(made);
  sound.forEach(({ dts }, n) => {
    expect(mod(dts - FIRST - (2000 + n * one.soundMs) * 90), `sound ${n}`).to.equal(shift);
  });
  // Once a unit has shown the need, the PCR stops until the lag is reached.
  const known = 1000 + Math.max(0, 2000 + one.soundLateMs) + Math.max(0, one.soundLateMs) + one.burstMs + 700;
  for (const { dts, pcr, atMs } of [...pictures, ...sound]) {
    if (atMs > known) expect(dts - pcr, `DTS - PCR at ${atMs}`).to.be.at.least(0);
  }
  const late = [...pictures, ...sound].filter(({ dts, pcr }) => dts < pcr).length;
  expect(remuxer.timing).to.deep.equal({ heldUnits: 0, lateUnits: late, jumps: 0 });
  expect(made.errors.filter((error) => /goes back|before the first PCR|continuity/.test(error))).to.deep.equal([]);
}

const any = fc.record<Multiplex>({
  soundLateMs: fc.integer({ min: -2000, max: 2000 }),
  depth: fc.integer({ min: 0, max: 16 }),
  leadMs: fc.constantFrom(0, 0, 400),
  pcrEveryMs: fc.integer({ min: 20, max: 5000 }),
  pcrPid: fc.constantFrom(VIDEO_PID, CLOCK_PID, NO_PCR),
  pcrMs: fc.integer({ min: 0, max: 3000 }),
  soundMs: fc.integer({ min: 20, max: 1000 }),
  burstMs: fc.constantFrom(1, 1, 200, 2000),
});

describe('the program clock', () => {
  it('sends all units of any multiplex, with a constant offset, and no DTS before the PCR', function () {
    this.timeout(60_000);
    fc.assert(fc.property(any, expectAll), { numRuns: 60, verbose: true });
  });

  for (const pcrMs of [0, 500, 700, 1000, 2000, 3000]) {
    it(`keeps DTS - PCR of ${pcrMs} ms if that is valid, or close to 0`, () => {
      const { tracks } = run({ ...MULTIPLEX, pcrMs });
      for (const { dts, pcr } of tracks[0]!.units) {
        if (pcrMs === 0) expect((dts - pcr) / 90).to.be.within(100, 150);
        else expect((dts - pcr) / 90).to.be.closeTo(pcrMs, 0.01);
      }
    });
  }

  it('stops, but never for more than 100 ms, until audio that is 2 s late is not before the PCR', () => {
    const { sent, tracks } = run({ ...MULTIPLEX, pcrMs: 0, soundLateMs: 2000 });
    const { pcrs, errors } = checkTs(sent, { pcrMs: 141, tablesMs: Infinity });
    expect(errors.filter((error) => /PCR (goes|jumps|after)/.test(error))).to.deep.equal([]);
    expect(pcrs.length).to.be.greaterThan(100);
    const sound = tracks[1]!.units;
    const late = sound.filter(({ dts, pcr }) => dts < pcr);
    expect(late.at(-1)!.atMs, 'the PCR stands for 2 s').to.be.within(6000, 7200);
  });
});

describe('the PCR of a source whose timestamps define the time', () => {
  const sources = {
    'no PCR': { pcrPid: NO_PCR },
    'a PCR each second': { pcrEveryMs: 1000 },
    'a PCR each 5 s': { pcrEveryMs: 5000, pcrPid: CLOCK_PID },
  };
  for (const [name, one] of Object.entries(sources)) {
    it(`does not pass the start of audio that the PMT lists, with ${name}`, () => {
      for (const [soundLateMs, pcrMs] of [
        [300, 0],
        [770, 0],
        [770, 700],
        [1100, 0],
        [1100, 700],
      ] as const) {
        const { tracks, remuxer } = run({ ...MULTIPLEX, ...one, pcrMs, soundLateMs, soundFromMs: 0 });
        expect(remuxer.timing.lateUnits, `${soundLateMs} ms late`).to.equal(0);
        expect(tracks[1]!.units.length).to.equal(LENGTH_MS / 24 - 125);
      }
    });
  }

  it('leaves room for a second audio unit that is later than the first', () => {
    // As in h264-aac-sound-comes-late.ts: 66 ms after their DTS, then 171 ms; on a busy machine, 40 ms late is in time.
    const soundAtMs = (n: number): number => (n === 0 ? -300 : n === 1 ? -155 : -200);
    const { remuxer } = run({
      ...MULTIPLEX,
      pcrEveryMs: 1000,
      soundLateMs: 1066,
      soundMs: 362,
      soundFromMs: 0,
      soundAtMs,
    });
    expect(remuxer.timing.lateUnits).to.equal(0);
  });

  it('stops waiting for audio that never arrives', () => {
    const { tracks } = run({ ...MULTIPLEX, pcrPid: NO_PCR, soundFromMs: 20_000 });
    const ahead = tracks[0]!.units.filter(({ atMs }) => atMs < 9800).map(({ dts, pcr }) => (dts - pcr) / 90);
    expect(Math.max(...ahead)).to.be.within(1000, 1400);
    expect(ahead.at(-1)).to.be.below(700);
  });

  it('keeps the DTS - PCR of a source with frequent PCRs while its audio is awaited', () => {
    for (const pcrMs of [500, 700]) {
      const { tracks } = run({ ...MULTIPLEX, pcrMs, soundLateMs: 400, soundFromMs: 0 });
      for (const { dts, pcr } of tracks[0]!.units) expect((dts - pcr) / 90).to.be.closeTo(pcrMs, 0.01);
    }
  });
});

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
  const remuxer = new Remuxer();
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
    } else add(remuxer.push(feed, data, begins, atMs), atMs);
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
    const remuxer = new Remuxer();
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
      const clock = clockPacket(n * 125 * 90 + 40 * 90);
      clock.set([VIDEO_PID >> 8, VIDEO_PID & 255, 0x20 | (n & 15)], 1);
      const tables = tablesOf([{ pid: VIDEO_PID, type: 0x1b }], VIDEO_PID, n);
      add(remuxer.push('cam', Buffer.concat([tables, pesPackets({ pid: VIDEO_PID, ...pes })]), n === 0, atMs), atMs);
      add(remuxer.push('cam', clock, false, atMs + 40), atMs + 40);
      const mic = pesPackets({ ...pes, pid: SOUND_PID, streamId: 0xc0 });
      const micTables = tablesOf([{ pid: SOUND_PID, type: 0x0f }], SOUND_PID, n);
      add(remuxer.push('mic', Buffer.concat([micTables, mic]), n === 0, atMs + 41), atMs + 41);
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
