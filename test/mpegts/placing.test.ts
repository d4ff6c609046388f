// Where a feed is put on the program's clock that joins while the machine is loaded: what its first units came late by is known
// only once later ones come in time.

import { expect } from 'chai';
import fc from 'fast-check';
import { START_TIMEOUTS } from '../../src/relay/delivery/access-timeouts.js';
import { TICK_MS } from '../../src/mpegts/psi/repeat-schedule.js';
import { Remuxer } from '../../src/mpegts/remux/remuxer.js';
import { checkTs, type Sent } from '../support/mpegts/check-ts.js';
import { inOrder, source, type SourceMessage, type SourceOptions } from '../support/mpegts/synthetic.js';

/** EBU R37: sound may be so early, and so late. */
const [EARLY_MS, LATE_MS] = [40, 60];
/** So long after a feed's delay is known it is where it belongs. */
const KNOWN_MS = 1000;
const LENGTH_MS = 12_000;

interface Start {
  /** Units of the first so many ms come so much later; those after them are later by less and less, by `catchUp` of a ms each ms. */
  readonly lateMs: number;
  readonly forMs: number;
  /** 1: in a burst. */
  readonly catchUp: number;
}

interface Pair {
  readonly kinds: readonly ['video' | 'audio', 'video' | 'audio'];
  readonly starts: readonly [Start, Start];
  readonly apartMs: number;
  readonly soundMs: number;
  readonly pcrMs: number;
}

function options(pair: Pair, which: 0 | 1): SourceOptions {
  const { lateMs, forMs, catchUp } = pair.starts[which];
  const kind = pair.kinds[which];
  const unitMs = kind === 'video' ? 40 : pair.soundMs;
  return {
    ...{
      feed: `feed${which}`,
      kind,
      fromMs: 1000 + which * pair.apartMs,
      lengthMs: LENGTH_MS,
      unitMs,
      pcrMs: pair.pcrMs,
    },
    stamp: 126_000 + which * 5_000_000,
    lateMs: (unit) => Math.max(0, lateMs - Math.max(0, unit * unitMs - forMs) * catchUp),
  };
}

/** When all is known of both: the last of their late units has come, and what is punctual after it. */
function knownMs(pair: Pair): number {
  const each = ([0, 1] as const).map((i) => {
    const { lateMs, forMs, catchUp } = pair.starts[i];
    return options(pair, i).fromMs + (lateMs > 0 ? forMs + lateMs / catchUp : 0) + 2 * pair.soundMs;
  });
  return Math.max(...each);
}

function run(pair: Pair) {
  const remuxer = new Remuxer('owned', START_TIMEOUTS);
  const sent: Sent[] = [];
  remuxer.setInputs(
    ['feed0', 'feed1'].map((feed) => ({ feed, select: 'all' })),
    0,
  );
  const captured = new Map<string, number[]>([
    ['feed0', []],
    ['feed1', []],
  ]);
  let tickAtMs = 1000;
  const all = inOrder(source(options(pair, 0)), source(options(pair, 1))) as Iterable<SourceMessage>;
  for (const { feed, data, begins, atMs, capturedMs } of all) {
    for (; tickAtMs < atMs; tickAtMs += TICK_MS) {
      const made = remuxer.tick(tickAtMs);
      if (made) sent.push({ data: made, atMs: tickAtMs });
    }
    captured.get(feed)!.push(capturedMs);
    const out = remuxer.push(feed, { data, startsSource: begins }, atMs);
    if (out) sent.push({ data: out, atMs });
  }
  const { tracks, errors } = checkTs(sent, { pcrMs: 141, tablesMs: Infinity });
  const { program } = remuxer;
  const moved = ['feed0', 'feed1'].map((name) => {
    const { pid } = program.tracks.find(({ feed }) => feed === name)!;
    const from = captured.get(name)!;
    return tracks.get(pid)!.units.map(({ pts, atMs }, i) => ({ atMs, byMs: pts / 90 - from[i]! }));
  });
  return { moved, errors, remuxer, captured };
}

