// Traffic counters of a topic, and rates, sampled once a second.

/** Seconds over which a rate is measured. */
const WINDOW = 5;

/** Counters of one topic, or of all together. */
export class TrafficCounters {
  receivedMessages = 0;
  receivedBytes = 0;
  /** Messages of publishers that were not active. */
  heldBackMessages = 0;
  sentMessages = 0;
  sentBytes = 0;
  /** Messages dropped for slow viewers. */
  droppedMessages = 0;
  droppedBytes = 0;
  /** Viewers that were closed because they read nothing. */
  stuckViewers = 0;
  /** Reads with so many tiny messages that other connections were served in between. */
  throttledReads = 0;

  readonly #samples: { atMs: number; received: number; sent: number }[] = [];

  /** Takes a sample; called about once a second. */
  sample(nowMs: number): void {
    this.#samples.push({ atMs: nowMs, received: this.receivedBytes, sent: this.sentBytes });
    if (this.#samples.length > WINDOW) this.#samples.shift();
  }

  /** Bits per second over the last few seconds, in and out. */
  rates(nowMs: number): { receivedBitsPerSecond: number; sentBitsPerSecond: number } {
    const first = this.#samples[0];
    const seconds = first === undefined ? 0 : (nowMs - first.atMs) / 1000;
    if (first === undefined || seconds < 0.1) return { receivedBitsPerSecond: 0, sentBitsPerSecond: 0 };
    const perSecond = (bytes: number) => Math.round((bytes * 8) / seconds);
    return {
      receivedBitsPerSecond: perSecond(this.receivedBytes - first.received),
      sentBitsPerSecond: perSecond(this.sentBytes - first.sent),
    };
  }

  /** Adds the counters of another. */
  add(other: TrafficCounters): void {
    this.receivedMessages += other.receivedMessages;
    this.receivedBytes += other.receivedBytes;
    this.heldBackMessages += other.heldBackMessages;
    this.sentMessages += other.sentMessages;
    this.sentBytes += other.sentBytes;
    this.droppedMessages += other.droppedMessages;
    this.droppedBytes += other.droppedBytes;
    this.stuckViewers += other.stuckViewers;
    this.throttledReads += other.throttledReads;
  }
}
