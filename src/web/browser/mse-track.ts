// Makes of one track what a media element plays, by Media Source Extensions: in a worker where browsers have them there.
// Picture and sound have an element each: an element that gets nothing for one of its tracks stands still with both.
// W3C Media Source Extensions; ISO/IEC 13818-1.

import { adaptationFlags, HAS_PCR, PACKET_BYTES } from '../../mpegts/packet.js';
import { concatenate } from '../../mpegts/packet-runs.js';
import type { Track } from '../../mpegts/track.js';
import { Fragments, type Media } from './fragments.js';
import { Gaps } from './rhythm.js';
import { SLOW, type TrackTimes } from './track-times.js';

/** How much of the past stays in memory, and how often it is tidied. Seconds. */
const KEPT_BEHIND = 4;
const TIDY_EVERY = 4;
/** Of places to begin at which are nearer than this to each other one is remembered. */
const LEAST_BETWEEN = 0.1;
/** Those of the last so long are passed on. Seconds. */
const ACCESSES_FOR = 1;
/** More than that waiting to be taken by the browser is given up. */
const MOST_PENDING_BYTES = 16_000_000;
/** Sound without a container carries no time: it is told anew where it is off by more than this. Seconds. */
const MOST_DRIFT = 0.1;

/** Nothing more of a picture comes for so long: it is whole, if its last packet looks like one, or if not. Milliseconds. */
const WHOLE_AFTER_MS = 60;
const SURELY_WHOLE_AFTER_MS = 400;
const PCR_BYTES = 7; // adaptation_field_length where there is a PCR and nothing else
/** Pieces of sound that are not further apart came at once; no gap between them counts for more than the other. Seconds. */
const AT_ONCE = 0.005;
const MOST_GAP = 5;

/** What a track says. */
export interface MseTrackEvents {
  /** More of it was handed on. */
  moved(times: TrackTimes): void;
  /** It cannot go on; `isForEver`: nor could another of its kind. */
  failed(reason: string, isForEver: boolean): void;
}

/** What phones of Apple's have in its place. */
declare const ManagedMediaSource: typeof MediaSource | undefined;
const Source = typeof MediaSource === 'undefined' ? ManagedMediaSource! : MediaSource;

interface Piece {
  readonly data: Uint8Array<ArrayBuffer>;
  /** What its times are moved by from here on; null: by the same as before. Seconds. */
  readonly offset: number | null;
}

/** Feeds a media source with a track. */
export class MseTrack {
  /** What an element is to play. */
  readonly source = new Source();
  readonly #events: MseTrackEvents;
  readonly #fragments: Fragments;
  readonly #onOpen = () => this.#opened();
  readonly #onUpdated = () => this.#append();
  #buffer: SourceBuffer | null = null;
  #mimeType = '';
  #pending: Piece[] = [];
  #pendingBytes = 0;
  #origin = -1;
  readonly #isPicture: boolean;
  #wholeTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #arrivals = new Gaps(); // between pieces of sound, seconds
  #firstGap = 0; // what the first piece makes of it
  #arrivedAt = 0;
  #newestEnd = -1;
  #isBare = false; // without a container
  #bareEnd = -1;
  #playedTo = 0;
  #tidiedAt = 0;
  #accesses: number[] = []; // times at which playback could begin, of what is kept
  #isStopped = false;
  #isClosed = false;

