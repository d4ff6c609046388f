// Keeps a media element as close to the end of its buffer as the arrival of media allows: slightly faster playback when
// too much is buffered, a seek when far too much is, a wider margin after a stall. Seconds, except for `nowMs`.

/** The largest margin: what is left in the buffer at its minimum. */
const MAX_MARGIN = 0.3;
const MARGIN_STEP = 0.04;
/** A margin without stalls for this long is reduced. Milliseconds. */
const CALM_MS = 15_000;
/** The buffer level is observed for this many ticks of 100 ms, or two gaps between units: its minimum can be spared. */
const TICKS = 15;
/** If the minimum is above this, the excess is skipped by a seek. */
const MAX_LEFT = 0.45;
/** The most that may be buffered beyond a gap between units, even for a moment. */
const MAX_AHEAD = 0.5;
/** The most that is ahead beyond a gap between units after a seek; otherwise the next tick would seek again. */
const MAX_LEAD = 0.4;
/** A larger deviation from the target is not corrected by speed. */
const MAX_OFF = 0.35;
const FASTEST = 1.1;
/**
 * A seek costs the decoding of everything from the keyframe before the target. If it takes longer than this, the
 * picture
 * corrects twice the deviation, and up to a second right after a seek, by playing at double speed: a busy machine that
 * seeks again and again shows next to nothing. Seconds, except for AGAIN_MS.
 */
const EXPENSIVE_JUMP = 0.25;
const AGAIN_MS = 4000;
const MAX_RUN = 1;
const RUNNING = 2;
/** The speed while the margin is not reached. */
const SLOWER = 0.95;
/** The deviation that an inaudible change of speed tolerates. */
const TOLERANCE = 0.02;

/** Rounding errors of times near a keyframe. Seconds. */
const ROUNDING = 0.001;

const HAVE_CURRENT_DATA = 2; // HTMLMediaElement's

/** The parts of a media element that are used. */
export interface MediaElement {
  currentTime: number;
  playbackRate: number;
  readonly seeking: boolean;
  readonly readyState: number;
  readonly buffered: { readonly length: number; start(index: number): number; end(index: number): number };
  addEventListener(type: 'waiting', listener: () => void): void;
  removeEventListener(type: 'waiting', listener: () => void): void;
}

/** What an element has buffered. */
export interface ArrivedMedia {
  /** The end of its newest unit, with the usual duration; -1: it has none. */
  readonly newest: number;
  /** The time from one unit to the next. */
  readonly gap: number;
  /** Times of the newest random access points; null: every unit is one. */
  readonly accesses: readonly number[] | null;
}

/** How an element follows the live edge. */
export interface CatchUpPolicy {
  /** The initial margin. */
  readonly margin: number;
  /** The lowest speed. */
  readonly slowest: number;
  /** Whether it seeks backwards for synchronisation if slowing down would take too long. */
  readonly mayRewind: boolean;
  /** Whether it may play at double speed rather than seek repeatedly. */
  readonly maySpeedUp: boolean;
}

/** No picture may be shown twice; speed changes do not affect any pitch. */
export const PICTURE: CatchUpPolicy = { margin: 0.06, slowest: 0.85, mayRewind: false, maySpeedUp: true };
/** Sound decoders read further ahead. */
export const SOUND: CatchUpPolicy = { margin: 0.16, slowest: 0.95, mayRewind: true, maySpeedUp: false };

/** Keeps one media element at the live edge. */
export class LiveEdge {
  /** The current margin. */
  margin: number;
  readonly #manner: CatchUpPolicy;
  readonly #media: MediaElement;
  readonly #supply: () => ArrivedMedia;
  readonly #onWaiting = () => this.#stalled();
  #fills: number[] = [];
  #calmSince = performance.now();
  #hasJumped = false;
  #isJumping = false;
  #jumpedAt = -Infinity; // milliseconds
  #jumpTook = 0; // the last one, seconds
  #isRunning = false;

