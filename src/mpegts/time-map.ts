// Carries a feed's time over to the program's: a line that bends where the feed is slewed, and never falls.
// Pure: no clock, no I/O.

/** Bends kept. While a feed is slewed each of its units may bend it, and sound may come 3 s behind its picture. */
const KNOTS = 512;
/** So many of the oldest are forgotten at a time. */
const FORGOTTEN = 128;

/**
 * A rising, piecewise linear function from input ticks to output ticks. It is only ever prolonged beyond the latest
 * input time it was asked for; earlier times are read off the line as it was. So two stamps keep their order whatever
 * is slewed between them: a picture's PTS stays behind its DTS, and pictures stay in display order.
 */
export class TimeMap {
  readonly #in = new Float64Array(KNOTS);
  readonly #out = new Float64Array(KNOTS);
  #last = 0;
  #slope = 1;

  /** Begins with input time `input` at output time `output`; before it the line has slope 1. */
  constructor(input: number, output: number) {
    this.#in[0] = input;
    this.#out[0] = output;
  }

  /** The latest input time that is settled. */
  get endIn(): number {
    return this.#in[this.#last]!;
  }

  /** Its output time. */
  get endOut(): number {
    return this.#out[this.#last]!;
  }

  /** Prolongs the line up to `input`, which is later than `endIn`; `slope` is output ticks an input tick, above 0. */
  extend(input: number, slope: number): void {
    const output = this.endOut + (input - this.endIn) * slope;
    if (slope !== this.#slope || this.#last === 0) this.#bend();
    this.#slope = slope;
    this.#in[this.#last] = input;
    this.#out[this.#last] = output;
  }

  /** Moves the whole line `by` output ticks: all input times, those that were asked for too. */
  shift(by: number): void {
    for (let i = 0; i <= this.#last; i++) this.#out[i] = this.#out[i]! + by;
  }

  /** The output time of `input`. Beyond the end the line is read on with slope 1, which binds nothing. */
  at(input: number): number {
    let i = this.#last;
    if (input >= this.#in[i]!) return this.#out[i]! + (input - this.#in[i]!);
    while (i > 0 && input < this.#in[i - 1]!) i--;
    if (i === 0) return this.#out[0]! + (input - this.#in[0]!);
    const from = this.#in[i - 1]!;
    const share = (input - from) / (this.#in[i]! - from);
    return this.#out[i - 1]! + (this.#out[i]! - this.#out[i - 1]!) * share;
  }

  #bend(): void {
    if (this.#last + 1 < KNOTS) {
      this.#last++;
      return;
    }
    this.#in.copyWithin(0, FORGOTTEN);
    this.#out.copyWithin(0, FORGOTTEN);
    this.#last += 1 - FORGOTTEN;
  }
}
