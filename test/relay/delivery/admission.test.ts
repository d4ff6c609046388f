import { expect } from 'chai';
import type { ProgramFacts } from '../../../src/mpegts/splice/splicer.js';
import { Admission } from '../../../src/relay/delivery/admission.js';
import { DEFAULT_LIMITS } from '../../../src/config/limits.js';
import { Message } from '../../../src/relay/message.js';
import { packet, patSection, pmtSection, sectionPackets } from '../../support/mpegts/ts.js';

const HIGH = DEFAULT_LIMITS.highWaterBytes;
const VIDEO = 0x100;
const AUDIO = 0x101;
const tables = Buffer.concat([
  sectionPackets(0, patSection(0x1000)),
  sectionPackets(0x1000, pmtSection([{ streamType: 0x02, pid: VIDEO }])),
]);
const facts: ProgramFacts = { tables, keyPid: VIDEO, pids: [VIDEO], marksAccess: true };
const access = packet({ pid: VIDEO, startsUnit: true, randomAccess: true });
const plain = packet({ pid: VIDEO });
const start = packet({ pid: VIDEO, startsUnit: true });
const message = (data: Buffer, accessPointOffset = -1, more: Partial<ProgramFacts> = {}, begins = false) =>
  new Message('ts', data, { accessPointOffset, startsSource: begins, facts: { ...facts, ...more } });
const text = new Message('text', Buffer.from('21.5 C'));

describe('Admission', () => {
  let admission: Admission;
  const got = (data: Message, waiting: number, atMs: number) => admission.admit(data, waiting, atMs)?.data;
  /** A reader that gets everything. */
  const open = () => {
    admission = new Admission(DEFAULT_LIMITS, { droppingStarted: () => undefined, droppingEnded: () => undefined });
    admission.admit(message(access, 0), 0, 0);
    expect(admission.isOpen).to.be.true;
  };

  it('starts with tables at a random access point', () => {
    admission = new Admission(DEFAULT_LIMITS, { droppingStarted: () => undefined, droppingEnded: () => undefined });
    expect(got(message(plain), 0, 0)).to.be.undefined;
    expect(Buffer.from(got(message(Buffer.concat([plain, access]), 188), 0, 1)!)).to.deep.equal(
      Buffer.concat([tables, access]),
    );
  });

  it("sends an open reader everything from a new source's first packet, and inserts nothing", () => {
    admission = new Admission(DEFAULT_LIMITS, { droppingStarted: () => undefined, droppingEnded: () => undefined });
    const first = message(plain, -1, {}, true);
    expect(admission.admit(first, 0, 0)).to.equal(first);
    expect(admission.isOpen).to.be.true;
  });

  it('resumes with tables at a random access point', () => {
    open();
    expect(got(message(plain), HIGH + 1, 1)).to.be.undefined;
    expect(got(message(plain), 0, 2)).to.be.undefined;
    expect(Buffer.from(got(message(Buffer.concat([plain, access]), 188), 0, 3)!)).to.deep.equal(
      Buffer.concat([tables, access]),
    );
    expect(admission.isOpen).to.be.true;
  });

  it('resumes at any picture if none is marked for 2 s', () => {
    open();
    expect(got(message(plain, -1, { marksAccess: false }), HIGH + 1, 1)).to.be.undefined;
    expect(got(message(plain, -1, { marksAccess: false }), 0, 2001)).to.be.undefined;
    expect(Buffer.from(got(message(start, -1, { marksAccess: false }), 0, 2002)!)).to.deep.equal(
      Buffer.concat([tables, start]),
    );
  });

  it('does not resume in the middle of a picture because a text passes', () => {
    // The text ended the dropping, and the packets behind it went on where they were.
    open();
    expect(got(message(plain), HIGH + 1, 1)).to.be.undefined;
    expect(admission.admit(text, 0, 2)).to.equal(text);
    expect(got(message(plain), 0, 3)).to.be.undefined;
    expect(Buffer.from(got(message(access, 0), 0, 4)!)).to.deep.equal(Buffer.concat([tables, access]));
  });

  it('says where the random access point is in what it lets through of a message', () => {
    const two: Partial<ProgramFacts> = { pids: [VIDEO, AUDIO] };
    const sound = packet({ pid: AUDIO, startsUnit: true });
    admission = new Admission(DEFAULT_LIMITS, { droppingStarted: () => undefined, droppingEnded: () => undefined });
    expect(admission.admit(message(Buffer.concat([plain, access]), 188, two), 0, 0)!.accessPointOffset).to.equal(0);
    const halves = Buffer.concat([packet({ pid: AUDIO }), plain, access]);
    expect(admission.admit(message(halves, 376, two), 0, 1)!.accessPointOffset).to.equal(188);
    expect(admission.admit(message(sound, -1, two), 0, 1)!.accessPointOffset).to.equal(-1);
    expect(admission.isOpen).to.be.true;
  });
});
