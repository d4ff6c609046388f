// One named input. It outlives its sources: ffmpeg may come and go, and the newest source has the feed.

import { Inspector } from '../mpegts/inspector.js';
import type { ProgramFacts } from '../mpegts/handover.js';
import { SoundFilter } from '../mpegts/sound-filter.js';
import { type CacheBudget, GopCache } from './gop-cache.js';
import { Message, type MessageKind } from './message.js';
import type { MutedTracks } from './rules.js';

/** Somebody who takes messages. Neither method throws or blocks. */
export interface Sink {
  write(message: Message): void;
  /** The feed's source is gone; nobody publishes until another comes. */
  sourceEnded?(): void;
  /**
   * If more waits for the reader than one read brings: calls `ready` when that is gone, and returns what calls it off.
   * `null`: it keeps up, or is so slow that messages are dropped for it; it is not waited for. So without this method.
   */
  awaitDrain?(ready: () => void): (() => void) | null;
}

/** As {@link Sink.awaitDrain}, of the first of several readers; `null` where one keeps up, or there is none. */
export function awaitFirstDrain(readers: readonly Sink[], ready: () => void): (() => void) | null {
  const callOffs: (() => void)[] = [];
  const callOff = () => callOffs.forEach((each) => each());
  for (const reader of readers) {
    const each = reader.awaitDrain?.(ready) ?? null;
    if (each === null) {
      callOff();
      return null;
    }
    callOffs.push(each);
  }
  return readers.length === 0 ? null : callOff;
}

/** Who uploads to a feed. */
export interface Source {
  /** Where it comes from, for people: an address or a program. */
  readonly address: string;
  /** Another source has taken the feed over; what this one publishes from now on goes nowhere. */
  superseded(): void;
}

/** What a feed has seen. */
export interface FeedStats {
  readonly source: string | null;
  readonly sinceMs: number | null;
  readonly bytes: number;
  readonly messages: number;
  readonly opaqueMessages: number;
  readonly packets: number;
  readonly nullPackets: number;
  readonly continuityErrors: number;
  readonly transportErrors: number;
  readonly badSections: number;
  readonly skippedBytes: number;
  readonly randomAccessPoints: number;
  readonly sinks: number;
  readonly clients: number;
  readonly muted: MutedTracks | null;
}

/** What a feed has to say to its owner. */
export interface FeedObserver {
  /** The last source, sink or client has gone. */
  idle(): void;
  /** Another source publishes now; `before` is whose place it took. */
  sourceBegan(address: string, before: string | null): void;
  sourceEnded(address: string): void;
}

const NOBODY: FeedObserver = { idle: () => undefined, sourceBegan: () => undefined, sourceEnded: () => undefined };

/** The feed of a name, as long as anybody cares for it. */
export class Feed {
  readonly name: string;
  /** Bytes that belonged to no packet, of all sources so far. */
  skippedBytes = 0;

  #inspector: Inspector | null = null; // made for the first source: feeds may be many, and only wait
  #publication: Publication | null = null;
  #sourceSince = 0;
  #begins = false;
  #bytes = 0;
  #messages = 0;
  #opaqueMessages = 0;
  // Replaced, never changed in place: a reader may come or go while a message is handed round.
  #sinks: readonly Sink[] = [];
  #clients: readonly Sink[] = [];
  #joiners: readonly Sink[] = [];
  #reserved = 0;
  #muted: MutedTracks | null = null;
  #filter: SoundFilter | null = null; // from the first mute on
  #filteredFacts: ProgramFacts | null = null;

  /** What is kept for those who join; `null` where nothing is. */
  readonly cache: GopCache | null;

  constructor(
    name: string,
    private readonly observer: FeedObserver = NOBODY,
    budget: CacheBudget | null = null,
  ) {
    this.name = name;
    this.cache = budget && new GopCache(budget);
  }

  /** Whether somebody publishes packets to the feed. */
  get hasSource(): boolean {
    return this.#publication !== null;
  }

  /** Whether nobody publishes and nobody listens. */
  get isIdle(): boolean {
    const { length } = this.#sinks;
    return this.#publication === null && length + this.#clients.length + this.#joiners.length + this.#reserved === 0;
  }

  /** How many local clients the feed has. */
  get clientCount(): number {
    return this.#clients.length;
  }

  /** Keeps the feed for an upload that has not brought a packet yet, until the returned function is called. */
  reserve(): () => void {
    this.#reserved++;
    return () => {
      this.#reserved--;
      if (this.isIdle) this.observer.idle();
    };
  }

  /** A new source takes the feed over from whoever had it. */
  open(source: Source): Publication {
    const before = this.#publication;
    this.#publication = new Publication(this, source);
    this.#sourceSince = Date.now();
    this.#begins = true;
    this.#inspector ??= new Inspector();
    this.#inspector.restart();
    this.#filter?.restart();
    before?.source.superseded();
    this.observer.sourceBegan(source.address, before?.source.address ?? null);
    return this.#publication;
  }