function expectPlaced(pair: Pair): void {
  const { moved, errors, captured } = run(pair);
  for (const [i, units] of moved.entries()) expect(units.length).to.equal(captured.get(`feed${i}`)!.length);
  const known = knownMs(pair) + KNOWN_MS;
  const [one, other] = moved.map((units) => units.filter(({ atMs }) => atMs > known).map(({ byMs }) => byMs));
  const apart = [Math.max(...other!) - Math.min(...one!), Math.min(...other!) - Math.max(...one!)];
  const [early, late] = pair.kinds[1] === 'audio' ? [EARLY_MS, LATE_MS] : [LATE_MS, EARLY_MS];
  expect(Math.max(...apart), 'the second is late by').to.be.at.most(late);
  expect(Math.min(...apart), 'the second is early by').to.be.at.least(-early);
  expect(errors.filter((error) => /goes back|continuity|PTS before/.test(error))).to.deep.equal([]);
}

const start = fc.record<Start>({
  lateMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 700 })),
  forMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3000 })),
  catchUp: fc.constantFrom(1, 0.3),
});
const pairs = fc.record<Pair>({
  kinds: fc.constantFrom(['video', 'audio'], ['audio', 'video'], ['video', 'video']),
  starts: fc.tuple(start, start),
  apartMs: fc.constantFrom(0, 5, 300, 3000),
  soundMs: fc.constantFrom(24, 24, 168),
  pcrMs: fc.constantFrom(0, 700),
});

describe('a feed that joins on a loaded machine', () => {
  it('is where it belongs, within R37, a second after its delay is known', function () {
    this.timeout(60_000);
    fc.assert(fc.property(pairs, expectPlaced), { numRuns: 80, verbose: true });
  });

  for (const which of [0, 1] as const) {
    it(`is moved once, at once: the ${which === 0 ? 'first' : 'second'} came 380 ms late until then`, () => {
      const late = { lateMs: 380, forMs: 1500, catchUp: 1 };
      const punctual = { lateMs: 0, forMs: 0, catchUp: 1 };
      const { remuxer } = run({
        ...{ kinds: ['video', 'audio'], apartMs: 0, soundMs: 24, pcrMs: 700 },
        starts: which === 0 ? [late, punctual] : [punctual, late],
      });
      expect(remuxer.timing.jumps).to.equal(1);
    });
  }

  it('is not placed by a sound that has just started and still catches up', () => {
    for (const apartMs of [400, 500, 600, 700]) {
      const { remuxer, moved } = run({
        ...{ kinds: ['audio', 'video'], apartMs, soundMs: 168, pcrMs: 700 },
        starts: [
          { lateMs: 115, forMs: 0, catchUp: 0.2 },
          { lateMs: 0, forMs: 0, catchUp: 1 },
        ],
      });
      expect(remuxer.timing.jumps).to.equal(0);
      const [sound, picture] = moved.map((units) => units.map(({ byMs }) => byMs));
      const apart = [Math.min(...sound!) - Math.max(...picture!), Math.max(...sound!) - Math.min(...picture!)];
      expect(apart[0], `${apartMs} ms`).to.be.at.least(-EARLY_MS);
      expect(apart[1], `${apartMs} ms`).to.be.at.most(LATE_MS);
    }
  });

  it('stays where it is when its encoder puts more B-pictures into a group than at first', () => {
    for (const [first, later] of [
      [1, 3],
      [3, 8],
      [0, 2],
    ] as const) {
      const remuxer = new Remuxer('owned', START_TIMEOUTS);
      remuxer.setInputs(
        ['feed0', 'feed1'].map((feed) => ({ feed, select: 'all' })),
        0,
      );
      const common = { kind: 'video', lengthMs: 6000 } as const;
      const leadMs = (unit: number): number => {
        const [depth, place] = unit < 24 ? [first, unit % (first + 1)] : [later, (unit - 24) % (later + 1)];
        return 40 + (place === 0 ? depth * 40 : -40 * Math.min(1, depth));
      };
      const offsets: number[] = [];
      const other = source({ ...common, feed: 'feed1', fromMs: 2000, stamp: 5_000_000, leadMs });
      for (const { feed, data, begins, atMs } of inOrder(source({ ...common, feed: 'feed0', fromMs: 1000 }), other)) {
        remuxer.push(feed, { data, startsSource: begins }, atMs);
        const clock = remuxer.clocks.find((one) => one.feed === 'feed1');
        if (clock) offsets.push(clock.offsetMs);
      }
      const name = `${first}, then ${later}`;
      expect(Math.max(...offsets) - Math.min(...offsets), name).to.be.below(3);
      expect(remuxer.timing, name).to.include({ jumps: 0, heldUnits: 0 });
    }
  });
});
