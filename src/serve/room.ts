// One topic: who publishes, who watches, what went through. It is there as long as anybody is.

import type { Log } from '../log.js';
import type { Fault } from '../relay/event.js';
import { Feed, type Sink } from '../relay/feed.js';
import type { CacheBudget } from '../relay/gop-cache.js';
import type { PlayStatus } from '../web/play-status.js';
import { Contribution } from './contribution.js';
import type { ServeLimits } from './limits.js';
import { TopicSeats } from './topic-seats.js';
import { Traffic } from './traffic.js';
import type { TopicViewer } from './viewer.js';

/** What a topic is doing, for `/status`. Times are milliseconds since 1970. */
export interface RoomStats {
  readonly sinceMs: number;
  readonly publishers: number;
  /** When the one that counts began; null: nobody publishes. */
  readonly publishingSinceMs: number | null;
  readonly viewers: number;
  /** What is wrong with what comes; null: nothing. */
  readonly fault: Fault | null;
  /** What of it the publisher says to be muted; null: nothing, or it does not say. */
  readonly muted: 'all' | null;
  readonly codecs: readonly string[];
  readonly receivedMessages: number;
  readonly receivedBytes: number;
  readonly receivedBitsPerSecond: number;
  readonly heldBackMessages: number;
  readonly sentMessages: number;
  readonly sentBytes: number;
  readonly sentBitsPerSecond: number;
  readonly droppedMessages: number;
  readonly droppedBytes: number;
  readonly stuckViewers: number;
  readonly throttledReads: number;
  readonly packets: number;
  readonly continuityErrors: number;
}

/** The topic of a name. */
export class Room {
  readonly feed: Feed;
  readonly traffic = new Traffic();
  /** The publisher whose messages are handed on; null: there is none. */
  counting: Contribution | null = null;
  readonly seats: TopicSeats;
  /** WebSockets that have a seat, or are being given one. */
  clients = 0;

  readonly #log: Log;
  readonly #sinceMs = Date.now();
  #countingSinceMs = 0;
  #pids: readonly number[] = []; // of the tracks that the one that counts has sent
  #mediaVersion = 0;
  #contributions: readonly Contribution[] = [];
  readonly #viewers = new Set<TopicViewer>();
  #lastNumber = 0;

  /** @param budget for what is kept for those who join; null: nothing is. */
  constructor(
    readonly name: string,
    /** The address that had it made, as a path of shares. */
    readonly maker: readonly string[],
    budget: CacheBudget | null,
    limits: ServeLimits,
    log: Log,
  ) {
    this.seats = new TopicSeats(limits);
    this.feed = new Feed(name, undefined, budget);
    this.#log = log;
  }

  /** How many publish, or may. */
  get publishers(): number {
    return this.#contributions.length;
  }

  /** How many watch. */
  get viewers(): number {
    return this.#viewers.size;
  }

  /** Everything the topic is sent goes to `sink`, which is the viewer or stands before it, until the returned function is called. */
  watch(viewer: TopicViewer, sink: Sink = viewer.viewer): () => void {
    this.#viewers.add(viewer);
    viewer.begin(this.feed.cache);
    const leave = this.feed.subscribe(sink);
    return () => {
      leave();
      viewer.countDrops();
      this.#viewers.delete(viewer);
    };
  }

