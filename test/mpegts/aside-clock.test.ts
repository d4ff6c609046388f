// Tracks other than video and audio: subtitles far ahead of the video, data with a time of its own.

import { expect } from 'chai';
import { START_TIMEOUTS } from '../../src/relay/delivery/access-timeouts.js';
import { Remuxer } from '../../src/mpegts/remux/remuxer.js';
import { checkTs, type Sent, type Unit } from '../support/mpegts/check-ts.js';
import { pesPackets, source, tablesOf } from '../support/mpegts/synthetic.js';

const VIDEO = { pid: 0x100, type: 0x1b };
const SOUND = { pid: 0x101, type: 0x0f };
const SUBTITLES = { pid: 0x102, type: 0x06, descriptors: [0x59, 8, 0x65, 0x6e, 0x67, 0x10, 0, 1, 0, 1] };
const UNDESCRIBED = { pid: 0x102, type: 0x06 };
const ES = new Uint8Array(50).fill(0x20);
const FIRST = 2 ** 33 - 450_000; // wraps after 5 s
const LENGTH_MS = 9000;

interface Aside {
  readonly track: typeof SUBTITLES | typeof UNDESCRIBED;
  /** How far its timestamps are ahead of the video's at its arrival, ms. */
  readonly aheadMs: (n: number) => number;
  /** How long before the first picture it starts. */
  readonly beforeMs?: number;
}

/** A stream of one feed with video, audio and that track. */
function run({ track, aheadMs, beforeMs = 0 }: Aside) {
  const units: { atMs: number; pid: number; n: number }[] = [];
  for (let n = 0; n * 40 < LENGTH_MS; n++) units.push({ atMs: n * 40, pid: VIDEO.pid, n });
  for (let n = 0; n * 24 < LENGTH_MS; n++) units.push({ atMs: n * 24 + 5, pid: SOUND.pid, n });
  for (let n = 0; n * 320 < LENGTH_MS; n++) units.push({ atMs: n * 320 + 12 - beforeMs, pid: track.pid, n });
  units.sort((a, b) => a.atMs - b.atMs);
  const remuxer = new Remuxer('owned', START_TIMEOUTS);
  remuxer.setInputs([{ feed: 'cam', select: 'all' }], 0);
  const sent: Sent[] = [];
  const given = new Map<number, number[]>();
  units.forEach(({ atMs, pid, n }, i) => {
    const timeMs = pid === track.pid ? atMs - 12 + aheadMs(n) : atMs - (pid === SOUND.pid ? 5 : 0);
    const pts = FIRST + timeMs * 90;
    given.set(pid, [...(given.get(pid) ?? []), pts]);
    const streamId = pid === VIDEO.pid ? 0xe0 : pid === SOUND.pid ? 0xc0 : 0xbd;
    const pcr = pid === VIDEO.pid ? { pcr: pts - 500 * 90 } : {};
    const packets = pesPackets({ pid, streamId, pts, ...pcr, access: n % 25 === 0, counter: n, payload: ES });
    const tables = i % 10 === 0 ? [tablesOf([VIDEO, SOUND, track], VIDEO.pid, i / 10)] : [];
    const out = remuxer.push('cam', { data: Buffer.concat([...tables, packets]), startsSource: i === 0 }, 2000 + atMs);
    if (out) sent.push({ data: out, atMs: 2000 + atMs });
  });
  const { tracks, errors } = checkTs(sent, { pcrMs: Infinity, tablesMs: Infinity });
  const unitsOf = (type: number) => [...tracks.values()].find(({ streamType }) => streamType === type)?.units ?? [];
  const moved = (pid: number, out: readonly Unit[]) => {
    const ins = given.get(pid)!;
    return out.map(({ pts }, i) => (((pts - ins[i + ins.length - out.length]!) % 2 ** 33) + 2 ** 33) % 2 ** 33);
  };
  return {
    pictures: moved(VIDEO.pid, unitsOf(VIDEO.type)),
    sound: moved(SOUND.pid, unitsOf(SOUND.type)),
    aside: moved(track.pid, unitsOf(track.type)),
    asideCount: given.get(track.pid)!.length,
    errors: errors.filter((error) => /continuity/.test(error)),
    timing: remuxer.timing,
  };
}

