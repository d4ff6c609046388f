import { expect } from 'chai';
import { PACKET_BYTES, readPid } from '../../../../src/mpegts/packet/packet.js';
import { writeTimestamp } from '../../../../src/mpegts/packet/timestamp.js';
import { LatePictureFilter } from '../../../../src/web/player/media/late-picture-filter.js';
import { readUnitTime } from '../../../../src/web/player/media/unit-time.js';
import { ProgramMonitor } from '../../../../src/web/player/media/program-monitor.js';
import { packet, patSection, pmtSection, sectionPackets } from '../../../support/mpegts/ts.js';

const [PICTURE, SOUND] = [0x100, 0x101];
const GAP_MS = 40;
const GROUP = 12;

/** The picture of a number, in two packets, between which a packet of sound stands. */
function message(number: number): Uint8Array {
  const payload = Uint8Array.from([0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0, 1]);
  writeTimestamp(payload, 9, number * GAP_MS * 90);
  const [counter, randomAccess] = [(2 * number) & 0x0f, number % GROUP === 0];
  const begin = packet({ pid: PICTURE, counter, startsUnit: true, randomAccess, payload });
  return Buffer.concat([begin, packet({ pid: SOUND }), packet({ pid: PICTURE, counter: counter + 1 })]);
}

/** The picture of a number, in so many packets. */
function wholePicture(number: number, count: number): Buffer {
  const payload = Uint8Array.from([0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0, 1]);
  writeTimestamp(payload, 9, number * GAP_MS * 90);
  const counters = Array.from({ length: count }, (_, i) => (number * count + i) & 0x0f);
  const [first, ...others] = counters as [number, ...number[]];
  const begin = packet({ pid: PICTURE, counter: first, startsUnit: true, randomAccess: number % GROUP === 0, payload });
  return Buffer.concat([begin, ...others.map((counter) => packet({ pid: PICTURE, counter }))]);
}

/** What comes out, a list of messages: the numbers of their pictures, and how many packets of sound. */
class Rig {
  readonly out: { pictures: number[]; sounds: number; isCut: boolean }[] = [];
  readonly holdback = new LatePictureFilter((data, continuity) => {
    const pictures: number[] = [];
    let [sounds, rests] = [0, 0];
    for (let at = 0; at < data.length; at += PACKET_BYTES) {
      const ticks = readUnitTime(data, at);
      if (readPid(data, at) === SOUND) sounds++;
      else if (ticks === -1) rests++;
      else pictures.push(ticks / 90 / GAP_MS);
    }
    expect(rests, 'second halves of pictures').to.equal(pictures.length);
    this.out.push({ pictures, sounds, isCut: continuity === 'cut' });
  });

  /** Pictures `from` to `to` come at this time; -1: each as it was made. */
  push(from: number, to: number, nowMs = -1): void {
    for (let i = from; i <= to; i++) this.holdback.push(message(i), PICTURE, nowMs === -1 ? i * GAP_MS : nowMs);
  }

  get pictures(): number[] {
    return this.out.flatMap(({ pictures }) => pictures);
  }

  get sounds(): number {
    return this.out.reduce((sum, { sounds }) => sum + sounds, 0);
  }
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('what is held back', () => {
  it('is nothing that comes in time: each message goes straight through', () => {
    const rig = new Rig();
    rig.push(0, 49);
    expect(rig.pictures).to.deep.equal(numbers(0, 49));
    expect(rig.out).to.have.length(50);
  });

  it('comes out as one once it has caught up, from the last random access point on, and its sound is complete', () => {
    const rig = new Rig();
    rig.push(0, 49);
    rig.push(50, 100, 100 * GAP_MS); // the page stood still for two seconds
    rig.push(101, 110);
    expect(rig.pictures).to.deep.equal([...numbers(0, 49), ...numbers(96, 110)]);
    expect(rig.sounds).to.equal(111);
    expect(rig.out.filter(({ isCut }) => isCut)).to.have.length(1);
  });

  it('comes out whole where no random access point is in it, or where it is short', () => {
    const rig = new Rig();
    rig.push(0, 60);
    rig.push(61, 70, 70 * GAP_MS); // between two of them
    rig.push(71, 71);
    rig.push(72, 77, 77 * GAP_MS); // 72 is one
    rig.push(78, 100);
    expect(rig.pictures).to.deep.equal(numbers(0, 100));
    expect(rig.out.some(({ isCut }) => isCut)).to.equal(false);
  });

  it('comes out in time though it does not catch up: the way has become longer', () => {
    const rig = new Rig();
    rig.push(0, 49);
    for (let i = 50; i <= 60; i++) rig.push(i, i, i * GAP_MS + 800);
    expect(rig.pictures).to.deep.equal(numbers(0, 60));
    expect(rig.out.length).to.be.above(55);
  });

  it('comes out by itself where nothing follows it', async () => {
    const rig = new Rig();
    rig.push(0, 49);
    const before = rig.out.length;
    rig.push(50, 50, 50 * GAP_MS + 500);
    expect(rig.out).to.have.length(before);
    await new Promise((resolve) => setTimeout(resolve, 110));
    expect(rig.pictures).to.deep.equal(numbers(0, 50));
  });
});

describe('what is skipped to catch up', () => {
  // A table, then pictures of five packets; the counters run on.
  const PMT = 0x1000;
  const tables = Buffer.concat([
    sectionPackets(0, patSection(PMT)),
    sectionPackets(PMT, pmtSection([{ streamType: 0x02, pid: PICTURE }])),
  ]);
  const pictures = Buffer.concat(numbers(0, 199).map((number) => wholePicture(number, 5)));

  for (const packetsPerMessage of [1, 2, 3, 4, 7]) {
    it(`does not count as lost, nor takes other pictures' packets along: ${packetsPerMessage} packets a message`, () => {
      let skipped = 0;
      for (let stalledFrom = 40; stalledFrom < 60; stalledFrom++) {
        const monitor = new ProgramMonitor();
        let nowMs = 0;
        let seen = 0;
        const filter = new LatePictureFilter((data, continuity) => {
          if (continuity === 'cut') monitor.noteDropped(PICTURE);
          monitor.push(data, nowMs);
          seen += data.length;
        });
        filter.push(tables, -1, 0);
        const [step, madeMs] = [packetsPerMessage * PACKET_BYTES, GAP_MS / (5 * PACKET_BYTES)];
        for (let at = 0; at < pictures.length; at += step) {
          nowMs = at * madeMs;
          // Nothing arrives for two seconds, then everything at once, in two batches.
          const stallEndsMs = stalledFrom * GAP_MS + 2000;
          if (nowMs >= stalledFrom * GAP_MS && nowMs < stallEndsMs) nowMs = stallEndsMs;
          filter.push(pictures.subarray(at, at + step), PICTURE, nowMs);
          const isBatchEnd =
            Math.floor(at * madeMs) >= stallEndsMs - 1000 && Math.floor((at - step) * madeMs) < stallEndsMs - 1000;
          if (isBatchEnd) filter.release();
        }
        filter.release();
        skipped += tables.length + pictures.length - seen;
        expect(monitor.lostPackets, `stalled from picture ${stalledFrom} on`).to.equal(0);
      }
      expect(skipped, 'bytes skipped in all').to.be.above(0);
    });
  }
});
