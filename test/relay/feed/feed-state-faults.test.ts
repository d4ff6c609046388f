// Faults that a stream finds in its feeds, as the feed reports them.

import { expect } from 'chai';
import { FeedStateFaults } from '../../../src/relay/feed/feed-state-faults.js';
import type { RemuxedFeed } from '../../../src/mpegts/remux/remux-report.js';
import { pesPackets, tablesOf } from '../../support/mpegts/synthetic.js';
import { EventReader } from '../../support/relay/event-reader.js';
import { TestRelay } from '../../support/relay/relay.js';
import { patSection, pmtSection, sectionPackets } from '../../support/mpegts/ts.js';
import { RawUpload } from '../../support/relay/upload.js';
import { until } from '../../support/wait.js';

const WELL: RemuxedFeed = { feed: 'a', rate: NaN, tooLateMs: 0, dropped: 0, omittedTracks: 0 };
const VIDEO = 0x100;
const SOUND = 0x101;
const TRACKS = [
  { pid: VIDEO, type: 0x1b },
  { pid: SOUND, type: 0x0f },
];
const ES = new Uint8Array(100).fill(0x55);

describe('FeedStateFaults', () => {
  const say = (faults: FeedStateFaults, state: Partial<RemuxedFeed>, nowMs = 0) => {
    const fault = faults.check({ ...WELL, ...state }, nowMs);
    return fault && `${fault.code}: ${fault.message}`;
  };

  it('says how fast a slow source encodes, in the same words while that hardly changes', () => {
    const faults = new FeedStateFaults();
    expect(say(faults, { rate: 0.62 })).to.equal('slow-source: encodes at 0.6 of real time');
    expect(say(faults, { rate: 0.66 })).to.equal('slow-source: encodes at 0.6 of real time');
    expect(say(faults, { rate: 0.71 })).to.equal('slow-source: encodes at 0.7 of real time');
    expect(say(faults, {}), 'it keeps up').to.be.null;
    expect(say(faults, { rate: 1.4 }), 'it catches up').to.be.null;
  });

  it('says of a feed that comes too late by how much', () => {
    const faults = new FeedStateFaults();
    const message = 'late: comes up to 4 s after its time; a stream waits 3 s at most';
    expect(say(faults, { tooLateMs: 3300 })).to.equal(message);
    expect(say(faults, { tooLateMs: 3900 })).to.equal(message);
    expect(say(faults, {})).to.be.null;
  });

  it('says no more of lateness once it is over, and goes on saying it of what is late again and again', () => {
    const faults = new FeedStateFaults();
    const isLate = (tooLateMs: number, nowMs: number) => say(faults, { tooLateMs }, nowMs) !== null;
    expect(isLate(11_000, 0)).to.be.true;
    expect(isLate(0, 1000), 'a hang that has ended').to.be.false;
    for (let nowMs = 20_000; nowMs < 40_000; nowMs += 1000) {
      const isBurst = nowMs % 4000 === 0;
      if (nowMs >= 24_000) expect(isLate(isBurst ? 4000 : 0, nowMs), `bursts, ${nowMs}`).to.be.true;
      else isLate(isBurst ? 4000 : 0, nowMs);
    }
    expect(isLate(0, 50_000)).to.be.false;
  });

  it('says for 10 s that packets are dropped', () => {
    const faults = new FeedStateFaults();
    const message = 'dropped: packets are dropped: they are damaged or scrambled';
    expect(say(faults, {}, 0)).to.be.null;
    expect(say(faults, { dropped: 3 }, 1000)).to.equal(message);
    expect(say(faults, { dropped: 3 }, 10_999)).to.equal(message);
    expect(say(faults, { dropped: 3 }, 11_000)).to.be.null;
    expect(say(faults, { dropped: 4 }, 12_000)).to.equal(message);
  });

  it('says how many tracks have no room', () => {
    const faults = new FeedStateFaults();
    expect(say(faults, { omittedTracks: 1 })).to.equal('dropped: 1 track is dropped: there is no room in the PMT');
    expect(say(faults, { omittedTracks: 2 })).to.equal('dropped: 2 tracks are dropped: there is no room in the PMT');
  });
});

