// The timing of a track's units (pictures, pieces of sound), by their time stamps and by arrival. It determines when a
// track counts as stopped: a picture every two seconds is as alive as 25 a second.
// Pure: time is an argument. Milliseconds.

/** Gaps that are kept. */
const KEPT = 8;
/** A track never counts as stopped earlier than this: networks and encoders pause, too. */
const MIN_PATIENCE = 2000;
/** The same for a track with a single unit so far, whose interval is unknown. */
const FIRST_PATIENCE = 5000;
/** Units missing for this long are late. */
const LATE_AFTER = 500;
/** A track counts as stopped after this at the latest, whatever its interval was. */
const MAX_PATIENCE = 30_000;
/** Units that arrive faster than real time by this factor come from a cache, and say nothing about the present. */
const BURST = 1.5;
/** A shorter time says nothing about how fast units come: a busy page takes the messages of a cache one by one. */
const MIN_SPAN = 150;

/** The recent gaps between recurring arrivals. */
export class RecentIntervals {
  readonly #gaps: number[] = [];

  add(gap: number): void {
    this.#gaps.push(gap);
    if (this.#gaps.length > KEPT) this.#gaps.shift();
  }

  /**
   * The expected next gap; 0: none so far. It is the second longest: one long pause of eight is an exception, two are
   * not.
   */
  get expected(): number {
    const sorted = this.#gaps.toSorted((a, b) => b - a);
    return sorted[1] ?? sorted[0] ?? 0;
  }
}

/** Measures the units of one track. */
export class ArrivalRhythm {
  /** When the last unit arrived; -1: none has. */
  lastArrivalMs = -1;
  /** Time of the last unit by its stamp (DTS). */
  timeMs = -1;
  /** Since when it has been alive: its first unit, or the first after an overdue one. */
  aliveSince = -1;
  /** Whether a unit has arrived in real time, not from a cache. */
  isProven = false;
  #spanTimeMs = -1; // the unit from which on none has come faster than real time
  #spanArrivalMs = -1;
  readonly #stampGaps = new RecentIntervals();
  readonly #arrivalGaps = new RecentIntervals();

  /** Adds a unit with the time `timeMs` that arrived at `nowMs`. */
  add(timeMs: number, nowMs: number): void {
    if (!this.isAlive(nowMs)) this.aliveSince = nowMs;
    if (this.lastArrivalMs !== -1) {
      const stampGap = timeMs - this.timeMs;
      const arrivalGap = nowMs - this.lastArrivalMs;
      if (stampGap > 0) this.#stampGaps.add(stampGap);
      // Several in one message are one arrival.
      if (arrivalGap > 2) this.#arrivalGaps.add(arrivalGap);
    }
    const spanMs = nowMs - this.#spanArrivalMs;
    if (this.#spanArrivalMs === -1 || timeMs - this.#spanTimeMs > spanMs * BURST) {
      this.#spanTimeMs = timeMs;
      this.#spanArrivalMs = nowMs;
    } else if (spanMs > MIN_SPAN) {
      this.isProven = true;
    }
    this.timeMs = timeMs;
    this.lastArrivalMs = nowMs;
  }

  /** The expected time between units; 0: unknown so far. */
  get expectedIntervalMs(): number {
    return Math.max(this.#stampGaps.expected, this.#arrivalGaps.expected);
  }

  /** How long nothing may arrive before the track counts as stopped. */
  get timeoutMs(): number {
    if (this.#stampGaps.expected === 0) return FIRST_PATIENCE;
    return Math.min(MAX_PATIENCE, Math.max(MIN_PATIENCE, this.expectedIntervalMs * 2.5));
  }

  /** Whether its next unit is late, though the track may not count as stopped yet. */
  isLate(nowMs: number): boolean {
    return nowMs - this.lastArrivalMs > Math.max(LATE_AFTER, this.expectedIntervalMs * 1.5);
  }

  /** Whether its next unit is not overdue. */
  isAlive(nowMs: number): boolean {
    return this.lastArrivalMs !== -1 && nowMs - this.lastArrivalMs < this.timeoutMs;
  }
}
