// A feed that joins another, or whose timestamps jump: its units keep their own intervals in the output, from the first
// on.

import { expect } from 'chai';
import { START_TIMEOUTS } from '../../src/relay/delivery/access-timeouts.js';
import { TICK_MS } from '../../src/mpegts/psi/repeat-schedule.js';
import { Remuxer } from '../../src/mpegts/remux/remuxer.js';
import { checkTs, type Sent, type Unit } from '../support/mpegts/check-ts.js';
import { pesPackets, source, tablesOf } from '../support/mpegts/synthetic.js';

const VIDEO = { pid: 0x100, type: 0x1b };
const SOUND = { pid: 0x101, type: 0x0f };
const PICTURE_MS = 40;
const SOUND_MS = 24;

/** PTS - DTS of picture number n in transmission order, with three B-pictures in a row, ms. */
const LEADS = {
  'no B-pictures': () => 0,
  'B-pictures': (n: number) => (n === 0 ? PICTURE_MS : (n - 1) % 4 === 0 ? 4 * PICTURE_MS : 0),
  'pictures that are shown 400 ms after they are decoded': () => 400,
} as const;

interface Camera {
  readonly fromMs: number;
  readonly lengthMs: number;
  readonly leads: keyof typeof LEADS;
  /** How long before its DTS a unit of each kind arrives. */
  readonly pictureAheadMs: number;
  readonly soundAheadMs: number;
  /** A jump of the timestamps: when, after the start, and by how much, ms; `isOfMedia`: for units captured from then on. */
  readonly jump?: { readonly atMs: number; readonly byMs: number; readonly isOfMedia?: boolean };
  readonly jitterMs?: number;
  /** Its tables list a video track that never arrives. */
  readonly isWithoutPicture?: boolean;
  readonly soundMs?: number;
  readonly pcr?: 'with pictures' | 'with sound' | 'by itself' | 'none';
  /** No data for this long, after which everything is later by this much. */
  readonly pause?: { readonly atMs: number; readonly forMs: number };
  /** Everything comes this much later until some time after the start, and then catches up. */
  readonly lateStart?: { readonly byMs: number; readonly untilMs: number };
}

interface Message {
  readonly feed: string;
  readonly data: Uint8Array;
  readonly atMs: number;
  readonly begins: boolean;
}

/** The same sequence each time: rarely long, often 0. */
function jitter(n: number, mostMs: number): number {
  const x = Math.sin(n * 12.9898) * 43758.5453;
  return (x - Math.floor(x)) ** 4 * mostMs;
}

const PCR_PIDS = { 'with pictures': VIDEO.pid, 'with sound': SOUND.pid, 'by itself': 0x1ff, none: 0x1fff } as const;

function camera(options: Camera): Message[] {
  const { fromMs, lengthMs, leads, pictureAheadMs, soundAheadMs, jump, jitterMs = 0, soundMs = SOUND_MS } = options;
  const { pcr = 'with pictures', pause, isWithoutPicture = false, lateStart } = options;
  const units: { atMs: number; isPicture: boolean; n: number }[] = [];
  for (let n = 0; n * PICTURE_MS < lengthMs && !isWithoutPicture; n++) {
    units.push({ atMs: n * PICTURE_MS - pictureAheadMs, isPicture: true, n });
  }
  for (let n = 0; n * soundMs < lengthMs; n++) {
    units.push({ atMs: n * soundMs - soundAheadMs, isPicture: false, n });
  }
  units.sort((a, b) => a.atMs - b.atMs);
  const first = units[0]!.atMs;
  let reachedMs = 0;
  return units.map(({ atMs, isPicture, n }, i) => {
    const sinceMs = atMs - first;
    const unitMs = isPicture ? PICTURE_MS : soundMs;
    const byMs = jump && (jump.isOfMedia ? n * unitMs : sinceMs) >= jump.atMs ? jump.byMs : 0;
    const dts = 900_000 + (n * unitMs + byMs) * 90;
    const payload = Uint8Array.from({ length: 100 }, (_, k) => (k === 0 ? n & 255 : k === 1 ? n >> 8 : byMs ? 1 : 0));
    const stamps = isPicture ? { pts: dts + LEADS[leads](n) * 90, dts } : { pts: dts };
    const clock = dts - (isPicture ? pictureAheadMs : soundAheadMs) * 90;
    const isCarrier = pcr === (isPicture ? 'with pictures' : 'with sound');
    const more = { ...(isCarrier ? { pcr: clock } : {}), access: isPicture && n % 25 === 0 };
    const pes = pesPackets({
      ...{ pid: isPicture ? VIDEO.pid : SOUND.pid, streamId: isPicture ? 0xe0 : 0xc0, ...stamps, ...more, payload },
      counter: n,
    });
    const tables = i % 5 === 0 ? [tablesOf([VIDEO, SOUND], PCR_PIDS[pcr], i / 5)] : [];
    if (pcr === 'by itself' && isPicture) tables.push(clockPacket(clock));
    const lateMs = lateStart && sinceMs < lateStart.untilMs ? lateStart.byMs : 0;
    reachedMs = Math.max(reachedMs, sinceMs + lateMs + jitter(i, jitterMs)); // in order, however late
    const pausedMs = pause && sinceMs >= pause.atMs ? pause.forMs : 0;
    return { feed: 'cam', data: Buffer.concat([...tables, pes]), atMs: fromMs + reachedMs + pausedMs, begins: i === 0 };
  });
}

