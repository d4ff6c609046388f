import { expect } from 'chai';
import fc from 'fast-check';
import { Inspector } from '../../../src/mpegts/inspect/inspector.js';
import { packet, packets, patSection, pmtSection, section, sectionPackets } from '../../support/mpegts/ts.js';

const VIDEO = 0x100;
const AUDIO = 0x101;
const tables = Buffer.concat([
  sectionPackets(0, patSection(0x1000)),
  sectionPackets(
    0x1000,
    pmtSection([
      { streamType: 0x03, pid: AUDIO },
      { streamType: 0x02, pid: VIDEO },
    ]),
  ),
]);

describe('Inspector', () => {
  it('counts packets, null packets and transport errors', () => {
    const inspector = new Inspector();
    inspector.inspect(Buffer.concat([packets(5), packet({ pid: 0x1fff }), packet({ pid: 7, transportError: true })]));
    expect(inspector).to.include({ packets: 7, nullPackets: 1, transportErrors: 1, continuityErrors: 0 });
  });

  it('counts a gap in the counter once', () => {
    const inspector = new Inspector();
    inspector.inspect(Buffer.concat([0, 1, 4, 5, 6].map((counter) => packet({ counter }))));
    expect(inspector.continuityErrors).to.equal(1);
  });

  it('follows the counter from one message to the next, and through its wrap-around', () => {
    const inspector = new Inspector();
    inspector.inspect(packets(16));
    inspector.inspect(packets(16));
    expect(inspector.continuityErrors).to.equal(0);
  });

  it('counts no error for a duplicate, nor for a packet without payload that repeats the counter', () => {
    const inspector = new Inspector();
    inspector.inspect(
      Buffer.concat([packet({ counter: 3 }), packet({ counter: 3 }), packet({ counter: 3, hasPayload: false })]),
    );
    inspector.inspect(packet({ counter: 4 }));
    expect(inspector.continuityErrors).to.equal(0);
  });

  it('counts a packet without payload that changes the counter', () => {
    const inspector = new Inspector();
    inspector.inspect(Buffer.concat([packet({ counter: 3 }), packet({ counter: 4, hasPayload: false })]));
    expect(inspector.continuityErrors).to.equal(1);
  });

  it('counts no error for a signalled discontinuity', () => {
    const inspector = new Inspector();
    inspector.inspect(Buffer.concat([packet({ counter: 3 }), packet({ counter: 9, discontinuity: true })]));
    expect(inspector.continuityErrors).to.equal(0);
  });

  it('counts the same whether packets come in one message or one by one', () => {
    const any = fc.record({
      pid: fc.constantFrom(AUDIO, VIDEO, 0x1fff),
      step: fc.constantFrom(1, 1, 1, 1, 1, 0, 2), // from the previous packet's counter
      startsUnit: fc.boolean(),
      randomAccess: fc.constantFrom(false, false, true),
      transportError: fc.constantFrom(false, false, false, true),
      hasPayload: fc.constantFrom(true, true, true, false),
      discontinuity: fc.constantFrom(false, false, true),
    });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 60 }), (list) => {
        const counters = new Map<number, number>();
        const all = list.map(({ step, ...fields }) => {
          const counter = ((counters.get(fields.pid) ?? 0) + step) & 0x0f;
          counters.set(fields.pid, counter);
          return packet({ ...fields, counter });
        });
        const [together, apart] = [new Inspector(), new Inspector()];
        together.inspect(Buffer.concat([tables, ...all]));
        for (const one of [tables, ...all]) apart.inspect(one);
        const count = ({ packets, nullPackets, continuityErrors, transportErrors, randomAccessPoints }: Inspector) => {
          return { packets, nullPackets, continuityErrors, transportErrors, randomAccessPoints };
        };
        expect(count(together)).to.deep.equal(count(apart));
      }),
    );
  });

  it('starts readers at a random access point of the video track, not of the audio', () => {
    const inspector = new Inspector();
    inspector.inspect(tables);
    expect(inspector.inspect(packet({ pid: AUDIO, randomAccess: true, startsUnit: true }))).to.equal(-1);
    const both = [packet({ pid: AUDIO, randomAccess: true, counter: 1 }), packet({ pid: VIDEO, randomAccess: true })];
    expect(inspector.inspect(Buffer.concat(both))).to.equal(188);
    expect(inspector.randomAccessPoints).to.equal(1);
  });

  it('starts readers at audio if there is no video', () => {
    const inspector = new Inspector();
    inspector.inspect(sectionPackets(0, patSection(0x1000)));
    inspector.inspect(sectionPackets(0x1000, pmtSection([{ streamType: 0x03, pid: AUDIO }])));
    expect(inspector.inspect(packet({ pid: AUDIO, randomAccess: true }))).to.equal(0);
  });

  it('starts readers at any signalled point without tables, and at none between a PAT and its PMT', () => {
    const inspector = new Inspector();
    expect(inspector.inspect(packet({ pid: VIDEO, randomAccess: true }))).to.equal(0);
    expect(inspector.awaitsTables).to.be.false;
    inspector.inspect(sectionPackets(0, patSection(0x1000)));
    expect(inspector.inspect(packet({ pid: VIDEO, randomAccess: true, counter: 1 }))).to.equal(-1);
    expect(inspector.awaitsTables).to.be.true;
  });

  it('follows the video to another PID when the PMT changes', () => {
    const inspector = new Inspector();
    inspector.inspect(tables);
    inspector.inspect(sectionPackets(0x1000, pmtSection([{ streamType: 0x1b, pid: 0x200 }], 1), 1));
    expect(inspector.inspect(packet({ pid: VIDEO, randomAccess: true }))).to.equal(-1);
    expect(inspector.inspect(packet({ pid: 0x200, randomAccess: true }))).to.equal(0);
  });

  it('restarts for a new source: no continuity error, new tables', () => {
    const inspector = new Inspector();
    inspector.inspect(Buffer.concat([tables, packet({ pid: VIDEO, counter: 5 })]));
    inspector.restart();
    expect(inspector.program).to.be.null;
    inspector.inspect(packet({ pid: VIDEO, counter: 11 }));
    expect(inspector.continuityErrors).to.equal(0);
    inspector.inspect(sectionPackets(0, patSection(0x20)));
    inspector.inspect(sectionPackets(0x20, pmtSection([{ streamType: 0x1b, pid: 0x300 }])));
    expect(inspector.program!.tracks.map(({ pid }) => pid)).to.deep.equal([0x300]);
  });

  describe('keeps tables for new readers', () => {
    const long = [0x0a, 200, ...Array<number>(200).fill(7)];
    const longPmt = (version = 0) =>
      pmtSection(
        [
          { streamType: 0x02, pid: VIDEO, descriptors: long },
          { streamType: 0x03, pid: AUDIO },
        ],
        version,
      );
    const pat = (counter = 0) => sectionPackets(0, patSection(0x1000), counter);
    const countersOf = (bytes: Uint8Array) =>
      Array.from({ length: bytes.length / 188 }, (_, i) => bytes[i * 188 + 3]! & 0x0f);
    let inspector: Inspector;
    beforeEach(() => {
      inspector = new Inspector();
    });

    it('as they were sent, in all their packets', () => {
      expect(inspector.tables).to.be.null;
      const sent = Buffer.concat([pat(5), sectionPackets(0x1000, longPmt(), 7)]);
      inspector.inspect(sent);
      expect(sent.length / 188).to.equal(3);
      expect(Buffer.from(inspector.tables!).equals(sent)).to.be.true;
    });

    it('with counters that the next tables continue, also in the middle of a PMT', () => {
      const pmt = sectionPackets(0x1000, longPmt(), 9);
      inspector.inspect(Buffer.concat([pat(5), sectionPackets(0x1000, longPmt(), 7)]));
      inspector.inspect(Buffer.concat([pat(6), pmt.subarray(0, 188)]));
      expect(countersOf(inspector.tables!)).to.deep.equal([6, 8, 9]);
      inspector.inspect(pmt.subarray(188));
      expect(countersOf(inspector.tables!)).to.deep.equal([6, 9, 10]);
    });

    it('except damaged ones, those of another table, and those not yet applicable', () => {
      const good = Buffer.concat([pat(), sectionPackets(0x1000, longPmt())]);
      inspector.inspect(good);
      const broken = Buffer.from(sectionPackets(0x1000, longPmt(1), 2));
      broken[50]! ^= 0xff;
      const pointsOut = packet({ pid: 0x1000, counter: 8, startsUnit: true, fill: 0xb7 }); // pointer_field 183
      const noPayload = packet({ pid: 0x1000, counter: 9, startsUnit: true });
      noPayload.set([0x30 | 9, 183, 0], 3); // adaptation field to the end, although payload is signalled
      inspector.inspect(broken);
      inspector.inspect(sectionPackets(0x1000, section(0x42, [0, 1, 0xc1, 0, 0, 1, 2, 3]), 4));
      inspector.inspect(sectionPackets(0x1000, pmtSection([{ streamType: 0x02, pid: 0x300 }], 1, 1, false), 5));
      inspector.inspect(Buffer.concat([pointsOut, noPayload]));
      const kept = Buffer.from(inspector.tables!);
      for (let at = 0; at < kept.length; at += 188) kept[at + 3] = good[at + 3]!;
      expect(kept.equals(good)).to.be.true;
    });

    it('complete, although packets of them are repeated or lost', () => {
      const third = [{ streamType: 0x06, pid: 0x102, descriptors: long }];
      const big = pmtSection([{ streamType: 0x02, pid: VIDEO, descriptors: long }, ...third]);
      const [first, second, last] = [0, 188, 376].map((at) => sectionPackets(0x1000, big).subarray(at, at + 188));
      inspector.inspect(Buffer.concat([pat(), first!, last!]));
      expect(inspector.tables).to.be.null;
      inspector.restart();
      inspector.inspect(Buffer.concat([pat(), first!, second!, second!, last!]));
      expect(Buffer.from(inspector.tables!).equals(Buffer.concat([pat(), first!, second!, last!]))).to.be.true;
    });
  });

  it('still reads a PAT and a PMT whose PIDs a PMT lists as tracks', () => {
    const inspector = new Inspector();
    inspector.inspect(sectionPackets(0, patSection(0x1000)));
    inspector.inspect(sectionPackets(0x1000, pmtSection([{ streamType: 0x02, pid: 0x1000 }])));
    inspector.inspect(sectionPackets(0x1000, pmtSection([{ streamType: 0x02, pid: 0 }], 1), 1));
    inspector.inspect(sectionPackets(0, patSection(0x20), 1));
    inspector.inspect(sectionPackets(0x20, pmtSection([{ streamType: 0x02, pid: VIDEO }], 2)));
    expect(inspector.keyPid).to.equal(VIDEO);
  });

  it('does not throw, whatever the packets contain', () => {
    const inspector = new Inspector();
    const noise = Buffer.alloc(188 * 500);
    for (let i = 0; i < noise.length; i++) noise[i] = i % 188 === 0 ? 0x47 : (i * 2654435761) >>> 13;
    inspector.inspect(noise);
    expect(inspector.packets).to.equal(500);
  });
});
