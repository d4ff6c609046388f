// The relay: owns feeds, streams and destinations, and keeps the rules. Every change comes through here; a change that
// is refused has changed nothing.

import type { SecureContextOptions } from 'node:tls';
import { LimitError, NotFoundError } from '../errors.js';
import type { Log } from '../log.js';
import { Destination, type DestinationSource, type DestinationStats } from './destination.js';
import { farEndOf } from './far-end.js';
import { Feed, type FeedObserver, type FeedStats, type Sink } from './feed.js';
import { CacheBudget, type GopCache } from './gop-cache.js';
import type { Limits } from './limits.js';
import {
  type DestinationRequest,
  type DestinationRule,
  EVERY_FEED,
  isSameStream,
  isStreamName,
  type MutedTracks,
  type MuteRule,
  readFeedEntry,
  resolveDestination,
  type StreamRule,
} from './rules.js';
import { Stream, type StreamStats } from './stream.js';

/** How often streams look at what time alone makes due. */
const TICK_MS = 100;

/** What the relay is doing, for `/api/stats`. */
export interface RelayStats {
  readonly feeds: Readonly<Record<string, FeedStats>>;
  readonly streams: Readonly<Record<string, StreamStats>>;
  readonly destinations: Readonly<Record<string, DestinationStats>>;
}

/** Owns everything between ingest and far ends. */
export class Relay {
  readonly limits: Limits;
  readonly #log: Log;
  readonly #feeds = new Map<string, Feed>();
  readonly #forgetting = new Map<string, NodeJS.Timeout>();
  readonly #streams = new Map<string, Stream>();
  readonly #streamRules = new Map<string, StreamRule>();
  readonly #destinations = new Map<string, Destination>();
  readonly #mutes = new Map<string, MuteRule>();
  readonly #source: DestinationSource;
  readonly #cacheBudget: CacheBudget | null;
  #ticker: NodeJS.Timeout | undefined; // one for all streams: a timer each would wake the program a thousand times a second
  readonly #feedOf = (name: string) => this.feed(name);