  constructor(media: MediaElement, manner: CatchUpPolicy, supply: () => ArrivedMedia) {
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

  /** Seconds that are buffered ahead of the current time. */
  get ahead(): number {
    const { newest } = this.#supply();
    return newest === -1 ? 0 : Math.max(0, newest - this.#media.currentTime);
  }

  /**
   * Called ten times a second.
   * @param wanted where playback should be for synchronisation; -1: as close to the edge as possible.
   */
  tick(nowMs: number, wanted: number): void {
    const media = this.#media;
    const { buffered } = media;
    if (buffered.length === 0) return;
    const last = buffered.length - 1;
    const begin = buffered.start(last);
    const { newest, gap } = this.#supply();
    const target = Math.max(begin, Math.min(buffered.end(last), newest) - gap - Math.min(MAX_LEAD, 2 * this.margin));
    // In a gap, or before the start of the buffer: playback would wait for ever.
    if (media.currentTime < begin - 0.01) return this.#jump(target, nowMs);
    if (media.seeking) return;
    if (this.#isJumping) [this.#jumpTook, this.#isJumping] = [(nowMs - this.#jumpedAt) / 1000, false];
    if (!this.#hasJumped && media.readyState >= HAVE_CURRENT_DATA) {
      this.#hasJumped = true; // the media that a new player starts with is not live
      if (this.ahead > gap + 4 * this.margin) return this.#jump(target, nowMs);
    }
    if (this.#isRunning) {
      const missing = (wanted === -1 ? target : wanted) - media.currentTime;
      if (missing > TOLERANCE && missing < 2 * Math.max(MAX_RUN, this.#jumpTook)) return;
      this.#isRunning = false;
      media.playbackRate = 1;
    }
    // A seek to media that is not in the element yet would go back.
    if (this.ahead > gap + MAX_AHEAD && target > media.currentTime) return this.#catchUp(target, nowMs);
    this.#fills.push(this.ahead);
    const most = Math.max(TICKS, Math.ceil(gap * 20) + 2);
    if (this.#fills.length > most) this.#fills.splice(0, this.#fills.length - most);
    const spare = Math.min(...this.#fills) - this.margin;
    const isTooFull = wanted === -1 && this.#fills.length >= most && spare + this.margin > MAX_LEFT;
    if (isTooFull) return this.#catchUp(media.currentTime + spare, nowMs);
    const error = wanted - media.currentTime;
    const isFarOff = error > MAX_OFF || (error < -MAX_OFF && this.#manner.mayRewind);
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

  /** The speed that corrects a deviation of `error` in about half a second. */
  #speedFor(error: number): number {
    return Math.abs(error) < TOLERANCE ? 1 : Math.max(this.#manner.slowest, Math.min(FASTEST, 1 + error * 2));
  }

  #catchUp(to: number, nowMs: number): void {
    const missing = to - this.#media.currentTime;
    if (missing < 0 || missing > this.#maxSpeedUpMs(nowMs)) return this.#jump(to, nowMs);
    this.#fills = [];
    this.#isRunning = true;
    this.#media.playbackRate = RUNNING;
  }

  /** The largest deviation that is corrected by speed. */
  #maxSpeedUpMs(nowMs: number): number {
    if (!this.#manner.maySpeedUp) return 0;
    const dear = this.#jumpTook > EXPENSIVE_JUMP ? 2 * this.#jumpTook : 0;
    return nowMs - this.#jumpedAt < AGAIN_MS ? Math.max(MAX_RUN, dear) : dear;
  }

  /**
   * The seek target for `to`: the keyframe before it if that is close enough, because everything from there must be
   * decoded.
   */
  #seekTarget(to: number): number {
    const { newest, gap, accesses } = this.#supply();
    const place = accesses?.findLast((time) => time <= to);
    const isGood = place !== undefined && place > this.#media.currentTime && place >= newest - gap - MAX_AHEAD;
    return isGood ? place + ROUNDING : to;
  }

  #jump(to: number, nowMs: number): void {
    this.#fills = [];
    this.#isRunning = false;
    this.#isJumping = true;
    this.#jumpedAt = nowMs;
    this.#media.playbackRate = 1;
    this.#media.currentTime = this.#seekTarget(to);
  }

  #stalled(): void {
    if (this.#media.seeking || this.#fills.length < TICKS) return; // playback also waits during a seek
    this.margin = Math.min(MAX_MARGIN, this.margin + MARGIN_STEP);
    this.#calmSince = performance.now();
    this.#fills = [];
  }
}