  /** Somebody may publish; see {@link Contribution} for what is said of it. */
  contribute(address: string, isAlone: boolean, own: Sink | null): Contribution {
    const one = new Contribution(this, ++this.#lastNumber, address, isAlone, own);
    this.#contributions = [...this.#contributions, one];
    return one;
  }

  /** From now on this one counts; with `packets` it is a source of transport packets. */
  takeOver(one: Contribution, packets: boolean): void {
    const before = this.counting;
    if (before !== one) {
      this.#log.info(before ? 'publisher took over' : 'publisher began', { topic: this.name, from: one.address });
      this.#countingSinceMs = Date.now();
    }
    this.counting = one;
    const held = before?.publication ?? null;
    // Viewers are told what is wrong, and not where the publisher is.
    if (packets) one.publication = this.feed.open({ address: 'the publisher', superseded: () => undefined });
    this.#pids = [];
    if (before && before !== one) before.publication = null;
    if (!packets) held?.close();
  }

  /** The one that counts has sent packets. */
  publish(one: Contribution, data: Uint8Array): void {
    one.publication?.publish(data);
    if (this.feed.mediaVersion !== this.#mediaVersion) this.#followTracks();
    this.heard(one);
  }

  /** What the publisher's program has no more is over, or muted where it comes from: no viewer is to begin with it. */
  #followTracks(): void {
    const { media, mediaVersion, cache } = this.feed;
    this.#mediaVersion = mediaVersion;
    const pids = media.map(({ pid }) => pid);
    if (this.#pids.some((pid) => !pids.includes(pid))) cache?.clear();
    this.#pids = pids;
  }

  /**
   * Takes what is measured by the second. A feed that is sent as it is cannot say that it is muted: where nothing comes any
   * more, nothing of before is kept for late viewers.
   */
  sample(nowMs: number): void {
    this.traffic.sample(nowMs);
    this.feed.look(nowMs);
    if (this.feed.fault?.code === 'silent') this.feed.cache?.clear();
  }

  /** Those that wait need not keep what they have sent so far. */
  heard(from: Contribution): void {
    if (this.#contributions.length === 1) return;
    for (const other of this.#contributions) if (other !== from) other.forgetKept();
  }

  /** A publisher is gone; if it counted, the newest of the others may follow. */
  leave(one: Contribution): void {
    this.#contributions = this.#contributions.filter((other) => other !== one);
    if (this.counting !== one) return;
    one.publication?.close();
    one.publication = this.counting = null;
    this.#log.info('publisher left', { topic: this.name, from: one.address });
    this.#contributions.at(-1)?.succeed();
  }

  stats(nowMs: number): RoomStats {
    const { traffic, feed } = this;
    for (const viewer of this.#viewers) viewer.countDrops();
    const { packets, continuityErrors } = feed.stats();
    return {
      sinceMs: this.#sinceMs,
      publishers: this.#contributions.length,
      publishingSinceMs: this.counting ? this.#countingSinceMs : null,
      viewers: this.viewers,
      fault: this.#fault,
      muted: this.#muted,
      codecs: this.codecs(),
      receivedMessages: traffic.receivedMessages,
      receivedBytes: traffic.receivedBytes,
      heldBackMessages: traffic.heldBackMessages,
      sentMessages: traffic.sentMessages,
      sentBytes: traffic.sentBytes,
      droppedMessages: traffic.droppedMessages,
      droppedBytes: traffic.droppedBytes,
      stuckViewers: traffic.stuckViewers,
      throttledReads: traffic.throttledReads,
      packets,
      continuityErrors,
      ...traffic.rates(nowMs),
    };
  }

  /** How it stands with the topic, for who may play it. */
  playStatus(): PlayStatus {
    return { state: this.feed.stats().state, fault: this.#fault, muted: this.#muted };
  }

  /** What the publisher has said to be muted: picture and sound, or nothing. A relay that has said nothing may be muted, too. */
  get #muted(): 'all' | null {
    return this.feed.isMutedAtSource ? 'all' : null;
  }

  get #fault(): Fault | null {
    const { fault } = this.feed;
    if (this.#muted !== null && fault?.code === 'silent') return null; // that nothing comes is as it should be
    return fault?.code === 'no-source' ? { ...fault, words: 'nobody publishes to this topic' } : fault;
  }

  /** What the tracks of the programme carry, in its order. */
  codecs(): string[] {
    return this.feed.media.map(({ codec }) => codec);
  }
}
