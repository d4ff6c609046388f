// Whether the pictures and the sound of a source both go on: one may stop while the other comes, and then something
// comes all the time. Asked once a second, so that a packet costs nothing.
// No clock, no timers: time is an argument. Milliseconds.

/** What a source may send. */
export type Kind = 'picture' | 'sound';

/** What has stopped while the other goes on. */
export interface Stop {
  readonly kind: Kind;
  /** For so long nothing of it had come when that was seen first. */
  readonly forMs: number;
}

/** Nothing is waited for longer, however seldom it came before. */
const MOST_PATIENCE = 30_000;
/** What comes seldom is not missed before so many of the gaps that it has had. */
const GAPS = 2.5;
/** A long gap is forgotten by this factor each time that more has come. */
const FORGET = 0.8;

/** Follows one kind. */
class Course {
  /** When it was last seen that more had come, or that it is listed; -1: it is not. */
  atMs = -1;
  #count = -1;
  #gapMs = 0;
  #hasCome = false;

  /** `count`: units that have come so far; null: it is not listed, or cannot be counted. */
  look(count: number | null, nowMs: number): void {
    if (count === null || this.atMs === -1) {
      this.atMs = count === null ? -1 : nowMs;
      this.#hasCome = false;
      this.#gapMs = 0;
    } else if (count !== this.#count) {
      if (this.#hasCome) this.#gapMs = Math.max(this.#gapMs * FORGET, nowMs - this.atMs);
      this.#hasCome = true;
      this.atMs = nowMs;
    }
    this.#count = count ?? -1;
  }

  /** For how long nothing may come; twice as long as ever where it is not known how often it comes. */
  patienceMs(leastMs: number): number {
    return Math.max(leastMs, Math.min(MOST_PATIENCE, this.#gapMs === 0 ? leastMs * 2 : this.#gapMs * GAPS));
  }
}

/** Follows one source. */
export class KindWatch {
  readonly #leastMs: number;
  readonly #picture = new Course();
  readonly #sound = new Course();
  #stop: Stop | null = null;

  /** @param leastMs for how long something may always stand still. */
  constructor(leastMs: number) {
    this.#leastMs = leastMs;
  }

  /** Another source begins. */
  reset(): void {
    this.#picture.look(null, 0);
    this.#sound.look(null, 0);
    this.#stop = null;
  }

  /** Takes the units that have come so far; null: such tracks are not listed, or cannot be counted. */
  look(pictures: number | null, sounds: number | null, nowMs: number): Stop | null {
    this.#picture.look(pictures, nowMs);
    this.#sound.look(sounds, nowMs);
    const found = this.#ifStopped('picture', nowMs) ?? this.#ifStopped('sound', nowMs);
    if (found?.kind !== this.#stop?.kind) this.#stop = found; // said with the same figure for as long as it lasts
    return this.#stop;
  }

  #ifStopped(kind: Kind, nowMs: number): Stop | null {
    const [one, other] = kind === 'picture' ? [this.#picture, this.#sound] : [this.#sound, this.#picture];
    const forMs = one.patienceMs(this.#leastMs);
    const hasStopped = one.atMs !== -1 && nowMs - one.atMs >= forMs;
    // The other has gone on meanwhile: what hangs as a whole is another fault.
    return hasStopped && other.atMs - one.atMs >= this.#leastMs ? { kind, forMs } : null;
  }
}
