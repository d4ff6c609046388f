// Limits failed attempts (wrong keys or tokens) per address and minute.

const WINDOW_MS = 60_000;
/** Addresses remembered at a time; the oldest is forgotten first. */
const MAX_ADDRESSES = 10_000;

/** Failed attempts by address, within a minute of the first of them. */
export class FailedAttempts {
  readonly #tries = new Map<string, { count: number; until: number }>();

  /** @param most how many are allowed in a minute. */
  constructor(private readonly most: number) {}

  /** Whether an address has reached the limit. */
  hasReachedLimit(address: string, nowMs: number): boolean {
    const entry = this.#tries.get(address);
    return entry !== undefined && isCurrent(entry, nowMs) && entry.count >= this.most;
  }

  /** Counts a failed attempt. */
  add(address: string, nowMs: number): void {
    const entry = this.#tries.get(address);
    if (entry && isCurrent(entry, nowMs)) {
      entry.count++;
      return;
    }
    this.#tries.delete(address);
    const [oldest] = this.#tries.keys();
    if (oldest !== undefined && this.#tries.size >= MAX_ADDRESSES) this.#tries.delete(oldest);
    this.#tries.set(address, { count: 1, until: nowMs + WINDOW_MS });
  }
}

/** Nothing is blocked for more than a minute, even if the clock is set back. */
function isCurrent({ until }: { until: number }, nowMs: number): boolean {
  return until > nowMs && until - nowMs <= WINDOW_MS;
}
