import { expect } from 'chai';
import { ProgramReader } from '../../../src/mpegts/psi/program.js';
import { packet, patSection, pmtSection, section, sectionPackets } from '../../support/mpegts/ts.js';

function read(reader: ProgramReader, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; at += 188) reader.push(bytes, at);
}

const VIDEO = { streamType: 0x02, pid: 0x100 };

const AUDIO = { streamType: 0x03, pid: 0x101 };

describe('ProgramReader', () => {
  it('knows the program after PAT and PMT', () => {
    const reader = new ProgramReader();
    read(reader, sectionPackets(0, patSection(0x1000)));
    expect(reader.pmtPid).to.equal(0x1000);
    expect(reader.program).to.be.null;
    read(reader, sectionPackets(0x1000, pmtSection([VIDEO, AUDIO], 3)));
    expect(reader.program).to.include({ number: 1, pmtPid: 0x1000, pcrPid: 0x100, version: 3 });
    expect(reader.program!.tracks.map(({ pid, kind }) => [pid, kind])).to.deep.equal([
      [0x100, 'video'],
      [0x101, 'audio'],
    ]);
  });

  it('assembles a PMT that spans several packets', () => {
    const reader = new ProgramReader();
    const descriptors = [0x0a, 200, ...Array<number>(200).fill(7)];
    read(reader, sectionPackets(0, patSection(0x20)));
    const pmt = sectionPackets(0x20, pmtSection([VIDEO, { ...AUDIO, descriptors }, { streamType: 6, pid: 0x102 }]));
    expect(pmt.length / 188).to.equal(2);
    read(reader, pmt);
    expect(reader.program!.tracks).to.have.length(3);
    expect([...reader.program!.tracks[1]!.descriptors]).to.deep.equal(descriptors);
  });

  it('drops a table that lost a packet, and reads the next', () => {
    const reader = new ProgramReader();
    const descriptors = [0x0a, 250, ...Array<number>(250).fill(7)];
    const long = pmtSection([VIDEO, { ...AUDIO, descriptors }, { streamType: 6, pid: 0x102, descriptors }]);
    read(reader, sectionPackets(0, patSection(0x20)));
    const [first, , ...rest] = cutPackets(sectionPackets(0x20, long));
    read(reader, Buffer.concat([first!, ...rest]));
    expect(reader.program).to.be.null;
    expect(reader.badSections).to.equal(0);
    read(reader, sectionPackets(0x20, long, 4));
    expect(reader.program!.tracks).to.have.length(3);
  });

  it('counts a table with a wrong CRC_32 and keeps the earlier one', () => {
    const reader = new ProgramReader();
    read(reader, sectionPackets(0, patSection(0x1000)));
    read(reader, sectionPackets(0x1000, pmtSection([VIDEO])));
    const bad = pmtSection([VIDEO, AUDIO], 1);
    bad[20]! ^= 0x01;
    read(reader, sectionPackets(0x1000, bad, 1));
    expect(reader.badSections).to.equal(1);
    expect(reader.program!.tracks).to.have.length(1);
  });

  it('reads a new PMT with any counter (one in sixteen was lost for good after repetitions)', () => {
    for (let counter = 0; counter < 16; counter++) {
      const reader = new ProgramReader();
      read(reader, sectionPackets(0, patSection(0x1000)));
      for (let i = 0; i < 16 + counter; i++) read(reader, sectionPackets(0x1000, pmtSection([VIDEO], 0), i & 0x0f));
      read(reader, sectionPackets(0x1000, pmtSection([VIDEO, AUDIO], 1), counter));
      expect(reader.program!.tracks, `counter ${counter}`).to.have.length(2);
    }
  });

  it('reads a new version of the PMT, and only once', () => {
    const reader = new ProgramReader();
    read(reader, sectionPackets(0, patSection(0x1000)));
    read(reader, sectionPackets(0x1000, pmtSection([VIDEO], 0)));
    read(reader, sectionPackets(0x1000, pmtSection([VIDEO], 0), 1));
    expect(reader.changes).to.equal(1);
    read(reader, sectionPackets(0x1000, pmtSection([VIDEO, AUDIO], 1), 2));
    expect(reader.changes).to.equal(2);
    expect(reader.program).to.include({ version: 1 });
  });

  it('reads a new PMT after sixteen old ones: its counter is no duplicate of the first', () => {
    // The old ones were skipped together with their counters: one change in 16 was taken for a duplicate, and never read.
    const reader = new ProgramReader();
    read(reader, sectionPackets(0, patSection(0x1000)));
    for (let i = 0; i < 16; i++) read(reader, sectionPackets(0x1000, pmtSection([VIDEO], 0), i));
    read(reader, sectionPackets(0x1000, pmtSection([VIDEO, AUDIO], 1), 0));
    expect(reader.program).to.include({ version: 1 });
    // As after a loss of 16: indistinguishable from a duplicate. It is read when it is repeated.
    for (const counter of [0, 1]) read(reader, sectionPackets(0x1000, pmtSection([VIDEO], 2), counter));
    expect(reader.program).to.include({ version: 2 });
  });

  it('ignores a table that is not yet applicable', () => {
    const reader = new ProgramReader();
    read(reader, sectionPackets(0, patSection(0x1000)));
    read(reader, sectionPackets(0x1000, pmtSection([VIDEO], 1, 1, false)));
    expect(reader.program).to.be.null;
    expect(reader.badSections).to.equal(0);
  });

  it('skips the network entry of a PAT', () => {
    const reader = new ProgramReader();
    const entries = [0, 0, 0xe0, 0x10, 0, 5, 0xf0, 0x00];
    read(reader, sectionPackets(0, section(0x00, [0, 1, 0xc1, 0, 0, ...entries])));
    expect(reader.pmtPid).to.equal(0x1000);
  });

  it('reads the first PAT after a reset, though its counter is the one seen last', () => {
    // Another ffmpeg may start with the counter at which the previous one was killed: no duplicate (§2.4.3.3).
    const reader = new ProgramReader();
    read(reader, sectionPackets(0, patSection(0x1000)));
    reader.reset();
    read(reader, sectionPackets(0, patSection(0x2000 - 2)));
    expect(reader.pmtPid).to.equal(0x1ffe);
  });

  it('does not throw for sections of any length and content', () => {
    const reader = new ProgramReader();
    for (let length = 0; length < 184; length++) {
      read(reader, packet({ pid: 0, startsUnit: true, counter: length & 15, payload: Buffer.alloc(length) }));
      const payload = Buffer.alloc(184, length);
      read(reader, packet({ pid: 0, startsUnit: length % 3 === 0, counter: (length + 1) & 15, payload }));
    }
    expect(reader.program).to.be.null;
  });
});

function cutPackets(bytes: Buffer): Buffer[] {
  return Array.from({ length: bytes.length / 188 }, (_, i) => bytes.subarray(i * 188, (i + 1) * 188));
}
