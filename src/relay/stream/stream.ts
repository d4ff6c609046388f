// A named MPEG-TS program: the tracks of its rule's feeds, joined by a Remuxer; a changed rule is applied while it runs.

import { codecName } from '../../mpegts/codecs/lookup.js';
import { OUTPUT_PMT_PID } from '../../mpegts/remux/output-track.js';
import { newCounters } from '../../mpegts/remux/remux-report.js';
import { Remuxer, type RemuxInput } from '../../mpegts/remux/remuxer.js';
import { takesNothing } from '../../mpegts/remux/track-selection.js';
import type { AccessTimeouts, ProgramFacts } from '../../mpegts/splice/splicer.js';
import { areTables } from '../../mpegts/psi/table-packets.js';
import type { TrackMedia } from '../../mpegts/inspect/track-media.js';
import { type Fault, FAULTS } from '../events/event.js';
import type { Feed } from '../feed/feed.js';
import type { Sink } from '../feed/sink.js';
import { FeedStateFaults } from '../feed/feed-state-faults.js';
import { START_TIMEOUTS } from '../delivery/access-timeouts.js';
import { awaitFirstDrain, type Backpressure } from '../delivery/backpressure.js';
import { type CacheBudget, GopCache } from '../delivery/gop-cache.js';
import { Message } from '../message.js';
import { RateMeter } from '../feed/rate-meter.js';
import { readFeedEntry, type StreamRule, trimOf } from '../rules/rules.js';
import type { StreamStats } from '../stats-schema.js';
import { type NamedTrack, namesOf } from './named-tracks.js';

/** Receives a stream's notifications. */
export interface StreamObserver {
  /** The last reader has gone. */
  idle(): void;
  tracksChanged(tracks: readonly NamedTrack[]): void;
}

const NO_OBSERVER: StreamObserver = { idle: () => undefined, tracksChanged: () => undefined };
const UNKNOWN = { width: null, height: null, frameRate: null, sampleRate: null, channels: null };
const UNDESCRIBED = { descriptors: new Uint8Array(0) };
const NO_TIMING = { heldUnits: 0, lateUnits: 0, jumps: 0 };

/**
 * A feed's input to a stream. An object, not closures: with a hundred inputs they lie in main memory, not in the
 * processor's cache, and every indirection counts.
 */
class FeedInput implements Sink {
  constructor(
    private readonly stream: Stream,
    private readonly feed: string,
  ) {}

  write(message: Message): void {
    this.stream.receive(this.feed, message);
  }

  sourceEnded(): void {
    this.stream.endSource(this.feed);
  }

  get awaitsAccess(): boolean {
    return this.stream.awaitsAccessOf(this.feed);
  }

  awaitDrain(ready: () => void): Backpressure {
    return this.stream.awaitDrain(ready);
  }
}

/** A named stream, for as long as it has a rule or readers. */
export class Stream {
  readonly name: string;
  #facts: ProgramFacts | null = null; // of the remuxer's output
  #remuxer: Remuxer | null = null; // while there is a rule; PID assignments end with it
  #rule: StreamRule | null = null;
  readonly #feeds = new Map<string, { feed: Feed; unsubscribe: () => void; faults: FeedStateFaults }>();
  #sinks: readonly Sink[] = [];
  #inputs: readonly RemuxInput[] = [];
  #isSilent = true; // nothing has been sent since its last source ended
  #bytes = 0;
  #withheldMessages = 0;
  #picturesOf: ReadonlySet<string> = new Set(); // feeds of which the rule selects only the video
  /** Reads of local clients that held a flood of tiny messages. */
  throttledReads = 0;
  readonly #meter = new RateMeter(performance.now());
  #recordedTracks = '';
  #mediaVersion = 0; // summed over its feeds, as of the last check of the tracks
  #pmtVersion = -1;
  /** The cache for late viewers; `null` if there is none. */
  readonly cache: GopCache | null;

  constructor(
    name: string,
    private readonly observer: StreamObserver = NO_OBSERVER,
    budget: CacheBudget | null = null,
    private readonly timeouts: AccessTimeouts = START_TIMEOUTS,
  ) {
    this.name = name;
    this.cache = budget && new GopCache(budget);
  }

  /** Whether the stream has no readers. */
  get isIdle(): boolean {
    return this.#sinks.length === 0;
  }

