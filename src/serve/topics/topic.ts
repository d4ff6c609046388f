// One topic: its publishers, its viewers, its traffic. It exists as long as it has a client.

import type { Log } from '../../log/log.js';
import { signalledMute } from '../../mpegts/mute/mute-descriptor.js';
import type { Program } from '../../mpegts/psi/program.js';
import type { Fault } from '../../relay/events/event.js';
import { Feed } from '../../relay/feed/feed.js';
import type { Sink } from '../../relay/feed/sink.js';
import type { CacheBudget } from '../../relay/delivery/gop-cache.js';
import type { MutedTracks } from '../../relay/rules/mute-rule.js';
import type { PlayStatus } from '../../http/answer/play-status.js';
import { Publisher, type PublisherRole } from './publisher.js';
import type { TopicStats } from '../openapi/serve-schemas.js';
import type { ServeLimits } from '../../config/limits.js';
import { TopicClientLimit } from '../clients/topic-client-limit.js';
import { TrafficCounters } from './traffic.js';
import type { TopicViewer } from '../clients/topic-viewer.js';

/** The faults that a mute explains. */
const EXPECTED_FAULTS: Record<MutedTracks | 'nothing', readonly Fault['code'][]> = {
  all: ['silent', 'waiting-for-keyframe', 'track-stopped'],
  audio: ['track-stopped'],
  nothing: [],
};

/** A topic. */
export class Topic {
  readonly feed: Feed;
  readonly traffic = new TrafficCounters();
  /** The publisher whose messages are forwarded; null: there is none. */
  activePublisher: Publisher | null = null;
  readonly seats: TopicClientLimit;
  /** WebSockets that are admitted to the topic, or about to be. */
  clients = 0;

  readonly #log: Log;
  readonly #sinceMs = Date.now();
  #activeSinceMs = 0;
  #pids: readonly number[] = []; // of the tracks that the active publisher has sent
  #mediaVersion = 0;
  #program: Program | null = null; // as the last message left it
  #signalledMute: MutedTracks | null = null; // by that
  #publishers: readonly Publisher[] = [];
  readonly #viewers = new Set<TopicViewer>();
  #lastNumber = 0;

  readonly name: string;
  /** The address that created it, as a path of shares. */
  readonly maker: readonly string[];

  /** @param budget of the caches for late viewers; null: no cache. */
  constructor(
    { name, maker }: Pick<Topic, 'name' | 'maker'>,
    budget: CacheBudget | null,
    limits: ServeLimits,
    log: Log,
  ) {
    this.name = name;
    this.maker = maker;
    this.seats = new TopicClientLimit(limits);
    this.feed = new Feed(name, undefined, budget);
    this.#log = log;
  }

  /** Clients that publish, or may. */
  get publishers(): number {
    return this.#publishers.length;
  }

  /** Clients that view. */
  get viewers(): number {
    return this.#viewers.size;
  }

  /**
   * Sends the topic's messages to `sink`, the viewer or a filter in front of it, until the returned function is called.
   */
  addViewer(viewer: TopicViewer, sink: Sink = viewer.delivery): () => void {
    this.#viewers.add(viewer);
    viewer.delivery.start(this.feed.cache);
    const release = this.feed.subscribe(sink);
    return () => {
      release();
      viewer.count(this.traffic);
      this.#viewers.delete(viewer);
    };
  }

