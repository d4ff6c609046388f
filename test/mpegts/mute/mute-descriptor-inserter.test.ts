// What a feed that is sent as it is says of its mute in its PMT. Literal bytes.

import { expect } from 'chai';
import { Inspector } from '../../../src/mpegts/inspect/inspector.js';
import { signalledMute } from '../../../src/mpegts/mute/mute-descriptor.js';
import { MuteDescriptorInserter } from '../../../src/mpegts/mute/mute-descriptor-inserter.js';
import { mergeDescriptors } from '../../../src/mpegts/remux/output-tables.js';
import { ProgramReader } from '../../../src/mpegts/psi/program.js';
import { type MutedPart, MuteFilter } from '../../../src/mpegts/mute/mute-filter.js';
import { continuityErrors, packetsOf } from '../../support/mpegts/packets-of.js';
import { packet, patSection, pmtSection, sectionPackets } from '../../support/mpegts/ts.js';

const [PMT, VIDEO, AUDIO] = [0x1000, 0x100, 0x101];
const entries = [
  { streamType: 0x1b, pid: VIDEO, descriptors: [0x05, 4, 0x48, 0x44, 0x4d, 0x56] },
  { streamType: 0x0f, pid: AUDIO },
];
const pmt = (version = 0, counter = 0) => sectionPackets(PMT, pmtSection(entries, version), counter);
const tables = (counter: number, version = 0) =>
  Buffer.concat([sectionPackets(0, patSection(PMT), counter), pmt(version, counter)]);
const unit = (pid: number, streamId: number, counter: number) =>
  packet({
    pid,
    counter,
    startsUnit: true,
    randomAccess: true,
    payload: Buffer.from([0, 0, 1, streamId, 0, 0, 0x80, 0, 0]),
  });
/** As a mute must leave a PMT of this many bytes that are stuffed into its first entry. */
const sized = (bytes: number) =>
  sectionPackets(
    PMT,
    pmtSection([{ streamType: 0x1b, pid: VIDEO, descriptors: [0xf1, bytes, ...Array<number>(bytes).fill(7)] }]),
  );

/** What a reader makes of a PMT packet. */
function read(bytes: Uint8Array) {
  const reader = new ProgramReader();
  reader.push(sectionPackets(0, patSection(PMT)), 0);
  reader.push(bytes, 0);
  expect(reader.badSections).to.equal(0);
  return reader.program;
}

describe('the sign of a mute in a PMT packet', () => {
  for (const [what, version, said] of [
    ['audio', 4, 5],
    ['all', 31, 0],
  ] as const) {
    it(`leaves the PMT whole but for its version, and its packet's size: ${what}`, () => {
      const signed = new MuteDescriptorInserter().insert(pmt(version), 0, what)!;
      const [program, source] = [read(signed)!, read(pmt(version))!];
      expect(signed).to.have.length(188);
      expect(signalledMute(program)).to.equal(what);
      expect(signalledMute(source)).to.equal(null);
      expect({ ...program, descriptors: 0, version: 0 }).to.deep.equal({ ...source, descriptors: 0, version: 0 });
      expect(program.version).to.equal(said);
    });
  }

  it('fits to the last byte, and is left out where one is missing', () => {
    for (const [what, length] of [
      ['audio', 17],
      ['all', 11],
    ] as const) {
      const most = 188 - 5 - 12 - 4 - 5 - 2 - length; // header and pointer_field, PMT, CRC_32, entry, its descriptor
      expect(signalledMute(read(new MuteDescriptorInserter().insert(sized(most), 0, what)!)), what).to.equal(what);
      expect(new MuteDescriptorInserter().insert(sized(most + 1), 0, what), what).to.equal(null);
    }
  });

  it('is left out where the packet holds anything else than one whole PMT in force', () => {
    const section = pmtSection(entries);
    const damaged = pmt();
    damaged[30]! ^= 1;
    const followed = pmt();
    followed[180] = 0x02;
    const cases: [string, Buffer][] = [
      ['damaged', damaged],
      ['something behind it', followed],
      ['not in force', sectionPackets(PMT, pmtSection(entries, 0, 1, false))],
      ['pointer_field', packet({ pid: PMT, startsUnit: true, fill: 0xff, payload: Buffer.from([1, 0, ...section]) })],
      [
        'an adaptation field',
        packet({ pid: PMT, startsUnit: true, randomAccess: true, fill: 0xff, payload: Buffer.from([0, ...section]) }),
      ],
      ['a part of it', sized(170).subarray(0, 188)],
      ['another table', sectionPackets(PMT, patSection(PMT))],
    ];
    for (const [what, bytes] of cases)
      expect(new MuteDescriptorInserter().insert(bytes, 0, 'all'), what).to.equal(null);
  });

  it('is written once for what is repeated, and again for another PMT or mute', () => {
    const signer = new MuteDescriptorInserter();
    const first = Buffer.from(signer.insert(pmt(0, 3), 0, 'audio')!);
    const again = Buffer.from(signer.insert(pmt(0, 4), 0, 'audio')!);
    expect(again.equals(first)).to.be.true;
    expect(read(signer.insert(pmt(7), 0, 'audio')!)!.version).to.equal(8);
    expect(signalledMute(read(signer.insert(pmt(7), 0, 'all')!))).to.equal('all');
  });

  it("of an input is not a stream's", () => {
    const { descriptors } = read(new MuteDescriptorInserter().insert(pmt(), 0, 'all')!)!;
    expect(mergeDescriptors([descriptors])).to.be.empty;
  });
});