  /** Hands an opaque message to all but who sent it. */
  publishOpaque(kind: Exclude<MessageKind, 'ts'>, data: Uint8Array, from: Sink | null): void {
    this.#opaqueMessages++;
    this.#bytes += data.length;
    const message = new Message(kind, data);
    for (const sink of this.#sinks) if (sink !== from) sink.write(message);
    for (const client of this.#clients) if (client !== from) client.write(message);
    for (const joiner of this.#joiners) joiner.write(message);
  }

  /** Hands what a far end sent back to the local clients. */
  deliver(message: Message): void {
    for (const client of this.#clients) client.write(message);
  }

  /** Everything the feed is sent goes to `sink` too, until the returned function is called. */
  subscribe(sink: Sink): () => void {
    this.#sinks = [...this.#sinks, sink];
    return () => {
      this.#sinks = this.#sinks.filter((one) => one !== sink);
      if (this.isIdle) this.observer.idle();
    };
  }

  /** As {@link subscribe}, for a stream: it gets what the source sends also while that is muted, and sees to it itself. */
  subscribeJoiner(sink: Sink): () => void {
    this.#joiners = [...this.#joiners, sink];
    return () => {
      this.#joiners = this.#joiners.filter((one) => one !== sink);
      if (this.isIdle) this.observer.idle();
    };
  }

  /** What of the feed goes nowhere; `null`: nothing. In force when this returns. */
  setMuted(tracks: MutedTracks | null): void {
    if (tracks !== null && tracks !== this.#muted) this.cache?.clear();
    this.#muted = tracks;
    if (tracks !== null) this.#filter ??= new SoundFilter();
    if (this.#filter) this.#filter.muted = tracks;
  }

  /** What of the feed goes nowhere; `null`: nothing. */
  get muted(): MutedTracks | null {
    return this.#muted;
  }

  /** PAT and PMT of the source as packets; `null` until they came. */
  get tables(): Uint8Array | null {
    return this.#publication === null ? null : (this.#inspector?.tables ?? null);
  }

  /** As {@link subscribe}, for a local client, who hears the far ends too. */
  subscribeClient(client: Sink): () => void {
    this.#clients = [...this.#clients, client];
    return () => {
      this.#clients = this.#clients.filter((one) => one !== client);
      if (this.isIdle) this.observer.idle();
    };
  }

  /** As {@link awaitFirstDrain}, of all who take the feed. */
  awaitDrain(ready: () => void): (() => void) | null {
    return awaitFirstDrain([...this.#sinks, ...this.#clients, ...this.#joiners], ready);
  }

  stats(): FeedStats {
    const seen = this.#inspector;
    return {
      source: this.#publication?.source.address ?? null,
      sinceMs: this.#publication ? this.#sourceSince : null,
      bytes: this.#bytes,
      messages: this.#messages,
      opaqueMessages: this.#opaqueMessages,
      packets: seen?.packets ?? 0,
      nullPackets: seen?.nullPackets ?? 0,
      continuityErrors: seen?.continuityErrors ?? 0,
      transportErrors: seen?.transportErrors ?? 0,
      badSections: seen?.badSections ?? 0,
      skippedBytes: this.skippedBytes,
      randomAccessPoints: seen?.randomAccessPoints ?? 0,
      sinks: this.#sinks.length,
      clients: this.#clients.length,
      muted: this.#muted,
    };
  }

  /** Called by {@link Publication}: whole packets of the source that has the feed. */
  publishPackets(publication: Publication, data: Uint8Array): void {
    if (publication !== this.#publication) return;
    const begins = this.#begins;
    this.#begins = false;
    const inspector = this.#inspector!; // there since the source opened the feed
    const joinAt = inspector.inspect(data);
    this.#messages++;
    this.#bytes += data.length;
    const message = new Message('ts', data, { joinAt, begins, facts: inspector });
    for (const joiner of this.#joiners) joiner.write(message);
    if (this.#filter) this.#publishFiltered(this.#filter, inspector, message);
    else this.#handRound(message);
  }

  #handRound(message: Message): void {
    for (const sink of this.#sinks) sink.write(message);
    for (const client of this.#clients) client.write(message);
    this.cache?.write(message);
  }

  /** The feed is muted, or was: what of it is not sound goes on. */
  #publishFiltered(filter: SoundFilter, inspector: Inspector, message: Message): void {
    const data = filter.apply(message.data, inspector.program, inspector.pmtPid, message.joinAt);
    if (data === message.data) return this.#handRound(message);
    if (data === null) return;
    const facts = (this.#filteredFacts ??= filteredFacts(inspector, filter));
    this.#handRound(new Message('ts', data, { joinAt: filter.joinAt, begins: message.begins, facts }));
  }

  /** Called by {@link Publication}: the source has ended. */
  leave(publication: Publication): void {
    if (publication !== this.#publication) return;
    this.#publication = null;
    this.cache?.clear(); // who comes now would take what is over for what is going on
    this.observer.sourceEnded(publication.source.address);
    for (const joiner of this.#joiners) joiner.sourceEnded?.();
    if (this.isIdle) this.observer.idle();
  }
}

/** What is known of a program of which something is muted, or was. */
function filteredFacts(inspector: Inspector, filter: SoundFilter): ProgramFacts {
  return {
    get tables() {
      const { tables } = inspector;
      return tables && filter.shift(tables);
    },
    get keyPid() {
      return inspector.keyPid;
    },
    get pids() {
      return inspector.pids;
    },
    get marksAccess() {
      return inspector.marksAccess;
    },
  };
}

/** One source's hold on a feed. */
export class Publication {
  constructor(
    private readonly feed: Feed,
    readonly source: Source,
  ) {}

  /** Hands on whole packets (`length % 188 === 0`); `data` is the caller's again when this returns. */
  publish(data: Uint8Array): void {
    this.feed.publishPackets(this, data);
  }

  /** The source has ended. */
  close(): void {
    this.feed.leave(this);
  }
}
