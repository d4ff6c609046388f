// Maps a feed's time to the program's: a line whose slope changes where the feed is slewed, and that never decreases.
// Pure: no clock, no I/O.

/** Knots kept. While a feed is slewed each unit may add one, and audio may be 3 s behind its video. */
const KNOTS = 512;
const FIRST_KNOTS = 8;
/** How many of the oldest are discarded at a time. */
const FORGOTTEN = 128;

/**
 * A rising, piecewise linear function from input ticks to output ticks. It is only ever extended beyond the latest
 * requested input time; earlier times are read from the existing line. So slewing never changes the order of two
 * timestamps: PTS stays after DTS, and pictures stay in display order.
 */
export class TimeMap {
  // The knots, in order; the arrays grow as needed.
  #in = new Float64Array(FIRST_KNOTS);
  #out = new Float64Array(FIRST_KNOTS);
  #knots = 0;
  // The end is stored separately: nearly all requests are beyond it, and do not need the knots.
  #endInput = NaN;
  #endOutput = NaN;
  #slope = NaN; // of the last extension

  /** Starts with output time `output` for input time `input`; before it the line has slope 1. */
  constructor(input: number, output: number) {
    this.#endInput = input;
    this.#endOutput = output;
  }

  /** The latest input time whose output is fixed. */
  get endInput(): number {
    return this.#endInput;
  }

  /** Its output time. */
  get endOutput(): number {
    return this.#endOutput;
  }

  /** Extends the line to `input`, which is later than `endInput`; `slope` is output ticks per input tick, above 0. */
  extend(input: number, slope: number): void {
    if (slope !== this.#slope || this.#knots === 0) this.#bend();
    this.#slope = slope;
    this.#endOutput += (input - this.#endInput) * slope;
    this.#endInput = input;
  }

  /** Shifts the whole line by `by` output ticks, for all input times, including requested ones. */
  shift(by: number): void {
    for (let i = 0; i < this.#knots; i++) this.#out[i] = this.#out[i]! + by;
    this.#endOutput += by;
  }

  /** The output time of `input`. Beyond the end, the line is extrapolated with slope 1, without fixing it. */
  at(input: number): number {
    return input >= this.#endInput ? this.#endOutput + (input - this.#endInput) : this.#before(input);
  }

  #before(input: number): number {
    let toIn = this.#endInput;
    let toOut = this.#endOutput;
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

  /** Adds a knot at the end, so that the slope can change there. */
  #bend(): void {
    if (this.#knots === KNOTS) {
      this.#in.copyWithin(0, FORGOTTEN);
      this.#out.copyWithin(0, FORGOTTEN);
      this.#knots -= FORGOTTEN;
    } else if (this.#knots === this.#in.length) {
      this.#in = longer(this.#in);
      this.#out = longer(this.#out);
    }
    this.#in[this.#knots] = this.#endInput;
    this.#out[this.#knots] = this.#endOutput;
    this.#knots++;
  }
}

function longer(before: Float64Array): Float64Array<ArrayBuffer> {
  const after = new Float64Array(2 * before.length);
  after.set(before);
  return after;
}
