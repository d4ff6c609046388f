// Plays sound with a player of its own, which is created and closed as the user switches sound on and off and as the
// program's sound track appears and disappears, without affecting the picture.

import type { PlayerEvents, SoundPlayer } from './player.js';
import { type Engine, isPlayable, keyOf, type Selection, soundEngine } from './selection.js';
import { PidFilter } from '../media/pid-filter.js';
import { unplayable } from './unplayable.js';
import type { WorkerClient } from '../worker/worker-client.js';

/** A failed player is replaced after this. Milliseconds. */
const RETRY_MS = 1000;
/** Sound that has stalled for this long is no reference for the picture. Milliseconds. */
const STILL_MS = 300;

type SoundTrack = NonNullable<Selection['audio']>;

/** Plays one sound. */
export class Speaker {
  /** Why the sound cannot be played here; '': no reason is known. */
  fault = '';
  readonly #box: HTMLElement;
  readonly #worker: WorkerClient | null;
  readonly #pidFilter = new PidFilter();
  // Two, used in turn: phones allow sound only from elements that existed when the user touched the page.
  #elements: readonly [HTMLVideoElement, HTMLVideoElement] = [newElement(), newElement()];
  #context: AudioContext | null = null; // null: off
  #player: SoundPlayer | null = null;
  #key = ''; // of the player, or of the one that is loading
  #faultyKey = '';
  #making = 0; // a counter: of two that are loading the newer wins
  #madeAt = 0;
  #retryAt = 0;
  #tickedAt = 0;

  /**
   * * @param box the container of the elements, which are invisible.
   * @param worker plays what the browser decodes; null: not supported.
   */
  constructor(box: HTMLElement, worker: WorkerClient | null) {
    this.#box = box;
    this.#worker = worker;
  }

  /** The time stamp of the sound that is heard now, in seconds; -1: stalled, not playing, or unknown. */
  get time(): number {
    const player = this.#player;
    return player && this.#tickedAt - player.shownAt < STILL_MS ? player.time : -1;
  }

  /** When sound was last heard, or the player was made; Infinity: there is no audible player. */
  get shownAt(): number {
    if (this.#key === '' || this.#context?.state !== 'running') return Infinity;
    return Math.max(this.#madeAt, this.#player?.shownAt ?? 0);
  }

  /** Switches on, or off (`null`); must be called from a click or key event. */
  setContext(context: AudioContext | null): void {
    this.#context = context;
    if (!context) return this.close();
    for (const element of this.#elements) {
      if (!element.src && !element.srcObject) element.load(); // unlocks it for later
    }
  }

  /** Handles a message; `selection` are the tracks that are played. */
  write(data: Uint8Array, selection: Selection, nowMs: number): void {
    const { audio } = selection;
    if (!audio) return this.close();
    const engine = soundEngine(selection);
    const key = keyOf(audio, engine);
    if (this.#faultyKey !== key) this.fault = '';
    if (!isPlayable(audio)) [this.fault, this.#faultyKey] = [unplayable(audio), key];
    if (!this.#context || this.fault !== '') return;
    if (key !== this.#key && nowMs >= this.#retryAt) void this.#make(key, engine, audio);
    const packets = this.#player ? this.#pidFilter.filter(data) : null;
    if (packets) this.#player?.write(packets);
  }

  /** @param pictureNewest the time of the newest picture that has arrived; -1: unknown. */
  tick(nowMs: number, pictureNewest: number): void {
    this.#tickedAt = nowMs;
    // Resumes what the user has switched on after a phone call or the computer's sleep.
    if (this.#context && this.#context.state !== 'running') this.#context.resume().catch(() => undefined);
    this.#player?.tick(nowMs, pictureNewest);
  }

  /** Closes the player; the next message makes another. */
  close(): void {
    this.#making++;
    this.#key = '';
    this.#player?.close();
    this.#player = null;
  }

  /** The program has changed: a track that could not be played before may be playable now. */
  resetFault(): void {
    this.close();
    this.fault = this.#faultyKey = '';
    this.#retryAt = 0;
  }

  async #make(key: string, engine: Engine, audio: SoundTrack): Promise<void> {
    this.close();
    const number = this.#making;
    this.#key = key;
    this.#madeAt = performance.now();
    const events: PlayerEvents = {
      started: () => undefined,
      failed: (reason, kind) => {
        if (number !== this.#making) return;
        this.close();
        if (kind === 'lasting') [this.fault, this.#faultyKey] = [unplayable(audio, reason), key];
        else this.#retryAt = performance.now() + RETRY_MS;
      },
    };
    try {
      const player = await this.#load(engine, audio, number, events);
      if (!player) return;
      this.#pidFilter.setPids([audio.pid]);
      this.#player = player;
    } catch (error) {
      events.failed((error as Error).message, 'passing');
    }
  }

  async #load(engine: Engine, track: SoundTrack, number: number, events: PlayerEvents): Promise<SoundPlayer | null> {
    if (engine === 'jsmpeg') {
      const { Mp2Sound } = await import('../mpeg1/mpeg1-player.js');
      return number === this.#making && this.#context ? new Mp2Sound(this.#context, events) : null;
    }
    const { MseSound } = await import('../mse/mse-player.js');
    if (number !== this.#making) return null;
    const [last, element] = this.#elements;
    this.#elements = [element, last];
    this.#box.append(element);
    return new MseSound(element, track, events, this.#worker);
  }
}

function newElement(): HTMLVideoElement {
  const element = document.createElement('video');
  element.muted = true;
  element.playsInline = true;
  return element;
}
