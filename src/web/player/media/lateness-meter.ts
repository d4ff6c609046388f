// How much later than the fastest of them pictures are processed, and whether to drop some to be live again: after a
// network stall, or on a machine that decodes more slowly than pictures arrive.
// Pure: time is an argument. Milliseconds.

/** When pictures are dropped. Milliseconds. */
export interface LatenessLimits {
  /** Later than this, they are... */
  readonly tooLate: number;
  /** ...until they are no later than this. */
  readonly liveAgain: number;
  /**
   * While pictures are dropped, lateness should decrease. If it has not by `catchingUp` within `patience`, the delay of
   * the
   * path has grown, and the new delay counts as live.
   */
  readonly catchingUp: number;
  readonly patience: number;
}

const LIMITS: LatenessLimits = { tooLate: 300, liveAgain: 120, catchingUp: 40, patience: 250 };
/**
 * If pictures arrive in bursts, the first may be later by the lateness found plus this; each picture reduces it by 1.
 */
const BURST_ALLOWANCE = 200;
/** Clocks of camera and browser drift apart, so the minimum is relaxed a little with each picture. */
const FORGET = 0.02;
/** A larger jump in time is not lateness but another run of the source. */
const DISCONTINUITY = 10_000;

/** Measures the lateness of one source's pictures. */
export class LatenessMeter {
  /** Of the last picture, relative to the fastest. */
  ms = 0;
  #quickest = Infinity;
  #isLeavingOut = false;
  #mark = 0; // lateness when it last decreased
  #markedAt = 0;
  #ptsMs = Infinity; // of the last picture
  #maximum = 0; // late
  #isStarved = false; // no picture was taken since the last drops began
  readonly #limits: LatenessLimits;

  constructor(limits = LIMITS) {
    this.#limits = limits;
  }

  /** Whether to drop the picture of `ptsMs`, which is being processed now. */
  isTooLate(ptsMs: number, nowMs: number): boolean {
    const { tooLate, liveAgain, catchingUp, patience } = this.#limits;
    const offset = nowMs - ptsMs;
    // At one picture a second there is none to show in its place, and the next keyframe may be far away.
    const isSeldom = ptsMs - this.#ptsMs > tooLate;
    this.#ptsMs = ptsMs;
    if (Math.abs(offset - this.#quickest) > DISCONTINUITY) this.#quickest = offset;
    this.#quickest = Math.min(this.#quickest + FORGET, offset);
    this.ms = offset - this.#quickest;
    if (!this.#isLeavingOut) {
      this.#maximum = Math.max(tooLate, this.#maximum - 1);
      if (this.ms <= this.#maximum || isSeldom) return false;
      // They arrive in bursts: all but the end of each would be late, for ever.
      if (this.#isStarved) {
        this.#maximum = this.ms + BURST_ALLOWANCE;
        return false;
      }
      this.#isLeavingOut = true;
      this.#isStarved = true;
      this.#mark = offset;
      this.#markedAt = nowMs;
      return true;
    }
    if (this.ms < liveAgain) return (this.#isLeavingOut = false);
    if (offset < this.#mark - catchingUp) [this.#mark, this.#markedAt] = [offset, nowMs];
    if (nowMs - this.#markedAt > patience) return this.#acceptNow(offset);
    return true;
  }

  /** A picture was taken. */
  pictureAccepted(): void {
    this.#isStarved = false;
  }

  #acceptNow(offset: number): false {
    this.#isLeavingOut = false;
    this.#quickest = offset;
    this.ms = 0;
    return false;
  }
}