describe('a feed of a stream', () => {
  let vw: TestRelay;
  let events: EventReader;
  beforeEach(async () => {
    vw = await TestRelay.start();
    events = await EventReader.open(vw.url);
    await vw.api('POST', '/api/streams', { stream: 'stream/a', feeds: ['cam'] });
  });

  const unit = (pid: number, n: number, ms: number, pcrMs?: number) => {
    const streamId = pid === VIDEO ? 0xe0 : 0xc0;
    const pcr = pcrMs === undefined ? {} : { pcr: pcrMs * 90 };
    return pesPackets({ pid, streamId, pts: ms * 90, ...pcr, access: pid === VIDEO, counter: n, payload: ES });
  };
  /** 10 s of pictures, 500 ms ahead of their PCR; with sound so long after pictures of the same time. */
  const program = (soundLateMs: number) => {
    const all = [tablesOf(TRACKS, VIDEO)];
    for (let n = 0; n < 250; n++) {
      const ms = 20_000 + n * 40;
      all.push(unit(VIDEO, n, ms, ms - 500));
      if (n * 40 >= soundLateMs) all.push(unit(SOUND, n, ms - soundLateMs));
    }
    return Buffer.concat(all);
  };
  const streamFault = () => vw.relay.stats().streams['stream/a']!.fault;

  it('whose sound arrives more than 3 s late is sent nevertheless, and reported', async () => {
    RawUpload.begin(vw.port, 'cam').chunk(program(4200));
    const { fault } = await events.event('feed-fault');
    const message = 'comes up to 4 s after its time; a stream waits 3 s at most';
    expect(fault).to.deep.equal({ code: 'late', message });
    expect(vw.relay.stats().feeds.cam!.fault).to.deep.equal(fault);
    expect(streamFault()).to.deep.equal({ code: 'late', message: `feed "cam": ${message}` });
    const { counters, timing } = vw.relay.stats().streams['stream/a']!;
    expect(counters.omitted + counters.damaged, 'packets that were dropped').to.equal(0);
    expect(timing.lateUnits, 'units before the PCR').to.be.above(100);
  });

  it('hides no worse fault of another', async () => {
    await vw.api('POST', '/api/streams', { stream: 'stream/a', feeds: ['cam', 'other'] });
    RawUpload.begin(vw.port, 'cam').chunk(program(4200));
    await until('the first is late', () => vw.relay.stats().feeds.cam?.fault?.code === 'late');
    await until('nobody sends to the second', () => vw.relay.stats().feeds.other?.fault?.code === 'no-source');
    expect(streamFault()).to.deep.equal({
      code: 'no-source',
      message: 'feed "other": no source publishes to this feed',
    });
  });

  it('whose packets are scrambled is reported', async () => {
    const bytes = program(0);
    for (let at = 0; at < bytes.length; at += 188) {
      if ((bytes.readUInt16BE(at + 1) & 0x1fff) === SOUND) bytes[at + 3] = bytes[at + 3]! | 0x80; // transport_scrambling_control
    }
    RawUpload.begin(vw.port, 'cam').chunk(bytes);
    const { fault } = await events.event('feed-fault');
    expect(fault).to.deep.equal({ code: 'dropped', message: 'packets are dropped: they are damaged or scrambled' });
    expect(streamFault()!.message).to.equal('feed "cam": packets are dropped: they are damaged or scrambled');
    expect(vw.relay.stats().streams['stream/a']!.counters.damaged).to.equal(250);
  });

  it('with more tracks than a PMT has room for is reported', async () => {
    // 3 x 257 bytes of entries a feed; a PMT has room for some 1,000.
    const descriptors = [0x0a, 250, ...Array<number>(250).fill(7)];
    const tables = (first: number) => {
      const entries = [0, 1, 2].map((i) => ({ streamType: 0x06, pid: first + i, descriptors }));
      return Buffer.concat([sectionPackets(0, patSection(0x1000)), sectionPackets(0x1000, pmtSection(entries))]);
    };
    await vw.api('POST', '/api/streams', { stream: 'stream/a', feeds: ['cam', 'other'] });
    RawUpload.begin(vw.port, 'cam').chunk(tables(0x200));
    await until('the first is known', () => vw.relay.stats().feeds.cam?.program);
    RawUpload.begin(vw.port, 'other').chunk(tables(0x300));
    const told = await events.event('feed-fault');
    expect(told.feed).to.equal('other');
    expect(told.fault).to.deep.equal({
      code: 'dropped',
      message: '3 tracks are dropped: there is no room in the PMT',
    });
  });
});