  /** Adds a publisher. */
  addPublisher(address: string, role: PublisherRole): Publisher {
    const one = new Publisher(this, ++this.#lastNumber, address, role);
    this.#publishers = [...this.#publishers, one];
    return one;
  }

  /** Makes a publisher the active one; of `'ts'`, it is a source of transport packets. */
  activate(one: Publisher, kind: 'ts' | 'opaque'): void {
    const before = this.activePublisher;
    if (before !== one) {
      this.#log.info(before ? 'publisher took over' : 'publisher began', { topic: this.name, from: one.address });
      this.#activeSinceMs = Date.now();
    }
    this.activePublisher = one;
    const held = before?.publication ?? null;
    // Faults are shown to viewers, who must not learn the publisher's address.
    if (kind === 'ts') one.publication = this.feed.open({ address: 'the publisher', superseded: () => undefined });
    this.#pids = [];
    if (before && before !== one) before.publication = null;
    if (kind === 'opaque') held?.close();
  }

  /** The active publisher has sent packets. */
  publish(one: Publisher, data: Uint8Array): void {
    one.publication?.publish(data);
    if (this.feed.mediaVersion !== this.#mediaVersion) this.#followTracks();
    if (this.feed.program !== this.#program) this.#followMute();
    this.noteActivity(one);
  }

  /**
   * Removes tracks that are no longer in the program (ended, or muted at the source) from the cache: no viewer may
   * start with them.
   */
  #followTracks(): void {
    const { media, mediaVersion, cache } = this.feed;
    this.#mediaVersion = mediaVersion;
    const pids = media.map(({ pid }) => pid);
    if (this.#pids.some((pid) => !pids.includes(pid))) cache?.clear();
    this.#pids = pids;
  }

  /** Removes what was sent before a mute from the cache: late viewers begin at the next keyframe. */
  #followMute(): void {
    const before = this.#signalledMute;
    this.#program = this.feed.program;
    this.#signalledMute = this.#muted;
    if (this.#signalledMute !== null && this.#signalledMute !== before) this.feed.cache?.clear();
  }

  /**
   * Samples what is measured once a second. A feed that is relayed unchanged cannot signal that it is muted where there is
   * no room in its PMT: once it is silent, nothing is kept for late viewers.
   */
  sample(nowMs: number): void {
    this.countTraffic().sample(nowMs);
    this.feed.checkHealth(nowMs);
    if (this.feed.fault?.code === 'silent') this.feed.cache?.clear();
  }

  /** The publishers on standby discard what they have buffered. */
  noteActivity(from: Publisher): void {
    if (this.#publishers.length === 1) return;
    for (const other of this.#publishers) if (other !== from) other.clearBuffered();
  }

  /** Removes a publisher; if it was the active one, the newest of the others may take over. */
  removePublisher(one: Publisher): void {
    this.#publishers = this.#publishers.filter((other) => other !== one);
    if (this.activePublisher !== one) return;
    one.publication?.close();
    one.publication = this.activePublisher = null;
    this.#log.info('publisher left', { topic: this.name, from: one.address });
    this.#publishers.at(-1)?.promote();
  }

  /** The traffic so far, that of all viewers included. */
  countTraffic(): TrafficCounters {
    for (const viewer of this.#viewers) viewer.count(this.traffic);
    return this.traffic;
  }

  stats(nowMs: number): TopicStats {
    const { feed } = this;
    const traffic = this.countTraffic();
    const { packets, continuityErrors } = feed.stats();
    return {
      sinceMs: this.#sinceMs,
      publishers: this.#publishers.length,
      publishingSinceMs: this.activePublisher ? this.#activeSinceMs : null,
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

  /** The status of the topic for its viewers. */
  playStatus(): PlayStatus {
    return { state: this.feed.stats().state, fault: this.#fault, muted: this.#muted };
  }

  /** What the publisher reports as muted. One that reports nothing may be muted all the same. */
  get #muted(): MutedTracks | null {
    return signalledMute(this.feed.program);
  }

  get #fault(): Fault | null {
    const { fault } = this.feed;
    if (fault && EXPECTED_FAULTS[this.#muted ?? 'nothing'].includes(fault.code)) return null;
    return fault?.code === 'no-source' ? { ...fault, message: 'nothing is published to this topic' } : fault;
  }

  /** The codecs of the program's tracks, in PMT order. */
  codecs(): string[] {
    return this.feed.media.map(({ codec }) => codec);
  }
}
