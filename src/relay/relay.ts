// The relay: owns feeds, streams, destinations and their rules. Every change is made here; a refused change has no effect.

import type { SecureContextOptions } from 'node:tls';
import type { Log } from '../log/log.js';
import { LOG_HEALTHY } from '../log/log-output.js';
import { TICK_MS } from '../mpegts/psi/repeat-schedule.js';
import { Destination, type DestinationSource } from './destination/destination.js';
import { dialledLater } from './dial/dialled-later.js';
import { endpointOf } from './dial/endpoint.js';
import { Feed } from './feed/feed.js';
import { IdleFeeds } from './feed/idle-feeds.js';
import type { Sink } from './feed/sink.js';
import { recordFeed } from './events/feed-events.js';
import { FormerFeeds } from './rules/former-feeds.js';
import { CacheBudget, type GopCache } from './delivery/gop-cache.js';
import { EventLog } from './events/event-log.js';
import type { Limits } from '../config/limits.js';
import { Mutes } from './rules/mutes.js';
import { startTimeouts } from './delivery/access-timeouts.js';
import { ProcessStats } from './process-stats.js';
import { EVERY_FEED, type MuteRule } from './rules/mute-rule.js';
import { noSuchRule } from './rules/no-such-rule.js';
import { feedsOf, type PlannedRules, plannedNames, RuleLimits } from './rules/rule-limits.js';
import type { RuleSet } from './rules/rule-set.js';
import {
  type DestinationRequest,
  type DestinationRule,
  isSameDestination,
  isSameStream,
  isStreamName,
  resolveDestination,
  shownDestination,
  type StreamRule,
} from './rules/rules.js';
import { NameSuggestions } from './rules/name-suggestions.js';
import { KEPT_IN_MEMORY, type Stats } from './stats-schema.js';
import { Stream } from './stream/stream.js';
import { withoutMediaDetails } from './stream/named-tracks.js';

/** How often the health of everything is sampled: rates, silence, tables. */
const SAMPLE_INTERVAL_MS = 1000;
/** The time over which the first dials of restored destinations are spread. */
const RESTORE_MS = 1000;

export type RelayStats = Stats;

/** Owns everything between ingest and endpoints. */
export class Relay {
  readonly limits: Limits;
  /** What is kept over a restart. */
  stateStats: () => Stats['state'] = () => KEPT_IN_MEMORY;
  /** The event history and the log. */
  readonly events: EventLog;
  /** Which names are known, and which were probably meant. */
  readonly names: NameSuggestions;
  readonly #feeds = new Map<string, Feed>();
  readonly #forgetting: IdleFeeds;
  readonly #streams = new Map<string, Stream>();
  readonly #streamRules = new Map<string, StreamRule>();
  readonly #destinations = new Map<string, Destination>();
  readonly #mutes = new Mutes();
  readonly #dialDelays = new Map<string, number>(); // of destinations that are restored, in milliseconds
  readonly #formerFeeds: FormerFeeds;
  readonly #ruleLimits: RuleLimits;
  readonly #source: DestinationSource;
  readonly #cacheBudget: CacheBudget | null;
  #ticker: NodeJS.Timeout | undefined; // one for all streams: a timer each would wake the program a thousand times a second
  readonly #processStats = new ProcessStats(performance.now());
  readonly #checks = new Set<(nowMs: number) => void>();
  readonly #healthTimer: NodeJS.Timeout;
  readonly #feedOf = (name: string) => this.feed(name);

