import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { MediaLoop } from '../../src/demo/media-loop.js';
import { dueMs, firstUnit, loadPicture, loadSound, type DemoMedia } from '../../src/demo/media.js';
import { Inspector } from '../../src/mpegts/inspect/inspector.js';
import { checkTs, type Sent } from '../support/mpegts/check-ts.js';
import { decode, scratch } from '../support/media/ffmpeg.js';
import { packet } from '../support/mpegts/ts.js';

const LAP_TICKS = 60 * 90_000;
const WRAP = 2 ** 33;

/** What a source sends from unit `first` on, each unit a message at the time it is due. */
function play(media: DemoMedia, first: number, count: number): Sent[] {
  return Array.from({ length: count }, (_, i) => {
    const data = i === 0 ? media.loop.firstPackets(first) : media.loop.packets(first + i);
    return { data, atMs: dueMs(media, first + i) };
  });
}

/** What a stream of ours has and a plain ffmpeg does not: tables before each random access point, and no SDT (PID 17). */
function faults(errors: readonly string[]): string[] {
  return errors.filter((text) => !/no tables before|PID 17 is not in the PMT/.test(text));
}

describe('the built-in media', () => {
  it('is a picture of a minute without B-frames, and a sound that goes round in whole seconds', () => {
    const [picture, sound] = [loadPicture(), loadSound()];
    expect(picture.loop.count * picture.loop.unitTicks).to.equal(LAP_TICKS);
    expect(LAP_TICKS % (sound.loop.count * sound.loop.unitTicks)).to.equal(0);
    const inspector = new Inspector();
    for (const { data } of play(picture, 0, 1500)) inspector.inspect(data);
    expect(inspector.program!.tracks.map(({ pid, streamType }) => [pid, streamType])).to.deep.equal([[0x100, 2]]);
    expect(inspector.randomAccessPoints).to.be.at.least(60);
    const { tracks } = checkTs(play(picture, 0, 1500), { tablesMs: 1000 });
    for (const { pts, dts } of tracks.get(0x100)!.units) expect(pts - dts).to.equal(picture.loop.leadTicks);
  });

  for (const [name, load] of [
    ['picture', loadPicture],
    ['sound', loadSound],
  ] as const) {
    describe(`played round and round: the ${name}`, () => {
      it('has no seam: counters, PTS, DTS and PCR go on for five laps', () => {
        const media = load();
        const { loop } = media;
        const { errors, tracks, pcrs, versions } = checkTs(play(media, 0, 5 * loop.count), { tablesMs: 600 });
        expect(faults(errors)).to.deep.equal([]);
        expect(versions).to.have.length(1);
        const units = tracks.get(0x100)!.units;
        expect(units).to.have.length(5 * loop.count);
        expect(new Set(units.slice(1).map(({ dts }, i) => dts - units[i]!.dts))).to.deep.equal(
          new Set([loop.unitTicks]),
        );
        const distances = units.map(({ dts, pcr }) => dts - pcr);
        expect(Math.max(...distances) - Math.min(...distances), 'PCR against DTS').to.be.below(90 * 100);
        expect(pcrs.at(-1)!.value).to.be.above(4 * loop.count * loop.unitTicks);
      });

      it('goes on over the wrap of 33 bits', () => {
        const media = load();
        const { loop } = media;
        const lap = loop.count * loop.unitTicks;
        const first = (Math.floor(WRAP / lap) - 1) * loop.count;
        const { errors, tracks } = checkTs(play(media, first, 3 * loop.count), { tablesMs: 600 });
        expect(faults(errors)).to.deep.equal([]);
        const units = tracks.get(0x100)!.units;
        expect(units[0]!.dts).to.be.below(WRAP);
        expect(units.at(-1)!.dts, 'unwrapped by the judge').to.be.above(WRAP);
      });

      it('begins anywhere with tables and a unit that can be decoded', async () => {
        const media = load();
        for (const nowMs of [1_700_000_012_345, 1_700_000_030_000, 1_700_000_059_999]) {
          const first = firstUnit(media, nowMs);
          expect(media.loop.isAccess(first)).to.equal(true);
          const sent = play(media, first, 100);
          const { errors } = checkTs(sent, { tablesMs: 600 });
          expect(faults(errors)).to.deep.equal([]);
          expect(new Inspector().inspect(sent[0]!.data)).to.be.at.least(0);
        }
        const path = join(scratch(), 'some.ts');
        const some = play(media, firstUnit(media, 1_700_000_059_000), 100);
        writeFileSync(path, Buffer.concat(some.map(({ data }) => data)));
        if (name === 'picture') expect(await decode(path)).to.deep.equal({ pictures: 100, complaints: '' });
      });
    });
  }

  it('shows the second of the minute that it is', () => {
    const media = loadPicture();
    const nowMs = Date.UTC(2024, 1, 2, 3, 4, 41, 500);
    const unit = firstUnit(media, nowMs);
    const second = Math.floor((unit % media.loop.count) / 25);
    expect(second).to.equal(Math.floor((dueMs(media, unit) - 40) / 1000) % 60);
    expect(second).to.equal(42);
    expect(dueMs(media, unit) - nowMs, 'waits for a key picture').to.be.within(0, 1000);
  });
});

describe('a recording that cannot be looped', () => {
  it('is refused in words', () => {
    expect(() => new MediaLoop(new Uint8Array(0))).to.throw('fewer than two units');
    const pes = [0, 0, 1, 0xe0, 0, 0, 0x80, 0x00, 0];
    expect(() => new MediaLoop(packet({ startsUnit: true, payload: Uint8Array.from(pes) }))).to.throw('no time stamp');
    const stamped = (ticks: number) =>
      packet({
        startsUnit: true,
        payload: Uint8Array.from([0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0, ticks * 2 + 1]),
      });
    expect(() => new MediaLoop(Buffer.concat([stamped(0), stamped(10), stamped(30)]))).to.throw('not evenly spaced');
  });
});
