// How a media element is kept near the end of what it has, with an element whose time is the test's.

import { expect } from 'chai';
import { LiveEdge, type CatchUpPolicy, PICTURE, SOUND } from '../../../../src/web/player/mse/live-edge.js';

const TICK = 0.1;
const GAP = 0.04;
const HAVE_ENOUGH_DATA = 4;

/** An element that plays what comes in real time, `behind` seconds later at first; where each tick leaves it. */
class Rig {
  readonly media = {
    ...{ currentTime: 0, playbackRate: 1, seeking: false, readyState: HAVE_ENOUGH_DATA },
    buffered: { length: 1, start: () => 0, end: () => this.newest - this.pending },
    addEventListener: (_: string, hear: () => void) => (this.stand = hear),
    removeEventListener: () => undefined,
  };
  newest: number;
  /** What has arrived and is not in the element yet. */
  pending = 0;
  nowMs = performance.now();
  /** Where a decoder can begin; null: anywhere. */
  accesses: readonly number[] | null = null;
  /** The element has run dry. */
  stand = (): void => undefined;
  readonly jumps: number[] = [];
  readonly edge: LiveEdge;

  constructor(manner: CatchUpPolicy, behind: number) {
    this.newest = 100;
    this.media.currentTime = 100 - behind;
    this.edge = new LiveEdge(this.media, manner, () => ({ newest: this.newest, gap: GAP, accesses: this.accesses }));
  }

  /** Plays on; `wantedBehind`: how far behind the newest it is to be. */
  play(seconds: number, wantedBehind = -1): void {
    for (let at = 0; at < seconds; at += TICK) {
      this.nowMs += TICK * 1000;
      this.newest += TICK;
      this.media.currentTime = Math.min(this.newest, this.media.currentTime + TICK * this.media.playbackRate);
      const before = this.media.currentTime;
      this.edge.tick(this.nowMs, wantedBehind === -1 ? -1 : this.newest - wantedBehind);
      if (this.media.currentTime !== before) this.jumps.push(this.media.currentTime - before);
    }
  }

  get behind(): number {
    return this.newest - this.media.currentTime;
  }
}

describe('the live edge of a media element', () => {
  it('is reached by one jump from far behind', () => {
    const rig = new Rig(PICTURE, 3);
    rig.play(5);
    expect(rig.jumps).to.have.length(1);
    expect(rig.behind).to.be.below(0.3);
  });

  it('is left for a sound that is later by slowing down: no picture is shown twice', () => {
    const rig = new Rig(PICTURE, 0.1);
    rig.play(3);
    rig.play(5, 0.46);
    expect(rig.jumps).to.deep.equal([]);
    expect(rig.behind).to.be.within(0.42, 0.48);
  });

  it('is half a second away at most, by a jump and not by one with each tick, on a machine that has stood still often', () => {
    const rig = new Rig(PICTURE, 0.1);
    for (let i = 0; i < 12; i++) {
      rig.play(2);
      rig.stand();
    }
    expect(rig.edge.margin).to.be.closeTo(0.3, 0.001);
    rig.newest += 2; // a burst
    rig.jumps.length = 0;
    rig.play(2);
    expect(rig.jumps).to.have.length(1);
    expect(rig.behind).to.be.below(0.5 + GAP);
  });

  it('lets sound go back to its picture at once, for nobody hears sound that is slow by so much', () => {
    const rig = new Rig(SOUND, 0.1);
    rig.play(3);
    rig.play(0.2, 0.46);
    expect(rig.jumps).to.have.length(1);
  });

  it('is reached by running soon after a jump, which costs what is decoded again; sound, which cannot run, jumps', () => {
    for (const [manner, jumps] of [
      [PICTURE, 0],
      [SOUND, 1],
    ] as const) {
      const rig = new Rig(manner, 3);
      rig.play(2);
      expect(rig.jumps).to.have.length(1);
      rig.jumps.length = 0;
      rig.newest += 0.7; // a machine that was busy
      rig.play(1.5);
      expect(rig.jumps).to.have.length(jumps);
      expect(rig.behind).to.be.below(0.4 + GAP);
      rig.play(5);
      expect(rig.media.playbackRate).to.be.within(0.95, 1.1);
      rig.newest += 5;
      rig.play(1);
      expect(rig.jumps, 'far behind').to.have.length(jumps + 1);
    }
  });

  it('is not sought backwards while what has arrived waits to be taken by the element', () => {
    for (const manner of [PICTURE, SOUND]) {
      const rig = new Rig(manner, 0.1);
      rig.play(3);
      rig.newest += 3; // the page stood still
      rig.pending = 3;
      rig.play(0.3);
      rig.pending = 0;
      rig.play(1);
      expect(Math.min(...rig.jumps)).to.be.above(0);
      expect(rig.behind).to.be.below(0.5 + GAP);
    }
  });

  it('is jumped to at a keyframe, from which nothing is decoded in vain, where one is near enough to it', () => {
    for (const [keyframeBehind, lands] of [
      [0.3, 0.3],
      [0.1, 0.16], // ahead of where it should be
      [0.8, 0.16],
    ] as const) {
      const rig = new Rig(PICTURE, 3);
      rig.accesses = [rig.newest - 2, rig.newest + TICK - keyframeBehind];
      rig.play(TICK);
      expect(rig.jumps).to.have.length(1);
      expect(rig.behind, `keyframe ${keyframeBehind} s back`).to.be.closeTo(lands, 0.003);
    }
  });
});
