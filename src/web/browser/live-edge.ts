// Keeps a media element as near to the end of its buffer as the arrival of the bytes allows: a little faster when too
// much is waiting, a jump when far too much is, a wider margin after playback stood still.

/** What is to be left in the buffer at its emptiest. Seconds. */
const FIRST_MARGIN = 0.06;
const MOST_MARGIN = 0.6;
const MARGIN_STEP = 0.04;
/** A margin that held for so long is tried smaller. Milliseconds. */
const CALM_MS = 15_000;
/** The fill is watched for so many ticks of 100 ms: its least is what can be spared. */
const TICKS = 15;
/** More than that to spare is jumped over. Seconds. */
const JUMP = 0.7;
const FASTEST = 1.1;
const SLOWEST = 0.95;
/** A difference in speed that nobody hears costs no more than this. */
const TOLERANCE = 0.02;

/** Follows the live edge of one media element. */
export class LiveEdge {
  readonly #video: HTMLMediaElement;
  readonly #onWaiting = () => this.#stood();
  #fills: number[] = [];
  #margin = FIRST_MARGIN;
  #calmSince = performance.now();
  #hasJumped = false;

  constructor(video: HTMLMediaElement) {
    this.#video = video;
    video.addEventListener('waiting', this.#onWaiting);
  }

  close(): void {
    this.#video.removeEventListener('waiting', this.#onWaiting);
    this.#video.playbackRate = 1;
  }

  /** Seconds that are buffered ahead of what is shown. */
  get ahead(): number {
    const { buffered, currentTime } = this.#video;
    return buffered.length === 0 ? 0 : Math.max(0, buffered.end(buffered.length - 1) - currentTime);
  }

  /** To be called ten times a second. */
  tick(nowMs: number): void {
    const video = this.#video;
    const { buffered } = video;
    if (buffered.length === 0 || video.seeking) return;
    const last = buffered.length - 1;
    const begin = buffered.start(last);
    // Behind a gap, or before the first of what is there: playback would wait for ever.
    if (video.currentTime < begin) return this.#jump(Math.max(begin, buffered.end(last) - 2 * this.#margin));
    if (!this.#hasJumped && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) {
      this.#hasJumped = true; // what a new player was given to begin with is not live
      if (this.ahead > 4 * this.#margin) return this.#jump(buffered.end(last) - 2 * this.#margin);
    }
    this.#fills.push(this.ahead);
    if (this.#fills.length > TICKS) this.#fills.shift();
    const spare = Math.min(...this.#fills) - this.#margin;
    if (spare > JUMP) return this.#jump(video.currentTime + spare);
    video.playbackRate = this.#speed(spare);
    if (nowMs - this.#calmSince < CALM_MS) return;
    this.#calmSince = nowMs;
    this.#margin = Math.max(FIRST_MARGIN, this.#margin - MARGIN_STEP / 2);
  }

  #speed(spare: number): number {
    if (this.#fills.length < TICKS) return 1;
    if (spare > TOLERANCE) return Math.min(FASTEST, 1.02 + spare / 2);
    return spare < -this.#margin / 2 ? SLOWEST : 1;
  }

  #jump(to: number): void {
    this.#fills = [];
    this.#video.currentTime = to;
  }

  #stood(): void {
    if (this.#video.seeking || this.#fills.length < TICKS) return; // a jump stands still, too
    this.#margin = Math.min(MOST_MARGIN, this.#margin + MARGIN_STEP);
    this.#calmSince = performance.now();
    this.#fills = [];
  }
}
