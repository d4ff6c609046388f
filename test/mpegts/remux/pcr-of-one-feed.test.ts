// The program's clock with feeds of any interleaving: all units are sent, with one map for each feed, and the PCR lags by
// their need.

import { expect } from 'chai';
import fc from 'fast-check';
import { START_TIMEOUTS } from '../../../src/relay/delivery/access-timeouts.js';
import { TICK_MS } from '../../../src/mpegts/psi/repeat-schedule.js';
import { Remuxer } from '../../../src/mpegts/remux/remuxer.js';
import { type CheckedTrack, checkTs, type Sent } from '../../support/mpegts/check-ts.js';
import { clockPacket, pesPackets, tablesOf } from '../../support/mpegts/synthetic.js';

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
    if (isDue && pcrPid === CLOCK_PID) parts.push(clockPacket(CLOCK_PID, pcr));
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

function run(one: Multiplex): { tracks: CheckedTrack[]; sent: Sent[]; errors: string[]; remuxer: Remuxer } {
  const remuxer = new Remuxer('owned', START_TIMEOUTS);
  const sent: Sent[] = [];
  remuxer.setInputs([{ feed: 'cam', select: 'all' }], 0);
  let tickAtMs = 1000;
  multiplex(one).forEach(({ atMs, data }, i) => {
    for (; tickAtMs < atMs; tickAtMs += TICK_MS) {
      const made = remuxer.tick(tickAtMs);
      if (made) sent.push({ data: made, atMs: tickAtMs });
    }
    const out = remuxer.push('cam', { data, startsSource: i === 0 }, atMs);
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