  /**
   * Applies a rule and the feeds' current mutes; `null`: no rule any more. In force when this returns. Feeds in both rules
   * continue without a break. `feedOf` finds a feed by its name.
   */
  setRule(rule: StreamRule | null, feedOf: (name: string) => Feed): void {
    this.#rule = rule;
    const entries = (rule?.feeds ?? []).map(readFeedEntry);
    for (const { feed } of entries) {
      if (!this.#feeds.has(feed)) this.#addFeed(feedOf(feed));
    }
    if (!rule) {
      this.#close();
      return;
    }
    const withMore = entries.filter(({ part }) => part !== 'video').map(({ feed }) => feed);
    this.#picturesOf = new Set(entries.map(({ feed }) => feed).filter((feed) => !withMore.includes(feed)));
    this.#remuxer ??= new Remuxer('lent', this.timeouts);
    const inputs = entries.map(({ feed: name, part }): RemuxInput => {
      const feed = this.#feeds.get(name)?.feed ?? this.#addFeed(feedOf(name));
      const { tables } = feed;
      const trimMs = trimOf(rule, name);
      const select = selection(part, feed.muted);
      return tables ? { feed: name, select, trimMs, tables } : { feed: name, select, trimMs };
    });
    if (removesTracks(this.#inputs, inputs)) this.cache?.clear();
    this.#inputs = inputs;
    this.#send(this.#remuxer.setInputs(inputs, performance.now()));
    this.#removeUnwantedFeeds(this.#remuxer);
  }

  /** Sends what is due by time alone; to be called every 90 ms or so. */
  tick(nowMs: number): void {
    if (!this.#remuxer) return;
    this.#send(this.#remuxer.tick(nowMs));
    this.#removeUnwantedFeeds(this.#remuxer);
  }

  /** A mute of one of the feeds has changed. */
  refresh(feedOf: (name: string) => Feed): void {
    if (!this.#rule) return;
    this.setRule(this.#rule, feedOf);
    // Video that is sent until its replacement starts is no longer in the rule; a mute applies to it, too.
    for (const [name, { feed }] of this.#feeds) {
      if (feed.muted === 'all') this.#send(this.#remuxer?.endReplaced(name, performance.now()) ?? null);
    }
  }

  /** Sends everything to `sink` too, until the returned function is called. */
  subscribe(sink: Sink): () => void {
    this.#sinks = [...this.#sinks, sink];
    return () => {
      this.#sinks = this.#sinks.filter((one) => one !== sink);
      if (this.isIdle) this.observer.idle();
    };
  }

  /** Called by {@link FeedInput}: a message of a feed. */
  receive(feed: string, message: Message): void {
    // Text and binary messages are passed on unchanged: an instrument's readings beside its video.
    if (message.kind !== 'ts') this.#receiveOpaque(feed, message);
    else if (this.#remuxer) this.#send(this.#remuxer.push(feed, message, performance.now()));
  }

  /** A binary message may be sound: it is withheld if the rule selects only the video of its feed. */
  #receiveOpaque(feed: string, message: Message): void {
    // A feed whose video is sent until its replacement starts is no longer in the rule.
    if (!this.#inputs.some((input) => input.feed === feed)) return;
    if (message.kind === 'binary' && this.#picturesOf.has(feed)) this.#withheldMessages++;
    else this.#distribute(message);
  }

  /** Called by {@link FeedInput}: a feed's source has ended. */
  endSource(feed: string): void {
    if (!this.#remuxer) return;
    this.#send(this.#remuxer.endSource(feed, performance.now()));
    if (this.#remuxer.pids.length > 0) return;
    this.#isSilent = true;
    this.cache?.clear();
  }

  /** As {@link awaitFirstDrain}, for all readers of the stream. */
  awaitDrain(ready: () => void): Backpressure {
    return awaitFirstDrain(this.#sinks, ready);
  }

  /** Whether the stream's video or one of its readers waits for a feed's next random access point. */
  awaitsAccessOf(feed: string): boolean {
    const remuxer = this.#remuxer;
    if (!remuxer) return false;
    if (remuxer.awaitsAccessOf(feed)) return true;
    return remuxer.keyFeed === feed && this.#sinks.some((sink) => sink.awaitsAccess === true);
  }

  /** To be called about once a second: samples the stream's health and reports what has changed. */
  checkHealth(nowMs: number): void {
    this.#meter.sample(this.#bytes, nowMs);
    for (const state of this.#remuxer?.feedStates(nowMs) ?? []) {
      const taken = this.#feeds.get(state.feed);
      taken?.feed.reportStreamFault(this, taken.faults.check(state, nowMs));
    }
    // The list of tracks is built only when it may have changed: there may be a hundred streams to check.
    let mediaVersion = 0;
    for (const { feed } of this.#feeds.values()) mediaVersion += feed.mediaVersion;
    const pmtVersion = this.#remuxer?.pmtVersion ?? -1;
    if (mediaVersion === this.#mediaVersion && pmtVersion === this.#pmtVersion) return;
    this.#mediaVersion = mediaVersion;
    this.#pmtVersion = pmtVersion;
    const tracks = this.#tracks();
    const event = namesOf(tracks);
    if (event === this.#recordedTracks) return;
    this.#recordedTracks = event;
    this.observer.tracksChanged(tracks);
  }

  stats(): StreamStats {
    const remuxer = this.#remuxer;
    return {
      feeds: [...(this.#rule?.feeds ?? [])],
      fault: this.#fault(),
      tracks: this.#tracks(),
      pmtVersion: remuxer?.pmtVersion ?? -1,
      bytes: this.#bytes,
      bitsPerSecond: this.#meter.rate(this.#bytes, performance.now()),
      clocks: (remuxer?.clocks ?? []).map(({ errorMs, ...clock }) => {
        return { ...clock, errorMs: Number.isNaN(errorMs) ? null : errorMs };
      }),
      counters: { ...(remuxer?.counters ?? newCounters()) },
      timing: remuxer?.timing ?? NO_TIMING,
      muted: remuxer?.mutedPart ?? null,
      withheld: remuxer?.withheld ?? [],
      withheldMessages: this.#withheldMessages,
      subscribers: this.#sinks.length,
      cacheBytes: this.cache?.length ?? 0,
      throttledReads: this.throttledReads,
    };
  }

  /** The tracks that are sent, each with what its feed knows of it. */
  #tracks(): StreamStats['tracks'] {
    const media = new Map([...this.#feeds].map(([name, { feed }]) => [name, feed.media]));
    return (this.#remuxer?.program.tracks ?? []).map((track) => {
      const known = media.get(track.feed)?.find(({ pid }) => pid === track.inputPid);
      return {
        ...track,
        ...(known ? mediaParametersOf(known) : { ...UNKNOWN, codec: codecName({ ...track, ...UNDESCRIBED }) }),
      };
    });
  }

  /** The worst fault of the rule's feeds; of equal ones, that of the first feed. */
  #fault(): Fault | null {
    let worst: Fault | null = null;
    for (const entry of this.#rule?.feeds ?? []) {
      const { feed: name } = readFeedEntry(entry);
      const fault = this.#feeds.get(name)?.feed.fault;
      if (!fault || (worst && FAULTS.indexOf(worst.code) <= FAULTS.indexOf(fault.code))) continue;
      worst = { code: fault.code, message: `feed "${name}": ${fault.message}` };
    }
    return worst;
  }

  #addFeed(feed: Feed): Feed {
    const { name } = feed;
    const unsubscribe = feed.subscribeUnmuted(new FeedInput(this, name));
    const leave = (): void => {
      feed.reportStreamFault(this, null);
      unsubscribe();
    };
    this.#feeds.set(name, { feed, unsubscribe: leave, faults: new FeedStateFaults() });
    return feed;
  }

  /** Unsubscribes from feeds no longer in the rule, once unused: video is sent until its replacement starts. */
  #removeUnwantedFeeds(remuxer: Remuxer): void {
    if (remuxer.feedCount === this.#feeds.size) return;
    const wanted = remuxer.feeds;
    for (const [name, { unsubscribe }] of this.#feeds) {
      if (wanted.includes(name)) continue;
      this.#feeds.delete(name);
      unsubscribe();
    }
  }

  #send(packets: Uint8Array | null): void {
    const remuxer = this.#remuxer;
    if (packets === null || remuxer === null) return;
    const facts = (this.#facts ??= this.#factsOf(remuxer));
    const begins = this.#isSilent;
    this.#isSilent = false;
    this.#bytes += packets.length;
    this.#distribute(
      new Message('ts', packets, {
        accessPointOffset: remuxer.accessPointOffset,
        startsSource: begins,
        facts,
        isMutedTables: remuxer.pids.length === 0 && areTables(packets, OUTPUT_PMT_PID),
      }),
    );
  }

  /** The facts of the stream's program; its parameter sets are those of the feed that supplies the video. */
  #factsOf(remuxer: Remuxer): ProgramFacts {
    const feeds = this.#feeds;
    return {
      get tables() {
        return remuxer.tables;
      },
      get keyPid() {
        return remuxer.keyPid;
      },
      get pids() {
        return remuxer.pids;
      },
      get marksAccess() {
        return remuxer.marksAccess;
      },
      get hasStamps() {
        return remuxer.hasStamps;
      },
      get parameterSets() {
        const key = remuxer.program.tracks.find(({ pid }) => pid === remuxer.keyPid);
        return (key && feeds.get(key.feed)?.feed.parameterSetsOf(key.inputPid)) ?? null;
      },
    };
  }

  #distribute(message: Message): void {
    for (const sink of this.#sinks) sink.write(message);
    this.cache?.write(message);
  }

  #close(): void {
    this.#remuxer = null;
    this.#facts = null;
    this.#inputs = [];
    this.#isSilent = true;
    this.cache?.clear();
    for (const { unsubscribe } of this.#feeds.values()) unsubscribe();
    this.#feeds.clear();
  }
}

/** Whether anything of the previous inputs is no longer selected. */
function removesTracks(before: readonly RemuxInput[], now: readonly RemuxInput[]): boolean {
  return before.some(({ feed, select }) => {
    const next = now.find((input) => input.feed === feed && (input.select === select || input.select === 'all'));
    return !next && !takesNothing(select);
  });
}

/** What the Remuxer selects of a feed, given the rule's part and the mute. */
function selection(part: 'all' | 'video' | 'audio', muted: 'audio' | 'all' | null): RemuxInput['select'] {
  if (muted === 'all') return 'none';
  if (muted === null || part === 'video') return part;
  return part === 'audio' ? 'muted-audio' : 'other-than-audio';
}

/** What is known of a track's media, without its PID. */
function mediaParametersOf({ codec, width, height, frameRate, sampleRate, channels }: TrackMedia) {
  return { codec, width, height, frameRate, sampleRate, channels };
}