  /** @param tls extra authorities for wss (`VW_CA`). */
  constructor(
    limits: Limits,
    log: Log,
    readonly tls: SecureContextOptions = {},
  ) {
    this.limits = limits;
    this.#formerFeeds = new FormerFeeds(limits.maxFeeds);
    this.names = new NameSuggestions(this.#feeds, this.#formerFeeds, this.#streamRules, this.#destinations);
    this.#forgetting = new IdleFeeds(limits.forgetAfterMs, (name) => this.#forget(name));
    this.#ruleLimits = new RuleLimits(limits, this.#feeds);
    this.#cacheBudget = limits.cacheMb > 0 ? new CacheBudget(limits.cacheMb * 1024 * 1024) : null;
    this.events = new EventLog(log);
    this.#healthTimer = setInterval(() => this.checkHealth(performance.now()), SAMPLE_INTERVAL_MS).unref();
    this.#source = {
      attach: (name, sink) => this.subscribe(name, sink),
      deliver: (name, message) => {
        if (!isStreamName(name)) this.feed(name).deliver(message);
      },
      faultOf: (name) => this.names.streamFault(name),
      endpointOf: (rule) => {
        const endpoint = endpointOf(rule, tls, limits.dialTimeoutMs);
        return dialledLater(endpoint, this.#dialDelays.get(rule.id) ?? 0);
      },
    };
  }

  /** The feed of a name; created if there is none. Throws {@link LimitError} if there are too many. */
  feed(name: string): Feed {
    let feed = this.#feeds.get(name);
    if (!feed) {
      this.#ruleLimits.checkFeed();
      feed = new Feed(
        name,
        recordFeed(
          this.events,
          name,
          this.names.ownerOf(name, { idle: () => this.#forgetting.later(name), abandoned: () => this.#forget(name) }),
        ),
        this.#cacheBudget,
        this.limits.silentAfterMs,
      );
      this.#applyMute(feed);
      this.#feeds.set(name, feed);
      this.#forgetting.later(name); // unless it is in use by then
    }
    return feed;
  }

  /** Throws {@link LimitError} if a feed of that name would be one too many. */
  checkRoomFor(name: string): void {
    this.#ruleLimits.checkFeeds([name]);
  }

  /** Subscribes `sink` to the feed or stream of a name, until the returned function is called. */
  subscribe(name: string, sink: Sink): () => void {
    return isStreamName(name) ? this.#stream(name).subscribe(sink) : this.feed(name).subscribe(sink);
  }

  /** The cache of a feed or stream for late viewers; `null` if it has none. */
  cacheOf(name: string): GopCache | null {
    return (isStreamName(name) ? this.#streams.get(name) : this.#feeds.get(name))?.cache ?? null;
  }

  /** Counts a read from a local client of a feed or stream that contained a flood of tiny messages; logs the first. */
  countThrottledRead(name: string): void {
    const source = isStreamName(name) ? this.#streams.get(name) : this.#feeds.get(name);
    if (source && source.throttledReads++ === 0) {
      this.events.log.warn('local client floods tiny messages: throttled', { name });
    }
  }

  /** Whether there is a feed or stream of that name. */
  has(name: string): boolean {
    return isStreamName(name) ? this.#streamRules.has(name) : this.#feeds.has(name);
  }

  /** Throws {@link LimitError} if there is no room for a stream rule or its feeds beside `planned` rules; null: those in force. */
  checkStream(rule: StreamRule, planned: PlannedRules | null = null): void {
    this.#ruleLimits.checkRoomFor(rule.stream, planned?.streams ?? this.#streamRules, 'stream');
    this.#ruleLimits.checkFeeds([...feedsOf(rule), ...(planned ? plannedNames(planned) : [])]);
  }

  /** Sets a stream rule; it is in force when this returns. */
  setStream(rule: StreamRule): StreamRule {
    const before = this.#streamRules.get(rule.stream);
    if (before && isSameStream(before, rule)) return before;
    this.checkStream(rule);
    this.#streamRules.set(rule.stream, rule);
    if (!before) this.names.changed();
    this.#stream(rule.stream).setRule(rule, this.#feedOf);
    this.#ticker ??= setInterval(() => this.#tick(), TICK_MS).unref();
    this.events.emit({ type: 'rule-set', kind: 'stream', name: rule.stream, rule: { ...rule } });
    return rule;
  }

  streamRules(): StreamRule[] {
    return [...this.#streamRules.values()];
  }

  /** The rule of a stream. Throws {@link NotFoundError}. */
  streamRule(name: string): StreamRule {
    const rule = this.#streamRules.get(name);
    if (!rule) throw noSuchRule('stream', name);
    return rule;
  }

  /** Deletes a stream rule; readers stay subscribed and wait for a new one. Throws {@link NotFoundError}. */
  deleteStream(name: string): void {
    this.streamRule(name);
    this.#streamRules.delete(name);
    this.names.changed();
    const stream = this.#stream(name);
    stream.setRule(null, this.#feedOf);
    if (stream.isIdle) this.#streams.delete(name);
    this.events.emit({ type: 'rule-deleted', kind: 'stream', name });
  }

  /** The same of a destination rule and its feed. */
  checkDestination({ id, stream }: Pick<DestinationRule, 'id' | 'stream'>, planned: PlannedRules | null = null): void {
    this.#ruleLimits.checkRoomFor(id, planned?.destinations ?? this.#destinations, 'destination');
    this.#ruleLimits.checkFeeds([stream, ...(planned ? plannedNames(planned) : [])]);
  }

  /** Sets a destination rule; its link is being dialled when this returns. */
  setDestination(request: DestinationRequest): DestinationRule {
    const destination = this.#destinations.get(request.id);
    const before = destination?.rule;
    const rule = resolveDestination(request, before);
    this.checkDestination(rule);
    if (!before || !isSameDestination(before, rule) || before.swap !== rule.swap) {
      this.events.emit({ type: 'rule-set', kind: 'destination', name: rule.id, rule: { ...shownDestination(rule) } });
    }
    if (destination) destination.setRule(rule);
    else this.#destinations.set(rule.id, new Destination(rule, this.#source, this.limits, this.events));
    return rule;
  }

  destinationRules(): DestinationRule[] {
    return [...this.#destinations.values()].map((destination) => destination.rule);
  }

  /** The rule of a destination. Throws {@link NotFoundError}. */
  destinationRule(id: string): DestinationRule {
    return this.#destination(id).rule;
  }

  /** Deletes a destination; its link is closed (1000) when this resolves. Throws {@link NotFoundError}. */
  async deleteDestination(id: string): Promise<void> {
    const destination = this.#destination(id);
    this.#destinations.delete(id);
    this.events.emit({ type: 'rule-deleted', kind: 'destination', name: id });
    await destination.close(1000);
  }

  /** Mutes a feed, or every feed (`all`), including future ones. In force when this returns. */
  setMute(rule: MuteRule): MuteRule {
    const isLimited = rule.feed !== EVERY_FEED && !this.#mutes.get(rule.feed);
    if (isLimited) this.#ruleLimits.checkRoom(this.#mutes.size, 'mute');
    if (!this.#mutes.set(rule)) return rule;
    this.#applyMutes();
    const known = rule.feed === EVERY_FEED || this.names.knownFeeds().has(rule.feed) ? {} : { known: false };
    this.events.emit({ type: 'rule-set', kind: 'mute', name: rule.feed, rule: { ...rule, ...known } });
    return rule;
  }

  muteRules(): MuteRule[] {
    return this.#mutes.list();
  }

  /** The mute rule of a feed, or of `all`. Throws {@link NotFoundError}. */
  muteRule(name: string): MuteRule {
    const rule = this.#mutes.get(name);
    if (!rule) throw noSuchRule('mute', name);
    return rule;
  }

  /** Deletes one mute. Throws {@link NotFoundError}. */
  deleteMute(name: string): void {
    this.muteRule(name);
    this.deleteMutes([name]);
  }

  /** Deletes the mutes of these names at once; `all` also ends that every feed is withheld because its mute is unknown. */
  deleteMutes(names: readonly string[]): void {
    if (names.includes(EVERY_FEED)) this.#mutes.isUnknown = false;
    const deleted = new Set(names.filter((name) => this.#mutes.get(name)));
    for (const name of deleted) this.#mutes.delete(name);
    this.#applyMutes();
    for (const name of deleted) this.events.emit({ type: 'rule-deleted', kind: 'mute', name });
  }

  /** Every rule in force. */
  rules(): RuleSet {
    return {
      streams: this.streamRules(),
      destinations: this.destinationRules(),
      mutes: this.muteRules(),
      mutesUnknown: this.#mutes.isUnknown,
    };
  }

  /**
   * Brings saved rules in force, in a relay without rules: mutes first. Its destinations are dialled within a second. Throws
   * {@link LimitError}, and changes nothing, if there is no room for all.
   */
  restore(saved: RuleSet): void {
    this.#ruleLimits.checkAll(saved);
    for (const rule of saved.mutes) this.#mutes.set(rule);
    this.#mutes.isUnknown = saved.mutesUnknown;
    for (const rule of saved.streams) this.setStream(rule);
    saved.destinations.forEach((rule, i) => {
      this.#dialDelays.set(rule.id, (i * RESTORE_MS) / saved.destinations.length);
      this.setDestination(rule);
    });
    this.#dialDelays.clear();
  }

  /** Calls `look` about once a second, with the time, until the returned function is called. */
  everySecond(look: (nowMs: number) => void): () => void {
    this.#checks.add(look);
    return () => this.#checks.delete(look);
  }

  stats(): Stats {
    return {
      nowMs: Date.now(),
      state: this.stateStats(),
      process: this.#processStats.stats(this.#cacheBudget?.used ?? 0, this.events.log.state ?? LOG_HEALTHY),
      feeds: Object.fromEntries([...this.#feeds].map(([name, feed]) => [name, feed.stats()])),
      streams: this.#streamStats(),
      destinations: Object.fromEntries([...this.#destinations].map(([id, destination]) => [id, destination.stats()])),
      mutes: this.#mutes.stats(() => this.names.knownFeeds()),
    };
  }

  /** Closes every link (1001, going away) and clears everything. */
  async close(): Promise<void> {
    const destinations = [...this.#destinations.values()];
    this.#destinations.clear();
    await Promise.all(destinations.map((destination) => destination.close(1001)));
    for (const stream of this.#streams.values()) stream.setRule(null, this.#feedOf);
    clearInterval(this.#ticker);
    clearInterval(this.#healthTimer);
    this.#processStats.close();
    this.#streamRules.clear();
    this.#streams.clear();
    this.#forgetting.close();
    this.#feeds.clear();
  }

  /** Every stream that has a rule, and those that have only readers, which wait for one. */
  #streamStats(): Stats['streams'] {
    return Object.fromEntries(
      [...this.#streams].map(([name, stream]) => {
        const stats = stream.stats();
        return [name, { ...stats, fault: this.names.streamFault(name) ?? stats.fault }];
      }),
    );
  }

  #destination(id: string): Destination {
    const destination = this.#destinations.get(id);
    if (!destination) throw noSuchRule('destination', id);
    return destination;
  }

  #stream(name: string): Stream {
    let stream = this.#streams.get(name);
    if (!stream) {
      stream = new Stream(
        name,
        {
          idle: () => {
            if (!this.#streamRules.has(name)) this.#streams.delete(name);
          },
          tracksChanged: (tracks) =>
            this.events.emit({ type: 'tracks-changed', name, tracks: withoutMediaDetails(tracks) }),
        },
        this.#cacheBudget,
        startTimeouts(this.limits),
      );
      this.#streams.set(name, stream);
    }
    return stream;
  }

  #applyMute(feed: Feed): void {
    const mute = this.#mutes.of(feed.name);
    const isSame = feed.muted === (mute?.tracks ?? null) && feed.mutedBinary === (mute?.binary ?? null);
    if (!isSame) feed.setMuted(mute?.tracks ?? null, mute?.binary);
  }

  /** Feeds first: a failure in a stream must not prevent a feed from being muted. */
  #applyMutes(): void {
    for (const feed of this.#feeds.values()) this.#applyMute(feed);
    for (const name of this.#streamRules.keys()) this.#stream(name).refresh(this.#feedOf);
  }

  #tick(): void {
    const now = performance.now();
    for (const stream of this.#streams.values()) stream.tick(now);
    if (this.#streamRules.size > 0) return;
    clearInterval(this.#ticker);
    this.#ticker = undefined;
  }

  /** Samples the health of everything: rates, silence, tables, tracks. The relay calls this itself, once a second. */
  checkHealth(nowMs: number): void {
    this.#processStats.sample(nowMs);
    this.names.startCheck();
    for (const feed of this.#feeds.values()) feed.checkHealth(nowMs);
    for (const stream of this.#streams.values()) stream.checkHealth(nowMs);
    for (const destination of this.#destinations.values()) destination.checkHealth(nowMs);
    for (const look of this.#checks) look(nowMs);
    this.events.tick();
  }

  /** Removes a feed, unless it is in use. */
  #forget(name: string): void {
    this.#forgetting.cancel(name);
    const feed = this.#feeds.get(name);
    if (!feed?.isIdle) return;
    feed.checkHealth(performance.now()); // clears the faults of a feed that is removed
    this.#feeds.delete(name);
    if (feed.hasPublished) this.#formerFeeds.add(name);
  }
}