  /** @param tls extra authorities for wss (`VW_CA`). */
  constructor(
    limits: Limits,
    log: Log,
    readonly tls: SecureContextOptions = {},
  ) {
    this.limits = limits;
    this.#cacheBudget = limits.cacheMb > 0 ? new CacheBudget(limits.cacheMb * 1024 * 1024) : null;
    this.#log = log;
    this.#source = {
      attach: (name, sink) => this.subscribe(name, sink),
      deliver: (name, message) => {
        if (!isStreamName(name)) this.feed(name).deliver(message);
      },
      farEnd: (rule) => farEndOf(rule, tls, limits.dialTimeoutMs),
    };
  }

  /** The feed of a name, made if there is none. Throws {@link LimitError} when there are too many. */
  feed(name: string): Feed {
    let feed = this.#feeds.get(name);
    if (!feed) {
      if (this.#feeds.size >= this.limits.maxFeeds) {
        throw new LimitError('ERR_TOO_MANY_FEEDS', `there are ${this.limits.maxFeeds} feeds already (VW_MAX_FEEDS)`);
      }
      feed = new Feed(name, this.#observe(name), this.#cacheBudget);
      feed.setMuted(this.#mutedTracks(name));
      this.#feeds.set(name, feed);
      this.#forgetLater(name); // unless somebody takes it up
    }
    return feed;
  }

  /** Throws {@link LimitError} if a feed of that name would be one too many. */
  checkRoomFor(name: string): void {
    if (!isStreamName(name)) this.#checkFeedRoom([name]);
  }

  /** Sends `sink` what the feed or stream of a name sends, until the returned function is called. */
  subscribe(name: string, sink: Sink): () => void {
    return isStreamName(name) ? this.#stream(name).subscribe(sink) : this.feed(name).subscribe(sink);
  }

  /** What is kept of a feed or stream for those who join; `null` where nothing is. */
  cacheOf(name: string): GopCache | null {
    return (isStreamName(name) ? this.#streams.get(name) : this.#feeds.get(name))?.cache ?? null;
  }

  /** Whether there is a feed or stream of that name. */
  has(name: string): boolean {
    return isStreamName(name) ? this.#streamRules.has(name) : this.#feeds.has(name);
  }

  /** Puts a stream rule in force; it is when this returns. */
  setStream(rule: StreamRule): StreamRule {
    const before = this.#streamRules.get(rule.stream);
    if (before && isSameStream(before, rule)) return before;
    if (!before) this.#checkRoom(this.#streamRules.size, 'stream');
    this.#checkFeedRoom(rule.feeds.map((entry) => readFeedEntry(entry).feed));
    this.#streamRules.set(rule.stream, rule);
    this.#stream(rule.stream).setRule(rule, this.#feedOf);
    this.#ticker ??= setInterval(() => this.#tick(), TICK_MS).unref();
    this.#log.info('stream rule set', { stream: rule.stream, feeds: rule.feeds.join(',') });
    return rule;
  }

  streamRules(): StreamRule[] {
    return [...this.#streamRules.values()];
  }

  /** The rule of a stream. Throws {@link NotFoundError}. */
  streamRule(name: string): StreamRule {
    const rule = this.#streamRules.get(name);
    if (!rule) throw new NotFoundError(`there is no stream rule "${name}"; GET /api/streams/all lists them`);
    return rule;
  }

  /** Takes a stream rule away; its readers stay and get nothing until there is one again. Throws {@link NotFoundError}. */
  deleteStream(name: string): void {
    this.streamRule(name);
    this.#streamRules.delete(name);
    const stream = this.#stream(name);
    stream.setRule(null, this.#feedOf);
    if (stream.isIdle) this.#streams.delete(name);
    this.#log.info('stream rule deleted', { stream: name });
  }

  deleteAllStreams(): void {
    for (const name of [...this.#streamRules.keys()]) this.deleteStream(name);
  }

  /** Keeps a destination rule; when this returns its link is being made. */
  setDestination(request: DestinationRequest): DestinationRule {
    const destination = this.#destinations.get(request.id);
    const rule = resolveDestination(request, destination?.rule);
    if (!destination) this.#checkRoom(this.#destinations.size, 'destination');
    if (!isStreamName(rule.stream)) this.#checkFeedRoom([rule.stream]);
    if (destination) destination.setRule(rule);
    else this.#destinations.set(rule.id, new Destination(rule, this.#source, this.limits, this.#log));
    return rule;
  }

  destinationRules(): DestinationRule[] {
    return [...this.#destinations.values()].map((destination) => destination.rule);
  }

  /** The rule of a destination. Throws {@link NotFoundError}. */
  destinationRule(id: string): DestinationRule {
    return this.#destination(id).rule;
  }

  /** Takes a destination away; its link is closed (1000) when this resolves. Throws {@link NotFoundError}. */
  async deleteDestination(id: string): Promise<void> {
    const destination = this.#destination(id);
    this.#destinations.delete(id);
    await destination.close(1000);
  }

  async deleteAllDestinations(): Promise<void> {
    await Promise.all([...this.#destinations.keys()].map((id) => this.deleteDestination(id)));
  }

  /** Mutes a feed, or every feed (`all`), also those that come later. In force when this returns. */
  setMute(rule: MuteRule): MuteRule {
    if (!this.#mutes.has(rule.feed)) this.#checkRoom(this.#mutes.size, 'mute');
    this.#mutes.set(rule.feed, rule);
    this.#applyMutes();
    this.#log.info('muted', { feed: rule.feed, tracks: rule.tracks });
    return rule;
  }

  muteRules(): MuteRule[] {
    return [...this.#mutes.values()];
  }

  /** What is muted of a feed, or of `all`, by a rule of that name. Throws {@link NotFoundError}. */
  muteRule(name: string): MuteRule {
    const rule = this.#mutes.get(name);
    if (!rule) throw new NotFoundError(`"${name}" is not muted; GET /api/mutes/all lists what is`);
    return rule;
  }

  /** Takes one mute away. Throws {@link NotFoundError}. */
  deleteMute(name: string): void {
    this.muteRule(name);
    this.#mutes.delete(name);
    this.#applyMutes();
    this.#log.info('unmuted', { feed: name });
  }

  /** Takes every mute away. */
  deleteAllMutes(): void {
    this.#mutes.clear();
    this.#applyMutes();
    this.#log.info('unmuted', { feed: EVERY_FEED });
  }

  stats(): RelayStats {
    return {
      feeds: Object.fromEntries([...this.#feeds].map(([name, feed]) => [name, feed.stats()])),
      streams: Object.fromEntries([...this.#streamRules.keys()].map((name) => [name, this.#stream(name).stats()])),
      destinations: Object.fromEntries([...this.#destinations].map(([id, destination]) => [id, destination.stats()])),
    };
  }

  /** Closes every link (1001, going away) and forgets everything. */
  async close(): Promise<void> {
    const destinations = [...this.#destinations.values()];
    this.#destinations.clear();
    await Promise.all(destinations.map((destination) => destination.close(1001)));
    for (const stream of this.#streams.values()) stream.setRule(null, this.#feedOf);
    clearInterval(this.#ticker);
    this.#streamRules.clear();
    this.#streams.clear();
    for (const timer of this.#forgetting.values()) clearTimeout(timer);
    this.#forgetting.clear();
    this.#feeds.clear();
  }

  #destination(id: string): Destination {
    const destination = this.#destinations.get(id);
    if (!destination) throw new NotFoundError(`there is no destination "${id}"; GET /api/destinations/all lists them`);
    return destination;
  }

  #stream(name: string): Stream {
    let stream = this.#streams.get(name);
    if (!stream) {
      stream = new Stream(
        name,
        () => {
          if (!this.#streamRules.has(name)) this.#streams.delete(name);
        },
        this.#cacheBudget,
      );
      this.#streams.set(name, stream);
    }
    return stream;
  }

  /** What of a feed goes nowhere, by its own mute and by that of all feeds. */
  #mutedTracks(name: string): MutedTracks | null {
    const rules = [this.#mutes.get(name), this.#mutes.get(EVERY_FEED)];
    if (rules.some((rule) => rule?.tracks === 'all')) return 'all';
    return rules.some((rule) => rule !== undefined) ? 'audio' : null;
  }

  #applyMutes(): void {
    for (const [name, feed] of this.#feeds) {
      const tracks = this.#mutedTracks(name);
      if (feed.muted !== tracks) feed.setMuted(tracks);
    }
    for (const name of this.#streamRules.keys()) this.#stream(name).refresh(this.#feedOf);
  }

  #tick(): void {
    const now = performance.now();
    for (const stream of this.#streams.values()) stream.tick(now);
    if (this.#streamRules.size > 0) return;
    clearInterval(this.#ticker);
    this.#ticker = undefined;
  }

  #checkRoom(count: number, what: string): void {
    if (count < this.limits.maxRules) return;
    throw new LimitError(
      'ERR_TOO_MANY_RULES',
      `there are ${this.limits.maxRules} ${what} rules already (VW_MAX_RULES)`,
    );
  }

  #observe(feed: string): FeedObserver {
    return {
      idle: () => this.#forgetLater(feed),
      sourceBegan: (address, before) => {
        if (before === null) this.#log.info('feed up', { feed, source: address });
        else this.#log.info('feed taken over by a newer source', { feed, source: address, before });
      },
      sourceEnded: (address) => this.#log.info('feed down', { feed, source: address }),
    };
  }

  /** Before anything changes: is there room for the feeds that a rule would make? */
  #checkFeedRoom(names: readonly string[]): void {
    const more = names.filter((name) => !this.#feeds.has(name)).length;
    if (this.#feeds.size + more <= this.limits.maxFeeds) return;
    throw new LimitError('ERR_TOO_MANY_FEEDS', `there are ${this.#feeds.size} feeds already (VW_MAX_FEEDS)`);
  }

  #forgetLater(name: string): void {
    clearTimeout(this.#forgetting.get(name));
    const timer = setTimeout(() => {
      this.#forgetting.delete(name);
      if (this.#feeds.get(name)?.isIdle) this.#feeds.delete(name);
    }, this.limits.forgetAfterMs).unref();
    this.#forgetting.set(name, timer);
  }
}
