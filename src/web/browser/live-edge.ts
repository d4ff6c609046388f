// Keeps a media element as near to the end of what it has as the arrival of the bytes allows: a little faster when too
// much is waiting, a jump when far too much is, a wider margin after playback stood still. Seconds, but for `nowMs`.

/** The most that is left at the emptiest. */
const MOST_MARGIN = 0.3;
const MARGIN_STEP = 0.04;
/** A margin that held for so long is tried smaller. Milliseconds. */
const CALM_MS = 15_000;
/** The fill is watched for so many ticks of 100 ms, or for two gaps between units: its least is what can be spared. */
const TICKS = 15;
/** Where more than that is left at the emptiest, what is too much is jumped over. */
const MOST_LEFT = 0.45;
/** Nor may more than this wait beyond a gap between units, for however short a time. */
const MOST_AHEAD = 0.5;
/** After a jump there is no more ahead than this beyond a gap between units: or the next tick would jump again. */
const MOST_LEAD = 0.4;
/** Being off by more than this from where it should be is not made up for by speed. */
const MOST_OFF = 0.35;
const FASTEST = 1.1;
/**
 * A jump costs what a browser decodes from the keyframe before it on. Where it takes longer than this, pictures make up
 * for twice as much, and for a second where they have just jumped, by being twice as fast: a busy machine that jumps again
 * and again shows next to nothing. Seconds, but for AGAIN_MS.
 */
const DEAR_JUMP = 0.25;
const AGAIN_MS = 4000;
const MOST_RUN = 1;
const RUNNING = 2;
/** The speed where the margin is not kept. */
const SLOWER = 0.95;
/** A difference in speed that nobody hears costs no more than this. */
const TOLERANCE = 0.02;

/** A time is not before a keyframe because of how it is written down. Seconds. */
const ROUNDING = 0.001;

const HAVE_CURRENT_DATA = 2; // HTMLMediaElement's

/** What is asked of a media element. */
export interface Media {
  currentTime: number;
  playbackRate: number;
  readonly seeking: boolean;
  readonly readyState: number;
  readonly buffered: { readonly length: number; start(index: number): number; end(index: number): number };
  addEventListener(type: 'waiting', listener: () => void): void;
  removeEventListener(type: 'waiting', listener: () => void): void;
}

/** What an element has. */
export interface Supply {
  /** Where the newest unit that it has ends, lasting as long as units do; -1: it has nothing. */
  readonly newest: number;
  /** The time from one unit to the next. */
  readonly gap: number;
  /** The newest places from which a decoder can begin, by time; null: it can with each unit. */
  readonly accesses: readonly number[] | null;
}

/** How an element is kept at the edge. */
export interface Manner {
  /** What is left at the emptiest to begin with. */
  readonly margin: number;
  /** The lowest speed. */
  readonly slowest: number;
  /** Whether it goes back to be with something else, where slowing down would take too long. */
  readonly goesBack: boolean;
  /** Whether it may be twice as fast rather than jump again and again. */
  readonly runs: boolean;
}

/** No picture is shown twice; it has no pitch, and may be slow. */
export const PICTURE: Manner = { margin: 0.06, slowest: 0.85, goesBack: false, runs: true };
/** Decoders of sound read further ahead. */
export const SOUND: Manner = { margin: 0.16, slowest: 0.95, goesBack: true, runs: false };

/** Follows the live edge of one media element. */
export class LiveEdge {
  /** What is left at the emptiest, for now. */
  margin: number;
  readonly #manner: Manner;
  readonly #media: Media;
  readonly #supply: () => Supply;
  readonly #onWaiting = () => this.#stood();
  #fills: number[] = [];
  #calmSince = performance.now();
  #hasJumped = false;
  #isJumping = false;
  #jumpedAt = -Infinity; // milliseconds
  #jumpTook = 0; // the last one, seconds
  #isRunning = false;

