// Shows the picture. A new player is created beneath the old one, which stays, with its last picture, until the new one
// has a picture of its own, so that the screen never turns black.

import type { Track } from '../../../mpegts/psi/track.js';
import type { PicturePlayer, PlayerEvents } from './player.js';
import { type Engine, keyOf, pictureEngine } from './selection.js';
import type { FailureKind } from '../media/failure.js';
import { PidFilter } from '../media/pid-filter.js';
import type { WorkerClient } from '../worker/worker-client.js';

/** A player with its input. */
class StagePlayer {
  readonly filter = new PidFilter();
  player: PicturePlayer | null = null; // null while its engine loads
  isClosed = false;
  /** It shows its last picture and gets nothing more. */
  isRetired = false;
  readonly madeAt = performance.now();
  #visibleAt = 0;

  constructor(
    readonly key: string,
    readonly engine: Engine,
  ) {}

  write(data: Uint8Array): void {
    const packets = this.player && !this.isClosed && !this.isRetired ? this.filter.filter(data) : null;
    if (packets) this.player?.write(packets);
  }

  tick(nowMs: number, soundTime: number): void {
    if (!this.isRetired) this.player?.tick(nowMs, soundTime);
  }

  /** When its last picture was shown. What an element draws after it was retired does not count. */
  get visibleAt(): number {
    return this.isRetired ? this.#visibleAt : Math.max(this.madeAt, this.player?.shownAt ?? 0);
  }

  retire(): void {
    this.#visibleAt = this.visibleAt;
    this.isRetired = true;
    this.player?.detach();
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
  pictureShown(engine: Engine): void;
  failed(reason: string, kind: FailureKind): void;
}

/** Shows one player, and prepares the next behind it. */
export class Stage {
  readonly #box: HTMLElement;
  readonly #events: StageEvents;
  readonly #worker: WorkerClient | null;
  readonly #videos = [newVideo(), newVideo()]; // used in turn
  #current: StagePlayer | null = null;
  #pending: StagePlayer | null = null;

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
  get visibleAt(): number | null {
    return this.#current && this.#current.visibleAt;
  }

  /** When the newest player last showed something new, or was made. */
  get shownAt(): number {
    return this.#newest?.visibleAt ?? 0;
  }

  /** Creates a player for `track`, which starts with `recent`. */
  async make(track: Track, recent: () => readonly Uint8Array[] | null): Promise<void> {
    this.#pending?.close();
    const engine = pictureEngine(track);
    const part = new StagePlayer(keyOf(track, engine), engine);
    part.filter.setPids([track.pid]);
    this.#pending = part;
    const events: PlayerEvents = {
      started: () => this.#promote(part),
      failed: (reason, kind) => {
        if (!part.isClosed && !part.isRetired) this.#events.failed(reason, kind);
      },
    };
    try {
      const player = await this.#load(track, part, events);
      if (!player) return;
      part.player = player;
      this.#box.prepend(player.element); // beneath the visible one
      for (const data of recent() ?? []) part.write(data);
    } catch (error) {
      events.failed((error as Error).message, 'passing');
    }
  }

  write(data: Uint8Array): void {
    this.#current?.write(data);
    this.#pending?.write(data);
  }

  /** @param soundTime the time of the sound, like {@link PicturePlayer.time}. */
  tick(nowMs: number, soundTime: number): void {
    this.#current?.tick(nowMs, soundTime);
    this.#pending?.tick(nowMs, soundTime);
  }

  /** Retires the newest player: its picture stays, another may be created. */
  retireAll(): void {
    this.#pending?.close();
    this.#pending = null;
    this.#current?.retire();
  }

  /** Removes the picture: the program has none any more. */
  clear(): void {
    this.retireAll();
    this.#current?.close();
    this.#current = null;
  }

  get #newest(): StagePlayer | null {
    return this.#pending ?? this.#current;
  }

  async #load(track: Track, part: StagePlayer, events: PlayerEvents): Promise<PicturePlayer | null> {
    if (part.engine === 'jsmpeg') {
      const { Mpeg1Picture } = await import('../mpeg1/mpeg1-player.js');
      return part.isClosed ? null : new Mpeg1Picture(events);
    }
    const { MsePicture } = await import('../mse/mse-player.js');
    if (part.isClosed) return null;
    const video = this.#videos.find((one) => !this.#isInUse(one)) ?? newVideo();
    return new MsePicture(video, track, events, this.#worker);
  }

  #isInUse(video: HTMLVideoElement): boolean {
    return [this.#current, this.#pending].some((part) => part?.player?.element === video);
  }

  #promote(part: StagePlayer): void {
    if (part.isClosed || part !== this.#pending) return;
    this.#current?.close();
    this.#current = part;
    this.#pending = null;
    this.#events.pictureShown(part.engine);
  }
}

function newVideo(): HTMLVideoElement {
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  return video;
}
