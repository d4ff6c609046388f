// One named input. It outlives its sources: ffmpeg may be stopped and started, and the newest source owns the feed.

import { Inspector } from '../../mpegts/inspect/inspector.js';
import { isTransportStream } from '../../mpegts/packet/is-transport-stream.js';
import { signalledMute } from '../../mpegts/mute/mute-descriptor.js';
import type { ParameterSets } from '../../mpegts/pictures/parameter-sets.js';
import type { Program } from '../../mpegts/psi/program.js';
import { areTables } from '../../mpegts/psi/table-packets.js';
import type { TrackMedia } from '../../mpegts/inspect/track-media.js';
import type { Fault } from '../events/event.js';
import { MuteGate } from './mute-gate.js';
import { type FeedObserver, NO_OBSERVER } from './feed-observer.js';
import { FeedHealth } from './feed-health.js';
import { type CacheBudget, GopCache } from '../delivery/gop-cache.js';
import { DEFAULT_LIMITS } from '../../config/limits.js';
import { Message, type MessageKind } from '../message.js';
import { awaitFirstDrain, type Backpressure } from '../delivery/backpressure.js';
import type { MutedBinary, MutedTracks } from '../rules/mute-rule.js';
import type { FeedStats } from '../stats-schema.js';
import { namesOf } from '../stream/named-tracks.js';
import type { Sink, Source } from './sink.js';
import { WaitingUploads } from './waiting-uploads.js';

const NO_TRACKS: readonly TrackMedia[] = [];

/** A named feed, for as long as it has a source, readers or rules. */
export class Feed {
  readonly name: string;
  /** Bytes that belonged to no packet, of all sources so far. */
  skippedBytes = 0;
  /** Reads of local clients that held a flood of tiny messages. */
  throttledReads = 0;

  #inspector: Inspector | null = null; // created for the first source: many feeds may only wait for one
  #publication: Publication | null = null;
  #startsSource = false;
  #packetBytes = 0;
  #opaqueBytes = 0;
  #messages = 0;
  #opaqueMessages = 0;
  #opaqueTs = 0; // of them, MPEG-TS
  #lastAccessMs: number | null = null;
  readonly #health: FeedHealth;
  #recordedTracks = '';
  #recordedFault: Fault | null = null;
  #mediaVersion = -1; // as of the last check
  // Replaced, never changed in place: a reader may be added or removed while a message is distributed.
  #sinks: readonly Sink[] = [];
  #clients: readonly Sink[] = [];
  #streamInputs: readonly Sink[] = [];
  readonly #uploads = new WaitingUploads();
  readonly #mute = new MuteGate();
  #program: Program | null = null; // of which #isMutedAtSource is known
  #isMutedAtSource = false;
  readonly #streamFaults = new Map<object, Fault>(); // the faults that streams have found in it

  readonly #likelyMeant = () => this.observer.likelyMeant();

  /** The cache for new readers; `null` if there is none. */
  readonly cache: GopCache | null;

  constructor(
    name: string,
    private readonly observer: FeedObserver = NO_OBSERVER,
    budget: CacheBudget | null = null,
    silentAfterMs: number = DEFAULT_LIMITS.silentAfterMs,
  ) {
    this.name = name;
    this.cache = budget && new GopCache(budget);
    this.#health = new FeedHealth(silentAfterMs, performance.now());
  }

  /** Whether a source publishes to the feed. */
  get hasSource(): boolean {
    return this.#publication !== null;
  }

