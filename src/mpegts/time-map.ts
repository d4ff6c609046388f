// Carries a feed's time over to the program's: a line that bends where the feed is slewed, and never falls.
// Pure: no clock, no I/O.

/** Bends kept. While a feed is slewed each of its units may bend it, and sound may come 3 s behind its picture. */
const KNOTS = 512;
const FIRST_KNOTS = 8;
/** So many of the oldest are forgotten at a time. */
const FORGOTTEN = 128;

/**
 * A rising, piecewise linear function from input ticks to output ticks. It is only ever prolonged beyond the latest
 * input time it was asked for; earlier times are read off the line as it was. So two stamps keep their order whatever
 * is slewed between them: a picture's PTS stays behind its DTS, and pictures stay in display order.
 */
export class TimeMap {
  // Where the line bends, in order; grown as needed.
  #in = new Float64Array(FIRST_KNOTS);
  #out = new Float64Array(FIRST_KNOTS);
  #knots = 0;
  // Its end is kept apart: nearly all that is asked for is beyond it, and then the knots are not even read.
  #endIn = NaN;
  #endOut = NaN;
  #slope = NaN; // of what was asked for last

  /** Begins with input time `input` at output time `output`; before it the line has slope 1. */
  constructor(input: number, output: number) {
    this.#endIn = input;
    this.#endOut = output;
  }

  /** The latest input time that is settled. */
  get endIn(): number {
    return this.#endIn;
  }

  /** Its output time. */
  get endOut(): number {
    return this.#endOut;
  }

  /** Prolongs the line up to `input`, which is later than `endIn`; `slope` is output ticks an input tick, above 0. */
  extend(input: number, slope: number): void {
    if (slope !== this.#slope || this.#knots === 0) this.#bend();
    this.#slope = slope;
    this.#endOut += (input - this.#endIn) * slope;
    this.#endIn = input;
  }

  /** Moves the whole line `by` output ticks: all input times, those that were asked for too. */
  shift(by: number): void {
    for (let i = 0; i < this.#knots; i++) this.#out[i] = this.#out[i]! + by;
    this.#endOut += by;
  }

  /** The output time of `input`. Beyond the end the line is read on with slope 1, which binds nothing. */
  at(input: number): number {
    return input >= this.#endIn ? this.#endOut + (input - this.#endIn) : this.#before(input);
  }

  #before(input: number): number {
    let toIn = this.#endIn;
    let toOut = this.#endOut;
    let i = this.#knots;
    while (i > 0 && input < this.#in[i - 1]!) {
      i--;
      toIn = this.#in[i]!;
      toOut = this.#out[i]!;
    }
    if (i === 0) return toOut + (input - toIn);
    const from = this.#in[i - 1]!;
    const share = (input - from) / (toIn - from);
    return this.#out[i - 1]! + (toOut - this.#out[i - 1]!) * share;
  }

  /** The line may have another slope from its end on. */
  #bend(): void {
    if (this.#knots === KNOTS) {
      this.#in.copyWithin(0, FORGOTTEN);
      this.#out.copyWithin(0, FORGOTTEN);
      this.#knots -= FORGOTTEN;
    } else if (this.#knots === this.#in.length) {
      this.#in = longer(this.#in);
      this.#out = longer(this.#out);
    }
    this.#in[this.#knots] = this.#endIn;
    this.#out[this.#knots] = this.#endOut;
    this.#knots++;
  }
}

function longer(before: Float64Array): Float64Array<ArrayBuffer> {
  const after = new Float64Array(2 * before.length);
  after.set(before);
  return after;
}
