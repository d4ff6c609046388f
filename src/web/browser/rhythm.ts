// How often a track's units (pictures, pieces of sound) come, by their own time stamps and by the clock on the wall. What
// counts as alive follows from that: a picture every two seconds is as alive as 25 a second.
// Pure: time is an argument. Milliseconds.

/** Gaps that are remembered. */
const KEPT = 8;
/** A track is never given up earlier than this: networks and encoders pause, too. */
const LEAST_PATIENCE = 2000;
/** A track of which one unit has come, whose rhythm is not known yet. */
const FIRST_PATIENCE = 5000;
/** Units that do not come for so long are late. */
const LATE_AFTER = 500;
/** Nor is it believed in for longer, whatever its rhythm was. */
const MOST_PATIENCE = 30_000;
/** Units that come faster than real time by this factor were kept somewhere, and say nothing of now. */
const BURST = 1.5;
/** A shorter time says nothing about how fast units come. */
const LEAST_SPAN = 30;

/** The gaps of late between things that come again and again. */
export class Gaps {
  readonly #gaps: number[] = [];

  add(gap: number): void {
    this.#gaps.push(gap);
    if (this.#gaps.length > KEPT) this.#gaps.shift();
  }

  /** How long the next one may be; 0: none has been. The second longest: one long pause is no rhythm, two of eight are. */
  get expected(): number {
    const sorted = this.#gaps.toSorted((a, b) => b - a);
    return sorted[1] ?? sorted[0] ?? 0;
  }
}

/** Follows the units of one track. */
export class Rhythm {
  /** When the last unit came; -1: none has. */
  arrivedAt = -1;
  /** Time of the last unit by its stamp (DTS). */
  timeMs = -1;
  /** Since when it has been alive: its first unit, or the first after it had been overdue. */
  aliveSince = -1;
  /** Whether a unit has come as it was made, not out of a cache. */
  isProven = false;
  readonly #stampGaps = new Gaps();
  readonly #arrivalGaps = new Gaps();

  /** Takes a unit with the time `timeMs` that arrived at `nowMs`. */
  take(timeMs: number, nowMs: number): void {
    if (!this.isAlive(nowMs)) this.aliveSince = nowMs;
    if (this.arrivedAt !== -1) {
      const stampGap = timeMs - this.timeMs;
      const arrivalGap = nowMs - this.arrivedAt;
      if (stampGap > 0) this.#stampGaps.add(stampGap);
      // Several in one message are one arrival.
      if (arrivalGap > 2) this.#arrivalGaps.add(arrivalGap);
      if (arrivalGap > LEAST_SPAN && stampGap < arrivalGap * BURST) this.isProven = true;
    }
    this.timeMs = timeMs;
    this.arrivedAt = nowMs;
  }

  /** The time from one unit to the next that has to be expected; 0: not known yet. */
  get gapMs(): number {
    return Math.max(this.#stampGaps.expected, this.#arrivalGaps.expected);
  }

  /** For how long nothing may come before the track counts as stopped. */
  get patienceMs(): number {
    if (this.#stampGaps.expected === 0) return FIRST_PATIENCE;
    return Math.min(MOST_PATIENCE, Math.max(LEAST_PATIENCE, this.gapMs * 2.5));
  }

  /** Whether its next unit comes late: sooner than it counts as stopped. */
  isLate(nowMs: number): boolean {
    return nowMs - this.arrivedAt > Math.max(LATE_AFTER, this.gapMs * 1.5);
  }

  /** Whether its next unit is not overdue. */
  isAlive(nowMs: number): boolean {
    return this.arrivedAt !== -1 && nowMs - this.arrivedAt < this.patienceMs;
  }
}
