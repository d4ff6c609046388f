// Where sound is played: by a player of its own, which comes and goes as the visitor switches it on and off and the
// program's sound comes and goes. The picture does not notice.

import type { PlayerEvents, SoundPlayer } from './player.js';
import { type Engine, isPlayable, keyOf, type Selection, soundEngine } from './selection.js';
import { TrackFilter } from './track-filter.js';
import { unplayable } from './unplayable.js';
import type { WorkerClient } from './worker-client.js';

/** A player that failed is made again after this. Milliseconds. */
const RETRY_MS = 1000;
/** Sound that has stood still for so long is no clock to go by. Milliseconds. */
const STILL_MS = 300;

/** Plays one sound. */
export class Speaker {
  /** Why the sound that there is cannot be played here; '': it can, as far as is known. */
  fault = '';
  readonly #box: HTMLElement;
  readonly #worker: WorkerClient | null;
  readonly #filter = new TrackFilter();
  // Two, used in turn: a phone lets only elements sound that were there when the visitor touched the page.
  readonly #elements = [newElement(), newElement()];
  #context: AudioContext | null = null; // null: off
  #player: SoundPlayer | null = null;
  #key = ''; // of the player, or of the one that is coming
  #faultyKey = '';
  #making = 0; // counts: of two that are being made the newer counts
  #madeAt = 0;
  #retryAt = 0;
  #tickedAt = 0;

  /**
   * @param box where the elements are kept; nothing of them is seen.
   * @param worker plays what the browser decodes; null: it has none.
   */
  constructor(box: HTMLElement, worker: WorkerClient | null) {
    this.#box = box;
    this.#worker = worker;
  }

  /** Where the sound is, seconds by its own time stamps; -1: it stands still, or nothing is played, or it is not known. */
  get time(): number {
    const player = this.#player;
    return player && this.#tickedAt - player.shownAt < STILL_MS ? player.time : -1;
  }

  /** When something was last heard, or the player was made; Infinity: there is none that could be heard. */
  get shownAt(): number {
    if (this.#key === '' || this.#context?.state !== 'running') return Infinity;
    return Math.max(this.#madeAt, this.#player?.shownAt ?? 0);
  }

  /** On, or off (`null`); to be called from a click or a key. */
  turn(context: AudioContext | null): void {
    this.#context = context;
    if (!context) return this.close();
    for (const element of this.#elements) {
      if (!element.src && !element.srcObject) element.load(); // touched, for later
    }
  }

  /** Takes a message of a program of which this is selected. */
  write(data: Uint8Array, selection: Selection, nowMs: number): void {
    const { audio } = selection;
    if (!audio) return this.close();
    const engine = soundEngine(selection);
    const key = keyOf(audio, engine);
    if (this.#faultyKey !== key) this.fault = '';
    if (!isPlayable(audio)) [this.fault, this.#faultyKey] = [unplayable(audio), key];
    if (!this.#context || this.fault !== '') return;
    if (key !== this.#key && nowMs >= this.#retryAt) void this.#make(key, engine, selection);
    const packets = this.#player ? this.#filter.take(data) : null;
    if (packets) this.#player?.write(packets);
  }

  /** @param pictureNewest the newest time that there is a picture of; -1: not known. */
  tick(nowMs: number, pictureNewest: number): void {
    this.#tickedAt = nowMs;
    // A phone that was called, a computer that has slept: what the visitor has switched on goes on.
    if (this.#context && this.#context.state !== 'running') this.#context.resume().catch(() => undefined);
    this.#player?.tick(nowMs, pictureNewest);
  }

  /** Is silent until the next message. */
  close(): void {
    this.#making++;
    this.#key = '';
    this.#player?.close();
    this.#player = null;
  }

  /** The program is another one: what could not be played before may be played now. */
  forget(): void {
    this.close();
    this.fault = this.#faultyKey = '';
    this.#retryAt = 0;
  }

  async #make(key: string, engine: Engine, { audio }: Selection): Promise<void> {
    this.close();
    const number = this.#making;
    this.#key = key;
    this.#madeAt = performance.now();
    const events: PlayerEvents = {
      began: () => undefined,
      failed: (reason, isForEver) => {
        if (number !== this.#making) return;
        this.close();
        if (isForEver) [this.fault, this.#faultyKey] = [unplayable(audio!, reason), key];
        else this.#retryAt = performance.now() + RETRY_MS;
      },
    };
    try {
      const player = await this.#load(engine, audio!, number, events); // it was selected
      if (!player) return;
      this.#filter.setPids([audio!.pid]);
      this.#player = player;
    } catch (error) {
      events.failed((error as Error).message, false);
    }
  }

  async #load(
    engine: Engine,
    track: NonNullable<Selection['audio']>,
    number: number,
    events: PlayerEvents,
  ): Promise<SoundPlayer | null> {
    if (engine === 'jsmpeg') {
      const { Mp2Sound } = await import('./mpeg1-player.js');
      return number === this.#making && this.#context ? new Mp2Sound(this.#context, events) : null;
    }
    const { MseSound } = await import('./mse-player.js');
    if (number !== this.#making) return null;
    const element = this.#elements.reverse()[0]!; // there are two
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
