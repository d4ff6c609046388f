import { expect } from 'chai';
import { StartHold, type HeldTrack } from '../../../src/mpegts/clock/start-hold.js';
import { pesPackets } from '../../support/mpegts/synthetic.js';

const track = (pid: number, kind: 'video' | 'audio'): HeldTrack => ({
  ...{ kind, heldMs: kind === 'audio' ? 20 : 0 },
  track: { pid, streamType: 0, descriptors: new Uint8Array(0), kind, sections: false },
});
const PICTURE = track(0x100, 'video');
const SOUND = track(0x101, 'audio');

const unit = (pid: number, dtsMs: number, leadMs = 0): Buffer =>
  pesPackets({
    ...{ pid, streamId: pid === 0x100 ? 0xe0 : 0xc0, pts: (dtsMs + leadMs) * 90, dts: dtsMs * 90, counter: 0 },
    payload: new Uint8Array(9),
  });

/** Pushes pictures that arrive at these times, 40 ms apart by DTS; returns when the hold was over, or NaN. */
function overAt(hold: StartHold, timesMs: readonly number[], leadMs: (n: number) => number = () => 0): number {
  for (const [n, atMs] of timesMs.entries()) if (hold.push(unit(0x100, 1000 + n * 40, leadMs(n)), atMs)) return atMs;
  return NaN;
}
const every = (stepMs: number, count: number, fromMs = 0): number[] =>
  Array.from({ length: count }, (_, n) => fromMs + n * stepMs);

describe('StartHold', () => {
  it('knows the age after five pictures at their own pace', () => {
    const hold = new StartHold(0, [PICTURE]);
    expect(overAt(hold, every(40, 50))).to.equal(160);
    expect(hold.sample).to.deep.include({ track: PICTURE, stamp: 90_000, arrivalMs: 0, lead: 0 });
    expect(hold.messages.map(({ atMs }) => atMs)).to.deep.equal([0, 40, 80, 120, 160]);
  });

  it('waits 0.6 s for a reference whose own age is not known', () => {
    let isKnown = false;
    const hold = new StartHold(0, [PICTURE], () => isKnown);
    expect(overAt(hold, every(40, 10))).to.be.NaN;
    isKnown = true;
    expect(hold.isOver(360)).to.be.true;
    isKnown = false;
    expect(hold.isOver(599)).to.be.false;
    expect(hold.isOver(600)).to.be.true;
  });

  it('waits for a group of B-pictures: the one that is decoded ahead is the youngest', () => {
    const hold = new StartHold(0, [PICTURE]);
    const leads = (n: number): number => (n === 0 ? 40 : (n - 1) % 4 === 0 ? 160 : 0);
    expect(overAt(hold, every(40, 50), leads)).to.equal(200);
    expect(hold.sample).to.deep.include({ stamp: (1040 + 160) * 90, arrivalMs: 40, lead: 0 });
  });

  it('waits until a burst is over', () => {
    const hold = new StartHold(0, [PICTURE]);
    expect(overAt(hold, [...every(0, 50, 2000), ...every(40, 20, 2040)])).to.equal(2160);
    expect(hold.sample).to.deep.include({ arrivalMs: 2000, stamp: (1000 + 49 * 40) * 90 });
    expect(hold.earliest).to.equal(90_000);
  });

  it('gives up after a second, without a sample if nothing arrived at its own pace', () => {
    const hold = new StartHold(0, [PICTURE]);
    expect(overAt(hold, every(10, 200))).to.equal(1000);
    expect(hold.sample).to.equal(null);
  });

  it('waits 1.2 s for pictures that never arrive; until then the age of audio is a guess', () => {
    const hold = new StartHold(0, [PICTURE, SOUND]);
    for (let atMs = 0; atMs < 1200; atMs += 40) {
      expect(hold.push(unit(0x101, 1000 + atMs), atMs)).to.be.false;
      expect(hold.guess(atMs)).to.deep.include({ track: SOUND });
    }
    expect(hold.push(unit(0x101, 2200), 1200)).to.be.true;
    expect(hold.sample).to.deep.include({ track: SOUND });
  });

  it('guesses from the first unit on, for at most 1.5 s: its source may have stopped', () => {
    const hold = new StartHold(0, [SOUND]);
    expect(hold.guess(0)).to.equal(null);
    expect(hold.push(unit(0x101, 1000), 100)).to.be.false;
    expect(hold.guess(1500)).to.deep.include({ track: SOUND, arrivalMs: 100 });
    expect(hold.guess(1600)).to.equal(null);
    expect([100, 300, 600, 1500].map((atMs) => hold.mayBeOlder(atMs) / 90)).to.deep.equal([600, 400, 100, 100]);
  });

  it('ends above 2 MB', () => {
    const hold = new StartHold(0, [PICTURE]);
    const part = Buffer.alloc(188 * 1000);
    let pushed = 0;
    while (!hold.push(part, 0)) pushed++;
    expect(pushed * part.length).to.be.within(1_900_000, 2_200_000);
  });
});
