import { expect } from 'chai';
import fc from 'fast-check';
import { Splicer } from '../../../src/mpegts/splice/splicer.js';
import { DEFAULT_LIMITS } from '../../../src/config/limits.js';
import { RESUME_TIMEOUTS, START_TIMEOUTS, swapTimeouts } from '../../../src/relay/delivery/access-timeouts.js';
import { continuityErrors, packetsOf } from '../../support/mpegts/packets-of.js';
import { packet } from '../../support/mpegts/ts.js';

import {
  AUDIO,
  DATA,
  NO_TABLES,
  NULLS,
  PMT,
  Program,
  SDT,
  VIDEO,
  announces,
  isAccess,
  pidOf,
  pidsOf,
  starts,
} from '../../support/mpegts/lettered-program.js';

const SWAP_PATIENCE = swapTimeouts(DEFAULT_LIMITS);

describe('Splicer', () => {
  it('switches at a random access point, after the tables', () => {
    const program = Program.begun();
    const splicer = new Splicer(SWAP_PATIENCE);
    const data = program.make('vVv*v');
    const { outgoing, incoming } = program.split(splicer, data);
    expect(outgoing.equals(data.subarray(0, 3 * 188))).to.be.true;
    expect(pidsOf(incoming)).to.deep.equal([0, PMT, VIDEO, VIDEO]);
    expect(incoming.subarray(2 * 188).equals(data.subarray(3 * 188))).to.be.true;
  });

  it('switches each other track at its next PES start', () => {
    const program = Program.begun(false, [VIDEO, AUDIO, DATA]);
    const splicer = new Splicer(SWAP_PATIENCE);
    const first = program.split(splicer, program.make('*aDvd'));
    expect(pidsOf(first.outgoing)).to.deep.equal([AUDIO]);
    expect(pidsOf(first.incoming)).to.deep.equal([0, PMT, VIDEO, DATA, VIDEO, DATA]);
    expect(splicer.isDone).to.be.false;
    const second = program.split(splicer, program.make('avAavd'));
    expect(pidsOf(second.outgoing)).to.deep.equal([AUDIO]);
    expect(pidsOf(second.incoming)).to.deep.equal([VIDEO, AUDIO, AUDIO, VIDEO, DATA]);
    expect(splicer.isDone).to.be.true;
  });

  it('passes the message unchanged before it starts and after it is complete', () => {
    const program = Program.begun();
    const splicer = new Splicer(SWAP_PATIENCE);
    const before = program.make('vAa');
    expect(splicer.splice(before, -1, program.inspector, 0)).to.deep.equal({
      outgoing: before,
      incoming: null,
      accessPointOffset: -1,
    });
    program.split(splicer, program.make('*A'));
    const after = program.make('v*aT');
    const parts = splicer.splice(after, 188, program.inspector, 0);
    expect(parts.incoming).to.equal(after);
    expect(parts).to.include({ outgoing: null, accessPointOffset: 188 });
  });

  it('inserts no tables before existing ones', () => {
    const program = Program.begun();
    const data = program.make('vT*v');
    program.inspector.inspect(data);
    const { incoming } = new Splicer(SWAP_PATIENCE).splice(data, 188, program.inspector, 0); // as a Remuxer reports it
    expect(pidsOf(incoming)).to.deep.equal([0, PMT, VIDEO, VIDEO]);
  });

  it('reports the offset of the random access point for the incoming reader', () => {
    const program = Program.begun(false, [VIDEO, AUDIO, DATA]);
    const splicer = new Splicer(SWAP_PATIENCE);
    expect(program.split(splicer, program.make('av*v')).accessPointOffset, 'with its tables').to.equal(0);
    expect(program.split(splicer, program.make('aav*v')).accessPointOffset, 'two packets stay').to.equal(188);
    expect(program.split(splicer, program.make('vA')).accessPointOffset).to.equal(-1);
  });

  it('sends null packets, other tables and PIDs outside the PMT to the incoming reader', () => {
    const program = Program.begun();
    const { outgoing, incoming } = program.split(new Splicer(SWAP_PATIENCE), program.make('nS*nSTd'));
    expect(pidsOf(outgoing)).to.deep.equal([NULLS, SDT]);
    expect(pidsOf(incoming)).to.deep.equal([0, PMT, VIDEO, NULLS, SDT, 0, PMT, DATA]);
  });

  for (const [what, isLong] of [
    ['of a packet', false],
    ['of several packets', true],
  ] as const) {
    it(`gives tables ${what} counters that continue`, () => {
      for (const letters of ['*vA', '*vTA', 'T*vA', 'T*vTAT', 'vT*TT']) {
        const program = Program.begun(isLong, [VIDEO, AUDIO], 13);
        const splicer = new Splicer(SWAP_PATIENCE);
        const all = Buffer.concat([
          program.split(splicer, program.make(letters)).incoming,
          program.split(splicer, program.make('vATv')).incoming,
        ]);
        expect(pidsOf(all).slice(0, 3), letters).to.deep.equal([0, PMT, isLong ? PMT : VIDEO]);
        expect(continuityErrors(all), letters).to.deep.equal([]);
      }
    });
  }

  it('gives tables counters that continue if a message ends in the middle of a PMT', () => {
    for (let cut = 188; cut < 8 * 188; cut += 188) {
      const program = Program.begun(true);
      const data = program.make('v*TvA');
      const splicer = new Splicer(SWAP_PATIENCE);
      const { incoming } = program.split(splicer, data.subarray(0, cut));
      const all = Buffer.concat([incoming, program.split(splicer, data.subarray(cut)).incoming]);
      expect(continuityErrors(all), `cut behind ${cut / 188} packets`).to.deep.equal([]);
    }
  });

  describe('forced', () => {
    const unmarked = (timeouts = SWAP_PATIENCE) => {
      const program = new Program();
      program.inspector.inspect(program.make('TVvAa'));
      program.sent.length = 0;
      expect(program.inspector.marksAccess).to.be.false;
      return { program, splicer: new Splicer(timeouts) };
    };

    for (const [what, timeouts] of [
      ['a swap', SWAP_PATIENCE],
      ['who joins', START_TIMEOUTS],
    ] as const) {
      it(`starts at any picture for ${what} after ${timeouts.unmarkedMs} ms if none is signalled`, () => {
        const { program, splicer } = unmarked(timeouts);
        expect(program.split(splicer, program.make('VvA'), 1000).incoming).to.be.empty;
        expect(program.split(splicer, program.make('VvA'), 999 + timeouts.unmarkedMs).incoming).to.be.empty;
        expect(program.split(splicer, program.make('vAa'), 1000 + timeouts.unmarkedMs).incoming, 'no start').to.be
          .empty;
        const { outgoing, incoming } = program.split(splicer, program.make('avVAv'), 1040 + timeouts.unmarkedMs);
        expect(pidsOf(outgoing)).to.deep.equal([AUDIO, VIDEO]);
        expect(pidsOf(incoming)).to.deep.equal([0, PMT, VIDEO, AUDIO, VIDEO]);
      });
    }

    it('waits 15 s if random access points are signalled', () => {
      const program = Program.begun();
      const splicer = new Splicer(SWAP_PATIENCE);
      expect(program.split(splicer, program.make('Vv'), 1000).incoming).to.be.empty;
      expect(program.split(splicer, program.make('Vv'), 15_999).incoming).to.be.empty;
      expect(pidsOf(program.split(splicer, program.make('vVv'), 16_000).incoming)).to.deep.equal([
        0,
        PMT,
        VIDEO,
        VIDEO,
      ]);
    });

    it('sends whole packets if nothing is known of the program', () => {
      const splicer = new Splicer(SWAP_PATIENCE);
      const data = new Program().make('vVA');
      expect(splicer.splice(data, -1, NO_TABLES, 0).incoming).to.be.null;
      const { outgoing, incoming } = splicer.splice(data, -1, NO_TABLES, 500);
      expect(outgoing).to.be.null;
      expect(Buffer.from(incoming!).equals(data)).to.be.true;
      const other = new Splicer(SWAP_PATIENCE);
      other.splice(data, -1, null, 0);
      expect(Buffer.from(other.splice(data, -1, null, 500).incoming!).equals(data)).to.be.true;
    });

    it('resumes at once: at the random access point, or else at the next picture', () => {
      const program = Program.begun();
      expect(pidsOf(program.split(new Splicer(RESUME_TIMEOUTS), program.make('vV*')).incoming)).to.deep.equal([
        0,
        PMT,
        VIDEO,
      ]);
      const splicer = new Splicer(RESUME_TIMEOUTS);
      expect(program.split(splicer, program.make('va')).incoming).to.be.empty;
      expect(pidsOf(program.split(splicer, program.make('vVv')).incoming)).to.deep.equal([0, PMT, VIDEO, VIDEO]);
    });
  });

  it('stops waiting after 5 s for a track that starts no unit', () => {
    const program = Program.begun(false, [VIDEO, AUDIO, DATA]);
    const splicer = new Splicer(SWAP_PATIENCE);
    program.split(splicer, program.make('*A'), 1000);
    expect(pidsOf(program.split(splicer, program.make('vd'), 5999).outgoing)).to.deep.equal([DATA]);
    expect(splicer.isDone).to.be.false;
    program.split(splicer, program.make('vd'), 6000);
    expect(splicer.isDone).to.be.true;
    expect(pidsOf(program.split(splicer, program.make('vd'), 6001).incoming)).to.deep.equal([VIDEO, DATA]);
  });

  it('sends everything to the incoming reader when a source starts', () => {
    const program = Program.begun();
    const splicer = new Splicer(SWAP_PATIENCE);
    splicer.end();
    const data = program.make('vaT');
    expect(splicer.splice(data, -1, program.inspector, 0)).to.deep.equal({
      outgoing: null,
      incoming: data,
      accessPointOffset: -1,
    });
    expect(splicer).to.include({ hasStarted: true, isDone: true });
  });

  it('forks: the copy continues with the same progress, and neither affects the other', () => {
    const program = Program.begun(false, [VIDEO, AUDIO, DATA]);
    const splicer = new Splicer(SWAP_PATIENCE);
    program.split(splicer, program.make('*A'), 0);
    const copy = splicer.fork(0);
    const data = program.make('vadD');
    const goes = [splicer, copy].map((one) => pidsOf(program.split(one, data, 1).incoming));
    expect(goes).to.deep.equal([
      [VIDEO, AUDIO, DATA],
      [VIDEO, AUDIO, DATA],
    ]);
    expect([splicer.isDone, copy.isDone]).to.deep.equal([true, true]);
    expect(splicer.fork(1).isDone).to.be.true;
    expect(new Splicer(SWAP_PATIENCE).fork(1).hasStarted).to.be.false;
  });

  describe('bridged', () => {
    for (const isLong of [false, true]) {
      it(`signals the jump of every PID once, without a continuity error${isLong ? ', long PMT' : ''}`, () => {
        const [one, other] = [Program.begun(isLong), Program.begun(isLong, [VIDEO, AUDIO], 7)];
        const splicer = new Splicer(START_TIMEOUTS, 'moved');
        const before = one.make('vTaSvn');
        const incoming = ['v*vaT', 'aAvSSnT', 'TvaA*'].map(
          (letters) => other.split(splicer, other.make(letters)).incoming,
        );
        const all = Buffer.concat([before, ...incoming]);
        expect(continuityErrors(all)).to.deep.equal([]);
        const announced = packetsOf(all).filter(announces);
        expect(announced.map((each) => pidOf(each)).sort((a, b) => a - b)).to.deep.equal([0, SDT, VIDEO, AUDIO, PMT]);
        for (const each of announced) expect(each[4], 'adaptation_field_length').to.equal(183);
      });
    }

    it('signals a jump before a packet without payload, too', () => {
      const program = Program.begun();
      const splicer = new Splicer(START_TIMEOUTS, 'moved');
      program.split(splicer, program.make('*'));
      const clock = packet({ pid: 0x200, counter: 5, hasPayload: false });
      const { incoming } = splicer.splice(clock, -1, program.inspector, 0);
      const all = Buffer.concat([packet({ pid: 0x200, counter: 9 }), incoming!, packet({ pid: 0x200, counter: 6 })]);
      expect(pidsOf(incoming)).to.deep.equal([0x200, 0x200]);
      expect(continuityErrors(all)).to.deep.equal([]);
    });

    it('is complete only after 5 s: the jump of infrequent tables is signalled too', () => {
      const program = Program.begun();
      const splicer = new Splicer(START_TIMEOUTS, 'moved');
      program.split(splicer, program.make('*A'), 0);
      expect(splicer.isDone).to.be.false;
      expect(pidsOf(program.split(splicer, program.make('S'), 4999).incoming)).to.deep.equal([SDT, SDT]);
      program.split(splicer, program.make('v'), 5000);
      expect(splicer.isDone).to.be.true;
    });
  });

  describe('for all messages', () => {
    const letters = fc.string({
      unit: fc.constantFrom('*', 'V', 'v', 'v', 'A', 'a', 'a', 'D', 'd', 'T', 'S', 'n'),
      minLength: 1,
      maxLength: 60,
    });
    const cuts = fc.array(fc.nat(), { maxLength: 12 });
    /** Whole packets, split into messages. */
    const messagesOf = (data: Buffer, places: readonly number[]) => {
      const count = data.length / 188;
      const ends = [...places.map((place) => place % (count + 1)), 0, count].sort((a, b) => a - b);
      return ends
        .slice(1)
        .map((end, i) => data.subarray(ends[i]! * 188, end * 188))
        .filter(({ length }) => length > 0);
    };
    const run = (what: string, places: readonly number[], isLong: boolean) => {
      const program = Program.begun(isLong, [VIDEO, AUDIO, DATA]);
      const splicer = new Splicer(SWAP_PATIENCE);
      const parts = messagesOf(program.make(what), places).map((data) => program.split(splicer, data));
      const [outgoing, incoming] = [
        Buffer.concat(parts.map((p) => p.outgoing)),
        Buffer.concat(parts.map((p) => p.incoming)),
      ];
      return { program, stay: outgoing, go: incoming };
    };
    /** The tables inserted in front. */
    const inFront = (incoming: Buffer, isLong: boolean) => (incoming.length === 0 ? 0 : 1 + (isLong ? 5 : 1)) * 188;

    it('every packet goes to exactly one reader, in order, and each track from the start of a unit', () => {
      fc.assert(
        fc.property(letters, cuts, fc.boolean(), (what, places, isLong) => {
          const { program, stay, go } = run(what, places, isLong);
          const rest = go.subarray(inFront(go, isLong));
          expect(stay.length + rest.length).to.equal(program.sent.length * 188);
          for (const pid of [0, PMT, SDT, NULLS, VIDEO, AUDIO, DATA]) {
            const got = Buffer.concat([...packetsOf(stay, pid), ...packetsOf(rest, pid)]);
            const sent = Buffer.concat(program.sent.filter((one) => pidOf(one) === pid));
            expect(got.equals(sent), `PID ${pid}`).to.be.true;
          }
          const first = (pid: number) => packetsOf(rest, pid)[0];
          if (first(VIDEO)) expect(isAccess(first(VIDEO)!)).to.be.true;
          for (const pid of [AUDIO, DATA]) if (first(pid)) expect(starts(first(pid)!)).to.be.true;
          expect(continuityErrors(go)).to.deep.equal([]);
          expect(continuityErrors(stay)).to.deep.equal([]);
          if (go.length > 0) expect(pidsOf(go).slice(0, 2)).to.deep.equal([0, PMT]);
        }),
        { numRuns: 500 },
      );
    });

    it('the packets of each PID go to the same reader, however they are split', () => {
      fc.assert(
        fc.property(letters, cuts, fc.boolean(), (what, places, isLong) => {
          const [one, other] = [run(what, [], isLong), run(what, places, isLong)];
          for (const pid of [0, PMT, SDT, NULLS, VIDEO, AUDIO, DATA]) {
            const stays = [one, other].map(({ stay }) => Buffer.concat(packetsOf(stay, pid)));
            expect(stays[0]!.equals(stays[1]!), `PID ${pid}`).to.be.true;
          }
        }),
        { numRuns: 500 },
      );
    });

    it('nothing throws, and nothing is lost, whatever the packets contain', () => {
      const noise = fc.uint8Array({ minLength: 184, maxLength: 184 });
      const head = fc.tuple(fc.constantFrom(0x47, 0x41, 0x01, 0x51, 0xc1, 0x1f), fc.nat(255), fc.nat(255));
      fc.assert(
        fc.property(
          fc.array(fc.tuple(head, noise), { minLength: 1, maxLength: 8 }),
          fc.boolean(),
          (made, isBridged) => {
            const program = Program.begun();
            const data = Buffer.concat(
              made
                .map(([[flags, pid, control], bytes]) => [0x47, flags, pid, control, ...bytes])
                .map((one) => Buffer.from(one)),
            );
            const splicer = new Splicer(SWAP_PATIENCE, isBridged ? 'moved' : 'new');
            const { outgoing, incoming } = program.split(splicer, data);
            const last = program.split(splicer, data, 20_000);
            expect(outgoing.length + incoming.length).to.be.at.least(data.length);
            expect(last.outgoing.length + last.incoming.length).to.be.at.least(data.length);
          },
        ),
      );
    });
  });
});
