// An endpoint is swapped while a real camera runs: every packet goes to exactly one of the two, and each decodes.

import { once } from 'node:events';
import { expect } from 'chai';
import { warnings } from '../support/media/captures.js';
import { closeAll } from '../support/cleanup.js';
import { TestEndpoint, type FarEndManners } from '../support/relay/test-endpoint.js';
import { CAMERA, CAMERA_WITH_SOUND, h264Camera, live, MICROPHONE } from '../support/media/live.js';
import { continuityErrors, packetsOf } from '../support/mpegts/packets-of.js';
import { TestRelay } from '../support/relay/relay.js';
import { until } from '../support/wait.js';

/** Endpoints in the order in which they were swapped to, and one that gets everything beside them. */
class Swaps {
  readonly endpoints: TestEndpoint[] = [];

  private constructor(
    readonly vw: TestRelay,
    readonly all: TestEndpoint,
    readonly stream: string,
  ) {}

  static async start(stream: string): Promise<Swaps> {
    const [vw, all] = [await TestRelay.start(), await TestEndpoint.start()];
    const one = new Swaps(vw, all, stream);
    await vw.connect(stream, all.url, 'whole');
    return one;
  }

  get stats() {
    return this.vw.relay.stats().destinations.swapped!;
  }

  async post(endpoint: TestEndpoint, more: object = {}): Promise<void> {
    const rule = { id: 'swapped', stream: this.stream, destination: endpoint.url, ...more };
    const { status, body } = await this.vw.api('POST', '/api/destinations', rule);
    expect(status, JSON.stringify(body)).to.equal(200);
  }

  async to(manners: FarEndManners = {}): Promise<TestEndpoint> {
    const endpoint = await TestEndpoint.start(manners);
    this.endpoints.push(endpoint);
    await this.post(endpoint);
    return endpoint;
  }

  /** The first endpoint, open before the camera begins. */
  async begin(): Promise<TestEndpoint> {
    const endpoint = await this.to();
    await until('it is open', () => this.stats.live.state === 'open');
    return endpoint;
  }

  /** Swaps, and waits until the new endpoint gets pictures and the old one is closed. */
  async swap(manners: FarEndManners = {}, withinMs = 8000): Promise<TestEndpoint> {
    const before = this.endpoints.at(-1);
    const endpoint = await this.to(manners);
    await until('it gets pictures', () => endpoint.messages.length > 3, withinMs);
    if (before) await until('the one before is closed', () => before.closeCodes.length > 0, withinMs);
    return endpoint;
  }

  /** That what the endpoints got together is what one got that was never swapped, and each of it decodes. */
  check(pids: readonly number[], endpoints: readonly TestEndpoint[] = this.endpoints): void {
    const all = this.all.bytes;
    for (const pid of pids) {
      const wanted = packetsOf(all, pid);
      const got = endpoints.flatMap(({ bytes }) => packetsOf(bytes, pid));
      const isSame = wanted.length === got.length && wanted.every((packet, i) => packet.equals(got[i]!));
      expect(isSame, `PID ${pid}: ${got.length} of ${wanted.length} packets, or in another order`).to.be.true;
    }
    for (const { bytes } of endpoints) {
      expect(continuityErrors(bytes)).to.deep.equal([]);
      expect(warnings(bytes)).to.equal('');
    }
    expect(endpoints.map(({ closeCodes }) => closeCodes)).to.deep.equal([...endpoints.slice(1).map(() => [1000]), []]);
  }
}