function clockPacket(pcr: number): Buffer {
  const pid = PCR_PIDS['by itself'];
  const packet = pesPackets({ pid, streamId: 0xe0, pts: 0, pcr, counter: 0, payload: new Uint8Array(9) });
  packet.set([0x47, pid >> 8, pid & 255, 0x20, 183, 0x10]);
  return packet.subarray(0, 188);
}

const microphone = (fromMs: number, lengthMs: number): Message[] => [
  ...source({ feed: 'mic', kind: 'audio', fromMs, lengthMs, streamType: 0x03, unitMs: SOUND_MS, pcrMs: 0 }),
];

/** All in one stream; returns the camera's tracks in the output. */
function run(...feeds: Message[][]) {
  const remuxer = new Remuxer('owned', START_TIMEOUTS);
  remuxer.setInputs(
    feeds.map(([first]) => ({ feed: first!.feed, select: 'all' })),
    0,
  );
  const sent: Sent[] = [];
  let tickAtMs = 1000;
  const messages = feeds.flat().sort((a, b) => a.atMs - b.atMs);
  for (const { feed, data, begins, atMs } of messages) {
    for (; tickAtMs < atMs; tickAtMs += TICK_MS) {
      const made = remuxer.tick(tickAtMs);
      if (made) sent.push({ data: made, atMs: tickAtMs });
    }
    const out = remuxer.push(feed, { data, startsSource: begins }, atMs);
    if (out) sent.push({ data: out, atMs });
  }
  const { tracks, errors } = checkTs(sent, { pcrMs: 141, tablesMs: Infinity, payloads: true });
  const ofType = (type: number) => [...tracks.values()].find(({ streamType }) => streamType === type)?.units ?? [];
  return { pictures: ofType(VIDEO.type), sound: ofType(SOUND.type), mic: ofType(0x03), errors, remuxer };
}

const numberOf = ({ payload }: Unit): number => payload[0]! + payload[1]! * 256;

/** The offset added to each unit, ms: before the jump, and after it. */
function moved(units: readonly Unit[], unitMs: number): number[][] {
  return [0, 1].map((jumped) =>
    units
      .filter(({ payload }) => payload[2] === jumped)
      .map((unit) => (unit.dts - 900_000) / 90 - numberOf(unit) * unitMs),
  );
}

const spread = (values: readonly number[]): number => Math.max(...values) - Math.min(...values);

/** The interval between units changes by no more than a slew of 1 % does. */
function expectSteps(values: readonly number[], unitMs: number, what: string): void {
  for (let i = 1; i < values.length; i++) {
    expect(Math.abs(values[i]! - values[i - 1]!), `${what}, unit ${i}`).to.be.at.most(unitMs * 0.01 + 0.02);
  }
}

function expectLeads(units: readonly Unit[], leads: keyof typeof LEADS): void {
  for (const unit of units) expect((unit.pts - unit.dts) / 90).to.equal(LEADS[leads](numberOf(unit)));
}

