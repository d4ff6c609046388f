// The least of the values seen over the last 16 s: of delays, it is that of something that nothing delayed.
// Pure: no clock, no I/O; time is an argument.

const BUCKETS = 8;
/** BUCKETS of these are long enough to meet an undelayed packet, and short for drift. */
const BUCKET_MS = 2000;

export class LeastWindow {
  readonly #least = new Float64Array(BUCKETS).fill(Infinity);
  #bucket = NaN;
  #min = Infinity;
  // Of the bucket at hand: with a hundred streams each step into an array is one to main memory.
  #fromMs = NaN;
  #bucketLeast = Infinity;

  /** The least value of the window; Infinity before the first. */
  get least(): number {
    return this.#min;
  }

  /** Takes a value; true if {@link least} may be another now. */
  take(value: number, nowMs: number): boolean {
    const isNothingNew = value >= this.#bucketLeast && nowMs >= this.#fromMs && nowMs < this.#fromMs + BUCKET_MS;
    return !isNothingNew && this.#note(value, nowMs);
  }

  #note(value: number, nowMs: number): boolean {
    const bucket = Math.floor(nowMs / BUCKET_MS);
    const turns = bucket !== this.#bucket;
    if (turns) this.#turn(bucket);
    const slot = bucket % BUCKETS;
    const isLess = value < this.#min;
    if (value < this.#least[slot]!) this.#least[slot] = value;
    // A window that has only just been emptied keeps its old figure: see #turn.
    if (isLess) this.#min = value;
    this.#fromMs = bucket * BUCKET_MS;
    this.#bucketLeast = this.#least[slot]!;
    return turns || isLess;
  }

  /** Adds `by` to what was seen. */
  raise(by: number): void {
    for (let i = 0; i < BUCKETS; i++) this.#least[i] = this.#least[i]! + by;
    this.#min += by;
    this.#bucketLeast += by;
  }

  reset(): void {
    this.#least.fill(Infinity);
    this.#min = this.#bucketLeast = Infinity;
  }

  /** Opens a bucket: the ones that are too old leave the window. */
  #turn(bucket: number): void {
    const skipped = Number.isNaN(this.#bucket) ? BUCKETS : Math.min(Math.abs(bucket - this.#bucket), BUCKETS);
    for (let i = 0; i < skipped; i++) this.#least[(bucket - i + BUCKETS * 2) % BUCKETS] = Infinity;
    this.#bucket = bucket;
    let min = Infinity;
    for (const value of this.#least) min = Math.min(min, value);
    // After a pause longer than the window the first packet may be a late one: what was known holds for a bucket more.
    if (min !== Infinity) this.#min = min;
  }
}
