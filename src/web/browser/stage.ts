// Where pictures are shown. A new player is made beneath the old one, which stays, with its last picture, until the
// new one has a picture of its own: nobody sees black.

import type { Player, PlayerEvents } from './player.js';
import { type Engine, keyOf, type Selection } from './selection.js';
import { TrackFilter } from './track-filter.js';

/** For how long the last picture stays when only sound is left. */
const STILL_KEPT_MS = 5000;

/** A player and what it is given. */
class Part {
  readonly filter = new TrackFilter();
  player: Player | null = null; // null while its engine loads
  isClosed = false;
  /** It shows its last picture and is given nothing more. */
  isRetired = false;
  readonly madeAt = performance.now();

  constructor(
    readonly key: string,
    readonly engine: Engine,
    readonly hasPicture: boolean,
  ) {}

  write(data: Uint8Array): void {
    const packets = this.player && !this.isClosed && !this.isRetired ? this.filter.take(data) : null;
    if (packets) this.player?.write(packets);
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
  // Two, used in turn: a phone lets only elements sound that were there when the visitor touched the page.
  readonly #videos = [newVideo(), newVideo()];
  #current: Part | null = null;
  #coming: Part | null = null;
  #still: Part | null = null; // the last picture of a program that has none now
  #stillTimer = 0;
  #sound: AudioContext | null = null; // null: off
  #lookedAtSince = 0; // a page that nobody looks at draws nothing

  constructor(box: HTMLElement, events: StageEvents) {
    this.#box = box;
    this.#events = events;
    document.addEventListener('visibilitychange', () => (this.#lookedAtSince = performance.now()));
  }

  /** The key of the newest player; '': there is none. */
  get key(): string {
    const newest = this.#coming ?? this.#current;
    return newest && !newest.isRetired ? newest.key : '';
  }

  /** The player whose picture is seen. */
  get player(): Player | null {
    return this.#current?.player ?? null;
  }

  /** For how long the newest player has not shown anything new. Milliseconds. */
  stillFor(nowMs: number): number {
    const newest = this.#coming ?? this.#current;
    return newest ? nowMs - Math.max(newest.madeAt, newest.player?.shownAt ?? 0, this.#lookedAtSince) : 0;
  }

  /** Makes a player for `selection`, which begins with `recent`. */
  async make(selection: Selection, recent: () => readonly Uint8Array[] | null): Promise<void> {
    this.#coming?.close();
    const part = new Part(keyOf(selection), selection.engine, selection.video !== null);
    this.#coming = part;
    this.choose(selection);
    const events: PlayerEvents = {
      began: () => this.#begin(part),
      failed: (reason, isForEver) => {
        if (!part.isClosed) this.#events.failed(reason, isForEver);
      },
    };
    try {
      const player = await this.#load(selection, part, events);
      if (!player) return;
      part.player = player;
      this.#box.prepend(player.element); // beneath what is seen
      for (const data of recent() ?? []) part.write(data);
    } catch (error) {
      events.failed((error as Error).message, false);
    }
  }

  /** What the newest player is given from now on; its key must be the one that it was made with. */
  choose({ video, audio }: Selection): void {
    const pids = [video, audio].flatMap((track) => (track ? [track.pid] : []));
    (this.#coming ?? this.#current)?.filter.setPids(pids);
  }

  write(data: Uint8Array): void {
    this.#current?.write(data);
    this.#coming?.write(data);
  }

  tick(nowMs: number): void {
    this.#current?.player?.tick(nowMs);
    this.#coming?.player?.tick(nowMs);
  }

  /** To be called from a click or a key when it is to be on. */
  setSound(context: AudioContext | null): void {
    this.#sound = context;
    this.#current?.player?.setSound(context);
    const idle = this.#videos.filter((video) => !this.#isInUse(video));
    if (context) for (const video of idle) video.load(); // touched, for later
  }

  /** The newest player has failed or stands still: its picture stays, another may be made. */
  giveUp(): void {
    this.#coming?.close();
    this.#coming = null;
    if (this.#current) this.#current.isRetired = true;
  }

  async #load(selection: Selection, part: Part, events: PlayerEvents): Promise<Player | null> {
    if (selection.engine === 'jsmpeg') {
      const { Mpeg1Player } = await import('./mpeg1-player.js');
      return part.isClosed ? null : new Mpeg1Player(selection.video !== null, events);
    }
    const { MsePlayer } = await import('./mse-player.js');
    if (part.isClosed) return null;
    const video = this.#videos.find((one) => !this.#isInUse(one)) ?? newVideo();
    return new MsePlayer(video, selection, events);
  }

  /** Where only sound is left, its picture may be back in a moment: the last one is seen until then. */
  #keep(part: Part | null): void {
    clearTimeout(this.#stillTimer);
    this.#still?.close();
    this.#still = part;
    if (!part) return;
    part.isRetired = true;
    part.player?.setSound(null);
    this.#stillTimer = setTimeout(() => this.#keep(null), STILL_KEPT_MS);
  }

  #isInUse(video: HTMLVideoElement): boolean {
    return [this.#current, this.#coming, this.#still].some((part) => part?.player?.element === video);
  }

  #begin(part: Part): void {
    if (part.isClosed || part !== this.#coming) return;
    const old = this.#current;
    this.#current = part;
    this.#coming = null;
    if (old?.hasPicture && !part.hasPicture) this.#keep(old);
    else old?.close();
    if (part.hasPicture) this.#keep(null);
    part.player?.setSound(this.#sound);
    this.#events.shown(part.engine);
  }
}

function newVideo(): HTMLVideoElement {
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  return video;
}