describe('a feed that joins another', () => {
  for (const leads of Object.keys(LEADS) as (keyof typeof LEADS)[]) {
    for (const [pictureAheadMs, soundAheadMs] of [
      [0, 0],
      [700, 120],
      [100, 1000],
      [2000, 2000],
    ] as const) {
      for (const lateMs of [100, 3000]) {
        for (const jitterMs of [0, 30]) {
          const name = `${leads}, ${pictureAheadMs} and ${soundAheadMs} ms ahead, ${lateMs} ms later, jitter of ${jitterMs} ms`;
          it(`keeps its own intervals from its first unit on: ${name}`, () => {
            const shape = { leads, pictureAheadMs, soundAheadMs, jitterMs, lengthMs: 8000 };
            const { pictures, sound, errors, remuxer } = run(
              camera({ ...shape, fromMs: 1000 + lateMs }),
              microphone(1000, 12_000),
            );
            expect(pictures.length).to.equal(8000 / PICTURE_MS);
            expect(sound.length).to.equal(Math.ceil(8000 / SOUND_MS));
            expectLeads(pictures, leads);
            const [off] = moved(pictures, PICTURE_MS);
            const [soundOff] = moved(sound, SOUND_MS);
            expectSteps(off!, PICTURE_MS, 'picture');
            expectSteps(soundOff!, SOUND_MS, 'sound');
            expect(spread([...off!, ...soundOff!]), 'all of it').to.be.below(jitterMs ? 30 : 5);
            expect(remuxer.timing.heldUnits).to.equal(0);
            expect(remuxer.timing.jumps).to.equal(0);
            // The PCR stops while they are held. Pictures decoded long before they are displayed are late even so.
            const late = [...pictures, ...sound].filter(({ dts, pcr }) => dts < pcr);
            if (leads === 'no B-pictures') expect(late, 'before the PCR').to.deep.equal([]);
            for (const { atMs } of late) expect(atMs - 1000 - lateMs, 'until the PCR lags enough').to.be.below(2000);
            expect(errors.filter((error) => /goes back|continuity|PCR (goes|jumps)/.test(error))).to.deep.equal([]);
          });
        }
      }
    }
  }

  for (const pcr of ['with pictures', 'with sound', 'none'] as const) {
    for (const soundMs of [24, 160, 350, 1000]) {
      it(`waits at most 1.2 s for video that never arrives: PES packets of ${soundMs} ms, PCR ${pcr}`, () => {
        const shape = { leads: 'no B-pictures', pictureAheadMs: 0, soundAheadMs: 0, lengthMs: 8000 } as const;
        const { sound, mic } = run(
          camera({ ...shape, fromMs: 4000, isWithoutPicture: true, soundMs, pcr }),
          microphone(1000, 12_000),
        );
        expect(sound.length).to.equal(Math.ceil(8000 / soundMs));
        expect(sound[0]!.atMs - 4000).to.be.below(1200 + Math.max(soundMs, 100));
        expectSteps(moved(sound, soundMs)[0]!, soundMs, 'sound');
        // The first one was as old on arrival as its duration, which is known only afterwards.
        expect(sound.slice(1).filter(({ dts, pcr: at }) => dts < at)).to.deep.equal([]);
        expect(mic.filter(({ dts, pcr: at }) => dts < at)).to.deep.equal([]);
      });
    }
  }

  it('is sent after a second if its pictures are too infrequent to judge, and when it ends before that', () => {
    const slow = [0, 1, 2].map((n): Message => {
      const pes = pesPackets({
        pid: 0x100,
        streamId: 0xe0,
        pts: n * 72_000,
        access: true,
        counter: n,
        payload: new Uint8Array(9),
      });
      const data = Buffer.concat([tablesOf([VIDEO], VIDEO.pid, n), pes]);
      return { feed: 'cam', data, atMs: 2000 + n * 800, begins: n === 0 };
    });
    expect(run(slow, microphone(1000, 5000)).pictures).to.have.length(3);
    const remuxer = new Remuxer('owned', START_TIMEOUTS);
    remuxer.setInputs(
      [
        { feed: 'cam', select: 'all' },
        { feed: 'mic', select: 'all' },
      ],
      0,
    );
    for (const { feed, data, begins, atMs } of microphone(1000, 500))
      remuxer.push(feed, { data, startsSource: begins }, atMs);
    expect(remuxer.push('cam', { data: slow[0]!.data, startsSource: true }, 1600)).to.equal(null);
    const left = remuxer.endSource('cam', 1650)!;
    expect(checkTs([{ data: left, atMs: 1650 }]).tracks.size).to.be.greaterThan(0);
  });

  it('holds no audio that was captured while it was muted', () => {
    const remuxer = new Remuxer('owned', START_TIMEOUTS);
    const inputs = (select: 'all' | 'other-than-audio') => [
      { feed: 'cam', select },
      { feed: 'mic', select: 'all' as const },
    ];
    remuxer.setInputs(inputs('other-than-audio'), 0);
    for (const { feed, data, begins, atMs } of microphone(1000, 500))
      remuxer.push(feed, { data, startsSource: begins }, atMs);
    const shape = { leads: 'no B-pictures', pictureAheadMs: 0, soundAheadMs: 0, lengthMs: 2000 } as const;
    const messages = camera({ ...shape, fromMs: 1600 });
    const sent: Sent[] = [];
    const add = (data: Uint8Array | null, atMs: number): unknown =>
      data && sent.push({ data: Uint8Array.from(data), atMs });
    for (const { data, begins, atMs } of messages.filter(({ atMs }) => atMs < 1700))
      add(remuxer.push('cam', { data, startsSource: begins }, atMs), atMs);
    add(remuxer.setInputs(inputs('all'), 1700), 1700);
    for (const { data, atMs } of messages.filter(({ atMs }) => atMs >= 1700))
      add(remuxer.push('cam', { data }, atMs), atMs);
    const { tracks } = checkTs(sent, { payloads: true, pcrMs: Infinity, tablesMs: Infinity });
    const ofType = (type: number) => [...tracks.values()].find(({ streamType }) => streamType === type)!.units;
    expect(ofType(VIDEO.type).map(numberOf)[0], 'pictures from the first on').to.equal(0);
    expect(ofType(SOUND.type).map(numberOf)[0]! * SOUND_MS, 'sound of after that').to.be.at.least(80);
  });
});

