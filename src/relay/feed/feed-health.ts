// A feed's health: whether it has a source, whether data arrives, whether it can be parsed. Sampled once a second, at no
// cost per message.
// No clock, no timers: time is an argument.

import type { Fault } from '../events/event.js';
import { TrackStallDetector, type Stall } from './stall-detector.js';
import { RateMeter } from './rate-meter.js';
import type { FeedState } from '../stats-schema.js';

/** How long a source, or its tables, may take to appear. */
const GRACE_MS = 2000;

const OPAQUE: Fault = {
  code: 'opaque-ts',
  message:
    'MPEG-TS comes as messages at /ws/<feed>, which are passed on as data: no stream, no player and no mute of the sound ' +
    'can use it; send it to /ts/<feed> by POST',
};

/** A sample of a feed's state. */
export interface FeedSample {
  /** The address of the source; null: none. */
  readonly source: string | null;
  /** The address of an upload that is connected, and may have sent nothing; null: none. */
  readonly waiting: string | null;
  /** Bytes received so far: of packets, of opaque messages, and of neither. */
  readonly packetBytes: number;
  readonly opaqueBytes: number;
  readonly skippedBytes: number;
  /** Opaque messages received so far that are MPEG-TS. */
  readonly opaqueTs: number;
  /** Packets received so far. */
  readonly packets: number;
  readonly hasPat: boolean;
  readonly hasPmt: boolean;
  /** Whether the feed has readers. */
  readonly isWanted: boolean;
  /** Whether one of them waits for a random access point. */
  readonly isAwaited: boolean;
  /** Random access points received so far, and the time between the last two; null: not known. */
  readonly accessPoints: number;
  readonly gopMs: number | null;
  /** PES packets of video and of audio received so far; null: no such track is listed, or they cannot be counted. */
  readonly pictures: number | null;
  readonly sounds: number | null;
  /** The feed that was probably meant, if this one has readers but no source; null: none. */
  readonly likelyMeant: () => string | null;
  /** The fault that a stream of this feed has found; null: none. */
  readonly streamFault: Fault | null;
}

/** Monitors one feed. */
export class FeedHealth {
  state: FeedState = 'absent';
  /** When it entered that state, milliseconds since 1970. */
  sinceMs = Date.now();
  fault: Fault | null = null;
  readonly meter: RateMeter;

  readonly #silentAfterMs: number;
  readonly #kinds: TrackStallDetector;
  #arrived = 0; // bytes of the source by the last sample, skipped ones included
  #opaque = 0;
  #opaqueTs = 0;
  #opaqueTsMs = -Infinity; // when their count last rose
  #lastDataMs: number; // when data was last seen to arrive
  #startedMs: number; // when the source started or ended
  #firstMs = -1; // when the first bytes of the source were seen
  #packetsBefore = 0; // of other sources
  #wantedSinceMs = -1; // since when the feed has had readers but no source
  #likelyMeant: string | null = null; // the feed that was probably meant, once this one is wanted
  #accessPoints = 0; // by the last sample
  #accessMs = -Infinity; // when their count last rose
  #awaitedMs = -1; // since when a reader has waited for one
  #trackStall: Stall | null = null; // of its video or its audio alone
  #isData = false; // it carries opaque messages, without a source
  #waitingSinceMs = -1; // since when it has had no source, and an upload that has sent nothing

  constructor(silentAfterMs: number, nowMs: number) {
    this.#silentAfterMs = silentAfterMs;
    this.#kinds = new TrackStallDetector(silentAfterMs);
    this.#lastDataMs = this.#startedMs = nowMs;
    this.meter = new RateMeter(nowMs);
  }

  /** A source has started, possibly replacing another, after `packets` in all. */
  sourceStarted(packets: number, nowMs: number): void {
    this.#restart(packets, nowMs);
    this.#become('live');
  }

  /** The source has ended, after `packets` in all. */
  sourceEnded(packets: number, nowMs: number): void {
    this.#restart(packets, nowMs);
    this.#become('absent');
  }

