// What readers get under a mute: its announcement at once, then tables and nothing else. Literal packets, real sockets.

import { once } from 'node:events';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { afterTest } from '../support/cleanup.js';
import { continuityErrors, packetsOf } from '../support/mpegts/packets-of.js';
import { TableViewer as Viewer } from '../support/relay/table-viewer.js';
import { TestRelay } from '../support/relay/relay.js';
import { TestServe } from '../support/relay/serve.js';
import { TickingSource as Source } from '../support/relay/ticking-source.js';
import { RawUpload } from '../support/relay/upload.js';
import { until } from '../support/wait.js';

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
      source = new Source(RawUpload.begin(vw.port, 'cam'), { stuffing });
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