describe('a feed whose stamps jump beside another', () => {
  for (const leads of Object.keys(LEADS) as (keyof typeof LEADS)[]) {
    for (const [pictureAheadMs, soundAheadMs] of [
      [500, 120],
      [0, 0],
      [100, 1000],
    ] as const) {
      for (const byMs of [2000, 20_000, 3_600_000, -3000, -20_000, -3_600_000]) {
        it(`continues in place: ${leads}, ${pictureAheadMs} and ${soundAheadMs} ms ahead, by ${byMs} ms`, () => {
          const jump = { atMs: 3000, byMs };
          const shape = { leads, pictureAheadMs, soundAheadMs, jump, lengthMs: 8000 };
          const { pictures, sound, remuxer } = run(camera({ ...shape, fromMs: 3000 }), microphone(1000, 12_000));
          expect(pictures.length).to.equal(8000 / PICTURE_MS);
          expect(sound.length).to.equal(Math.ceil(8000 / SOUND_MS));
          expectLeads(pictures, leads);
          const before = [moved(pictures, PICTURE_MS)[0]!, moved(sound, SOUND_MS)[0]!];
          const after = [moved(pictures, PICTURE_MS)[1]!, moved(sound, SOUND_MS)[1]!];
          // Without the jump, the same offset would have been added to all units.
          expect(spread([...before, ...after].flat()), 'all tracks').to.be.below(5);
          for (const values of [...before, ...after]) expectSteps(values, PICTURE_MS, 'unit');
          expect(remuxer.timing.heldUnits).to.equal(0);
          expect(remuxer.timing.jumps).to.be.within(1, 2);
        });
      }
    }
  }

  for (const isAlone of [true, false]) {
    for (const pcr of ['with pictures', 'with sound', 'by itself', 'none'] as const) {
      for (const lateMs of [1000, 2000, 2700]) {
        it(`has the PCR lag by the need of its late audio: ${lateMs} ms, PCR ${pcr}${isAlone ? ', alone' : ''}`, () => {
          for (const byMs of [2000, 20_000, -3000, -3_600_000]) {
            const jump = { atMs: 8000, byMs, isOfMedia: true };
            const shape = { leads: 'no B-pictures', pictureAheadMs: 100, soundAheadMs: -lateMs, jump, pcr } as const;
            const cam = camera({ ...shape, fromMs: 3000, lengthMs: 14_000 });
            const { pictures, sound, mic } = run(cam, ...(isAlone ? [] : [microphone(1000, 20_000)]));
            expect(pictures.length).to.equal(14_000 / PICTURE_MS);
            expect(sound.length).to.equal(Math.ceil(14_000 / SOUND_MS));
            const late = [...pictures, ...sound, ...mic].filter(({ dts, pcr: at }) => dts < at);
            for (const { atMs } of late) expect(atMs, `by ${byMs} ms`).to.be.below(10_000);
          }
        });
      }
    }
  }
});

