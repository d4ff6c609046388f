// Shows the picture. A new player is created beneath the old one, which stays, with its last picture, until the new one
// has a picture of its own, so that the screen never turns black.

import type { Track } from '../../mpegts/track.js';
import type { PicturePlayer, PlayerEvents } from './player.js';
import { type Engine, keyOf, pictureEngine } from './selection.js';
import { TrackFilter } from './track-filter.js';
import type { WorkerClient } from './worker-client.js';

/** A player with its input. */
class Part {
  readonly filter = new TrackFilter();
  player: PicturePlayer | null = null; // null while its engine loads
  isClosed = false;
  /** It shows its last picture and gets nothing more. */
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

  /** When its last picture was shown. What an element draws after it was retired does not count. */
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

/** Events of the stage. */
export interface StageEvents {
  /** Another player's picture is visible now. */
  shown(engine: Engine): void;
  failed(reason: string, isForEver: boolean): void;
}

/** Shows one player, and prepares the next behind it. */
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

  /** The key of the newest player; '': there is none that is running. */
  get key(): string {
    const newest = this.#newest;
    return newest && !newest.isRetired ? newest.key : '';
  }

  /** The player whose picture is visible. */
  get player(): PicturePlayer | null {
    return this.#current?.player ?? null;
  }

  /** Whether the visible picture belongs to a running player. */
  get isRunning(): boolean {
    return this.#current !== null && !this.#current.isRetired;
  }

  /** When the visible picture was last updated; `null`: none is visible. */
  get seenAt(): number | null {
    return this.#current && this.#current.seenAt;
  }

  /** When the newest player last showed something new, or was made. */
  get shownAt(): number {
    return this.#newest?.seenAt ?? 0;
  }

  /** Creates a player for `track`, which starts with `recent`. */
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
      this.#box.prepend(player.element); // beneath the visible one
      for (const data of recent() ?? []) part.write(data);
    } catch (error) {
      events.failed((error as Error).message, false);
    }
  }

  write(data: Uint8Array): void {
    this.#current?.write(data);
    this.#coming?.write(data);
  }

  /** @param soundTime the time of the sound, like {@link PicturePlayer.time}. */
  tick(nowMs: number, soundTime: number): void {
    this.#current?.tick(nowMs, soundTime);
    this.#coming?.tick(nowMs, soundTime);
  }

  /** Retires the newest player: its picture stays, another may be created. */
  giveUp(): void {
    this.#coming?.close();
    this.#coming = null;
    this.#current?.retire();
  }

  /** Removes the picture: the program has none any more. */
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
