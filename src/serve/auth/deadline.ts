// A timer for a point in wall-clock time. The clock may be set meanwhile: a board without a battery starts in the past
// and is corrected by years, so the clock is checked at an interval. That also covers times far ahead: Node's own timer
// fires at once for more than 24.8 days (2^31 ms).

/** How long a correction of the clock may go unnoticed. */
const CHECK_INTERVAL_MS = 15_000;

/** The source of the time; tests use others. */
export interface WallClock {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The interval at which it is checked. */
  readonly checkMs: number;
}

const SYSTEM_CLOCK: WallClock = { now: () => Date.now(), checkMs: CHECK_INTERVAL_MS };

/**
 * Calls `reached` once at `atMs` (milliseconds since 1970) or later, never for Infinity. Returns a function that
 * cancels it.
 */
export function atTime(atMs: number, reached: () => void, clock: WallClock = SYSTEM_CLOCK): () => void {
  let timer: NodeJS.Timeout | undefined;
  const wait = () => {
    const leftMs = atMs - clock.now();
    if (leftMs <= 0) reached();
    else timer = setTimeout(wait, Math.min(leftMs, clock.checkMs)).unref();
  };
  if (atMs !== Infinity) wait();
  return () => clearTimeout(timer);
}
