// Plays what browsers decode themselves (H.264, H.265, AAC, Opus, ...), a track at a time. The track never changes in a
// player's life: with another one a new player is made.

import { adaptationFlags, HAS_PCR, PACKET_BYTES } from '../../mpegts/packet.js';
import type { Track } from '../../mpegts/track.js';
import { LiveEdge, PICTURE, SOUND } from './live-edge.js';
import { MseTrack } from './mse-track.js';
import type { PicturePlayer, PlayerEvents, SoundPlayer } from './player.js';
import { Gaps } from './rhythm.js';

/** Pictures further apart than this are shown without waiting for the next to come. Seconds. */
const SLOW = 0.2;
/** Nothing more of a picture comes for so long: it is whole, if its last packet looks like one, or if not. Milliseconds. */
const WHOLE_AFTER_MS = 60;
const SURELY_WHOLE_AFTER_MS = 400;
/** No picture waits longer for its sound: less than what is jumped over. Seconds. */
const MOST_WAIT = 0.35;
/** Nor sound for its picture; where it comes in longer pieces than this it does not wait at all. Seconds. */
const MOST_SOUND_WAIT = 0.45;
/** Times that are further apart are of different clocks. Seconds. */
const MOST_APART = 3;
/** Sound waits for its picture where it would come so near to the newest one that has arrived. Seconds. */
const LATE_PICTURE = 0.05;
/** Pieces of sound that are not further apart came at once; no gap between them counts for more than the other. Seconds. */
const AT_ONCE = 0.005;
const MOST_GAP = 5;
const PCR_BYTES = 7; // adaptation_field_length where there is a PCR and nothing else

/** Shows the pictures of a track. */
export class MsePicture implements PicturePlayer {
  shownAt = 0;
  readonly element: HTMLVideoElement;
  readonly #events: PlayerEvents;
  readonly #track: MseTrack;
  readonly #edge: LiveEdge;
  readonly #playing = () => this.#began();
  readonly #seesFrames: boolean;
  #hasBegun = false;
  #isClosed = false;
  #lastShown = 0;
  #wholeTimer = 0;

