import { expect } from 'chai';
import type { ProgramFacts } from '../../../src/mpegts/splice/splicer.js';
import { Feed } from '../../../src/relay/feed/feed.js';
import { CacheBudget, GopCache, MAX_CACHED_BYTES, BLOCK_BYTES } from '../../../src/relay/delivery/gop-cache.js';
import { Message } from '../../../src/relay/message.js';
import { continuityErrors, packetsOf } from '../../support/mpegts/packets-of.js';
import { packet, packets, patSection, pmtSection, sectionPackets } from '../../support/mpegts/ts.js';

const VIDEO = 0x100;
const AUDIO = 0x101;
const KB = 1024;
const MB = 1024 * KB;

const pat = (counter: number) => sectionPackets(0, patSection(0x1000), counter);
const pmt = (counter: number) =>
  sectionPackets(
    0x1000,
    pmtSection([
      { streamType: 0x02, pid: VIDEO },
      { streamType: 0x03, pid: AUDIO },
    ]),
    counter,
  );
const video = (counter: number, startsUnit = false, randomAccess = false) =>
  packet({ pid: VIDEO, counter, startsUnit, randomAccess });
const audio = (counter: number, startsUnit = false) => packet({ pid: AUDIO, counter, startsUnit });

const facts: ProgramFacts = {
  tables: Buffer.concat([pat(3), pmt(3)]),
  keyPid: VIDEO,
  pids: [VIDEO, AUDIO],
  marksAccess: true,
};
const message = (data: Buffer, accessPointOffset = -1, begins = false) =>
  new Message('ts', data, { accessPointOffset, startsSource: begins, facts });
const access = message(video(0, true, true), 0);
const filler = (bytes: number) => message(Buffer.concat([packets(Math.floor(bytes / 188), VIDEO)]));
const pidsOf = (bytes: Uint8Array) => packetsOf(Buffer.from(bytes)).map((one) => one.readUInt16BE(1) & 0x1fff);
/** What a new reader receives; `null`: nothing. */
const startOf = (cache: GopCache) => {
  const start = cache.join();
  return start && Buffer.concat(start.blocks);
};
const quiet = (address: string) => ({ address, superseded: () => undefined });

