// A named programme: the tracks of its rule's feeds, joined by a Remuxer, changed in place while it runs.

import { codecName } from '../mpegts/codec-name.js';
import { newCounters } from '../mpegts/remux-report.js';
import { Remuxer, type RemuxInput } from '../mpegts/remuxer.js';
import { JOIN_PATIENCE, type Patience, type ProgramFacts } from '../mpegts/handover.js';
import type { TrackMedia } from '../mpegts/track-media.js';
import { type Fault, FAULTS } from './event.js';
import type { Feed, Sink } from './feed.js';
import { FeedStateFaults } from './feed-state-faults.js';
import { awaitFirstDrain, type Pace } from './pace.js';
import { type CacheBudget, GopCache } from './gop-cache.js';
import { Message } from './message.js';
import { Meter } from './meter.js';
import { readFeedEntry, type StreamRule, trimOf } from './rules.js';
import type { StreamStats } from './stats-schema.js';
import { type NamedTrack, namesOf } from './tracks.js';

/** What a stream has to say to its owner. */
export interface StreamObserver {
  /** The last reader has gone. */
  idle(): void;
  tracksChanged(tracks: readonly NamedTrack[]): void;
}

const NOBODY: StreamObserver = { idle: () => undefined, tracksChanged: () => undefined };
const UNKNOWN = { width: null, height: null, frameRate: null, sampleRate: null, channels: null };
const UNDESCRIBED = { descriptors: new Uint8Array(0) };
const NO_TIMING = { heldUnits: 0, lateUnits: 0, jumps: 0 };

/**
 * A feed's place in a stream. An object, not functions that close over one: with a hundred of them each is found in main
 * memory, not in the processor's cache, and every step from one to the next counts.
 */
class Input implements Sink {
  constructor(
    private readonly stream: Stream,
    private readonly feed: string,
  ) {}

  write(message: Message): void {
    this.stream.take(this.feed, message);
  }

  sourceEnded(): void {
    this.stream.leave(this.feed);
  }

  get awaitsAccess(): boolean {
    return this.stream.awaitsAccessOf(this.feed);
  }

  awaitDrain(ready: () => void): Pace {
    return this.stream.awaitDrain(ready);
  }
}

/** The stream of a name, as long as it has a rule or readers. */
export class Stream {
  readonly name: string;
  #facts: ProgramFacts | null = null; // of what the remuxer makes
  #remuxer: Remuxer | null = null; // while there is a rule; what a PID was is forgotten with it
  #rule: StreamRule | null = null;
  readonly #feeds = new Map<string, { feed: Feed; leave: () => void; faults: FeedStateFaults }>();
  #sinks: readonly Sink[] = [];
  #inputs: readonly RemuxInput[] = [];
  #isSilent = true; // nothing was sent since the last of its sources went
  #bytes = 0;
  #withheldMessages = 0;
  #picturesOf: ReadonlySet<string> = new Set(); // feeds of which the rule takes the picture alone
  /** Reads of local clients that held a flood of tiny messages. */
  throttledReads = 0;
  readonly #meter = new Meter(performance.now());
  #toldTracks = '';
  #mediaVersion = 0; // of its feeds together, and the PMT's: when tracks were last looked at
  #pmtVersion = -1;
  /** What is kept for those who join; `null` where nothing is. */
  readonly cache: GopCache | null;

  constructor(
    name: string,
    private readonly observer: StreamObserver = NOBODY,
    budget: CacheBudget | null = null,
    private readonly patience: Patience = JOIN_PATIENCE,
  ) {
    this.name = name;
    this.cache = budget && new GopCache(budget);
  }

  /** Whether nobody reads the stream. */
  get isIdle(): boolean {
    return this.#sinks.length === 0;
  }