  constructor(element: HTMLVideoElement, track: Track, events: PlayerEvents) {
    this.element = element;
    this.#events = events;
    element.muted = true;
    this.#track = new MseTrack(element, track, events);
    this.#edge = new LiveEdge(element, PICTURE, () => ({ newest: this.#newest, gap: this.#track.gap }));
    this.#seesFrames = 'requestVideoFrameCallback' in element;
    if (this.#seesFrames) this.#awaitFirst();
    element.addEventListener('playing', this.#playing);
    play(element);
  }

  get time(): number {
    return this.#hasBegun ? this.element.currentTime + this.#track.origin : -1;
  }

  get newest(): number {
    return this.#newest === -1 ? -1 : this.#newest + this.#track.origin;
  }

  /** As the element's time. */
  get #newest(): number {
    const { newestStart, newestEnd, gap } = this.#track;
    return newestStart === -1 ? -1 : Math.min(newestEnd, newestStart + gap);
  }

  get delayMs(): number {
    return Math.max(0, this.#edge.ahead - this.#track.gap) * 1000;
  }

  write(packets: Uint8Array<ArrayBuffer>): void {
    if (this.#isClosed) return;
    clearTimeout(this.#wholeTimer);
    this.#track.write(packets);
    const { gap } = this.#track;
    if (gap !== 0 && gap < SLOW) return;
    this.#wholeTimer = setTimeout(
      () => this.#track.endPicture(),
      looksLast(packets) ? WHOLE_AFTER_MS : SURELY_WHOLE_AFTER_MS,
    );
  }

  tick(nowMs: number, soundTime: number): void {
    if (this.#isClosed) return;
    const { paused } = this.element;
    this.#edge.tick(nowMs, this.#wanted(soundTime));
    const shown = this.#shown;
    if (shown !== this.#lastShown) this.shownAt = nowMs;
    this.#lastShown = shown;
    if (paused && !document.hidden) play(this.element);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#wholeTimer);
    this.element.removeEventListener('playing', this.#playing);
    this.#edge.close();
    this.#track.close();
  }

  /** Where the picture is with its sound, if that is near enough to what has arrived; -1: as near to that as it can. */
  #wanted(soundTime: number): number {
    const start = this.#newest - this.#track.gap;
    const wanted = soundTime - this.#track.origin;
    if (soundTime === -1 || this.#newest === -1 || this.#track.gap > SLOW) return -1;
    if (Math.abs(wanted - start) > MOST_APART) return -1;
    return Math.max(start - MOST_WAIT, Math.min(wanted, start - this.#edge.margin));
  }

  /** Something that changes with each picture that is shown: how many there were, or the time where that is not known. */
  get #shown(): number {
    if (!this.#seesFrames) return this.element.currentTime;
    const { totalVideoFrames, droppedVideoFrames } = this.element.getVideoPlaybackQuality();
    return totalVideoFrames - droppedVideoFrames;
  }

  /** The first only: to be called for each has the browser lay out the page with each, a fifth of a slow machine's time. */
  #awaitFirst(): void {
    this.element.requestVideoFrameCallback(() => {
      if (this.#isClosed) return;
      this.shownAt = performance.now();
      this.#begin();
    });
  }

  /** "playing" comes before the picture is on the screen; a hidden page shows none. */
  #began(): void {
    if (document.hidden || !this.#seesFrames) this.#begin();
  }

  #begin(): void {
    if (this.#hasBegun || this.#isClosed) return;
    this.#hasBegun = true;
    this.#events.began();
  }
}

/** Plays the sound of a track. */
export class MseSound implements SoundPlayer {
  shownAt = 0;
  readonly #element: HTMLMediaElement;
  readonly #events: PlayerEvents;
  readonly #track: MseTrack;
  readonly #edge: LiveEdge;
  readonly #gaps = new Gaps(); // between pieces that arrive, seconds
  #firstGap = 0; // what the first piece makes of it
  #writtenAt = 0;
  #hasBegun = false;
  #isClosed = false;
  #lastTime = 0;

  /** @param element may sound: the visitor has touched the page while it was there. */
  constructor(element: HTMLMediaElement, track: Track, events: PlayerEvents) {
    this.#element = element;
    this.#events = events;
    element.muted = false;
    this.#track = new MseTrack(element, track, events);
    this.#edge = new LiveEdge(element, SOUND, () => ({ newest: this.#track.newestEnd, gap: this.#gap }));
    play(element);
  }

  get time(): number {
    return this.#hasBegun ? this.#element.currentTime + this.#track.origin : -1;
  }

  write(packets: Uint8Array<ArrayBuffer>): void {
    if (this.#isClosed) return;
    const before = this.#track.newestEnd;
    this.#track.write(packets);
    const { newestEnd } = this.#track;
    if (newestEnd <= before) return;
    const now = performance.now();
    const gap = (now - this.#writtenAt) / 1000;
    // A network that stood still is one long gap, and no reason to stay as far behind.
    if (before === -1) this.#firstGap = Math.max(0, newestEnd - this.#track.newestStart);
    else if (gap > AT_ONCE) this.#gaps.add(Math.min(MOST_GAP, gap));
    this.#writtenAt = now;
  }

  /** How long it may take until more sound arrives. Seconds. */
  get #gap(): number {
    return this.#gaps.expected || this.#firstGap;
  }

  tick(nowMs: number, pictureNewest: number): void {
    if (this.#isClosed) return;
    const { currentTime, paused } = this.#element;
    this.#edge.tick(nowMs, this.#wanted(pictureNewest));
    if (currentTime !== this.#lastTime && !paused) {
      this.shownAt = nowMs;
      if (!this.#hasBegun) this.#events.began();
      this.#hasBegun = true;
    }
    this.#lastTime = currentTime;
    if (paused) play(this.#element);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#edge.close();
    this.#track.close();
    this.#element.muted = true;
  }

  /** Sound that would be ahead of its picture waits for it a little; -1: it need not. */
  #wanted(pictureNewest: number): number {
    const { newestEnd } = this.#track;
    const { currentTime } = this.#element;
    const most = pictureNewest - this.#track.origin - LATE_PICTURE;
    if (pictureNewest === -1 || this.#gap > MOST_SOUND_WAIT || Math.abs(most - currentTime) > MOST_APART) return -1;
    return currentTime <= most ? -1 : Math.max(newestEnd - this.#gap - MOST_SOUND_WAIT, most);
  }
}

/** Whether the last of some packets ends a picture: it is filled up with stuffing (§2.4.3.4). */
function looksLast(packets: Uint8Array): boolean {
  const at = packets.length - PACKET_BYTES;
  if (!(packets[at + 3]! & 0x20)) return false; // no adaptation field
  return !(packets[at + 4] === PCR_BYTES && adaptationFlags(packets, at) & HAS_PCR);
}

/** Starts an element. Refused, or overtaken by a new load, it is tried again with the next tick. */
function play(element: HTMLMediaElement): void {
  element.play().catch(() => undefined);
}
