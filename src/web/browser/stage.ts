// Where pictures are shown. A new player is made beneath the old one, which stays, with its last picture, until the
// new one has a picture of its own: nobody sees black.

import type { Track } from '../../mpegts/track.js';
import type { PicturePlayer, PlayerEvents } from './player.js';
import { type Engine, keyOf, pictureEngine } from './selection.js';
import { TrackFilter } from './track-filter.js';
import type { WorkerClient } from './worker-client.js';

/** A player and what it is given. */
class Part {
  readonly filter = new TrackFilter();
  player: PicturePlayer | null = null; // null while its engine loads
  isClosed = false;
  /** It shows its last picture and is given nothing more. */
  isRetired = false;
  readonly madeAt = performance.now();
  #seenAt = 0;

  constructor(
    readonly key: string,
    readonly engine: Engine,
  ) {}

  write(data: Uint8Array): void {
    const packets = this.player && !this.isClosed && !this.isRetired ? this.filter.take(data) : null;
    if (packets) this.player?.write(packets);
  }

  tick(nowMs: number, soundTime: number): void {
    if (!this.isRetired) this.player?.tick(nowMs, soundTime);
  }

  /** When its picture was new. What an element draws of its own after it was retired is not. */
  get seenAt(): number {
    return this.isRetired ? this.#seenAt : Math.max(this.madeAt, this.player?.shownAt ?? 0);
  }

  retire(): void {
    this.#seenAt = this.seenAt;
    this.isRetired = true;
    this.player?.leave();
  }

  close(): void {
    this.isClosed = true;
    this.player?.close();
    this.player?.element.remove();
  }
}

/** What the stage says. */
export interface StageEvents {
  /** Another player's picture is the one that is seen. */
  shown(engine: Engine): void;
  failed(reason: string, isForEver: boolean): void;
}

/** Shows one player, and makes the next behind it. */
export class Stage {
  readonly #box: HTMLElement;
  readonly #events: StageEvents;
  readonly #worker: WorkerClient | null;
  readonly #videos = [newVideo(), newVideo()]; // used in turn
  #current: Part | null = null;
  #coming: Part | null = null;

  /** @param worker plays what the browser decodes; null: it has none. */
  constructor(box: HTMLElement, events: StageEvents, worker: WorkerClient | null) {
    this.#box = box;
    this.#events = events;
    this.#worker = worker;
  }

  /** The key of the newest player; '': there is none that goes on. */
  get key(): string {
    const newest = this.#newest;
    return newest && !newest.isRetired ? newest.key : '';
  }

  /** The player whose picture is seen. */
  get player(): PicturePlayer | null {
    return this.#current?.player ?? null;
  }

  /** Whether the picture that is seen is a player's that goes on. */
  get isRunning(): boolean {
    return this.#current !== null && !this.#current.isRetired;
  }

  /** When the picture that is seen was new; `null`: none is seen. */
  get seenAt(): number | null {
    return this.#current && this.#current.seenAt;
  }

  /** When the newest player last showed something new, or was made. */
  get shownAt(): number {
    return this.#newest?.seenAt ?? 0;
  }

  /** Makes a player for `track`, which begins with `recent`. */
  async make(track: Track, recent: () => readonly Uint8Array[] | null): Promise<void> {
    this.#coming?.close();
    const engine = pictureEngine(track);
    const part = new Part(keyOf(track, engine), engine);
    part.filter.setPids([track.pid]);
    this.#coming = part;
    const events: PlayerEvents = {
      began: () => this.#begin(part),
      failed: (reason, isForEver) => {
        if (!part.isClosed && !part.isRetired) this.#events.failed(reason, isForEver);
      },
    };
    try {
      const player = await this.#load(track, part, events);
      if (!player) return;
      part.player = player;
      this.#box.prepend(player.element); // beneath what is seen
      for (const data of recent() ?? []) part.write(data);
    } catch (error) {
      events.failed((error as Error).message, false);
    }
  }

  write(data: Uint8Array): void {
    this.#current?.write(data);
    this.#coming?.write(data);
  }

  /** @param soundTime where the sound is, as {@link PicturePlayer.time} has it. */
  tick(nowMs: number, soundTime: number): void {
    this.#current?.tick(nowMs, soundTime);
    this.#coming?.tick(nowMs, soundTime);
  }

  /** The newest player is given nothing more: its picture stays, another may be made. */
  giveUp(): void {
    this.#coming?.close();
    this.#coming = null;
    this.#current?.retire();
  }

  /** There is no picture in the program any more. */
  clear(): void {
    this.giveUp();
    this.#current?.close();
    this.#current = null;
  }

  get #newest(): Part | null {
    return this.#coming ?? this.#current;
  }

  async #load(track: Track, part: Part, events: PlayerEvents): Promise<PicturePlayer | null> {
    if (part.engine === 'jsmpeg') {
      const { Mpeg1Picture } = await import('./mpeg1-player.js');
      return part.isClosed ? null : new Mpeg1Picture(events);
    }
    const { MsePicture } = await import('./mse-player.js');
    if (part.isClosed) return null;
    const video = this.#videos.find((one) => !this.#isInUse(one)) ?? newVideo();
    return new MsePicture(video, track, events, this.#worker);
  }

  #isInUse(video: HTMLVideoElement): boolean {
    return [this.#current, this.#coming].some((part) => part?.player?.element === video);
  }

  #begin(part: Part): void {
    if (part.isClosed || part !== this.#coming) return;
    this.#current?.close();
    this.#current = part;
    this.#coming = null;
    this.#events.shown(part.engine);
  }
}

function newVideo(): HTMLVideoElement {
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  return video;
}
