// Whether video and audio of a source both continue: one may stop while the other goes on, so that data still arrives.
// Sampled once a second, at no cost per packet.
// No clock, no timers: time is an argument. Milliseconds.

/** A kind of media that a source may send. */
export type Kind = 'picture' | 'sound';

/** The kind that has stopped while the other continues. */
export interface Stall {
  readonly kind: Kind;
  /** How long nothing of it had arrived when this was detected. */
  readonly forMs: number;
}

/** The longest patience, however rarely units arrived before. */
const MAX_PATIENCE = 30_000;
/** Rare units are not considered stopped before this many times their usual gap. */
const GAPS = 2.5;
/** The factor by which the remembered gap shrinks with each new unit. */
const GAP_DECAY = 0.8;

/** Tracks one kind. */
class TrackActivity {
  /** When its count last rose, or when it was first listed; -1: it is not listed. */
  atMs = -1;
  #count = -1;
  #gapMs = 0;
  #hasArrived = false;

  /** `count`: units received so far; null: it is not listed, or cannot be counted. */
  sample(count: number | null, nowMs: number): void {
    if (count === null || this.atMs === -1) {
      this.atMs = count === null ? -1 : nowMs;
      this.#hasArrived = false;
      this.#gapMs = 0;
    } else if (count !== this.#count) {
      if (this.#hasArrived) this.#gapMs = Math.max(this.#gapMs * GAP_DECAY, nowMs - this.atMs);
      this.#hasArrived = true;
      this.atMs = nowMs;
    }
    this.#count = count ?? -1;
  }

  /** How long nothing may arrive; twice the minimum while the usual gap is not known. */
  patienceMs(leastMs: number): number {
    return Math.max(leastMs, Math.min(MAX_PATIENCE, this.#gapMs === 0 ? leastMs * 2 : this.#gapMs * GAPS));
  }
}

/** Tracks video and audio of one source. */
export class TrackStallDetector {
  readonly #minMs: number;
  readonly #picture = new TrackActivity();
  readonly #sound = new TrackActivity();
  #stop: Stall | null = null;

  /** @param leastMs a pause that is always allowed. */
  constructor(leastMs: number) {
    this.#minMs = leastMs;
  }

  /** A new source starts. */
  reset(): void {
    this.#picture.sample(null, 0);
    this.#sound.sample(null, 0);
    this.#stop = null;
  }

  /** Takes the units received so far; null: no such track is listed, or it cannot be counted. */
  sample(pictures: number | null, sounds: number | null, nowMs: number): Stall | null {
    this.#picture.sample(pictures, nowMs);
    this.#sound.sample(sounds, nowMs);
    const found = this.#ifStopped('picture', nowMs) ?? this.#ifStopped('sound', nowMs);
    if (found?.kind !== this.#stop?.kind) this.#stop = found; // the reported figure stays the same while it lasts
    return this.#stop;
  }

  #ifStopped(kind: Kind, nowMs: number): Stall | null {
    const [one, other] = kind === 'picture' ? [this.#picture, this.#sound] : [this.#sound, this.#picture];
    const forMs = one.patienceMs(this.#minMs);
    const hasStopped = one.atMs !== -1 && nowMs - one.atMs >= forMs;
    // The other must have continued meanwhile: if both have stopped, the fault is another one.
    return hasStopped && other.atMs - one.atMs >= this.#minMs ? { kind, forMs } : null;
  }
}