describe('a feed that is muted', () => {
  let inspector: Inspector;
  let filter: MuteFilter;
  let seen: ProgramReader; // by who receives it
  let sent: Buffer[];
  beforeEach(() => {
    [inspector, filter, seen, sent] = [new Inspector(), new MuteFilter(), new ProgramReader(), []];
    send(tables(0), unit(VIDEO, 0xe0, 0), unit(AUDIO, 0xc0, 0));
  });

  function send(...made: Buffer[]): Buffer {
    const data = Buffer.concat(made);
    const accessPointOffset = inspector.inspect(data);
    const passed = Buffer.from(filter.apply(data, accessPointOffset) ?? []);
    for (let at = 0; at < passed.length; at += 188) seen.push(passed, at);
    sent.push(passed);
    return passed;
  }

  const mute = (muted: MutedPart) => filter.mute(muted, inspector);

  for (const muted of ['audio', 'all'] as const) {
    it(`says so from its next PMT on, and takes it back with the first after the mute: ${muted}`, () => {
      mute(muted);
      send(tables(1), unit(VIDEO, 0xe0, 1), unit(AUDIO, 0xc0, 1));
      expect(signalledMute(seen.program)).to.equal(muted);
      send(tables(2), unit(VIDEO, 0xe0, 2), unit(AUDIO, 0xc0, 2));
      mute(null);
      const passed = send(tables(3), unit(VIDEO, 0xe0, 3), unit(AUDIO, 0xc0, 3));
      expect(signalledMute(seen.program)).to.equal(null);
      expect(seen.program!.version).to.equal(0);
      expect(packetsOf(passed, VIDEO)).to.have.length(1);
      const all = Buffer.concat(sent);
      expect(continuityErrors(all)).to.deep.equal([]);
      expect(packetsOf(all, AUDIO), 'before and after').to.have.length(2);
      expect(packetsOf(all, VIDEO)).to.have.length(muted === 'all' ? 2 : 4);
    });
  }

  it('says another thing when another mute follows', () => {
    for (const muted of ['audio', 'all', 'audio', null] as const) {
      mute(muted);
      send(tables(sent.length));
      expect(signalledMute(seen.program)).to.equal(muted);
    }
    expect(continuityErrors(Buffer.concat(sent))).to.deep.equal([]);
  });

  it('says so of another source that begins', () => {
    mute('all');
    filter.restart();
    inspector.restart();
    seen = new ProgramReader();
    for (const counter of [5, 6, 7]) send(tables(counter), unit(VIDEO, 0xe0, counter));
    expect(signalledMute(seen.program)).to.equal('all');
    expect(packetsOf(Buffer.concat(sent.slice(1)), VIDEO)).to.be.empty;
  });

  it('lets nothing of a mute of everything out beside PAT and PMT', () => {
    mute('all');
    const secret = Buffer.alloc(100, 0x5e);
    const sdt = sectionPackets(0x11, patSection(PMT));
    const [behindPat, behindPmt] = [sectionPackets(0, patSection(PMT), 1), pmt(0, 1)];
    for (const one of [behindPat, behindPmt]) one.set(secret, 80);
    const loose = packet({ pid: PMT, counter: 2, payload: secret });
    const field = packet({ pid: 0, counter: 2, startsUnit: true, randomAccess: true, payload: secret });
    expect(send(sdt, behindPat, behindPmt, loose, field, packet({ pid: 0x1fff, payload: secret }))).to.be.empty;
    const passed = send(tables(3));
    expect(passed).to.have.length(188); // the PMT: a PAT follows once it is known that the PMT can say it
    expect(send(tables(4))).to.have.length(376);
  });

  it('has it in the tables of a new reader', () => {
    mute('audio');
    const joined = filter.shift(inspector.tables!);
    expect(signalledMute(read(joined.subarray(188)))).to.equal('audio');
  });
});
