// The maximum of recent values: those of the current time span and of the one before it.
// Pure: no clock, no I/O; time is an argument.

export class MaximumWindow {
  readonly #spanMs: number;
  #most = -Infinity;
  #before = -Infinity; // maximum of the previous span
  #fromMs = NaN;

  constructor(spanMs: number) {
    this.#spanMs = spanMs;
  }

  add(value: number, nowMs: number): void {
    if (!(nowMs - this.#fromMs < this.#spanMs)) this.#age(nowMs);
    if (value > this.#most) this.#most = value;
  }

  /** The maximum; -Infinity: there were no values. */
  maximum(nowMs: number): number {
    if (!(nowMs - this.#fromMs < this.#spanMs)) this.#age(nowMs);
    return Math.max(this.#most, this.#before);
  }

  reset(): void {
    this.#most = this.#before = -Infinity;
    this.#fromMs = NaN;
  }

  /** Adds `by` to what was seen. */
  raise(by: number): void {
    this.#most += by;
    this.#before += by;
  }

  #age(nowMs: number): void {
    const age = nowMs - this.#fromMs;
    this.#before = age < 2 * this.#spanMs ? this.#most : -Infinity;
    this.#most = -Infinity;
    this.#fromMs = nowMs;
  }
}
