// Plays one track that browsers decode themselves (H.264, H.265, AAC, Opus, ...). A player's track never changes: for
// another one a new player is made. A TrackFeed remuxes the track in a worker; this file controls the element.

import type { Track } from '../../../mpegts/psi/track.js';
import { LiveEdge, PICTURE, SOUND } from './live-edge.js';
import type { PicturePlayer, PlayerEvents, SoundPlayer } from '../page/player.js';
import { playElement, TrackFeed } from './track-feed.js';
import { SLOW } from '../media/track-times.js';
import type { WorkerClient } from '../worker/worker-client.js';

/** The longest that a picture waits for its sound: less than what causes a seek. Seconds. */
const MAX_WAIT = 0.35;
/** The longest that sound waits for its picture; sound in longer pieces than this does not wait at all. Seconds. */
const MAX_SOUND_WAIT = 0.45;
/** Times that are further apart belong to different clocks. Seconds. */
const MAX_APART = 3;
/** Sound waits for its picture if it would come this close to the newest picture that has arrived. Seconds. */
const LATE_PICTURE = 0.05;

/** Shows the pictures of a track. */
export class MsePicture implements PicturePlayer {
  shownAt = 0;
  readonly element: HTMLVideoElement;
  readonly #events: PlayerEvents;
  readonly #feed: TrackFeed;
  readonly #edge: LiveEdge;
  readonly #onPlaying = () => this.#started();
  readonly #seesFrames: boolean;
  #hasStarted = false;
  #isClosed = false;
  #lastShownPictures = 0;

  constructor(element: HTMLVideoElement, track: Track, events: PlayerEvents, worker: WorkerClient | null) {
    this.element = element;
    this.#events = events;
    element.muted = true;
    this.#feed = new TrackFeed(element, track, events, worker);
    this.#seesFrames = 'requestVideoFrameCallback' in element;
    if (this.#seesFrames) this.#awaitFirst();
    element.addEventListener('playing', this.#onPlaying);
    this.#edge = new LiveEdge(element, PICTURE, () => {
      const { gap, accesses } = this.#feed.times;
      return { newest: this.#newest, gap, accesses };
    });
  }

  get time(): number {
    return this.#hasStarted ? this.element.currentTime + this.#feed.times.origin : -1;
  }

  get newest(): number {
    return this.#newest === -1 ? -1 : this.#newest + this.#feed.times.origin;
  }

  /** In the element's time. */
  get #newest(): number {
    const { newestStart, newestEnd, gap } = this.#feed.times;
    return newestStart === -1 ? -1 : Math.min(newestEnd, newestStart + gap);
  }

  get delayMs(): number {
    return Math.max(0, this.#edge.ahead - this.#feed.times.gap) * 1000;
  }

  write(packets: Uint8Array<ArrayBuffer>): void {
    if (!this.#isClosed) this.#feed.write(packets);
  }

  detach(): void {
    this.#feed.stop();
  }

  tick(nowMs: number, soundTime: number): void {
    if (this.#isClosed) return;
    const { paused } = this.element;
    this.#feed.tick(nowMs);
    this.#edge.tick(nowMs, this.#targetTime(soundTime));
    const shown = this.#shownPictures;
    if (shown !== this.#lastShownPictures) this.shownAt = nowMs;
    this.#lastShownPictures = shown;
    if (paused && !document.hidden) playElement(this.element);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.element.removeEventListener('playing', this.#onPlaying);
    this.#edge.close();
    this.#feed.close();
  }

  /**
   * The position that is in sync with the sound, if it is close enough to the live edge; -1: as close to the edge as
   * possible.
   */
  #targetTime(soundTime: number): number {
    const { gap, origin } = this.#feed.times;
    const start = this.#newest - gap;
    const wanted = soundTime - origin;
    if (soundTime === -1 || this.#newest === -1 || gap > SLOW) return -1;
    if (Math.abs(wanted - start) > MAX_APART) return -1;
    return Math.max(start - MAX_WAIT, Math.min(wanted, start - this.#edge.margin));
  }

  /** A value that changes with each picture shown: their number, or the time if that is unknown. */
  get #shownPictures(): number {
    if (!this.#seesFrames) return this.element.currentTime;
    const { totalVideoFrames, droppedVideoFrames } = this.element.getVideoPlaybackQuality();
    return totalVideoFrames - droppedVideoFrames;
  }

  /**
   * For the first frame only: a callback for each makes the browser lay out the page each time, a fifth of a slow
   * machine's time.
   */
  #awaitFirst(): void {
    this.element.requestVideoFrameCallback(() => {
      if (this.#isClosed) return;
      this.shownAt = performance.now();
      this.#start();
    });
  }

  /** "playing" is emitted before the picture is on the screen; a hidden page shows none. */
  #started(): void {
    if (document.hidden || !this.#seesFrames) this.#start();
  }

  #start(): void {
    if (this.#hasStarted || this.#isClosed) return;
    this.#hasStarted = true;
    this.#events.started();
  }
}

/** Plays the sound of a track. */
export class MseSound implements SoundPlayer {
  shownAt = 0;
  readonly #element: HTMLMediaElement;
  readonly #events: PlayerEvents;
  readonly #feed: TrackFeed;
  readonly #edge: LiveEdge;
  #hasStarted = false;
  #isClosed = false;
  #lastTime = 0;

  /** @param element may play sound: it existed when the user interacted with the page. */
  constructor(element: HTMLMediaElement, track: Track, events: PlayerEvents, worker: WorkerClient | null) {
    this.#element = element;
    this.#events = events;
    element.muted = false;
    this.#feed = new TrackFeed(element, track, events, worker);
    this.#edge = new LiveEdge(element, SOUND, () => {
      const { newestEnd, gap } = this.#feed.times;
      return { newest: newestEnd, gap, accesses: null };
    });
  }

  get time(): number {
    return this.#hasStarted ? this.#element.currentTime + this.#feed.times.origin : -1;
  }

  write(packets: Uint8Array<ArrayBuffer>): void {
    if (!this.#isClosed) this.#feed.write(packets);
  }

  tick(nowMs: number, pictureNewest: number): void {
    if (this.#isClosed) return;
    const { currentTime, paused } = this.#element;
    this.#feed.tick(nowMs);
    this.#edge.tick(nowMs, this.#targetTime(pictureNewest));
    if (currentTime !== this.#lastTime && !paused) {
      this.shownAt = nowMs;
      if (!this.#hasStarted) this.#events.started();
      this.#hasStarted = true;
    }
    this.#lastTime = currentTime;
    if (paused) playElement(this.#element);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#edge.close();
    this.#feed.close();
    this.#element.muted = true;
  }

  /** The position at which sound that would be ahead waits for its picture; -1: it need not wait. */
  #targetTime(pictureNewest: number): number {
    const { origin, newestEnd, gap } = this.#feed.times;
    const { currentTime } = this.#element;
    const most = pictureNewest - origin - LATE_PICTURE;
    if (pictureNewest === -1 || gap > MAX_SOUND_WAIT || Math.abs(most - currentTime) > MAX_APART) return -1;
    return currentTime <= most ? -1 : Math.max(newestEnd - gap - MAX_SOUND_WAIT, most);
  }
}
