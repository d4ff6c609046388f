// What readers get under a mute: its announcement at once, then tables and nothing else. Literal packets, real sockets.

import { once } from 'node:events';
import { get } from 'node:http';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { signalledMute } from '../../src/mpegts/mute/mute-descriptor.js';
import { ProgramReader } from '../../src/mpegts/psi/program.js';
import { afterTest } from '../support/cleanup.js';
import { continuityErrors, packetsOf } from '../support/mpegts/packets-of.js';
import { TestRelay } from '../support/relay/relay.js';
import { TestServe } from '../support/relay/serve.js';
import { packet, patSection, pmtSection, sectionPackets } from '../support/mpegts/ts.js';
import { RawUpload } from '../support/relay/upload.js';
import { until } from '../support/wait.js';

const [PMT, PICTURE, SOUND] = [0x1000, 0x100, 0x101];

/** A source of 25 pictures a second with sound, whose tables come once a second; `stuffing` bytes fill its PMT. */
class Source {
  #sent = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #counters = new Map<number, number>();

  constructor(
    private readonly upload: RawUpload,
    private readonly stuffing = 0,
  ) {
    afterTest(() => this.stop());
  }

  start(): this {
    this.#timer = setInterval(() => this.send(), 40);
    return this;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** A keyframe is sent with tables, every second. */
  send(): void {
    const isKey = this.#sent % 25 === 0;
    const tables = isKey ? [this.#table(0, patSection(PMT)), this.#table(PMT, this.#pmt())] : [];
    const pts = 90_000 + this.#sent++ * 3600;
    this.upload.chunk(Buffer.concat([...tables, this.#unit(PICTURE, 0xe0, pts, isKey), this.#unit(SOUND, 0xc0, pts)]));
  }

  #pmt(): Buffer {
    const fill = this.stuffing === 0 ? [] : [0xf1, this.stuffing, ...Array<number>(this.stuffing).fill(7)];
    return pmtSection([
      { streamType: 0x02, pid: PICTURE, descriptors: fill },
      { streamType: 0x03, pid: SOUND },
    ]);
  }

  #table(pid: number, section: Buffer): Buffer {
    const packets = sectionPackets(pid, section, this.#next(pid));
    for (let i = 1; i < packets.length / 188; i++) this.#next(pid);
    return packets;
  }

  #unit(pid: number, streamId: number, pts: number, randomAccess = false): Buffer {
    const time = [0x21 | ((pts >> 29) & 0x0e), (pts >> 22) & 0xff, ((pts >> 14) & 0xfe) | 1, (pts >> 7) & 0xff];
    const payload = Buffer.from([0, 0, 1, streamId, 0, 0, 0x80, 0x80, 5, ...time, ((pts << 1) & 0xfe) | 1]);
    return packet({ pid, counter: this.#next(pid), startsUnit: true, randomAccess, payload });
  }

  #next(pid: number): number {
    const next = ((this.#counters.get(pid) ?? 15) + 1) & 0x0f;
    this.#counters.set(pid, next);
    return next;
  }
}

/** A viewer, and what it has received. */
class Viewer {
  readonly pieces: Buffer[] = [];

  static async socket(url: string): Promise<Viewer> {
    const viewer = new Viewer();
    const socket = new WebSocket(url);
    afterTest(() => socket.terminate());
    socket.on('message', (data: Buffer) => viewer.pieces.push(data));
    await once(socket, 'open');
    return viewer;
  }

  static async http(url: string): Promise<Viewer> {
    const viewer = new Viewer();
    const request = get(url, (response) => response.on('data', (data: Buffer) => viewer.pieces.push(data)));
    request.on('error', () => undefined);
    afterTest(() => request.destroy());
    await once(request, 'socket');
    return viewer;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }

  /** Packets that are no tables, as PIDs. */
  get media(): number[] {
    const pids = packetsOf(this.bytes).map((one) => one.readUInt16BE(1) & 0x1fff);
    return pids.filter((pid) => pid !== 0 && pid !== this.pmtPid);
  }

  get pmtPid(): number {
    const pat = packetsOf(this.bytes, 0)[0];
    return pat ? pat.readUInt16BE(15) & 0x1fff : -1;
  }

  get tableCount(): number {
    return this.pmtPid === -1 ? 0 : packetsOf(this.bytes, this.pmtPid).filter((one) => one[1]! & 0x40).length;
  }

  /** What its PMT said, one by one: the version, and what is muted. */
  get said(): string[] {
    const reader = new ProgramReader();
    const said: string[] = [];
    const { bytes } = this;
    for (let at = 0; at < bytes.length; at += 188) {
      if (!reader.push(bytes, at) || !reader.program) continue;
      const next = `${reader.program.version} ${signalledMute(reader.program) ?? '-'}`;
      if (next !== said.at(-1)) said.push(next);
    }
    expect(reader.badSections).to.equal(0);
    return said;
  }

  get mute(): string | undefined {
    return this.said.at(-1)?.split(' ')[1];
  }
}

const mute = (vw: TestRelay, tracks: string) => vw.api('PUT', '/api/mutes/all', { tracks });
const unmute = (vw: TestRelay) => vw.api('DELETE', '/api/mutes/all');

for (const [what, name, stuffing] of [
  ['a feed', 'cam', 0],
  ['a feed whose PMT has no room for the descriptor', 'cam', 130],
  ['a feed whose PMT has two packets', 'cam', 200],
  ['a stream', 'stream/one', 0],
] as const) {
  describe(`readers of ${what}`, () => {
    let vw: TestRelay;
    let serve: TestServe;
    let source: Source;
    beforeEach(async () => {
      [vw, serve] = await Promise.all([TestRelay.start(), TestServe.start({ secret: null, isOpen: true })]);
      await vw.api('POST', '/api/streams', { stream: 'stream/one', feeds: ['cam'] });
      await vw.connect(name, `${serve.audience}/in/x`);
      source = new Source(RawUpload.begin(vw.port, 'cam'), stuffing);
    });

    /** Every way out. */
    const viewers = () =>
      Promise.all([
        Viewer.socket(vw.ws(name)),
        Viewer.http(`${vw.url}/ts/${name}`),
        Viewer.socket(`${serve.audience}/out/x`),
      ]);

    it('get tables that say so, and nothing else, under a mute of everything, also who comes then', async () => {
      source.start();
      const early = await viewers();
      await until('they play', () => early.every(({ media }) => media.length > 20));
      await mute(vw, 'all');
      await until('it is announced', () => early.every((one) => one.mute === 'all'));
      const before = early.map(({ media }) => media.length);
      const late = await viewers();
      await until('tables go on', () => [...early, ...late].every(({ tableCount }) => tableCount > 25));
      expect(early.map(({ media }) => media.length)).to.deep.equal(before);
      for (const one of late) expect([one.media, one.mute]).to.deep.equal([[], 'all']);
      await unmute(vw);
      await until('they play again', () =>
        [...early, ...late].every(({ media }, i) => media.length > (before[i] ?? 0) + 20),
      );
      for (const one of [...early, ...late]) {
        expect(one.mute).to.equal('-');
        expect(continuityErrors(one.bytes)).to.deep.equal([]);
      }
      for (const one of late) {
        const first = packetsOf(one.bytes).find((each) => one.media.includes(each.readUInt16BE(1) & 0x1fff))!;
        expect(first[5]! & 0x40, 'it starts at a random access point').to.equal(0x40);
      }
    });

    it('are told of each change at once, though no media follows, each with a version_number of its own', async () => {
      const early = await viewers();
      for (let i = 0; i < 60; i++) source.send();
      await until('they play', () => early.every(({ media }) => media.length > 20));
      const steps: [change: () => Promise<unknown>, says: string][] = [
        [() => mute(vw, 'audio'), 'audio'],
        [() => mute(vw, 'all'), 'all'],
        [() => mute(vw, 'audio'), 'audio'],
        [() => unmute(vw), '-'],
      ];
      for (const [i, [change, says]] of steps.entries()) {
        await change();
        await until(`step ${i} is announced`, () => early.every(({ said }) => said.length > i + 1));
        expect(early.map((one) => one.mute)).to.deep.equal(early.map(() => says));
      }
      for (const { said } of early) {
        const versions = said.map((one) => one.split(' ')[0]);
        versions.forEach((version, i) => expect(version, said.join()).to.not.equal(versions[i + 1]));
      }
      for (const one of early) expect(continuityErrors(one.bytes)).to.deep.equal([]);
    });

    it('get pictures and the announcement under a mute of the sound', async () => {
      await mute(vw, 'audio');
      source.start();
      const all = await viewers();
      await until('they play', () => all.every(({ media }) => media.length > 40));
      for (const one of all) {
        expect(new Set(one.media).size, 'the picture alone').to.equal(1);
        expect(one.mute).to.equal('audio');
        expect(one.said, 'its version does not change back and forth').to.have.length(1);
        expect(continuityErrors(one.bytes)).to.deep.equal([]);
      }
    });
  });
}

describe('a stream rule made under a mute of everything', () => {
  it('is announced as muted when its feed comes', async () => {
    const [vw, serve] = await Promise.all([TestRelay.start(), TestServe.start({ secret: null, isOpen: true })]);
    await mute(vw, 'all');
    await vw.api('POST', '/api/streams', { stream: 'stream/one', feeds: ['cam'] });
    await vw.connect('stream/one', `${serve.audience}/in/x`);
    const all = await Promise.all([Viewer.socket(vw.ws('stream/one')), Viewer.socket(`${serve.audience}/out/x`)]);
    expect(all.map(({ pieces }) => pieces.length)).to.deep.equal([0, 0]);
    new Source(RawUpload.begin(vw.port, 'cam')).start();
    await until('it is announced', () => all.every((one) => one.mute === 'all' && one.tableCount > 5));
    expect(all.map(({ media }) => media)).to.deep.equal([[], []]);
    await unmute(vw);
    await until('it plays', () => all.every(({ media }) => media.length > 20));
    for (const one of all) expect(continuityErrors(one.bytes)).to.deep.equal([]);
  });
});

describe('readers of a feed that is not MPEG-TS', () => {
  it('get nothing under a mute of everything: no tables are made up', async () => {
    const vw = await TestRelay.start();
    const viewer = await Viewer.socket(vw.ws('data'));
    const sender = new WebSocket(vw.ws('data'));
    afterTest(() => sender.terminate());
    await once(sender, 'open');
    await mute(vw, 'all');
    for (let i = 0; i < 50; i++) sender.send(`reading ${i}`);
    await until('they are withheld', () => vw.relay.stats().feeds.data?.withheldMessages === 50);
    await unmute(vw);
    sender.send('last');
    await until('the last comes', () => viewer.pieces.length > 0);
    expect(viewer.bytes.toString()).to.equal('last');
  });
});
