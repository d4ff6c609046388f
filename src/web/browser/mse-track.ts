// One track in one media element, by Media Source Extensions. Picture and sound have an element each: an element that
// gets nothing for one of its tracks stands still with both. W3C Media Source Extensions.

import { concatenate } from '../../mpegts/packet-runs.js';
import { Fragments, type Media } from './fragments.js';
import type { Track } from '../../mpegts/track.js';

/** How much of the past stays in memory, and how often it is tidied. Seconds. */
const KEPT_BEHIND = 4;
const TIDY_EVERY = 4;
/** Of places to begin at which are nearer than this to each other one is remembered. */
const LEAST_BETWEEN = 0.5;
/** More than that waiting to be taken by the browser is given up. */
const MOST_PENDING_BYTES = 16_000_000;
/** Sound without a container carries no time: it is told anew where it is off by more than this. Seconds. */
const MOST_DRIFT = 0.1;

/** What a track says. */
export interface MseTrackEvents {
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

/** Feeds an element with a track. */
export class MseTrack {
  /** Where the element's time begins, by the track's own time stamps: an element begins at 0 without a seek. Seconds. */
  origin = -1;
  /** When the newest unit that was handed on begins and ends, as the element's time; -1: none was. Seconds. */
  newestStart = -1;
  newestEnd = -1;
  /** The time between pictures, seconds. */
  get gap(): number {
    return this.#fragments.gapMs / 1000;
  }

  readonly #element: HTMLMediaElement;
  readonly #events: MseTrackEvents;
  readonly #fragments: Fragments;
  readonly #source = new Source();
  readonly #url = URL.createObjectURL(this.#source);
  readonly #onOpen = () => this.#opened();
  readonly #onUpdated = () => this.#append();
  readonly #onError = () => this.#failed(this.#element.error?.message ?? 'it cannot be decoded');
  #buffer: SourceBuffer | null = null;
  #mimeType = '';
  #pending: Piece[] = [];
  #pendingBytes = 0;
  #isBare = false; // without a container
  #bareEnd = -1;
  #tidiedAt = 0;
  #accesses: number[] = []; // times at which playback could begin, of what is kept
  #isClosed = false;

  constructor(element: HTMLMediaElement, track: Track, events: MseTrackEvents) {
    this.#element = element;
    this.#events = events;
    this.#fragments = new Fragments(track, {
      init: (mimeType, data) => this.#begin(mimeType, data),
      media: (media) => this.#add(media),
      failed: (reason) => this.#failed(reason),
    });
    this.#source.addEventListener('sourceopen', this.#onOpen);
    element.addEventListener('error', this.#onError);
    element.disableRemotePlayback = true; // without this a managed source does not open
    element.src = this.#url;
  }

  write(packets: Uint8Array<ArrayBuffer>): void {
    if (!this.#isClosed) this.#fragments.write(packets);
  }

  /** What has come of a picture is all of it. */
  endPicture(): void {
    if (!this.#isClosed) this.#fragments.endPicture();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#source.removeEventListener('sourceopen', this.#onOpen);
    this.#element.removeEventListener('error', this.#onError);
    this.#buffer?.removeEventListener('updateend', this.#onUpdated);
    this.#pending = [];
    this.#fragments.close();
    this.#element.removeAttribute('src');
    this.#element.load(); // lets go of decoder and buffers
    URL.revokeObjectURL(this.#url);
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
    if (this.#source.readyState === 'open') this.#opened();
  }

  #opened(): void {
    if (this.#isClosed || this.#buffer || this.#mimeType === '') return;
    try {
      this.#buffer = this.#source.addSourceBuffer(this.#mimeType);
    } catch (error) {
      this.#failed((error as Error).message);
      return;
    }
    this.#buffer.addEventListener('updateend', this.#onUpdated);
    this.#append();
  }

  #add({ data, startMs, lastMs, endMs, accessMs }: Media): void {
    const isFirst = this.origin === -1;
    if (isFirst) this.origin = startMs / 1000;
    const at = startMs / 1000 - this.origin;
    this.newestStart = lastMs / 1000 - this.origin;
    this.newestEnd = endMs / 1000 - this.origin;
    const access = accessMs / 1000 - this.origin;
    if (accessMs !== -1 && access - (this.#accesses.at(-1) ?? -Infinity) > LEAST_BETWEEN) this.#accesses.push(access);
    const bareOffset = Math.abs(at - this.#bareEnd) > MOST_DRIFT ? at : null;
    this.#push({ data, offset: this.#isBare ? bareOffset : isFirst ? -this.origin : null });
  }

  #push(piece: Piece): void {
    this.#pending.push(piece);
    this.#pendingBytes += piece.data.length;
    if (this.#pendingBytes > MOST_PENDING_BYTES) this.#failed('the browser takes nothing');
    else this.#append();
  }

  #append(): void {
    const buffer = this.#buffer;
    if (this.#isClosed || !buffer || buffer.updating || this.#source.readyState !== 'open') return;
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
    const { currentTime } = this.#element;
    if (buffer.buffered.length === 0 || currentTime - this.#tidiedAt < TIDY_EVERY) return false;
    this.#tidiedAt = currentTime;
    const next = this.#accesses.findLastIndex((time) => time <= currentTime - KEPT_BEHIND);
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
