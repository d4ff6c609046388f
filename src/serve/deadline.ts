// A timer for a moment of the wall clock, which may be set while it runs: a board without a battery starts in the past and
// is corrected by years. So the clock is looked at again and again. That also covers moments that are far: Node's own
// timer takes more than 24.8 days (2^31 ms) for no time at all.

/** How long a corrected clock may go unseen. */
const CHECK_MS = 15_000;

/** What the time is taken from; tests have others. */
export interface WallClock {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How often it is looked at. */
  readonly checkMs: number;
}

const SYSTEM_CLOCK: WallClock = { now: () => Date.now(), checkMs: CHECK_MS };

/** Calls `reached` once when it is `atMs` (milliseconds since 1970) or later, never for Infinity. Returns what calls it off. */
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