  /**
   * Makes the stream what the rule says, feeds being muted as they are now; `null`: nothing any more. In force when it
   * returns. Feeds that stay are not disturbed. `feedOf` finds a feed by its name.
   */
  setRule(rule: StreamRule | null, feedOf: (name: string) => Feed): void {
    this.#rule = rule;
    const entries = (rule?.feeds ?? []).map(readFeedEntry);
    for (const { feed } of entries) {
      if (!this.#feeds.has(feed)) this.#take(feedOf(feed));
    }
    if (!rule) {
      this.#close();
      return;
    }
    const withMore = entries.filter(({ part }) => part !== 'video').map(({ feed }) => feed);
    this.#picturesOf = new Set(entries.map(({ feed }) => feed).filter((feed) => !withMore.includes(feed)));
    this.#remuxer ??= new Remuxer(true, this.patience);
    const inputs = entries.map(({ feed: name, part }): RemuxInput => {
      const { feed } = this.#feeds.get(name)!; // taken above
      const { tables } = feed;
      const trimMs = trimOf(rule, name);
      const select = selection(part, feed.muted);
      return tables ? { feed: name, select, trimMs, tables } : { feed: name, select, trimMs };
    });
    if (takesAway(this.#inputs, inputs)) this.cache?.clear();
    this.#inputs = inputs;
    this.#send(this.#remuxer.setInputs(inputs, performance.now()));
    this.#leaveUnwanted(this.#remuxer);
  }

  /** Sends what time alone makes due; to be called every 90 ms or so. */
  tick(nowMs: number): void {
    if (!this.#remuxer) return;
    this.#send(this.#remuxer.tick(nowMs));
    this.#leaveUnwanted(this.#remuxer);
  }

  /** A mute of one of the feeds has changed. */
  refresh(feedOf: (name: string) => Feed): void {
    if (!this.#rule) return;
    this.setRule(this.#rule, feedOf);
    // A picture that runs on until another takes its place is not the rule's any more; a mute holds for it, too.
    for (const [name, { feed }] of this.#feeds) {
      if (feed.muted === 'all') this.#send(this.#remuxer!.endReplaced(name, performance.now())); // there while there is a rule
    }
  }

  /** What the stream sends goes to `sink` too, until the returned function is called. */
  subscribe(sink: Sink): () => void {
    this.#sinks = [...this.#sinks, sink];
    return () => {
      this.#sinks = this.#sinks.filter((one) => one !== sink);
      if (this.isIdle) this.observer.idle();
    };
  }

  /** Called by {@link Input}: a message of a feed. */
  take(feed: string, message: Message): void {
    // Text and binary ride along as they are: an instrument's readings beside its picture.
    if (message.kind !== 'ts') this.#takeOpaque(feed, message);
    else if (this.#remuxer)
      this.#send(
        this.#remuxer.push(feed, message.data, message.begins, performance.now(), message.facts, message.joinAt),
      );
  }

  /** A binary message may be sound: it does not come from a feed of which the rule takes the picture alone. */
  #takeOpaque(feed: string, message: Message): void {
    // A feed whose picture runs on until another takes its place is not the rule's any more.
    if (!this.#inputs.some((input) => input.feed === feed)) return;
    if (message.kind === 'binary' && this.#picturesOf.has(feed)) this.#withheldMessages++;
    else this.#handRound(message);
  }

  /** Called by {@link Input}: a feed's source is gone. */
  leave(feed: string): void {
    if (!this.#remuxer) return;
    this.#send(this.#remuxer.leave(feed, performance.now()));
    if (this.#remuxer.pids.length > 0) return;
    this.#isSilent = true;
    this.cache?.clear();
  }

  /** As {@link awaitFirstDrain}, of all who read the stream. */
  awaitDrain(ready: () => void): Pace {
    return awaitFirstDrain(this.#sinks, ready);
  }

  /** Whether a feed's next random access point is waited for: by its picture, or by a reader of the stream. */
  awaitsAccessOf(feed: string): boolean {
    const remuxer = this.#remuxer;
    if (!remuxer) return false;
    if (remuxer.awaitsAccessOf(feed)) return true;
    return remuxer.keyFeed === feed && this.#sinks.some((sink) => sink.awaitsAccess === true);
  }

  /** To be called about once a second: sees how the stream does, and says what has changed. */
  look(nowMs: number): void {
    this.#meter.look(this.#bytes, nowMs);
    for (const state of this.#remuxer?.feedStates(nowMs) ?? []) {
      const taken = this.#feeds.get(state.feed);
      taken?.feed.complain(this, taken.faults.look(state, nowMs));
    }
    // Tracks are put together only when they may be others: there may be a hundred streams to look at.
    let mediaVersion = 0;
    for (const { feed } of this.#feeds.values()) mediaVersion += feed.mediaVersion;
    const pmtVersion = this.#remuxer?.pmtVersion ?? -1;
    if (mediaVersion === this.#mediaVersion && pmtVersion === this.#pmtVersion) return;
    this.#mediaVersion = mediaVersion;
    this.#pmtVersion = pmtVersion;
    const tracks = this.#tracks();
    const told = namesOf(tracks);
    if (told === this.#toldTracks) return;
    this.#toldTracks = told;
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
      withheld: remuxer?.withheld ?? [],
      withheldMessages: this.#withheldMessages,
      readers: this.#sinks.length,
      cacheBytes: this.cache?.length ?? 0,
      throttledReads: this.throttledReads,
    };
  }

  /** What is sent, each track with what its feed knows of it. */
  #tracks(): StreamStats['tracks'] {
    const media = new Map([...this.#feeds].map(([name, { feed }]) => [name, feed.media]));
    return (this.#remuxer?.program.tracks ?? []).map((track) => {
      const known = media.get(track.feed)?.find(({ pid }) => pid === track.inputPid);
      return { ...track, ...(known ? mediaOf(known) : { ...UNKNOWN, codec: codecName({ ...track, ...UNDESCRIBED }) }) };
    });
  }

  /** The worst of what is wrong with the rule's feeds; of two that are as bad, that of the first. */
  #fault(): Fault | null {
    let worst: Fault | null = null;
    for (const entry of this.#rule?.feeds ?? []) {
      const { feed: name } = readFeedEntry(entry);
      const fault = this.#feeds.get(name)?.feed.fault;
      if (!fault || (worst && FAULTS.indexOf(worst.code) <= FAULTS.indexOf(fault.code))) continue;
      worst = { code: fault.code, words: `feed "${name}": ${fault.words}` };
    }
    return worst;
  }

  #take(feed: Feed): void {
    const { name } = feed;
    const unsubscribe = feed.subscribeJoiner(new Input(this, name));
    const leave = (): void => {
      feed.complain(this, null);
      unsubscribe();
    };
    this.#feeds.set(name, { feed, leave, faults: new FeedStateFaults() });
  }

  /** Feeds that the rule has dropped, once nothing of them is wanted any more (a picture runs on until it is replaced). */
  #leaveUnwanted(remuxer: Remuxer): void {
    if (remuxer.feedCount === this.#feeds.size) return;
    const wanted = remuxer.feeds;
    for (const [name, { leave }] of this.#feeds) {
      if (wanted.includes(name)) continue;
      this.#feeds.delete(name);
      leave();
    }
  }

  #send(packets: Uint8Array | null): void {
    if (packets === null) return;
    const remuxer = this.#remuxer!; // it made them
    const facts = (this.#facts ??= this.#factsOf(remuxer));
    const begins = this.#isSilent;
    this.#isSilent = false;
    this.#bytes += packets.length;
    this.#handRound(new Message('ts', packets, { joinAt: remuxer.joinAt, begins, facts }));
  }

  /** What is known of the stream's program: parameter sets are those of the feed that its picture comes from. */
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

  #handRound(message: Message): void {
    for (const sink of this.#sinks) sink.write(message);
    this.cache?.write(message);
  }

  #close(): void {
    this.#remuxer = null;
    this.#facts = null;
    this.#inputs = [];
    this.#isSilent = true;
    this.cache?.clear();
    for (const { leave } of this.#feeds.values()) leave();
    this.#feeds.clear();
  }
}

/** Whether anything of the inputs before is not wanted any more. */
function takesAway(before: readonly RemuxInput[], now: readonly RemuxInput[]): boolean {
  return before.some(({ feed, select }) => {
    const next = now.find((input) => input.feed === feed && (input.select === select || input.select === 'all'));
    return !next && select !== 'none';
  });
}

/** What the Remuxer takes of a feed, given what the rule wants of it and what of it is muted. */
function selection(part: 'all' | 'video' | 'audio', muted: 'audio' | 'all' | null): RemuxInput['select'] {
  if (muted === 'all' || (muted === 'audio' && part === 'audio')) return 'none';
  return muted === 'audio' && part === 'all' ? 'other-than-audio' : part;
}

/** What a track is known to carry, but for where it is sent. */
function mediaOf({ codec, width, height, frameRate, sampleRate, channels }: TrackMedia) {
  return { codec, width, height, frameRate, sampleRate, channels };
}
