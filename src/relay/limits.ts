// The relay's limits in one place: what configuration may change, with the defaults.

/** Every limit of relaying; times in milliseconds. */
export interface Limits {
  /** A dial, its TLS and upgrade included, that took longer has failed. */
  readonly dialTimeoutMs: number;
  /** The first delay between two dials; it doubles up to {@link backoffMaxMs}. */
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** The delay starts over only after a link has been good for this long. */
  readonly goodAfterMs: number;
  readonly pingIntervalMs: number;
  /** A link from which nothing was heard for this long is dead. */
  readonly pongTimeoutMs: number;
  /** How long a closing handshake may take before the socket is cut. */
  readonly closeTimeoutMs: number;
  /** Bytes waiting for one reader above which whole messages are dropped for it. */
  readonly highWaterBytes: number;
  /** How long a start waits for a random access point where they are known to come: a reader's, or a stream's picture. */
  readonly keyframeWaitMs: number;
  /** And where none was ever seen; so a reader that keeps up again waits, too. */
  readonly resumeAfterMs: number;
  /** A viewer that has read nothing for this long while messages were dropped for it is let go. */
  readonly stuckAfterMs: number;
  /** Megabytes of all that is kept for viewers who join; 0: nothing is kept. */
  readonly cacheMb: number;
  /** The largest message a WebSocket may bring. */
  readonly maxMessageBytes: number;
  /** Local WebSockets on one feed or stream. */
  readonly maxClients: number;
  /** Rules of each kind. */
  readonly maxRules: number;
  /** Feeds at a time. */
  readonly maxFeeds: number;
  /** A feed without source, rule or client is forgotten after this long. */
  readonly forgetAfterMs: number;
  /** A source that has sent nothing for this long is told of as silent. */
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
