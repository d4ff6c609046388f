// What a destination sends while one change is not over and the next thing happens already.

import { expect } from 'chai';
import { TestEndpoint } from '../support/relay/test-endpoint.js';
import { TestRelay } from '../support/relay/relay.js';
import { packet, patSection, pmtSection, sectionPackets } from '../support/mpegts/ts.js';
import { RawUpload } from '../support/relay/upload.js';
import { until } from '../support/wait.js';

const VIDEO = 0x100;

/** A source by hand: tables, pictures, and a data track that the PMT names and that never comes. */
class ByHand {
  #counter = 0;

  private constructor(
    readonly vw: TestRelay,
    readonly feed: string,
    readonly upload: RawUpload,
  ) {}

  static async begin(vw: TestRelay, feed: string): Promise<ByHand> {
    const one = new ByHand(vw, feed, RawUpload.begin(vw.port, feed));
    await until('the upload is taken', () => vw.relay.stats().feeds[feed]?.source);
    const entries = [
      { streamType: 0x02, pid: VIDEO },
      { streamType: 0x15, pid: 0x102 },
    ];
    one.upload.chunk(
      Buffer.concat([sectionPackets(0, patSection(0x1000)), sectionPackets(0x1000, pmtSection(entries))]),
    );
    return one;
  }

  /** A picture of one packet. */
  async picture(randomAccess: boolean): Promise<void> {
    const before = this.vw.relay.stats().feeds[this.feed]!.packets;
    this.upload.chunk(packet({ pid: VIDEO, counter: this.#counter++ & 0x0f, startsUnit: true, randomAccess }));
    await until('it is read', () => this.vw.relay.stats().feeds[this.feed]!.packets > before);
  }
}

/** PIDs of packets, with an asterisk at random access points. */
function pidsOf(bytes: Buffer): string[] {
  return Array.from({ length: bytes.length / 188 }, (_, i) => {
    const at = i * 188;
    const isAccess = (bytes[at + 3]! & 0x20) !== 0 && (bytes[at + 5]! & 0x40) !== 0;
    return (bytes.readUInt16BE(at + 1) & 0x1fff).toString(16) + (isAccess ? '*' : '');
  });
}

describe('a destination in the middle of a change', () => {
  it('starts with tables and a random access point again when the new endpoint is lost and reopened', async () => {
    // Until the change was over each message was given to the link as if a source began with it.
    const vw = await TestRelay.start();
    const [old, fresh] = [await TestEndpoint.start(), await TestEndpoint.start()];
    await vw.connect('video0', old.url);
    const source = await ByHand.begin(vw, 'video0');
    await source.picture(true);
    await vw.api('POST', '/api/destinations', { id: '0', stream: 'video0', destination: fresh.url });
    await until('the new one has taken over', async () => {
      await source.picture(true);
      return fresh.messages.length > 0;
    });
    expect(pidsOf(fresh.bytes).slice(0, 3)).to.deep.equal(['0', '1000', '100*']);
    fresh.breakOff();
    await until('it is open again', () => vw.link().opens === 2 && vw.link().state === 'open');
    expect(old.closeCodes, 'the change is not over').to.be.empty;
    fresh.messages.length = 0;
    await source.picture(false);
    await source.picture(true);
    await source.picture(false);
    await until('the last has come', () => pidsOf(fresh.bytes).at(-1) === '100');
    expect(pidsOf(fresh.bytes)).to.deep.equal(['0', '1000', '100*', '100']);
  });

  it('sends to a third endpoint at once although the tracks of another stream are not complete', async () => {
    // What came went to the link that was left, for up to 5 s.
    const vw = await TestRelay.start();
    const [one, other] = [await TestEndpoint.start(), await TestEndpoint.start()];
    const sources = [await ByHand.begin(vw, 'one'), await ByHand.begin(vw, 'two')];
    await vw.connect('one', one.url);
    await sources[0]!.picture(true);
    await one.messagesCount(1);
    one.messages.length = 0;
    await vw.api('POST', '/api/destinations', { id: '0', stream: 'two', destination: one.url });
    await sources[1]!.picture(true);
    await one.messagesCount(1);
    const rule = { id: '0', stream: 'two', destination: other.url, swap: 'break' };
    await vw.api('POST', '/api/destinations', rule);
    await until('the other is open', () => vw.link().url === other.url && vw.link().state === 'open');
    await sources[1]!.picture(true);
    await until('it has come', () => other.messages.length > 0);
    expect(pidsOf(other.bytes)).to.deep.equal(['0', '1000', '100*']);
  });

  it('goes on to a third endpoint when the first has been left, and every picture goes to one of them', async () => {
    const vw = await TestRelay.start();
    const endpoints = [await TestEndpoint.start(), await TestEndpoint.start(), await TestEndpoint.start()];
    const [first, second, third] = endpoints.map(({ url }) => ({ id: '0', stream: 'video0', destination: url }));
    await vw.connect('video0', endpoints[0]!.url);
    const source = await ByHand.begin(vw, 'video0');
    const pictures = () => endpoints.map(({ bytes }) => pidsOf(bytes).filter((pid) => pid === '100*').length);
    let sent = 0;
    const sendUntil = async (what: string, isSo: () => boolean) => {
      await until(what, async () => {
        await source.picture(true);
        sent++;
        return isSo();
      });
    };
    await sendUntil('the first has pictures', () => pictures()[0]! > 0);
    await vw.api('POST', '/api/destinations', second);
    await sendUntil('the second has pictures', () => pictures()[1]! > 0);
    expect(endpoints[0]!.closeCodes, 'it drains').to.be.empty;
    await vw.api('POST', '/api/destinations', third);
    await sendUntil('the third has pictures', () => pictures()[2]! > 0);
    await until('the first is left', () => endpoints[0]!.closeCodes.length > 0);
    expect(endpoints[0]!.closeCodes).to.deep.equal([1000]);
    await until('all have come', () => pictures().reduce((sum, count) => sum + count) === sent);
    // And back to an endpoint that drains: it is dialled again.
    await vw.api('POST', '/api/destinations', first);
    await sendUntil('the first has more', () => vw.link().url === first!.destination && vw.link().sentMessages > 0);
    await until('all have come', () => pictures().reduce((sum, count) => sum + count) === sent);
  });

  it('leaves no subscription behind when it is deleted before the tracks of another stream are complete', async () => {
    const vw = await TestRelay.start({ limits: { forgetAfterMs: 100 } });
    const endpoint = await TestEndpoint.start();
    const sources = [await ByHand.begin(vw, 'one'), await ByHand.begin(vw, 'two')];
    await vw.connect('one', endpoint.url);
    await sources[0]!.picture(true);
    await endpoint.messagesCount(1);
    endpoint.messages.length = 0;
    await vw.api('POST', '/api/destinations', { id: '0', stream: 'two', destination: endpoint.url });
    await sources[1]!.picture(true);
    await endpoint.messagesCount(1);
    await vw.api('DELETE', '/api/destinations/0');
    for (const { upload } of sources) upload.endChunks();
    await until('no feed is left', () => Object.keys(vw.relay.stats().feeds).length === 0);
  });
});
