import { expect } from 'chai';
import { Feed } from '../../../src/relay/feed/feed.js';
import type { Sink } from '../../../src/relay/feed/sink.js';
import { Message } from '../../../src/relay/message.js';
import { packet, packets, patSection, sectionPackets } from '../../support/mpegts/ts.js';

class Kept implements Sink {
  readonly messages: { kind: string; data: Buffer; accessPointOffset: number; begins: boolean }[] = [];
  write({ kind, data, accessPointOffset, startsSource }: Message): void {
    this.messages.push({ kind, data: Buffer.from(data), accessPointOffset, begins: startsSource });
  }
}

const quiet = (address: string, superseded: () => void = () => undefined) => ({ address, superseded });

describe('Feed', () => {
  it('hands a message to all who read it', () => {
    const feed = new Feed('video0');
    const readers = [new Kept(), new Kept()];
    for (const reader of readers) feed.subscribe(reader);
    feed.open(quiet('a')).publish(packets(3));
    for (const { messages } of readers) expect(messages.map(({ data }) => data)).to.deep.equal([packets(3)]);
  });

  it('belongs to the newest source: the older is notified once, and what it publishes is discarded', () => {
    const feed = new Feed('video0');
    const reader = new Kept();
    feed.subscribe(reader);
    let told = 0;
    const older = feed.open(quiet('older', () => told++));
    const newer = feed.open(quiet('newer'));
    older.publish(packets(1));
    newer.publish(packets(2));
    older.close();
    expect(told).to.equal(1);
    expect(feed.hasSource).to.be.true;
    expect(feed.stats().source).to.equal('newer');
    expect(reader.messages.map(({ data }) => data.length)).to.deep.equal([376]);
  });

  it("counts no continuity error where one source ends and another begins, and begins at the new one's first packet", () => {
    const feed = new Feed('video0');
    const reader = new Kept();
    feed.subscribe(reader);
    feed.open(quiet('a')).publish(packet({ counter: 3 }));
    const second = feed.open(quiet('b'));
    second.publish(packet({ counter: 9 }));
    second.publish(packet({ counter: 10 }));
    expect(feed.stats().continuityErrors).to.equal(0);
    expect(reader.messages.map(({ begins, accessPointOffset }) => [begins, accessPointOffset])).to.deep.equal([
      [true, -1],
      [true, -1],
      [false, -1],
    ]);
  });

  it('says that a source begins with the first of its packets that pass a mute', () => {
    const feed = new Feed('cam');
    const reader = new Kept();
    feed.subscribe(reader);
    feed.setMuted('audio');
    const source = feed.open(quiet('a'));
    source.publish(packet({ startsUnit: true })); // before the first PMT
    const pat = sectionPackets(0, patSection(0x1000));
    source.publish(pat);
    source.publish(pat);
    expect(reader.messages.map(({ begins }) => begins)).to.deep.equal([true, false]);
  });

  it('does not echo an opaque message to its sender', () => {
    const feed = new Feed('data0');
    const [sender, other, endpoint] = [new Kept(), new Kept(), new Kept()];
    feed.subscribeClient(sender);
    feed.subscribeClient(other);
    feed.subscribe(endpoint);
    feed.publishOpaque('text', Buffer.from('hello'), sender);
    expect([sender, other, endpoint].map(({ messages }) => messages.length)).to.deep.equal([0, 1, 1]);
  });

  it('passes messages from endpoints to local clients only', () => {
    const feed = new Feed('data0');
    const [client, endpoint] = [new Kept(), new Kept()];
    feed.subscribeClient(client);
    feed.subscribe(endpoint);
    feed.deliver(new Message('text', Buffer.from('1')));
    expect([client, endpoint].map(({ messages }) => messages.length)).to.deep.equal([1, 0]);
  });

  it('permits readers to be added and removed while a message is distributed', () => {
    const feed = new Feed('video0');
    const late = new Kept();
    const stop = feed.subscribe({
      write: () => {
        stop();
        feed.subscribe(late);
      },
    });
    const steady = new Kept();
    feed.subscribe(steady);
    const source = feed.open(quiet('a'));
    source.publish(packets(1));
    source.publish(packets(1));
    expect([steady.messages.length, late.messages.length]).to.deep.equal([2, 1]);
  });

  it('reports when it is idle', () => {
    let idle = 0;
    const quietly = () => undefined;
    const feed = new Feed('video0', {
      abandoned: () => undefined,
      idle: () => idle++,
      sourceStarted: quietly,
      sourceEnded: quietly,
      likelyMeant: () => null,
      isKnown: () => true,
      faultChanged: quietly,
      tracksChanged: quietly,
    });
    const stop = feed.subscribe(new Kept());
    const source = feed.open(quiet('a'));
    stop();
    expect(idle).to.equal(0);
    source.close();
    expect(idle).to.equal(1);
    expect(feed.isIdle).to.be.true;
  });
});
