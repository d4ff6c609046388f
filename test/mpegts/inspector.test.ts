import { expect } from 'chai';
import { Inspector } from '../../src/mpegts/inspector.js';
import { packet, packets, patSection, pmtSection, sectionPackets } from '../support/ts.js';

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

  it('follows the counter from one message to the next, round its end', () => {
    const inspector = new Inspector();
    inspector.inspect(packets(16));
    inspector.inspect(packets(16));
    expect(inspector.continuityErrors).to.equal(0);
  });

  it('takes a duplicate for no error, and a packet without payload that repeats the counter neither', () => {
    const inspector = new Inspector();
    inspector.inspect(
      Buffer.concat([packet({ counter: 3 }), packet({ counter: 3 }), packet({ counter: 3, hasPayload: false })]),
    );
    inspector.inspect(packet({ counter: 4 }));
    expect(inspector.continuityErrors).to.equal(0);
  });

  it('counts a packet without payload that moves the counter', () => {
    const inspector = new Inspector();
    inspector.inspect(Buffer.concat([packet({ counter: 3 }), packet({ counter: 4, hasPayload: false })]));
    expect(inspector.continuityErrors).to.equal(1);
  });

  it('takes an announced discontinuity for no error', () => {
    const inspector = new Inspector();
    inspector.inspect(Buffer.concat([packet({ counter: 3 }), packet({ counter: 9, discontinuity: true })]));
    expect(inspector.continuityErrors).to.equal(0);
  });

  it('joins at a random access point of the video track, not at one of the sound', () => {
    const inspector = new Inspector();
    inspector.inspect(tables);
    expect(inspector.inspect(packet({ pid: AUDIO, randomAccess: true, startsUnit: true }))).to.equal(-1);
    const both = [packet({ pid: AUDIO, randomAccess: true, counter: 1 }), packet({ pid: VIDEO, randomAccess: true })];
    expect(inspector.inspect(Buffer.concat(both))).to.equal(188);
    expect(inspector.randomAccessPoints).to.equal(1);
  });

  it('joins at the sound where there is no video', () => {
    const inspector = new Inspector();
    inspector.inspect(sectionPackets(0, patSection(0x1000)));
    inspector.inspect(sectionPackets(0x1000, pmtSection([{ streamType: 0x03, pid: AUDIO }])));
    expect(inspector.inspect(packet({ pid: AUDIO, randomAccess: true }))).to.equal(0);
  });

  it('joins anywhere that is marked until a PMT says which track counts', () => {
    expect(new Inspector().inspect(packet({ pid: AUDIO, randomAccess: true }))).to.equal(0);
  });

  it('follows the video to another PID when the PMT changes', () => {
    const inspector = new Inspector();
    inspector.inspect(tables);
    inspector.inspect(sectionPackets(0x1000, pmtSection([{ streamType: 0x1b, pid: 0x200 }], 1), 1));
    expect(inspector.inspect(packet({ pid: VIDEO, randomAccess: true }))).to.equal(-1);
    expect(inspector.inspect(packet({ pid: 0x200, randomAccess: true }))).to.equal(0);
  });

  it('begins anew with another source: no continuity error, other tables', () => {
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

  it('is not put out by whatever stands in packets', () => {
    const inspector = new Inspector();
    const noise = Buffer.alloc(188 * 500);
    for (let i = 0; i < noise.length; i++) noise[i] = i % 188 === 0 ? 0x47 : (i * 2654435761) >>> 13;
    inspector.inspect(noise);
    expect(inspector.packets).to.equal(500);
  });
});