  /** How far its uploads are: 'connected' ones have sent no whole packet yet. */
  get uploadState(): 'none' | 'connected' | 'publishing' {
    if (this.#publication !== null && !this.#startsSource) return 'publishing';
    return this.#publication === null && this.#uploads.count === 0 ? 'none' : 'connected';
  }

  /** Whether the feed has neither source nor readers. */
  get isIdle(): boolean {
    const readers = this.#sinks.length + this.#clients.length + this.#streamInputs.length;
    return this.#publication === null && readers + this.#uploads.count === 0;
  }

  /** How many local clients the feed has. */
  get clientCount(): number {
    return this.#clients.length;
  }

  /** Keeps the feed for an upload, also before it has sent anything, until the returned function is called. */
  reserve(source: Source): () => void {
    this.#uploads.add(source);
    return () => {
      this.#uploads.delete(source);
      if (!this.isIdle) return;
      if (this.hasPublished) this.observer.idle();
      else this.observer.abandoned();
    };
  }

  /** A new source takes the feed over from the current one. */
  open(source: Source): Publication {
    const before = this.#publication;
    this.#publication = new Publication(this, source);
    this.#startsSource = true;
    this.#inspector ??= new Inspector();
    this.#inspector.restart();
    this.#health.sourceStarted(this.#inspector.packets, performance.now());
    this.#recordedTracks = '';
    this.#mediaVersion = -1;
    this.#mute.restart();
    before?.source.superseded();
    this.observer.sourceStarted(source.address, before?.source.address ?? null);
    return this.#publication;
  }

  /** Whether something was ever published to it. */
  get hasPublished(): boolean {
    return this.#inspector !== null || this.#opaqueMessages > 0;
  }

  /** Sends an opaque message to all readers except its sender, unless a mute withholds it. */
  publishOpaque(kind: Exclude<MessageKind, 'ts'>, data: Uint8Array, from: Sink | null): void {
    this.#opaqueMessages++;
    this.#opaqueBytes += data.length;
    if (kind === 'binary' && isTransportStream(data)) this.#opaqueTs++;
    if (this.#mute.withholds(kind, data)) return;
    const message = new Message(kind, data);
    for (const sink of this.#sinks) if (sink !== from) sink.write(message);
    for (const client of this.#clients) if (client !== from) client.write(message);
    for (const input of this.#streamInputs) input.write(message);
  }

  /** Passes a message from an endpoint to the local clients, unless a mute withholds it. */
  deliver(message: Message): void {
    if (this.#mute.withholds(message.kind, message.data)) return;
    for (const client of this.#clients) client.write(message);
  }

  /** Sends everything that is published to `sink` too, until the returned function is called. */
  subscribe(sink: Sink): () => void {
    this.#sinks = [...this.#sinks, sink];
    return () => {
      this.#sinks = this.#sinks.filter((one) => one !== sink);
      if (this.isIdle) this.observer.idle();
    };
  }

  /** As {@link subscribe}, for a stream: it receives the source unmuted, and applies the mute itself. */
  subscribeUnmuted(sink: Sink): () => void {
    this.#streamInputs = [...this.#streamInputs, sink];
    return () => {
      this.#streamInputs = this.#streamInputs.filter((one) => one !== sink);
      if (this.isIdle) this.observer.idle();
    };
  }

  /**
   * Sets what is muted; `null`: nothing. `binary`: what a mute of the sound does with binary messages. In force when this
   * returns.
   */
  setMuted(tracks: MutedTracks | null, binary: MutedBinary = 'drop'): void {
    if (tracks !== null && tracks !== this.#mute.muted) this.cache?.clear();
    const tables = this.#mute.set(tracks, binary, this.#publication && this.#inspector);
    if (tables) this.#distribute(tables);
  }

  /** What a mute of the sound does with binary messages; `null`: there is no mute. */
  get mutedBinary(): MutedBinary | null {
    return this.#mute.binary;
  }

  /** What of the feed is muted; `null`: nothing. */
  get muted(): MutedTracks | null {
    return this.#mute.muted;
  }

  /** The parameter sets of the video on `pid`; `null` if it is not the track whose random access points count. */
  parameterSetsOf(pid: number): ParameterSets | null {
    const seen = this.#inspector;
    return seen?.keyPid === pid ? seen.parameterSets : null;
  }

  /** The program as its source last described it; `null`: it has not yet, or there is no source. */
  get program(): Program | null {
    return (this.#publication && this.#inspector?.program) ?? null;
  }

  /** PAT and PMT of the source as packets; `null` until they came. */
  get tables(): Uint8Array | null {
    return this.#publication === null ? null : (this.#inspector?.tables ?? null);
  }

  /** As {@link subscribe}, for a local client, which also receives what endpoints send. */
  subscribeClient(client: Sink): () => void {
    this.#clients = [...this.#clients, client];
    return () => {
      this.#clients = this.#clients.filter((one) => one !== client);
      if (this.isIdle) this.observer.idle();
    };
  }

  /** Whether a reader waits for a random access point. */
  get #isAwaited(): boolean {
    const awaits = (sink: Sink) => sink.awaitsAccess === true;
    return this.#sinks.some(awaits) || this.#clients.some(awaits) || this.#streamInputs.some(awaits);
  }

  /** As {@link awaitFirstDrain}, for all readers of the feed. */
  awaitDrain(ready: () => void): Backpressure {
    return awaitFirstDrain([...this.#sinks, ...this.#clients, ...this.#streamInputs], ready);
  }

  /** The fault of the feed now; `null`: none. */
  get fault(): Fault | null {
    return this.#health.fault;
  }

  /** Sets the fault that a stream has found in the feed; `null`: none. It is reported with the next sample. */
  reportStreamFault(stream: object, fault: Fault | null): void {
    if (fault) this.#streamFaults.set(stream, fault);
    else this.#streamFaults.delete(stream);
  }

  /** The tracks that its source sends now, as far as known. */
  get media(): readonly TrackMedia[] {
    return this.#publication === null ? NO_TRACKS : (this.#inspector?.media ?? NO_TRACKS);
  }

  /** Increases when {@link media} has changed. */
  get mediaVersion(): number {
    return this.#inspector?.mediaVersion ?? 0;
  }

  /** To be called about once a second: samples the feed's health and emits what has changed. */
  checkHealth(nowMs: number): void {
    const seen = this.#inspector;
    this.#health.check(
      {
        source: this.#publication?.source.address ?? null,
        waiting: this.#uploads.address,
        packetBytes: this.#packetBytes,
        opaqueBytes: this.#opaqueBytes,
        opaqueTs: this.#opaqueTs,
        skippedBytes: this.skippedBytes,
        packets: seen?.packets ?? 0,
        hasPat: (seen?.pmtPid ?? -1) !== -1,
        hasPmt: (seen?.program ?? null) !== null,
        likelyMeant: this.#likelyMeant,
        streamFault: this.#streamFaults.values().next().value ?? null,
        isWanted: this.#sinks.length + this.#clients.length + this.#streamInputs.length > 0,
        isAwaited: this.#isAwaited,
        accessPoints: seen?.randomAccessPoints ?? 0,
        gopMs: seen?.gopMs ?? null,
        pictures: seen?.unitsOf('video') ?? null,
        sounds: seen?.unitsOf('audio') ?? null,
      },
      nowMs,
    );
    this.#recordFault(this.#health.fault);
    if (this.#publication === null || seen === null || seen.mediaVersion === this.#mediaVersion) return;
    this.#mediaVersion = seen.mediaVersion;
    const tracks = seen.media;
    const event = namesOf(tracks);
    if (event === this.#recordedTracks) return;
    this.#recordedTracks = event;
    this.observer.tracksChanged(tracks);
  }

  /** The missing source of a feed that exists for a viewer only (a mistyped address) is not logged. */
  #recordFault(fault: Fault | null): void {
    if (fault?.message === this.#recordedFault?.message) return;
    if (fault?.code === 'no-source' && !this.hasPublished && !this.observer.isKnown()) return;
    this.#recordedFault = fault;
    this.observer.faultChanged(fault);
  }

  stats(): FeedStats {
    const seen = this.#inspector;
    const watch = this.#health;
    const bytes = this.#packetBytes + this.#opaqueBytes;
    return {
      state: watch.state,
      sinceMs: watch.sinceMs,
      fault: watch.fault,
      source: this.#publication?.source.address ?? this.#uploads.address,
      bytes,
      messages: this.#messages + this.#opaqueMessages,
      opaqueMessages: this.#opaqueMessages,
      packets: seen?.packets ?? 0,
      nullPackets: seen?.nullPackets ?? 0,
      continuityErrors: seen?.continuityErrors ?? 0,
      transportErrors: seen?.transportErrors ?? 0,
      badSections: seen?.badSections ?? 0,
      skippedBytes: this.skippedBytes,
      bitsPerSecond: watch.meter.rate(bytes, performance.now()),
      tracks: [...this.media],
      program:
        this.#publication === null || !seen?.program ? null : { number: seen.program.number, of: seen.programCount },
      randomAccessPoints: seen?.randomAccessPoints ?? 0,
      lastRandomAccessMs: this.#lastAccessMs,
      gopMs: this.#publication === null ? null : (seen?.gopMs ?? null),
      subscribers: this.#sinks.length + this.#streamInputs.length,
      clients: this.#clients.length,
      muted: this.muted,
      mutedBinary: this.mutedBinary,
      withheld: this.#mute.withheld,
      withheldMessages: this.#mute.withheldMessages,
      cacheBytes: this.cache?.length ?? 0,
      throttledReads: this.throttledReads,
    };
  }

  /** Called by {@link Publication} with whole packets; ignored unless that source owns the feed. */
  publishPackets(publication: Publication, data: Uint8Array): void {
    const inspector = this.#inspector; // there since the source opened the feed
    if (publication !== this.#publication || inspector === null) return;
    const begins = this.#startsSource;
    this.#startsSource = false;
    if (begins) this.#uploads.supersedeBefore(publication.source);
    const accessPointOffset = inspector.inspect(data);
    this.#messages++;
    this.#packetBytes += data.length;
    if (accessPointOffset !== -1) this.#lastAccessMs = Date.now();
    const isMutedTables = this.#isMuted(inspector.program) && areTables(data, inspector.pmtPid);
    const facts = { accessPointOffset, startsSource: begins, facts: inspector, isMutedTables };
    const message = new Message('ts', data, facts);
    for (const input of this.#streamInputs) input.write(message);
    const passed = this.#mute.isUnused ? message : this.#mute.filter(message, inspector);
    if (passed) this.#distribute(passed);
  }

  /** Whether a program says that its source has muted all of it. */
  #isMuted(program: Program | null): boolean {
    if (program !== this.#program) {
      this.#program = program;
      this.#isMutedAtSource = signalledMute(program) === 'all';
    }
    return this.#isMutedAtSource;
  }

  #distribute(message: Message): void {
    for (const sink of this.#sinks) sink.write(message);
    for (const client of this.#clients) client.write(message);
    this.cache?.write(message);
  }

  /** Called by {@link Publication}: the source has ended. */
  endSource(publication: Publication): void {
    if (publication !== this.#publication) return;
    this.#publication = null;
    this.#health.sourceEnded(this.#inspector?.packets ?? 0, performance.now());
    this.cache?.clear(); // a new reader would take it for live media
    this.observer.sourceEnded(publication.source.address);
    for (const input of this.#streamInputs) input.sourceEnded?.();
    if (this.isIdle) this.observer.idle();
  }
}

/** One source's ownership of a feed. */
export class Publication {
  constructor(
    private readonly feed: Feed,
    readonly source: Source,
  ) {}

  /** Publishes whole packets (`length % 188 === 0`); the caller may reuse `data` when this returns. */
  publish(data: Uint8Array): void {
    this.feed.publishPackets(this, data);
  }

  /** The source has ended. */
  close(): void {
    this.feed.endSource(this);
  }
}
