// Feeds one track to a media element by Media Source Extensions: in a worker if the browser supports that.
// Picture and sound have an element each: an element without data for one of its tracks stalls with both.
// W3C Media Source Extensions; ISO/IEC 13818-1.

import { adaptationFlags, HAS_PCR, PACKET_BYTES } from '../../../mpegts/packet/packet.js';
import { concatenate } from '../../../mpegts/packet/packet-runs.js';
import type { Track } from '../../../mpegts/psi/track.js';
import { Fragments, type MediaFragment } from './fragments.js';
import { RecentIntervals } from '../media/arrival-rhythm.js';
import type { FailureKind } from '../media/failure.js';
import { SLOW, type TrackTimes } from '../media/track-times.js';

/** How much played media stays in the buffer, and how often it is removed. Seconds. */
const KEPT_BEHIND = 4;
const TIDY_EVERY = 4;
/** Of random access points closer together than this, one is kept. */
const MIN_ACCESS_INTERVAL = 0.1;
/** Those of this last span are reported. Seconds. */
const ACCESSES_FOR = 1;
/** With more than this waiting to be appended, the track fails. */
const MAX_PENDING_BYTES = 16_000_000;
/** Sound without a container carries no time: its offset is set again if it deviates by more than this. Seconds. */
const MAX_DRIFT = 0.1;

/** Silence after which a picture is complete: if its last packet looks like the last, and if not. Milliseconds. */
const WHOLE_AFTER_MS = 60;
const SURELY_WHOLE_AFTER_MS = 400;
const PCR_ONLY_FIELD_LENGTH = 7; // adaptation_field_length where there is a PCR and nothing else
/** Pieces of sound closer than this arrived together; the second value caps the gap that counts. Seconds. */
const MAX_BURST_GAP = 0.005;
const MAX_ARRIVAL_GAP = 5;

/** Events of a track. */
export interface MseTrackEvents {
  /** More of it was appended. */
  moved(times: TrackTimes): void;
  /** It cannot continue. */
  failed(reason: string, kind: FailureKind): void;
}

/** Apple's phones have it instead. */
declare const ManagedMediaSource: typeof MediaSource;
const Source = typeof MediaSource === 'undefined' ? ManagedMediaSource : MediaSource;

interface PendingAppend {
  readonly data: Uint8Array<ArrayBuffer>;
  /** The timestamp offset from here on; null: unchanged. Seconds. */
  readonly offset: number | null;
}

/** Feeds a media source with a track. */
export class MseTrack {
  /** The source for an element. */
  readonly source = new Source();
  readonly #events: MseTrackEvents;
  readonly #fragments: Fragments;
  readonly #onOpen = () => this.#opened();
  readonly #onUpdated = () => this.#append();
  #buffer: SourceBuffer | null = null;
  #mimeType = '';
  #pending: PendingAppend[] = [];
  #pendingBytes = 0;
  #origin = -1;
  readonly #isPicture: boolean;
  #wholeTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #arrivals = new RecentIntervals(); // between pieces of sound, seconds
  #firstGap = 0; // from the first piece
  #arrivedAt = 0;
  #newestEnd = -1;
  #isBare = false; // without a container
  #bareEnd = -1;
  #playedTo = 0;
  #tidiedAt = 0;
  #accesses: number[] = []; // times of random access points in the buffer
  #isStopped = false;
  #isClosed = false;

  constructor(track: Track, events: MseTrackEvents) {
    this.#events = events;
    this.#isPicture = track.kind === 'video';
    this.#fragments = new Fragments(track, {
      init: (mimeType, data) => this.#createSourceBuffer(mimeType, data),
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
    // The picture is complete.
    const afterMs = endsPicture(packets) ? WHOLE_AFTER_MS : SURELY_WHOLE_AFTER_MS;
    this.#wholeTimer = setTimeout(() => this.#fragments.endPicture(), afterMs);
  }

  /** The element has played up to `time`: what is long before it is removed. */
  playedTo(time: number): void {
    this.#playedTo = time;
  }