  #restart(packets: number, nowMs: number): void {
    this.#lastDataMs = this.#startedMs = nowMs;
    this.#firstMs = this.#wantedSinceMs = this.#awaitedMs = this.#waitingSinceMs = -1;
    this.#packetsBefore = packets;
    this.#likelyMeant = null;
    this.#isData = false;
    this.#kinds.reset();
  }

  /** Takes a sample; returns whether the fault has changed. */
  check(seen: FeedSample, nowMs: number): boolean {
    this.meter.sample(seen.packetBytes + seen.opaqueBytes, nowMs);
    const arrived = seen.packetBytes + seen.skippedBytes;
    const hasMore = seen.source === null ? seen.opaqueBytes > this.#opaque : arrived > this.#arrived;
    this.#arrived = arrived;
    this.#opaque = seen.opaqueBytes;
    if (seen.opaqueTs > this.#opaqueTs) this.#opaqueTsMs = nowMs;
    this.#opaqueTs = seen.opaqueTs;
    if (hasMore) this.#lastDataMs = nowMs;
    if (seen.accessPoints !== this.#accessPoints) this.#accessMs = nowMs;
    this.#accessPoints = seen.accessPoints;
    if (!seen.isAwaited) this.#awaitedMs = -1;
    else if (this.#awaitedMs === -1) this.#awaitedMs = nowMs;
    const isQuiet = nowMs - this.#lastDataMs >= this.#silentAfterMs;
    this.#trackStall = seen.source === null ? null : this.#kinds.sample(seen.pictures, seen.sounds, nowMs);
    if (seen.source !== null) {
      if (hasMore && this.#firstMs === -1) this.#firstMs = nowMs;
      this.#become(isQuiet ? 'silent' : 'live');
    } else {
      if (hasMore) this.#isData = true;
      if (seen.waiting === null) this.#waitingSinceMs = -1;
      else if (this.#waitingSinceMs === -1) this.#waitingSinceMs = nowMs;
      const isWaiting = this.#waitingSinceMs !== -1 && nowMs - this.#waitingSinceMs >= this.#silentAfterMs;
      this.#become(this.#isData && !isQuiet ? 'live' : isWaiting ? 'silent' : 'absent');
    }
    const fault = seen.source === null ? this.#absence(seen, nowMs) : this.#damage(seen, seen.source, nowMs);
    const isOther = fault?.message !== this.fault?.message;
    if (isOther) this.fault = fault;
    return isOther;
  }

  /** The fault of a feed without a source. */
  #absence({ waiting, isWanted, likelyMeant }: FeedSample, nowMs: number): Fault | null {
    if (nowMs - this.#opaqueTsMs < this.#silentAfterMs) return OPAQUE;
    if (waiting !== null && this.state === 'silent') return this.#silence(waiting);
    if (!isWanted || waiting !== null || this.#isData) {
      this.#wantedSinceMs = -1;
      this.#likelyMeant = null;
      return null;
    }
    if (this.#wantedSinceMs === -1) this.#wantedSinceMs = nowMs;
    if (nowMs - Math.max(this.#wantedSinceMs, this.#startedMs) < GRACE_MS) return null;
    if (this.#likelyMeant === null) this.#likelyMeant = likelyMeant();
    const question = this.#likelyMeant === null ? '' : `; did you mean ${this.#likelyMeant}?`;
    return { code: 'no-source', message: `no source publishes to this feed${question}` };
  }

  /** The fault in what a source sends. */
  #damage(seen: FeedSample, source: string, nowMs: number): Fault | null {
    if (this.state === 'silent') return this.#silence(source);
    if (seen.hasPmt) return stopped(this.#trackStall, source) ?? seen.streamFault ?? this.#waiting(seen, nowMs);
    if (this.#firstMs === -1 || nowMs - this.#firstMs < GRACE_MS) return null;
    if (seen.packets === this.#packetsBefore) {
      return { code: 'no-tables', message: `what ${source} sends is not MPEG-TS: there is no packet in it` };
    }
    const what = seen.hasPat ? 'a PAT, and no PMT that could be read' : 'no PAT that could be read';
    return {
      code: 'no-tables',
      message: `packets come from ${source}, with ${what}: their contents cannot be identified`,
    };
  }

  #silence(source: string): Fault {
    const message = `${source} is connected, and has sent nothing for more than ${this.#silentAfterMs / 1000} s`;
    return { code: 'silent', message };
  }

  /** The fault of video that readers cannot start at yet. */
  #waiting({ gopMs }: FeedSample, nowMs: number): Fault | null {
    if (this.#awaitedMs === -1 || nowMs - this.#awaitedMs < GRACE_MS) return null;
    if (Math.max(gopMs ?? 0, nowMs - this.#accessMs) < GRACE_MS) return null; // keyframes are not what it waits for
    const seconds = gopMs !== null && Math.round(gopMs / 1000);
    const how = seconds ? `keyframes come every ${seconds} s` : 'keyframes are rare';
    return { code: 'waiting-for-keyframe', message: `${how}, and a viewer or a destination waits for the next` };
  }

  #become(state: FeedState): void {
    if (state === this.state) return;
    this.state = state;
    this.sinceMs = Date.now();
  }
}

/** The fault if video or audio alone has stopped. */
function stopped(stop: Stall | null, source: string): Fault | null {
  if (!stop) return null;
  const [gone, left] = stop.kind === 'picture' ? ['picture', 'only sound'] : ['sound', 'only pictures'];
  const message = `${source} is connected, and has sent no ${gone} for ${Math.round(stop.forMs / 1000)} s, ${left}`;
  return { code: 'track-stopped', message };
}
