// The relay's limits in one place, with their defaults; configuration may change them.

/** Every limit of relaying; times in milliseconds. */
export interface Limits {
  /** The time-out of a dial, including TLS and upgrade. */
  readonly dialTimeoutMs: number;
  /** The first delay between two dials; it doubles up to {@link backoffMaxMs}. */
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** The delay starts over only after a link has been good for this long. */
  readonly goodAfterMs: number;
  readonly pingIntervalMs: number;
  /** A link on which nothing has been received for this long is considered dead. */
  readonly pongTimeoutMs: number;
  /** How long a closing handshake may take before the socket is cut. */
  readonly closeTimeoutMs: number;
  /** Bytes waiting for one reader above which whole messages are dropped for it. */
  readonly highWaterBytes: number;
  /** How long a reader or a stream's video waits for a random access point, if there have been any. */
  readonly keyframeWaitMs: number;
  /** The same if there have been none; also how long a reader that has caught up waits. */
  readonly resumeAfterMs: number;
  /** A viewer that has read nothing for this long while messages were dropped for it is disconnected. */
  readonly stuckAfterMs: number;
  /** Megabytes of all caches for late viewers; 0: no caches. */
  readonly cacheMb: number;
  /** The largest message that is accepted on a WebSocket. */
  readonly maxMessageBytes: number;
  /** Local WebSockets on one feed or stream. */
  readonly maxClients: number;
  /** Rules of each kind. */
  readonly maxRules: number;
  /** The number of feeds. */
  readonly maxFeeds: number;
  /** A feed without source, rule or client is removed after this long. */
  readonly forgetAfterMs: number;
  /** A source that has sent nothing for this long is reported as silent. */
  readonly silentAfterMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  dialTimeoutMs: 10_000,
  backoffMinMs: 1_000,
  backoffMaxMs: 10_000,
  goodAfterMs: 5_000,
  pingIntervalMs: 15_000,
  pongTimeoutMs: 30_000,
  closeTimeoutMs: 1_000,
  highWaterBytes: 2_000_000,
  keyframeWaitMs: 15_000,
  resumeAfterMs: 2_000,
  stuckAfterMs: 30_000,
  cacheMb: 32,
  maxMessageBytes: 10 * 1024 * 1024,
  maxClients: 100,
  maxRules: 10_000,
  maxFeeds: 10_000,
  forgetAfterMs: 60_000,
  silentAfterMs: 5_000,
};