  constructor(media: Media, manner: Manner, supply: () => Supply) {
    this.#manner = manner;
    this.margin = manner.margin;
    this.#media = media;
    this.#supply = supply;
    media.addEventListener('waiting', this.#onWaiting);
  }

  close(): void {
    this.#media.removeEventListener('waiting', this.#onWaiting);
    this.#media.playbackRate = 1;
  }

  /** Seconds ahead of what is shown. */
  get ahead(): number {
    const { newest } = this.#supply();
    return newest === -1 ? 0 : Math.max(0, newest - this.#media.currentTime);
  }

  /**
   * To be called ten times a second.
   * @param wanted where playback should be, to be with something else; -1: as near to the edge as it can.
   */
  tick(nowMs: number, wanted: number): void {
    const media = this.#media;
    const { buffered } = media;
    if (buffered.length === 0) return;
    const last = buffered.length - 1;
    const begin = buffered.start(last);
    const { newest, gap } = this.#supply();
    const target = Math.max(begin, Math.min(buffered.end(last), newest) - gap - Math.min(MOST_LEAD, 2 * this.margin));
    // Behind a gap, or before the first of what is there: playback would wait for ever.
    if (media.currentTime < begin - 0.01) return this.#jump(target, nowMs);
    if (media.seeking) return;
    if (this.#isJumping) [this.#jumpTook, this.#isJumping] = [(nowMs - this.#jumpedAt) / 1000, false];
    if (!this.#hasJumped && media.readyState >= HAVE_CURRENT_DATA) {
      this.#hasJumped = true; // what a new player was given to begin with is not live
      if (this.ahead > gap + 4 * this.margin) return this.#jump(target, nowMs);
    }
    if (this.#isRunning) {
      const missing = (wanted === -1 ? target : wanted) - media.currentTime;
      if (missing > TOLERANCE && missing < 2 * Math.max(MOST_RUN, this.#jumpTook)) return;
      this.#isRunning = false;
      media.playbackRate = 1;
    }
    // What has arrived and is not in the element yet is nothing to jump to: it would go back.
    if (this.ahead > gap + MOST_AHEAD && target > media.currentTime) return this.#catchUp(target, nowMs);
    this.#fills.push(this.ahead);
    const most = Math.max(TICKS, Math.ceil(gap * 20) + 2);
    if (this.#fills.length > most) this.#fills.splice(0, this.#fills.length - most);
    const spare = Math.min(...this.#fills) - this.margin;
    const isTooFull = wanted === -1 && this.#fills.length >= most && spare + this.margin > MOST_LEFT;
    if (isTooFull) return this.#catchUp(media.currentTime + spare, nowMs);
    const error = wanted - media.currentTime;
    const isFarOff = error > MOST_OFF || (error < -MOST_OFF && this.#manner.goesBack);
    if (wanted !== -1 && isFarOff) return this.#catchUp(Math.max(begin, wanted), nowMs);
    media.playbackRate = wanted === -1 ? this.#speed(spare, most) : this.#speedFor(error);
    if (nowMs - this.#calmSince < CALM_MS) return;
    this.#calmSince = nowMs;
    this.margin = Math.max(this.#manner.margin, this.margin - MARGIN_STEP / 2);
  }

  #speed(spare: number, ticks: number): number {
    if (this.#fills.length < ticks) return 1;
    if (spare > TOLERANCE) return Math.min(FASTEST, 1.02 + spare / 2);
    return spare < -this.margin / 2 ? SLOWER : 1;
  }

  /** The speed that makes up for being off by `error` in half a second or so. */
  #speedFor(error: number): number {
    return Math.abs(error) < TOLERANCE ? 1 : Math.max(this.#manner.slowest, Math.min(FASTEST, 1 + error * 2));
  }

  #catchUp(to: number, nowMs: number): void {
    const missing = to - this.#media.currentTime;
    if (missing < 0 || missing > this.#mostRun(nowMs)) return this.#jump(to, nowMs);
    this.#fills = [];
    this.#isRunning = true;
    this.#media.playbackRate = RUNNING;
  }

  /** How much is made up for by speed. */
  #mostRun(nowMs: number): number {
    if (!this.#manner.runs) return 0;
    const dear = this.#jumpTook > DEAR_JUMP ? 2 * this.#jumpTook : 0;
    return nowMs - this.#jumpedAt < AGAIN_MS ? Math.max(MOST_RUN, dear) : dear;
  }

  /** The picture at `to` is seen once all from the keyframe before it are decoded: that keyframe itself is, if it is as good. */
  #placeFor(to: number): number {
    const { newest, gap, accesses } = this.#supply();
    const place = accesses?.findLast((time) => time <= to);
    const isGood = place !== undefined && place > this.#media.currentTime && place >= newest - gap - MOST_AHEAD;
    return isGood ? place + ROUNDING : to;
  }

  #jump(to: number, nowMs: number): void {
    this.#fills = [];
    this.#isRunning = false;
    this.#isJumping = true;
    this.#jumpedAt = nowMs;
    this.#media.playbackRate = 1;
    this.#media.currentTime = this.#placeFor(to);
  }

  #stood(): void {
    if (this.#media.seeking || this.#fills.length < TICKS) return; // a jump stands still, too
    this.margin = Math.min(MOST_MARGIN, this.margin + MARGIN_STEP);
    this.#calmSince = performance.now();
    this.#fills = [];
  }
}
