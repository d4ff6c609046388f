// How much later than the quickest of them pictures come to be looked at, and whether to leave some out to be live again:
// after a network that stood still, or where the machine decodes more slowly than pictures arrive.
// Pure: time is an argument. Milliseconds.

/** Later than this, pictures are left out... */
const TOO_LATE = 400;
/** ...until they are no later than this. */
const LIVE_AGAIN = 120;
/** Later for so long although nothing was decoded: the way has become longer, and that is what live means now. */
const PATIENCE = 1500;
/** Clocks of camera and browser drift apart; the quickest is forgotten a little with each picture. */
const FORGET = 0.02;
/** A jump in time that is no lateness: another run of the source. */
const JUMP = 10_000;

/** Follows the pictures of one source. */
export class Lateness {
  /** Of the last picture, against the quickest. */
  ms = 0;
  #quickest = Infinity;
  #lateSince = -1; // -1: not leaving pictures out

  /** Whether the picture of `ptsMs` that is looked at now is to be left out. */
  isTooLate(ptsMs: number, nowMs: number): boolean {
    const offset = nowMs - ptsMs;
    if (Math.abs(offset - this.#quickest) > JUMP) this.#quickest = offset;
    this.#quickest = Math.min(this.#quickest + FORGET, offset);
    this.ms = offset - this.#quickest;
    if (this.#lateSince === -1) {
      if (this.ms > TOO_LATE) this.#lateSince = nowMs;
    } else if (this.ms < LIVE_AGAIN) {
      this.#lateSince = -1;
    } else if (nowMs - this.#lateSince > PATIENCE) {
      this.#lateSince = -1;
      this.#quickest = offset;
    }
    return this.#lateSince !== -1;
  }
}
