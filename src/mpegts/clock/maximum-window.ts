// The maximum of recent values: those of the current time span and of the one before it. The span is longer while a
// maximum recurs that was forgotten in between. Pure: no clock, no I/O; time is an argument.

import { TICKS_PER_MS } from '../packet/timestamp.js';

/** Maxima that differ by less than this are alike. */
const ALIKE = 50 * TICKS_PER_MS;

export class MaximumWindow {
  readonly #shortestMs: number;
  readonly #longestMs: number;
  #spanMs: number;
  #maximum = -Infinity;
  #before = -Infinity; // maximum of the previous span
  #older = -Infinity; // and of the one before that
  #fromMs = NaN;

  /** A maximum is remembered for between once and twice `spanMs`; if it recurs, for at least `longestMs`. */
  constructor(spanMs: number, longestMs = spanMs) {
    this.#spanMs = this.#shortestMs = spanMs;
    this.#longestMs = longestMs;
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
    this.#maximum = this.#before = this.#older = -Infinity;
    this.#fromMs = NaN;
  }

  /** Adds `by` to what was seen. */
  raise(by: number): void {
    this.#maximum += by;
    this.#before += by;
    this.#older += by;
  }

  #age(nowMs: number): void {
    const nextMs = this.#fromMs + this.#spanMs; // not when the next value comes: two spans last no longer than two spans
    const isNext = nowMs < nextMs + this.#spanMs;
    if (isNext) this.#adaptSpan();
    this.#older = isNext ? this.#before : -Infinity;
    this.#before = isNext ? this.#maximum : -Infinity;
    this.#maximum = -Infinity;
    this.#fromMs = isNext ? nextMs : nowMs;
  }

  /** A span ends. It is too short if it saw what the span before the previous one saw and the previous one did not. */
  #adaptSpan(): void {
    const isForgotten = this.#older > this.#before + ALIKE;
    if (isForgotten && this.#maximum > this.#before + ALIKE) this.#spanMs = this.#longestMs;
    else if (this.#maximum < this.#before - ALIKE) this.#spanMs = this.#shortestMs;
  }
}
