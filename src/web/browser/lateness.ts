// How much later than the quickest of them pictures come to be looked at, and whether to leave some out to be live again:
// after a network that stood still, or where the machine decodes more slowly than pictures arrive.
// Pure: time is an argument. Milliseconds.

/** When pictures are left out. Milliseconds. */
export interface Limits {
  /** Later than this, they are... */
  readonly tooLate: number;
  /** ...until they are no later than this. */
  readonly liveAgain: number;
  /**
   * What is left out goes by quickly, and what is late catches up. If it has not by `catchingUp` within `patience`, the way
   * has become longer, and that is what live means now.
   */
  readonly catchingUp: number;
  readonly patience: number;
}

const LIMITS: Limits = { tooLate: 300, liveAgain: 120, catchingUp: 40, patience: 250 };
/** Where they come in bursts the first may be later, by how late it was found and this. Each picture takes 1 back. */
const BURST_SPARE = 200;
/** Clocks of camera and browser drift apart; the quickest is forgotten a little with each picture. */
const FORGET = 0.02;
/** A jump in time that is no lateness: another run of the source. */
const JUMP = 10_000;

/** Follows the pictures of one source. */
export class Lateness {
  /** Of the last picture, against the quickest. */
  ms = 0;
  #quickest = Infinity;
  #isLeavingOut = false;
  #mark = 0; // how late it was, when it had last caught up
  #markedAt = 0;
  #ptsMs = Infinity; // of the last picture
  #most = 0; // late
  #isStarved = false; // nothing was taken since pictures were last left out
  readonly #limits: Limits;

  constructor(limits = LIMITS) {
    this.#limits = limits;
  }

  /** Whether the picture of `ptsMs` that is looked at now is to be left out. */
  isTooLate(ptsMs: number, nowMs: number): boolean {
    const { tooLate, liveAgain, catchingUp, patience } = this.#limits;
    const offset = nowMs - ptsMs;
    // One a second that is late has none behind it that would be shown in its place, and the next keyframe may be far.
    const isSeldom = ptsMs - this.#ptsMs > tooLate;
    this.#ptsMs = ptsMs;
    if (Math.abs(offset - this.#quickest) > JUMP) this.#quickest = offset;
    this.#quickest = Math.min(this.#quickest + FORGET, offset);
    this.ms = offset - this.#quickest;
    if (!this.#isLeavingOut) {
      this.#most = Math.max(tooLate, this.#most - 1);
      if (this.ms <= this.#most || isSeldom) return false;
      // They come in bursts: of each all but the end would be late, for ever.
      if (this.#isStarved) {
        this.#most = this.ms + BURST_SPARE;
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
  take(): void {
    this.#isStarved = false;
  }

  #acceptNow(offset: number): false {
    this.#isLeavingOut = false;
    this.#quickest = offset;
    this.ms = 0;
    return false;
  }
}