  /** Accepts nothing more. */
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

  #createSourceBuffer(mimeType: string, data: Uint8Array<ArrayBuffer>): void {
    if (!Source.isTypeSupported(mimeType)) {
      this.#events.failed(mimeType, 'lasting');
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

  #add({ data, startMs, lastMs, endMs, accessMs }: MediaFragment): void {
    const isFirst = this.#origin === -1;
    if (isFirst) this.#origin = startMs / 1000;
    const origin = this.#origin;
    const at = startMs / 1000 - origin;
    const access = accessMs / 1000 - origin;
    if (accessMs !== -1 && access - (this.#accesses.at(-1) ?? -Infinity) > MIN_ACCESS_INTERVAL)
      this.#accesses.push(access);
    const bareOffset = Math.abs(at - this.#bareEnd) > MAX_DRIFT ? at : null;
    this.#push({ data, offset: this.#isBare ? bareOffset : isFirst ? -origin : null });
    const [newestStart, newestEnd] = [lastMs / 1000 - origin, endMs / 1000 - origin];
    if (!this.#isPicture) this.#recordArrival(at, newestEnd);
    const gap = this.#isPicture ? this.#fragments.gapMs / 1000 : this.#arrivals.expected || this.#firstGap;
    const accesses = this.#accesses.filter((time) => time > newestStart - ACCESSES_FOR);
    this.#events.moved({ origin, newestStart, newestEnd, gap, accesses });
  }

  #recordArrival(start: number, end: number): void {
    if (end <= this.#newestEnd) return;
    const now = performance.now();
    const gap = (now - this.#arrivedAt) / 1000;
    // A network stall is one long gap, and no reason to stay that far behind.
    if (this.#newestEnd === -1) this.#firstGap = Math.max(0, end - start);
    else if (gap > MAX_BURST_GAP) this.#arrivals.add(Math.min(MAX_ARRIVAL_GAP, gap));
    this.#arrivedAt = now;
    this.#newestEnd = end;
  }

  #push(piece: PendingAppend): void {
    this.#pending.push(piece);
    this.#pendingBytes += piece.data.length;
    if (this.#pendingBytes > MAX_PENDING_BYTES) this.#failed('the browser accepts no more data');
    else this.#append();
  }

  #append(): void {
    const buffer = this.#buffer;
    if (this.#isClosed || !buffer || buffer.updating || this.source.readyState !== 'open') return;
    if (this.#isBare && buffer.buffered.length > 0) this.#bareEnd = buffer.buffered.end(buffer.buffered.length - 1);
    if (this.#tidy(buffer)) return;
    const [first, ...others] = this.#pending;
    if (!first) return;
    // Joins what has the same timestamp offset.
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
   * Removes what was played; returns whether the buffer is busy with that. With a picture, a browser removes all
   * pictures
   * that depend on it, up to the next random access point, and may be showing one of them (MSE, coded frame removal).
   */
  #tidy(buffer: SourceBuffer): boolean {
    const playedTo = this.#playedTo;
    if (buffer.buffered.length === 0 || playedTo - this.#tidiedAt < TIDY_EVERY) return false;
    this.#tidiedAt = playedTo;
    const next = this.#accesses.findLastIndex((time) => time <= playedTo - KEPT_BEHIND);
    const end = this.#accesses[next];
    if (end === undefined) return false;
    this.#accesses.splice(0, next);
    if (buffer.buffered.start(0) >= end) return false;
    buffer.remove(0, end);
    return true;
  }

  #failed(reason: string): void {
    if (!this.#isClosed) this.#events.failed(reason, 'passing');
  }
}

/** Whether the last packet seems to end a picture: it contains stuffing (§2.4.3.4). */
function endsPicture(packets: Uint8Array): boolean {
  const at = packets.length - PACKET_BYTES;
  if (!((packets[at + 3] ?? 0) & 0x20)) return false; // no adaptation field
  return !(packets[at + 4] === PCR_ONLY_FIELD_LENGTH && adaptationFlags(packets, at) & HAS_PCR);
}