describe('GopCache', () => {
  it('keeps no start without tables once there are some: a keyframe came before the first PMT', () => {
    for (const packetsBefore of [[], [pat(0)]]) {
      const feed = new Feed('video0', undefined, new CacheBudget(MB));
      const publication = feed.open(quiet('here'));
      publication.publish(Buffer.concat([...packetsBefore, video(0, true, true)]));
      publication.publish(video(1));
      if (packetsBefore.length === 0) publication.publish(pat(0));
      publication.publish(pmt(0));
      publication.publish(video(2, true));
      expect(startOf(feed.cache!)).to.be.null;
      publication.publish(video(3, true, true));
      expect(pidsOf(startOf(feed.cache!)!)).to.deep.equal([0, 0x1000, VIDEO]);
    }
  });

  let budget: CacheBudget;
  let cache: GopCache;
  beforeEach(() => {
    budget = new CacheBudget(32 * MB);
    cache = new GopCache(budget);
  });

  it('shares full blocks between all new readers, and never writes to them again', () => {
    cache.write(access);
    cache.write(filler(2.5 * BLOCK_BYTES));
    const [one, two] = [cache.join()!, cache.join()!];
    expect(one.blocks.map(({ length }) => length).slice(0, 2)).to.deep.equal([BLOCK_BYTES, BLOCK_BYTES]);
    expect(one.blocks[0]).to.equal(two.blocks[0]);
    const before = Buffer.concat(one.blocks);
    cache.write(access);
    cache.write(message(packets(1000, VIDEO, 0xaa)));
    expect(Buffer.concat(one.blocks).equals(before)).to.be.true;
    expect(budget.used).to.equal(3 * BLOCK_BYTES);
    cache.clear();
    expect(budget.used).to.equal(0);
  });

  it('takes no memory and gives no start before there is a random access point', () => {
    cache.write(message(video(0, true)));
    cache.write(new Message('text', Buffer.from('x')));
    expect(cache.join()).to.be.null;
    expect(budget.used).to.equal(0);
  });

  it('begins with tables and the random access point, and goes on without a continuity error', () => {
    cache.write(message(Buffer.concat([video(4), audio(8), pat(3), pmt(3), video(5, true, true), audio(9)]), 4 * 188));
    cache.write(message(Buffer.concat([audio(10, true), video(6), pat(4), pmt(4), video(7)])));
    const data = startOf(cache)!;
    expect(pidsOf(data)).to.deep.equal([0, 0x1000, VIDEO, AUDIO, VIDEO, 0, 0x1000, VIDEO]);
    expect(continuityErrors(data)).to.deep.equal([]);
    expect(cache.join()!.splicer.isDone, 'all tracks are there').to.be.true;
  });

  it('begins anew with each group, and keeps the tables as they stood where it begins', () => {
    cache.write(access);
    cache.write(filler(30 * 188));
    const older = Buffer.concat([pat(7), pmt(7)]);
    cache.write(
      new Message('ts', video(9, true, true), {
        accessPointOffset: 0,
        startsSource: false,
        facts: { ...facts, tables: older },
      }),
    );
    cache.write(message(video(10)));
    expect(startOf(cache)).to.deep.equal(Buffer.concat([older, video(9, true, true), video(10)]));
  });

  it('goes on where it was for who joins: sound that has not begun is waited for there too', () => {
    cache.write(access);
    const { splicer } = cache.join()!;
    expect(pidsOf(startOf(cache)!)).to.deep.equal([0, 0x1000, VIDEO]);
    const next = Buffer.concat([audio(3), video(1), audio(4, true), audio(5)]);
    const { incoming } = splicer.splice(next, -1, facts, performance.now());
    cache.write(message(next));
    expect(Buffer.from(incoming!)).to.deep.equal(Buffer.concat([video(1), audio(4, true), audio(5)]));
    expect(startOf(cache)!.subarray(3 * 188)).to.deep.equal(Buffer.from(incoming!));
  });

  it('gives memory of its own, and what it has written down does not change with lent memory', () => {
    const lent = Buffer.from(access.data);
    cache.write(message(lent, 0));
    lent.fill(0);
    cache.join()!.blocks[0]!.fill(0);
    expect(pidsOf(startOf(cache)!)).to.deep.equal([0, 0x1000, VIDEO]);
  });

  it('keeps nothing of a group that is over 8 MB, until the next', () => {
    cache.write(access);
    for (let kept = 0; kept + 900 * KB < MAX_CACHED_BYTES; kept += 900 * KB) cache.write(filler(900 * KB));
    expect(budget.used).to.be.within(7 * MB, MAX_CACHED_BYTES);
    expect(cache.length).to.be.within(7 * MB, MAX_CACHED_BYTES);
    cache.write(filler(900 * KB));
    expect(cache.join()).to.be.null;
    expect([cache.blocks.length, budget.used]).to.deep.equal([0, 0]);
    cache.write(filler(900 * KB));
    expect(cache.join()).to.be.null;
    cache.write(access);
    expect(startOf(cache)).to.have.length(3 * 188);
  });

  it('does not keep for ever what one large group has needed', () => {
    cache.write(access);
    cache.write(filler(3 * MB));
    cache.write(access);
    expect(budget.used, 'the next may be as large').to.be.within(3 * MB, 3 * MB + BLOCK_BYTES);
    cache.write(access);
    expect(budget.used).to.equal(BLOCK_BYTES);
  });

  it('takes no memory once it is cleared', () => {
    cache.write(access);
    cache.write(filler(200 * KB));
    cache.clear();
    cache.write(message(video(1)));
    expect([cache.blocks.length, cache.length, budget.used]).to.deep.equal([0, 0, 0]);
    expect(cache.join()).to.be.null;
    cache.clear();
    expect(budget.used).to.equal(0);
  });

  it('forgets what it has when another source begins', () => {
    cache.write(access);
    cache.write(message(video(0), -1, true));
    expect(cache.join()).to.be.null;
    expect(budget.used).to.equal(0);
  });
});

