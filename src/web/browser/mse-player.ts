// Plays what browsers decode themselves (H.264, H.265, AAC, Opus, ...): mpegts.js puts it into Media Source Extensions.
// The tracks never change in its life: with others a new one is made.

import mpegts from 'mpegts.js';
import { OutputTables } from '../../mpegts/output-tables.js';
import { LiveEdge } from './live-edge.js';
import type { Player, PlayerEvents } from './player.js';
import { PushLoader } from './push-loader.js';
import type { Selection } from './selection.js';

mpegts.LoggingControl.enableAll = false;

/** How much of the past stays in memory. Seconds. */
const KEPT_BEHIND = 10;

export class MsePlayer implements Player {
  readonly element: HTMLVideoElement;
  shownAt = 0;

  readonly #events: PlayerEvents;
  readonly #player: mpegts.Player;
  readonly #edge: LiveEdge;
  readonly #begin = () => this.#began();
  readonly #fail = () => this.#failed(this.element.error?.message ?? 'the picture cannot be decoded', false);
  #loader: PushLoader | null = null; // mpegts.js makes it when it loads
  #hasBegun = false;
  #isClosed = false;
  #lastTime = 0;
  #isStarting = false;

  constructor(element: HTMLVideoElement, selection: Selection, events: PlayerEvents) {
    this.element = element;
    this.#events = events;
    const { video, audio } = selection;
    const source = { type: 'mpegts', isLive: true, hasVideo: video !== null, hasAudio: audio !== null, url: 'live' };
    this.#player = mpegts.createPlayer(source, {
      isLive: true,
      enableWorker: false,
      enableStashBuffer: false,
      deferLoadAfterSourceOpen: false,
      autoCleanupSourceBuffer: true,
      autoCleanupMaxBackwardDuration: KEPT_BEHIND * 2,
      autoCleanupMinBackwardDuration: KEPT_BEHIND,
      customLoader: this.#loaderClass(),
    });
    this.#player.on(mpegts.Events.ERROR, (_type: string, detail: string, info?: { msg?: string }) => {
      const isForEver = /unsupported/i.test(detail) || /not supported|unsupported/i.test(info?.msg ?? '');
      this.#failed(info?.msg ?? detail, isForEver);
    });
    this.#edge = new LiveEdge(element);
    element.addEventListener('playing', this.#begin);
    element.addEventListener('error', this.#fail);
    element.muted = true;
    this.#player.attachMediaElement(element);
    this.#player.load();
    const tables = new OutputTables();
    const tracks = [video, audio].filter((track) => track !== null);
    tables.describe(tracks[0]!.pid, new Uint8Array(0), tracks);
    const packets = new Uint8Array(tables.length);
    tables.write(packets, 0);
    this.#loader?.push(packets);
    void this.#play();
  }

  get delayMs(): number {
    return this.#edge.ahead * 1000;
  }

  write(packets: Uint8Array<ArrayBuffer>): void {
    if (!this.#isClosed) this.#loader?.push(packets);
  }

  tick(nowMs: number): void {
    if (this.#isClosed) return;
    this.#edge.tick(nowMs);
    const { currentTime, paused } = this.element;
    if (currentTime !== this.#lastTime) this.shownAt = nowMs;
    this.#lastTime = currentTime;
    if (paused) void this.#play();
  }

  setSound(context: AudioContext | null): void {
    this.element.muted = context === null;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.element.removeEventListener('playing', this.#begin);
    this.element.removeEventListener('error', this.#fail);
    this.#edge.close();
    queueMicrotask(() => this.#player.destroy()); // it still hands on what it has just been given
  }

  /** A class, since mpegts.js makes its loader itself. */
  #loaderClass(): new () => mpegts.BaseLoader {
    const setLoader = (loader: PushLoader) => (this.#loader = loader);
    return class extends PushLoader {
      constructor() {
        super();
        setLoader(this);
      }
    };
  }

  async #play(): Promise<void> {
    if (this.#isStarting) return;
    this.#isStarting = true;
    try {
      await this.element.play();
    } catch {
      // Refused (sound without a click, in some browsers) or overtaken by a new load: silent, and tried again.
      if (!this.#isClosed) this.element.muted = true;
    } finally {
      this.#isStarting = false;
    }
  }

  #began(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const begin = () => {
      this.shownAt = performance.now();
      if (!this.#isClosed) this.#events.began();
    };
    // "playing" comes before the picture is on the screen; a hidden page shows none.
    if (document.hidden || !('requestVideoFrameCallback' in this.element) || this.element.videoWidth === 0) begin();
    else this.element.requestVideoFrameCallback(begin);
  }

  #failed(reason: string, isForEver: boolean): void {
    if (!this.#isClosed) this.#events.failed(reason, isForEver);
  }
}
