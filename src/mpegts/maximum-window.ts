// The maximum of recent values: those of the current time span and of the one before it.
// Pure: no clock, no I/O; time is an argument.

export class MaximumWindow {
  readonly #spanMs: number;
  #maximum = -Infinity;
  #before = -Infinity; // maximum of the previous span
  #fromMs = NaN;

  constructor(spanMs: number) {
    this.#spanMs = spanMs;
  }

  add(value: number, nowMs: number): void {
    if (!(nowMs - this.#fromMs < this.#spanMs)) this.#age(nowMs);
    if (value > this.#maximum) this.#maximum = value;
  }

  /** The maximum; -Infinity: there were no values. */
  maximum(nowMs: number): number {
    if (!(nowMs - this.#fromMs < this.#spanMs)) this.#age(nowMs);
    return Math.max(this.#maximum, this.#before);
  }

  reset(): void {
    this.#maximum = this.#before = -Infinity;
    this.#fromMs = NaN;
  }

  /** Adds `by` to what was seen. */
  raise(by: number): void {
    this.#maximum += by;
    this.#before += by;
  }

  #age(nowMs: number): void {
    const age = nowMs - this.#fromMs;
    this.#before = age < 2 * this.#spanMs ? this.#maximum : -Infinity;
    this.#maximum = -Infinity;
    this.#fromMs = nowMs;
  }
}