describe('a feed that pauses beside another', () => {
  for (const pcr of ['with pictures', 'with sound', 'none'] as const) {
    it(`is aligned again at once if it resumes late: PCR ${pcr}`, () => {
      for (const forMs of [1500, 3200, 5000, 8000]) {
        const pause = { atMs: 9000, forMs };
        const shape = { leads: 'no B-pictures', pictureAheadMs: 100, soundAheadMs: 120, pause, pcr } as const;
        const cam = camera({ ...shape, fromMs: 3000, lengthMs: 20_000 });
        const { pictures, sound, remuxer } = run(cam, microphone(1000, 32_000));
        expect(pictures.length).to.equal(20_000 / PICTURE_MS);
        expect(sound.length).to.equal(Math.ceil(20_000 / SOUND_MS));
        expect(remuxer.timing.jumps, `${forMs} ms`).to.equal(1);
        const late = [...pictures, ...sound].filter(({ dts, pcr: at }) => dts < at);
        for (const { atMs } of late) expect(atMs - 12_000 - forMs, 'until that is known').to.be.below(800);
        const error = remuxer.clocks.find(({ feed }) => feed === 'cam')!.errorMs;
        expect(Math.abs(error)).to.be.below(20);
      }
    });
  }
});

describe('a feed that came late at first, with B-pictures', () => {
  /** By how much a unit's PTS was moved, at its PTS in the input, ms. */
  const movedPts = (units: readonly Unit[], unitMs: number, lead: (n: number) => number) =>
    units
      .map((unit) => ({ unit, atMs: numberOf(unit) * unitMs + lead(numberOf(unit)) }))
      .map(({ unit, atMs }) => ({ atMs, byMs: (unit.pts - 900_000) / 90 - atMs }))
      .toSorted((a, b) => a.atMs - b.atMs);

  for (const [name, leads] of Object.entries(LEADS)) {
    for (const [byMs, untilMs] of [
      [380, 1500],
      [140, 14_000],
      [0, 0],
    ] as const) {
      it(`has sound and pictures moved alike at every instant, in order: ${name}, by ${byMs} ms until ${untilMs} ms`, () => {
        const lateStart = { byMs, untilMs };
        const shape = { leads: name as keyof typeof LEADS, pictureAheadMs: 100, soundAheadMs: 120, lateStart };
        const cam = camera({ ...shape, fromMs: 3000, lengthMs: 24_000 });
        const other = [...source({ feed: 'other', kind: 'video', fromMs: 1000, lengthMs: 30_000, pcrMs: 0 })];
        const { pictures, sound, remuxer } = run(cam, other);
        const shown = movedPts(pictures, PICTURE_MS, leads);
        const heard = movedPts(sound, SOUND_MS, () => 0);
        expect([shown.length, heard.length]).to.deep.equal([24_000 / PICTURE_MS, 24_000 / SOUND_MS]);
        for (let i = 1; i < shown.length; i++) {
          expect(shown[i]!.byMs - shown[i - 1]!.byMs, `picture ${i} after the one before`).to.be.above(-PICTURE_MS);
        }
        for (const { atMs, byMs: soundBy } of heard) {
          const next = shown.findIndex((one) => one.atMs >= atMs);
          if (next < 1) continue;
          const around = [shown[next - 1]!.byMs, shown[next]!.byMs];
          expect(soundBy, `sound at ${atMs} ms`).to.be.within(Math.min(...around) - 5, Math.max(...around) + 5);
        }
        const error = remuxer.clocks.find(({ feed }) => feed === 'cam')!.errorMs;
        expect(Math.abs(error)).to.be.below(5);
      });
    }
  }
});