describe('CacheBudget', () => {
  const held = (...caches: GopCache[]) => caches.map(({ blocks }) => blocks.length);
  const fill = (cache: GopCache, bytes: number) => {
    cache.write(access);
    cache.write(filler(bytes));
  };

  it('is never exceeded, and refuses caches without viewers', () => {
    const budget = new CacheBudget(MB);
    const caches = Array.from({ length: 6 }, () => new GopCache(budget));
    for (const cache of caches) {
      fill(cache, 250 * KB);
      expect(budget.used).to.be.at.most(MB);
      expect(budget.used).to.equal(held(...caches).reduce((a, b) => a + b) * BLOCK_BYTES);
    }
    expect(held(...caches)).to.deep.equal([4, 4, 4, 4, 0, 0]);
  });

  it('takes from the least recently used cache', () => {
    const budget = new CacheBudget(MB);
    const caches = Array.from({ length: 4 }, () => new GopCache(budget));
    for (const cache of caches) fill(cache, 250 * KB);
    for (const i of [2, 0, 3, 1]) caches[i]!.join();
    const next = new GopCache(budget);
    next.join();
    fill(next, 500 * KB);
    expect(held(...caches)).to.deep.equal([0, 4, 0, 4]);
    expect(held(next)).to.deep.equal([8]);
  });

  it('takes nothing from one that was watched later', () => {
    const budget = new CacheBudget(512 * KB);
    const [first, second] = [new GopCache(budget), new GopCache(budget)];
    first.join();
    second.join();
    fill(second, 400 * KB);
    fill(first, 400 * KB);
    expect(held(first, second)).to.deep.equal([0, 7]);
  });

  it('takes nothing from others where that would not be enough', () => {
    // A group too large for what is left emptied the other caches at each of its random access points.
    const budget = new CacheBudget(10 * BLOCK_BYTES);
    const [large, small, later] = [new GopCache(budget), new GopCache(budget), new GopCache(budget)];
    large.join();
    fill(large, 8.5 * BLOCK_BYTES);
    large.write(access);
    expect(held(large)).to.deep.equal([9]);
    large.clear();
    later.join();
    fill(later, 2.5 * BLOCK_BYTES);
    fill(small, 2.5 * BLOCK_BYTES);
    large.write(access); // wants nine as before, and seven are not the later one's
    expect(held(large, small, later)).to.deep.equal([0, 3, 3]);
  });

  it('reuses memory without a trace of its previous owner', () => {
    const budget = new CacheBudget(128 * KB);
    const [first, second] = [new GopCache(budget), new GopCache(budget)];
    fill(first, 100 * KB);
    const [kept, whole] = [first.join()!, startOf(first)!];
    second.join();
    fill(second, 80 * KB);
    expect(held(first, second)).to.deep.equal([0, 2]);
    expect(Buffer.concat(kept.blocks).equals(whole), 'what a viewer was given').to.be.true;
    const wanted = Buffer.concat([facts.tables!, access.data, filler(80 * KB).data]);
    expect(startOf(second)!.equals(wanted)).to.be.true;
  });

  it('asks for less when there is no room, until a group fits', () => {
    const budget = new CacheBudget(10 * BLOCK_BYTES);
    const cache = new GopCache(budget);
    let groups = 0;
    fill(cache, 12 * BLOCK_BYTES);
    expect(cache.join()).to.be.null;
    for (; cache.join() === null && groups < 100; groups++) cache.write(access);
    expect(startOf(cache)).to.have.length(3 * 188);
    expect(groups).to.be.below(30);
  });

  it('of a feed is given back when that is muted, ends, or is taken over', () => {
    const budget = new CacheBudget(MB);
    const feed = new Feed('video0', undefined, budget);
    const begin = () => {
      const source = feed.open(quiet('camera'));
      source.publish(Buffer.concat([pat(0), pmt(0)]));
      source.publish(video(0, true, true));
      expect(startOf(feed.cache!)).to.have.length(3 * 188);
      return source;
    };
    begin();
    feed.setMuted('audio');
    expect([feed.cache!.join(), budget.used]).to.deep.equal([null, 0]);
    feed.setMuted(null);
    begin().close();
    expect([feed.cache!.join(), budget.used]).to.deep.equal([null, 0]);
    begin();
    feed.open(quiet('another')).publish(packets(1, 0x200));
    expect([feed.cache!.join(), budget.used]).to.deep.equal([null, 0]);
  });
});