describe('an endpoint swapped while a camera runs', () => {
  afterEach(closeAll);

  it('loses and repeats nothing of a feed in five swaps, and each endpoint begins with a picture', async () => {
    const swaps = await Swaps.start('cam');
    await swaps.begin();
    const camera = live(swaps.vw.url, 'cam', CAMERA_WITH_SOUND, 14);
    const ended = once(camera, 'exit');
    await until('it runs', () => swaps.all.messages.length > 10);
    for (let i = 0; i < 5; i++) await swaps.swap({ delayMs: 300 });
    await ended;
    await until('all has arrived', () =>
      swaps.endpoints.at(-1)!.bytes.subarray(-188).equals(swaps.all.bytes.subarray(-188)),
    );
    swaps.check([0x100, 0x101]);
    expect(swaps.stats.pending).to.equal(null);
  }).timeout(40_000);

  it('loses and repeats nothing of a stream in five swaps', async () => {
    const swaps = await Swaps.start('stream/room');
    await swaps.vw.api('POST', '/api/streams', { stream: 'stream/room', feeds: ['video0', 'audio0'] });
    await swaps.begin();
    // The sound first: the picture that joins it must leave with its own spacing, or ffmpeg warns of what each endpoint got.
    const microphone = live(swaps.vw.url, 'audio0', MICROPHONE, 14);
    await until('the sound runs', () => swaps.vw.relay.stats().streams['stream/room']!.tracks.length === 1);
    const ends = [microphone, live(swaps.vw.url, 'video0', CAMERA, 13)].map((one) => once(one, 'exit'));
    await until('both run', () => swaps.vw.relay.stats().streams['stream/room']!.tracks.length === 2);
    await until('they are sent', () => swaps.all.messages.length > 30);
    for (let i = 0; i < 5; i++) await swaps.swap({ delayMs: 300 });
    const { tracks } = swaps.vw.relay.stats().streams['stream/room']!;
    await Promise.all(ends);
    await until('all has arrived', () =>
      swaps.endpoints.at(-1)!.bytes.subarray(-188).equals(swaps.all.bytes.subarray(-188)),
    );
    swaps.check(tracks.map(({ pid }) => pid));
  }).timeout(40_000);

  it('waits for a random access point ten seconds away', async () => {
    const swaps = await Swaps.start('cam');
    await swaps.begin();
    const camera = live(swaps.vw.url, 'cam', h264Camera(10, '320x240'), 13);
    const ended = once(camera, 'exit');
    await until('it runs', () => swaps.all.messages.length > 10);
    await swaps.swap({ delayMs: 300 }, 14_000);
    await ended;
    await until('all has arrived', () =>
      swaps.endpoints.at(-1)!.bytes.subarray(-188).equals(swaps.all.bytes.subarray(-188)),
    );
    swaps.check([0x100, 0x101]);
  }).timeout(40_000);

  it('goes on as it was while the new endpoint refuses, hangs or dies, and swaps to the next', async () => {
    const swaps = await Swaps.start('cam');
    const first = await swaps.begin();
    const camera = live(swaps.vw.url, 'cam', CAMERA_WITH_SOUND, 12);
    const ended = once(camera, 'exit');
    await until('it runs', () => first.messages.length > 10);
    const refusing = await TestEndpoint.start({ refuseWith: 503 });
    await swaps.post(refusing);
    await until('it is tried again', () => refusing.dials >= 2);
    expect(swaps.stats.pending?.lastError).to.contain('503');
    const hanging = await TestEndpoint.start({ isSilent: true });
    await swaps.post(hanging);
    await until('it is dialled', () => hanging.dials === 1);
    const dying = await TestEndpoint.start({ closesAtOnce: true });
    await swaps.post(dying);
    await until('it has died twice', () => dying.dials >= 2);
    expect(first.closeCodes, 'the one before').to.deep.equal([]);
    const last = await swaps.swap({ delayMs: 300 });
    await ended;
    await until('all has arrived', () => last.bytes.subarray(-188).equals(swaps.all.bytes.subarray(-188)));
    swaps.check(
      [0x100, 0x101],
      [first, dying, last].filter((one) => one.bytes.length > 0),
    );
  }).timeout(40_000);

  it('takes the last of ten rules that come within one handshake', async () => {
    const swaps = await Swaps.start('cam');
    await swaps.begin();
    const camera = live(swaps.vw.url, 'cam', CAMERA_WITH_SOUND, 6);
    const ended = once(camera, 'exit');
    await until('it runs', () => swaps.all.messages.length > 10);
    const passed: TestEndpoint[] = [];
    for (let i = 0; i < 9; i++) {
      passed.push(await TestEndpoint.start({ delayMs: 300 }));
      await swaps.post(passed.at(-1)!);
    }
    await swaps.swap({ delayMs: 300 });
    await ended;
    await until('all has arrived', () =>
      swaps.endpoints.at(-1)!.bytes.subarray(-188).equals(swaps.all.bytes.subarray(-188)),
    );
    swaps.check([0x100, 0x101]);
    for (const one of passed) expect(one.messages.length).to.equal(0);
    await until('those passed over are closed', () => passed.every((one) => one.openSockets === 0));
  }).timeout(30_000);

  it('goes back to the endpoint it has without a break', async () => {
    const swaps = await Swaps.start('cam');
    const [first, second] = [await TestEndpoint.start(), await TestEndpoint.start({ delayMs: 300 })];
    await swaps.post(first);
    await until('it is open', () => swaps.stats.live.state === 'open');
    await swaps.post(second);
    await swaps.post(first);
    expect(swaps.stats).to.deep.include({ pending: null });
    await until('the other is closed', () => second.openSockets === 0 && second.dials <= 1);
    expect(first.dials).to.equal(1);
    expect(first.closeCodes).to.deep.equal([]);
  });

  it('cuts the endpoint first where the rule says so', async () => {
    const swaps = await Swaps.start('cam');
    const [first, second] = [await TestEndpoint.start(), await TestEndpoint.start({ delayMs: 200 })];
    await swaps.post(first);
    await until('it is open', () => swaps.stats.live.state === 'open');
    const camera = live(swaps.vw.url, 'cam', CAMERA_WITH_SOUND, 5);
    const ended = once(camera, 'exit');
    await until('it runs', () => first.messages.length > 10);
    await swaps.post(second, { swap: 'break' });
    // Both got all from the first packet on: what was published by now is the most that the first may have.
    const published = swaps.vw.relay.stats().feeds.cam!.bytes;
    await until('the new one gets pictures', () => second.messages.length > 3);
    await ended;
    expect(first.bytes.length).to.be.at.most(published);
    expect(swaps.all.bytes.length, 'what was published afterwards').to.be.greaterThan(published);
    expect(first.closeCodes).to.deep.equal([1006]);
    expect(continuityErrors(second.bytes)).to.deep.equal([]);
    expect(warnings(second.bytes)).to.equal('');
    expect((await swaps.vw.api('GET', '/api/destinations/swapped')).body).to.include({ swap: 'break' });
  }).timeout(20_000);

  it('changes to another stream on the link it has, at a random access point and with tables first', async () => {
    const vw = await TestRelay.start();
    const endpoint = await TestEndpoint.start();
    await vw.connect('one', endpoint.url);
    const ends = ['one', 'two'].map((feed) => once(live(vw.url, feed, CAMERA_WITH_SOUND, 7), 'exit'));
    await until('both run', () => Object.values(vw.relay.stats().feeds).every((feed) => feed.randomAccessPoints > 2));
    const messages = endpoint.messages.length;
    await vw.api('POST', '/api/destinations', { id: '0', stream: 'two', destination: endpoint.url });
    await until('it changes over', () => vw.relay.stats().feeds.one!.subscribers === 0);
    await Promise.all(ends);
    await until('all is sent', () => vw.link().waitingBytes === 0);
    expect(endpoint.messages.length).to.be.greaterThan(messages + 30);
    expect(continuityErrors(endpoint.bytes)).to.deep.equal([]);
    expect(endpoint.dials).to.equal(1);
    // What is announced comes first, then the tables, then the picture.
    const change = endpoint.messages.findIndex(
      ({ data }, i) => i > 0 && (data[3]! & 0x20) !== 0 && (data[5]! & 0x80) !== 0,
    );
    const pids = packetsOf(endpoint.messages[change]!.data).map((packet) => packet.readUInt16BE(1) & 0x1fff);
    expect(pids.slice(0, 6)).to.deep.equal([0, 0, 0x1000, 0x1000, 0x100, 0x100]);
    expect(warnings(Buffer.concat(endpoint.messages.slice(change).map(({ data }) => data)))).to.equal('');
  }).timeout(30_000);
});
