import { expect } from 'chai';
import { Inspector } from '../../../src/mpegts/inspect/inspector.js';
import { type MutedPart, MuteFilter } from '../../../src/mpegts/mute/mute-filter.js';
import { continuityErrors } from '../../support/mpegts/packets-of.js';
import { packet, patSection, pmtSection, sectionPackets } from '../../support/mpegts/ts.js';

const VIDEO = 0x100;
const AUDIO = 0x101;
const PMT = 0x1000;
const entries = [
  { streamType: 0x02, pid: VIDEO },
  { streamType: 0x03, pid: AUDIO },
];
/** The start of a PES packet with this stream_id. */
const pes = (streamId: number) => Buffer.from([0, 0, 1, streamId, 0, 0, 0x80, 0, 0]);
const tables = (counter: number, version = 0) =>
  Buffer.concat([
    sectionPackets(0, patSection(PMT), counter),
    sectionPackets(PMT, pmtSection(entries, version), counter),
  ]);
/** The same with a PMT that has no room for the sign of a mute. */
const crowded = (counter: number) => {
  const descriptors = [0xf1, 150, ...Array.from({ length: 150 }, () => 7)];
  const pmt = pmtSection([{ ...entries[0]!, descriptors }, entries[1]!]);
  return Buffer.concat([sectionPackets(0, patSection(PMT), counter), sectionPackets(PMT, pmt, counter)]);
};
const access = (counter: number) =>
  packet({ pid: VIDEO, counter, startsUnit: true, randomAccess: true, payload: pes(0xe0) });
const unit = (pid: number, streamId: number, counter = 0) =>
  packet({ pid, counter, startsUnit: true, payload: pes(streamId) });
const video = (counter: number) => packet({ pid: VIDEO, counter });
const audio = (counter: number, startsUnit = false) =>
  startsUnit ? unit(AUDIO, 0xc0, counter) : packet({ pid: AUDIO, counter });

describe('SoundFilter', () => {
  let inspector: Inspector;
  let filter: MuteFilter;
  beforeEach(() => {
    inspector = new Inspector();
    filter = new MuteFilter();
    apply(tables(0), unit(VIDEO, 0xe0, 15));
  });

  /** The output for a message, as a feed requests it. */
  function apply(...made: Buffer[]): Buffer {
    const data = Buffer.concat(made);
    const accessPointOffset = inspector.inspect(data);
    return Buffer.from(filter.apply(data, accessPointOffset) ?? []);
  }

  function mute(muted: MutedPart): void {
    filter.mute(muted, inspector);
  }

  /** The filter's tables for new readers. */
  const shifted = () => Buffer.from(filter.shift(inspector.tables!));

  it('passes a message unchanged if nothing was ever muted', () => {
    const data = Buffer.concat([audio(0, true), access(0)]);
    expect(filter.apply(data, 188)).to.equal(data);
    expect(filter.accessPointOffset).to.equal(188);
    expect(shifted().equals(tables(0))).to.be.true;
  });

  it('reports the offset of the random access point in the output', () => {
    mute('audio');
    expect(apply(audio(0, true), audio(1), video(0), audio(2), access(1), video(2))).to.have.length(3 * 188);
    expect(filter.accessPointOffset).to.equal(188);
    apply(audio(3), video(3));
    expect(filter.accessPointOffset, 'there is none').to.equal(-1);
  });

  it('reports none if it is withheld', () => {
    mute('all');
    expect(apply(access(0), video(1))).to.be.empty;
    expect(filter.accessPointOffset).to.equal(-1);
    mute(null);
    apply(video(2), access(3));
    expect(filter.accessPointOffset, 'the first that passes').to.equal(0);
  });

  it('reports none for a program whose only track is muted', () => {
    inspector = new Inspector();
    inspector.inspect(sectionPackets(0, patSection(PMT)));
    inspector.inspect(sectionPackets(PMT, pmtSection([{ streamType: 0x03, pid: AUDIO }])));
    mute('audio');
    expect(apply(audio(0, true))).to.be.empty;
    expect(filter.accessPointOffset).to.equal(-1);
  });

  it('gives tables the counters of those sent, if tables were withheld', () => {
    mute('all');
    expect(apply(crowded(1), access(0))).to.be.empty;
    expect(apply(crowded(2))).to.be.empty;
    mute(null);
    const passed = apply(crowded(3), access(1));
    expect(passed.subarray(0, 376).equals(crowded(1))).to.be.true;
    expect(shifted().equals(crowded(1))).to.be.true;
    expect(continuityErrors(Buffer.concat([shifted(), apply(crowded(4))]))).to.deep.equal([]);
  });

  it('leaves tables unchanged that were never withheld, despite an audio mute', () => {
    mute('audio');
    apply(audio(0, true), audio(1), tables(1));
    mute(null);
    expect(shifted().equals(tables(1))).to.be.true;
  });

  it('wraps counters', () => {
    mute('all');
    for (let i = 1; i < 20; i++) apply(crowded(i & 15));
    mute(null);
    const passed = Buffer.concat([tables(0), apply(crowded(20 & 15)), apply(crowded(21 & 15))]);
    expect(continuityErrors(passed)).to.deep.equal([]);
    expect(shifted().equals(crowded(2))).to.be.true;
  });

  it('restarts for a new source', () => {
    mute('all');
    apply(tables(1));
    mute(null);
    filter.restart();
    inspector.restart();
    const data = tables(7);
    expect(filter.apply(data)).to.equal(data);
    inspector.inspect(data);
    expect(shifted().equals(tables(7))).to.be.true;
  });
});