  constructor(track: Track, events: MseTrackEvents) {
    this.#events = events;
    this.#isPicture = track.kind === 'video';
    this.#fragments = new Fragments(track, {
      init: (mimeType, data) => this.#begin(mimeType, data),
      media: (media) => this.#add(media),
      failed: (reason) => this.#failed(reason),
    });
    this.source.addEventListener('sourceopen', this.#onOpen);
  }

  write(packets: Uint8Array<ArrayBuffer>): void {
    if (this.#isClosed || this.#isStopped) return;
    clearTimeout(this.#wholeTimer);
    this.#fragments.write(packets);
    const { gapMs } = this.#fragments;
    if (!this.#isPicture || (gapMs !== 0 && gapMs < SLOW * 1000)) return;
    // What has come of a picture is all of it.
    const afterMs = looksLast(packets) ? WHOLE_AFTER_MS : SURELY_WHOLE_AFTER_MS;
    this.#wholeTimer = setTimeout(() => this.#fragments.endPicture(), afterMs);
  }

  /** The element has played as far as this: what is long before it is forgotten. */
  playedTo(time: number): void {
    this.#playedTo = time;
  }

  /** Nothing more is taken. */
  stop(): void {
    this.#isStopped = true;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#wholeTimer);
    this.source.removeEventListener('sourceopen', this.#onOpen);
    this.#buffer?.removeEventListener('updateend', this.#onUpdated);
    this.#pending = [];
    this.#fragments.close();
  }

  #begin(mimeType: string, data: Uint8Array<ArrayBuffer>): void {
    if (!Source.isTypeSupported(mimeType)) {
      this.#events.failed(mimeType, true);
      return;
    }
    if (this.#mimeType !== '' && this.#mimeType !== mimeType) {
      this.#failed(`it has become ${mimeType}`); // another player takes it from here
      return;
    }
    this.#mimeType = mimeType;
    this.#isBare = data.length === 0;
    if (data.length > 0) this.#push({ data, offset: null });
    if (this.source.readyState === 'open') this.#opened();
  }

  #opened(): void {
    if (this.#isClosed || this.#buffer || this.#mimeType === '') return;
    try {
      this.#buffer = this.source.addSourceBuffer(this.#mimeType);
    } catch (error) {
      this.#failed((error as Error).message);
      return;
    }
    this.#buffer.addEventListener('updateend', this.#onUpdated);
    this.#append();
  }

  #add({ data, startMs, lastMs, endMs, accessMs }: Media): void {
    const isFirst = this.#origin === -1;
    if (isFirst) this.#origin = startMs / 1000;
    const origin = this.#origin;
    const at = startMs / 1000 - origin;
    const access = accessMs / 1000 - origin;
    if (accessMs !== -1 && access - (this.#accesses.at(-1) ?? -Infinity) > LEAST_BETWEEN) this.#accesses.push(access);
    const bareOffset = Math.abs(at - this.#bareEnd) > MOST_DRIFT ? at : null;
    this.#push({ data, offset: this.#isBare ? bareOffset : isFirst ? -origin : null });
    const [newestStart, newestEnd] = [lastMs / 1000 - origin, endMs / 1000 - origin];
    if (!this.#isPicture) this.#noteArrival(at, newestEnd);
    const gap = this.#isPicture ? this.#fragments.gapMs / 1000 : this.#arrivals.expected || this.#firstGap;
    const accesses = this.#accesses.filter((time) => time > newestStart - ACCESSES_FOR);
    this.#events.moved({ origin, newestStart, newestEnd, gap, accesses });
  }

  #noteArrival(start: number, end: number): void {
    if (end <= this.#newestEnd) return;
    const now = performance.now();
    const gap = (now - this.#arrivedAt) / 1000;
    // A network that stood still is one long gap, and no reason to stay as far behind.
    if (this.#newestEnd === -1) this.#firstGap = Math.max(0, end - start);
    else if (gap > AT_ONCE) this.#arrivals.add(Math.min(MOST_GAP, gap));
    this.#arrivedAt = now;
    this.#newestEnd = end;
  }

  #push(piece: Piece): void {
    this.#pending.push(piece);
    this.#pendingBytes += piece.data.length;
    if (this.#pendingBytes > MOST_PENDING_BYTES) this.#failed('the browser takes nothing');
    else this.#append();
  }

  #append(): void {
    const buffer = this.#buffer;
    if (this.#isClosed || !buffer || buffer.updating || this.source.readyState !== 'open') return;
    if (this.#isBare && buffer.buffered.length > 0) this.#bareEnd = buffer.buffered.end(buffer.buffered.length - 1);
    if (this.#tidy(buffer)) return;
    const [first, ...others] = this.#pending;
    if (!first) return;
    // As many at once as have their times moved by the same.
    const next = others.findIndex(({ offset }) => offset !== null);
    const pieces = this.#pending.splice(0, next === -1 ? this.#pending.length : next + 1);
    const data = concatenate(pieces.map((piece) => piece.data));
    this.#pendingBytes -= data.length;
    try {
      if (first.offset !== null) buffer.timestampOffset = first.offset;
      buffer.appendBuffer(data);
    } catch (error) {
      this.#failed((error as Error).message);
    }
  }

  /**
   * Forgets what was played; whether the buffer is busy with that. A browser forgets with a picture all that build on it,
   * up to the next random access point, and may be showing one of them (MSE, coded frame removal).
   */
  #tidy(buffer: SourceBuffer): boolean {
    const playedTo = this.#playedTo;
    if (buffer.buffered.length === 0 || playedTo - this.#tidiedAt < TIDY_EVERY) return false;
    this.#tidiedAt = playedTo;
    const next = this.#accesses.findLastIndex((time) => time <= playedTo - KEPT_BEHIND);
    if (next === -1) return false;
    const end = this.#accesses[next]!;
    this.#accesses.splice(0, next);
    if (buffer.buffered.start(0) >= end) return false;
    buffer.remove(0, end);
    return true;
  }

  #failed(reason: string): void {
    if (!this.#isClosed) this.#events.failed(reason, false);
  }
}

/** Whether the last of some packets ends a picture: it is filled up with stuffing (§2.4.3.4). */
function looksLast(packets: Uint8Array): boolean {
  const at = packets.length - PACKET_BYTES;
  if (!(packets[at + 3]! & 0x20)) return false; // no adaptation field
  return !(packets[at + 4] === PCR_BYTES && adaptationFlags(packets, at) & HAS_PCR);
}
