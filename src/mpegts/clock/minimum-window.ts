// The minimum of the values of the last 16 s: of delays, it is that of an undelayed packet.
// Pure: no clock, no I/O; time is an argument.

const BUCKETS = 8;
/** BUCKETS of these are long enough to include an undelayed packet, and short against clock drift. */
const BUCKET_MS = 2000;

export class MinimumWindow {
  readonly #minimum = new Float64Array(BUCKETS).fill(Infinity);
  #bucket = NaN;
  #min = Infinity;
  // The current bucket, outside the array: with a hundred streams each array access is a cache miss.
  #bucketStartMs = NaN;
  #bucketLeast = Infinity;

  /** The minimum of the window; Infinity before the first value. */
  get minimum(): number {
    return this.#min;
  }

  /** Adds a value; true if {@link minimum} may have changed. */
  add(value: number, nowMs: number): boolean {
    const isNothingNew =
      value >= this.#bucketLeast && nowMs >= this.#bucketStartMs && nowMs < this.#bucketStartMs + BUCKET_MS;
    return !isNothingNew && this.#addToBucket(value, nowMs);
  }

  #addToBucket(value: number, nowMs: number): boolean {
    const bucket = Math.floor(nowMs / BUCKET_MS);
    const turns = bucket !== this.#bucket;
    if (turns) this.#rotate(bucket);
    const slot = bucket % BUCKETS;
    const isLess = value < this.#min;
    if (value < this.#minimum[slot]!) this.#minimum[slot] = value;
    // A window that has just been emptied keeps its old minimum: see #turn.
    if (isLess) this.#min = value;
    this.#bucketStartMs = bucket * BUCKET_MS;
    this.#bucketLeast = this.#minimum[slot]!;
    return turns || isLess;
  }

  /** Adds `by` to all values of the window. */
  raise(by: number): void {
    for (let i = 0; i < BUCKETS; i++) this.#minimum[i] = this.#minimum[i]! + by;
    this.#min += by;
    this.#bucketLeast += by;
  }

  reset(): void {
    this.#minimum.fill(Infinity);
    this.#min = this.#bucketLeast = Infinity;
  }

  /** Opens a bucket; those that are too old leave the window. */
  #rotate(bucket: number): void {
    const skipped = Number.isNaN(this.#bucket) ? BUCKETS : Math.min(Math.abs(bucket - this.#bucket), BUCKETS);
    for (let i = 0; i < skipped; i++) this.#minimum[(bucket - i + BUCKETS * 2) % BUCKETS] = Infinity;
    this.#bucket = bucket;
    let min = Infinity;
    for (const value of this.#minimum) min = Math.min(min, value);
    // After a pause longer than the window the first packet may be delayed: the old minimum holds for one more bucket.
    if (min !== Infinity) this.#min = min;
  }
}