describe('a track that is neither video nor audio', () => {
  for (const aheadMs of [-2000, 0, 2000, 20_000, 55_000]) {
    for (const beforeMs of [0, 100]) {
      const when = beforeMs ? ', and begins before it' : '';
      it(`is mapped like the video if its timestamps are ${aheadMs} ms ahead of it${when}`, () => {
        const { pictures, sound, aside, asideCount, timing, errors } = run({
          ...{ track: SUBTITLES, aheadMs: () => aheadMs, beforeMs },
        });
        const [by] = new Set(pictures);
        expect([...new Set([...pictures, ...sound])], 'picture and sound').to.deep.equal([by]);
        expect(pictures.length).to.equal(LENGTH_MS / 40);
        expect(asideCount - aside.length, 'units that did not come out').to.equal(0);
        // Units from before the first picture have no reference, unless they are close to it.
        expect([...new Set(aside.slice(beforeMs ? 1 : 0))]).to.deep.equal([by]);
        expect(timing.jumps).to.equal(0);
        expect(errors).to.deep.equal([]);
      });
    }
  }

  it('does not affect the others if its timestamps are unrelated to the video, or jump', () => {
    for (const track of [SUBTITLES, UNDESCRIBED]) {
      for (const aheadMs of [
        () => 3_600_000,
        () => -3_600_000,
        (n: number) => (n % 7) * 100_000,
        (n: number) => -n * 900,
      ]) {
        const { pictures, sound, timing } = run({ track, aheadMs });
        expect(new Set([...pictures, ...sound]).size, 'maps').to.equal(1);
        expect(pictures.length).to.equal(LENGTH_MS / 40);
        expect(timing.jumps).to.equal(0);
      }
    }
  });
});

/** The steps of the picture's DTS in the output, ms: a source of pictures and subtitles ends after 3 s and starts again. */
function stepsOverRestart(track: Aside['track'], aheadMs: number, isAlone: boolean): number[] {
  const remuxer = new Remuxer('owned', START_TIMEOUTS);
  remuxer.setInputs(
    (isAlone ? ['cam'] : ['cam', 'other']).map((feed) => ({ feed, select: 'all' })),
    0,
  );
  const sent: Sent[] = [];
  const messages = isAlone ? [] : [...source({ feed: 'other', kind: 'video', fromMs: 1000, lengthMs: 9000 })];
  for (const [stamp, fromMs] of [
    [900_000, 2000],
    [4_500_000, 6000],
  ] as const) {
    for (let n = 0; n < 75; n++) {
      const pts = stamp + n * 3600;
      const picture = { pid: VIDEO.pid, streamId: 0xe0, pts, pcr: pts - 45_000, access: n % 25 === 0 };
      const parts = [tablesOf([VIDEO, track], VIDEO.pid, n), pesPackets({ ...picture, counter: n, payload: ES })];
      const aside = { pid: track.pid, streamId: 0xbd, pts: pts + aheadMs * 90, counter: n };
      parts.push(pesPackets({ ...aside, payload: ES }));
      const more = { capturedMs: 0, kind: 'video' } as const;
      messages.push({ feed: 'cam', data: Buffer.concat(parts), atMs: fromMs + n * 40, begins: n === 0, ...more });
    }
  }
  for (const { feed, data, begins, atMs } of messages.toSorted((a, b) => a.atMs - b.atMs)) {
    const out = remuxer.push(feed, { data, startsSource: begins }, atMs);
    if (out) sent.push({ data: out, atMs });
  }
  const { tracks } = checkTs(sent, { pcrMs: Infinity, tablesMs: Infinity });
  const pictures = [...tracks.values()].find(({ streamType }) => streamType === VIDEO.type)!.units;
  expect(pictures.length).to.equal(150);
  return pictures.slice(1).map(({ dts }, i) => (dts - pictures[i]!.dts) / 90);
}

describe('a source that starts again', () => {
  for (const track of [SUBTITLES, UNDESCRIBED]) {
    for (const aheadMs of [1500, 8000, 55_000]) {
      for (const isAlone of [true, false]) {
        const [what, where] = [track === SUBTITLES ? 'subtitles' : 'data', isAlone ? 'alone' : 'beside another'];
        it(`continues where time has come to, not where its ${what} were, ${aheadMs} ms ahead: ${where}`, () => {
          expect(Math.max(...stepsOverRestart(track, aheadMs, isAlone))).to.be.within(900, 1300);
        });
      }
    }
  }
});
