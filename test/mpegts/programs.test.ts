import { expect } from 'chai';
import { Inspector } from '../../src/mpegts/inspect/inspector.js';
import { ProgramReader } from '../../src/mpegts/psi/program.js';
import { packet, pmtSection, section, sectionPackets } from '../support/mpegts/ts.js';

/** A PAT of (program_number, PID) pairs. */
const pat = (entries: readonly (readonly [number, number])[], version = 0, number = 0, last = 0) =>
  section(0x00, [
    ...[0, 1, 0xc1 | (version << 1), number, last],
    ...entries.flatMap(([program, pid]) => [program >> 8, program & 255, 0xe0 | (pid >> 8), pid & 255]),
  ]);
/** A PMT of a program whose video is on this PID; -1: it has no tracks. */
const pmt = (program: number, pid: number, version = 0) =>
  pmtSection(pid < 0 ? [] : [{ streamType: 0x1b, pid }], version, program);

describe('the followed program of several', () => {
  let inspector: Inspector;
  const counters = new Map<number, number>();
  const send = (pid: number, bytes: Buffer) => {
    const counter = counters.get(pid) ?? 0;
    const packets = sectionPackets(pid, bytes, counter);
    counters.set(pid, (counter + packets.length / 188) & 0x0f);
    inspector.inspect(packets);
  };
  const followed = () => inspector.program?.number ?? null;
  beforeEach(() => {
    inspector = new Inspector();
    counters.clear();
  });

  it('is the first whose PMT arrives', () => {
    send(0, pat([[0, 0x10], [1, 0x100], [2, 0x200], [3, 0x300]])); // prettier-ignore
    expect(inspector.programCount).to.equal(3);
    send(0x200, pmt(2, 0x201));
    send(0x100, pmt(1, 0x101));
    expect(followed()).to.equal(2);
    expect(inspector.keyPid).to.equal(0x201);
    expect(inspector.inspect(packet({ pid: 0x201, startsUnit: true, randomAccess: true }))).to.equal(0);
  });

  it('is one that has tracks, if any has', () => {
    send(0, pat([[1, 0x100], [2, 0x200]])); // prettier-ignore
    send(0x100, pmt(1, -1));
    expect(followed()).to.equal(1);
    send(0x200, pmt(2, 0x201));
    expect(followed()).to.equal(2);
    send(0x100, pmt(1, 0x101, 1));
    expect(followed()).to.equal(2);
  });

  it('is replaced when it has no tracks, and when it is not listed, any more', () => {
    send(0, pat([[1, 0x100], [2, 0x200]])); // prettier-ignore
    send(0x100, pmt(1, 0x101));
    send(0x100, pmt(1, -1, 1));
    send(0x200, pmt(2, 0x201));
    expect(followed()).to.equal(2);
    send(0, pat([[1, 0x100]], 1));
    send(0x100, pmt(1, 0x101, 2));
    expect(followed()).to.equal(1);
  });

  it('moves with its PMT', () => {
    send(0, pat([[1, 0x100]]));
    send(0x100, pmt(1, 0x101));
    send(0, pat([[1, 0x110]], 1));
    send(0x110, pmt(1, 0x111));
    expect(inspector).to.include({ keyPid: 0x111, pmtPid: 0x110 });
  });

  it('is distinguished on a PID that several PMTs share, and new readers get only it', () => {
    send(0, pat([[1, 0x100], [2, 0x100]])); // prettier-ignore
    send(0x100, pmt(7, 0x701)); // not listed
    for (let i = 0; i < 3; i++) {
      send(0x100, pmt(2, 0x201));
      send(0x100, pmt(1, 0x101));
    }
    expect(followed()).to.equal(2);
    const reader = new ProgramReader();
    const tables = inspector.tables!;
    for (let at = 0; at < tables.length; at += 188) reader.push(tables, at);
    expect(reader.program?.number).to.equal(2);
    expect(tables.length).to.equal(2 * 188);
  });

  it('is found after another section in the same packet', () => {
    send(0, pat([[1, 0x100], [2, 0x100]])); // prettier-ignore
    send(0x100, Buffer.concat([section(0x42, [0, 1, 0xc1, 0, 0]), pmt(2, 0x201)]));
    expect(followed()).to.equal(2);
    expect(inspector.tables).to.have.length(2 * 188);
  });

  it('is found in any section of the PAT, all of which new readers get', () => {
    send(0, pat([[1, 0x100]], 3, 0, 1));
    send(0, pat([[2, 0x200]], 3, 1, 1));
    expect(inspector.programCount).to.equal(2);
    send(0x200, pmt(2, 0x201));
    send(0, pat([[1, 0x100]], 3, 0, 1));
    expect(followed()).to.equal(2);
    expect(inspector.tables).to.have.length(3 * 188);
    send(0, pat([[1, 0x100]], 4, 0, 1)); // the other section of this version may list it
    expect(followed()).to.equal(2);
    expect(inspector.programCount).to.equal(1);
  });

  it("is never the network's, one on the null PID, or one on a reserved PID", () => {
    send(0, pat([[0, 0x10], [1, 0x1fff], [2, 0x0f]])); // prettier-ignore
    expect(inspector).to.include({ programCount: 0, pmtPid: -1 });
  });

  it('is searched for in at most 32 PMTs', () => {
    send(0, pat(Array.from({ length: 200 }, (_, i) => [i + 1, 0x100 + i] as const)));
    send(0x100 + 150, pmt(151, 0x900));
    expect(followed()).to.be.null;
    send(0x100 + 31, pmt(32, 0x901));
    expect(followed()).to.equal(32);
    expect(inspector.programCount).to.equal(200);
  });
});
