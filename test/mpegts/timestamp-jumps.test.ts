// Timestamps that jump within a feed, where its tracks cannot all see it: the units of one are longer than the jump.

import { expect } from 'chai';
import fc from 'fast-check';
import { START_TIMEOUTS } from '../../src/relay/delivery/access-timeouts.js';
import { Remuxer } from '../../src/mpegts/remux/remuxer.js';
import { after, type PesUnit, readProgram } from '../support/media/clock-judge.js';
import { pesPackets, tablesOf } from '../support/mpegts/synthetic.js';

const VIDEO_PID = 0x100;
const SOUND_PID = 0x101;
const LENGTH_MS = 12_000;
const JUMPS_AT_MS = 6000;

interface Jump {
  readonly byMs: number;
  readonly pictureMs: number;
  readonly soundMs: number;
  /** How much later than a picture of the same time a unit of sound comes, beside its length. */
  readonly soundLateMs: number;
  /** Whether what follows the first picture after the jump has jumped, or else what was captured after it. */
  readonly isByPlace: boolean;
}

/** Runs a feed whose timestamps jump; returns by how much each unit was moved, against timestamps that do not jump. */
function run({ byMs, pictureMs, soundMs, soundLateMs, isByPlace }: Jump) {
  const units: { pid: number; n: number; ms: number; atMs: number }[] = [];
  for (let n = 0; n * pictureMs < LENGTH_MS; n++) {
    units.push({ pid: VIDEO_PID, n, ms: n * pictureMs, atMs: n * pictureMs });
  }
  for (let n = 0; (n + 1) * soundMs + soundLateMs < LENGTH_MS; n++) {
    units.push({ pid: SOUND_PID, n, ms: n * soundMs, atMs: (n + 1) * soundMs + soundLateMs });
  }
  units.sort((a, b) => a.atMs - b.atMs);
  const remuxer = new Remuxer('owned', START_TIMEOUTS);
  remuxer.setInputs([{ feed: 'cam', select: 'all' }], 0);
  const out: Buffer[] = [];
  const counters = new Map<number, number>();
  let isAfter = false;
  let isFirst = true;
  for (const { pid, n, ms, atMs } of units) {
    if (pid === VIDEO_PID && ms >= JUMPS_AT_MS) isAfter = true;
    const jumpMs = (isByPlace ? isAfter : ms >= JUMPS_AT_MS) ? byMs : 0;
    const payload = Buffer.from(`${pid} ${n}`.padEnd(60));
    const counter = counters.get(pid) ?? 0;
    const pcr = pid === VIDEO_PID ? { pcr: 9e6 + (atMs + (isAfter ? byMs : 0) - 700) * 90, access: n % 10 === 0 } : {};
    const streamId = pid === VIDEO_PID ? 0xe0 : 0xc0;
    const pes = pesPackets({ pid, streamId, pts: 9e6 + (ms + jumpMs) * 90, counter, payload, ...pcr });
    counters.set(pid, counter + pes.length / 188);
    const entries = [
      { pid: VIDEO_PID, type: 0x1b },
      { pid: SOUND_PID, type: 0x0f },
    ];
    const data = isFirst ? Buffer.concat([tablesOf(entries, VIDEO_PID), pes]) : pes;
    const sent = remuxer.push('cam', { data, startsSource: isFirst }, 1000 + atMs);
    if (sent) out.push(Buffer.from(sent));
    isFirst = false;
  }
  const { units: got } = readProgram(Buffer.concat(out));
  const movedMs = (wanted: number, { media, dts }: PesUnit): number[] => {
    const [pid, n] = Buffer.from(media, 'base64').toString().trim().split(' ').map(Number) as [number, number];
    return pid === wanted ? [after(dts, 9e6 + n * (pid === VIDEO_PID ? pictureMs : soundMs) * 90) / 90] : [];
  };
  return {
    sent: units.length,
    got,
    moved: [VIDEO_PID, SOUND_PID].map((pid) => got.flatMap((unit) => movedMs(pid, unit))),
  };
}

function expectTogether(jump: Jump): void {
  const { sent, got, moved } = run(jump);
  expect(got.length, 'units').to.equal(sent);
  expect(moved[1]!.at(-1)! - moved[0]!.at(-1)!, 'sound against pictures after the jump, ms').to.be.closeTo(0, 1);
}

describe('timestamps of a feed that jump', () => {
  for (const byMs of [-1000, -200, 1200, 2000, 100_000]) {
    for (const [pictureMs, soundMs] of [
      [40, 24],
      [40, 360],
      [40, 860],
      [200, 24],
      [200, 360],
    ] as const) {
      it(`keep sound and pictures together: by ${byMs} ms, pictures of ${pictureMs} ms, sound of ${soundMs} ms`, () => {
        for (const isByPlace of [true, false]) expectTogether({ byMs, pictureMs, soundMs, soundLateMs: 30, isByPlace });
      });
    }
  }

  it('keep sound and pictures together, whatever they jump by and however long units are', () => {
    const any = fc.record({
      byMs: fc.oneof(
        fc.integer({ min: -100_000, max: -150 }),
        fc.integer({ min: 1100, max: 100_000 }),
        fc.integer({ min: -2000, max: 2500 }),
      ),
      pictureMs: fc.constantFrom(20, 40, 100, 200),
      soundMs: fc.integer({ min: 20, max: 900 }),
      soundLateMs: fc.integer({ min: 0, max: 700 }),
      isByPlace: fc.boolean(),
    });
    fc.assert(fc.property(any, expectTogether), { numRuns: 300 });
  });
});
