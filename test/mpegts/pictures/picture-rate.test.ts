import { expect } from 'chai';
import { PictureRate } from '../../../src/mpegts/pictures/picture-rate.js';
import { pesPackets } from '../../support/mpegts/synthetic.js';

const MS = 90;

/** Passes pictures to PictureRate. */
class Pictures {
  readonly times = new PictureRate();
  losses = 0;

  /** A picture with these timestamps. */
  show(pts: number, dts: number | undefined, access: boolean, stuffing = 0): void {
    const stamps = dts === undefined ? { pts } : { pts, dts };
    const data = pesPackets({ pid: 0x100, streamId: 0xe0, counter: 0, payload: Buffer.alloc(20), ...stamps, stuffing });
    this.times.startPicture(data, 0, access ? 'access' : 'other', this.losses);
  }

  /** Pictures of this length from `from` on; every `group`-th is a random access point. */
  run(count: number, ticks: number, from = 126_000, group = 25): void {
    for (let i = 0; i < count; i++) this.show(from + i * ticks, undefined, i % group === 0);
  }
}

describe('PictureTimes', () => {
  it('knows nothing before the second random access point', () => {
    const pictures = new Pictures();
    pictures.run(25, 40 * MS);
    expect(pictures.times).to.include({ gopMs: null, unitsPerSecond: null });
    pictures.show(126_000 + 25 * 40 * MS, undefined, true);
    expect(pictures.times).to.include({ gopMs: 1000, unitsPerSecond: 25 });
  });

  it('continues through the 33-bit wrap', () => {
    const pictures = new Pictures();
    pictures.run(26, 3003, 2 ** 33 - 10 * 3003);
    expect(pictures.times).to.include({ gopMs: 834, unitsPerSecond: 29.97 });
  });

  it('counts by DTS, because transmission order is not display order', () => {
    const pictures = new Pictures();
    // I at 0, P at 3 sent before the B at 1 and 2, then an I followed by pictures that are displayed before it.
    const shown = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8, 12, 10, 11, 15, 13, 14, 18];
    shown.forEach((at, i) => pictures.show(90_000 + at * 3600, 90_000 + (i - 1) * 3600, at % 18 === 0));
    expect(pictures.times.unitsPerSecond).to.equal(25);
    expect(pictures.times.gopMs, 'as it is shown').to.equal(720);
  });

  it('counts over at least half a second, because timestamps may be some milliseconds off', () => {
    const pictures = new Pictures();
    for (let i = 0; i < 200; i++) pictures.show(90_000 + i * 40 * MS + (i % 3) * 5 * MS, undefined, i % 2 === 0);
    expect(pictures.times.unitsPerSecond).to.be.within(24.5, 25.5);
    expect(pictures.times.gopMs).to.be.within(75, 95);
  });

  it('keeps a rate if the next hardly differs', () => {
    const pictures = new Pictures();
    pictures.run(26, 40 * MS);
    pictures.run(26, 40 * MS + 9, 126_000 + 25 * 40 * MS);
    expect(pictures.times.unitsPerSecond).to.equal(25);
    pictures.run(27, 50 * MS, 126_000 + 50 * 40 * MS + 225);
    expect(pictures.times.unitsPerSecond).to.equal(20);
  });

  it('counts without random access points too, after a while', () => {
    const pictures = new Pictures();
    pictures.run(700, 20 * MS, 0, 100_000);
    expect(pictures.times).to.include({ gopMs: null, unitsPerSecond: 50 });
  });

  it('does not count pictures if packets were lost', () => {
    const pictures = new Pictures();
    pictures.run(20, 40 * MS);
    pictures.losses++;
    pictures.show(126_000 + 25 * 40 * MS, undefined, true);
    expect(pictures.times).to.include({ gopMs: 1000, unitsPerSecond: null });
    pictures.run(26, 40 * MS, 126_000 + 25 * 40 * MS);
    expect(pictures.times).to.include({ unitsPerSecond: 25 });
  });

  it('finds nothing from timestamps that go back, are far apart, missing or truncated', () => {
    for (const second of [100, 126_000 + 700_000 * MS]) {
      const pictures = new Pictures();
      pictures.run(26, 40 * MS);
      pictures.show(second, undefined, true);
      expect(pictures.times.gopMs).to.be.null;
    }
    const pictures = new Pictures();
    pictures.run(26, 40 * MS);
    pictures.show(126_000 + 50 * 40 * MS, undefined, true, 172);
    expect(pictures.times.gopMs, 'the stamp is in the next packet').to.be.null;
  });
});
