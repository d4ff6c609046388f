// Puts it together: what the connection brings is looked at, kept and shown; when the program changes, so does the player.

import type { Track } from '../../mpegts/track.js';
import { Connection } from './connection.js';
import { ProgramWatch } from './program-watch.js';
import { Recent } from './recent.js';
import { type Engine, keyOf, nameOf, select, type Selection } from './selection.js';
import { Stage } from './stage.js';

const TICK_MS = 100;
/** Bytes come, but no new picture for so long: another player is made. */
const STILL_MS = 4000;
/** Nothing comes for so long: the source is away. */
const AWAY_MS = 2000;
/** Nothing comes for so long: perhaps the connection is dead and nobody has told us. */
const SILENT_MS = 30_000;
/** A player that failed is made again after this. */
const RETRY_MS = 1000;
/** A source that marks no random access points is begun with anywhere. */
const UNMARKED_MS = 3000;

/** How it stands. */
export type State = 'connecting' | 'waiting' | 'playing' | 'away' | 'lost' | 'refused' | 'unplayable';

/** What there is to say about what plays. */
export interface Facts {
  readonly tracks: string;
  readonly bitrate: number;
  readonly lostPackets: number;
  readonly delayMs: number;
  readonly hasSound: boolean;
}

/** Who shows it to the visitor. */
export interface Display {
  setState(state: State, detail: string): void;
  setEngine(engine: Engine): void;
  setFacts(facts: Facts): void;
}

export class Viewer {
  readonly #display: Display;
  readonly #connection: Connection;
  readonly #stage: Stage;
  readonly #recent = new Recent();
  #watch = new ProgramWatch();
  #selection: Selection | null = null;
  #lostBefore = 0; // packets, over the connections before this one
  #openedAt = 0;
  #isUnsupported = { audio: false };
  #isOver = false; // nothing that comes can be played here
  #retryAt = 0;
  #state: State = 'connecting';

  constructor(url: string, stage: HTMLElement, display: Display) {
    this.#display = display;
    this.#stage = new Stage(stage, {
      shown: (engine) => {
        this.#display.setEngine(engine);
        this.#set('playing', '');
      },
      failed: (reason, isForEver) => this.#failed(reason, isForEver),
    });
    this.#connection = new Connection(url, {
      opened: () => this.#begin(),
      message: (data) => this.#take(data),
      refused: (reason) => this.#set('refused', reason),
      lost: (delayMs) => this.#set('lost', String(Math.ceil(delayMs / 1000))),
    });
    setInterval(() => this.#tick(performance.now()), TICK_MS);
  }

  /** Connects; with a token where one is wanted. */
  open(token: string | null): void {
    this.#connection.token = token;
    this.#set('connecting', '');
    this.#connection.retry();
  }

  /** Sound on, or off (`null`); to be called from a click or a key. */
  setSound(context: AudioContext | null): void {
    this.#stage.setSound(context);
  }

  #begin(): void {
    this.#openedAt = performance.now();
    this.#lostBefore += this.#watch.lostPackets;
    this.#watch = new ProgramWatch();
    this.#recent.forget();
    this.#isUnsupported = { audio: false };
    this.#isOver = false;
    this.#stage.giveUp(); // another connection begins elsewhere in the program
    this.#set('waiting', '');
  }

  #take(data: Uint8Array): void {
    if (data.length === 0 || data.length % 188 !== 0 || data[0] !== 0x47) return; // data beside the picture
    const now = performance.now();
    const { start, isRestart } = this.#watch.push(data, now);
    if (isRestart) {
      this.#recent.forget();
      this.#stage.giveUp();
    }
    const isUnmarked = this.#stage.player === null && now - this.#openedAt > UNMARKED_MS;
    this.#recent.push(data, start ?? (isUnmarked && !this.#recent.messages ? data : null));
    if (this.#isOver || !this.#watch.isKnown) return;
    this.#selection = select(this.#watch.liveTracks(), this.#isUnsupported);
    if (!this.#selection) return;
    if (keyOf(this.#selection) === this.#stage.key) {
      this.#stage.choose(this.#selection);
      this.#stage.write(data);
      return;
    }
    // The new one is given this message with the recent ones; the old one plays on until then.
    this.#stage.write(data);
    if (this.#recent.messages && now >= this.#retryAt) {
      void this.#stage.make(this.#selection, () => this.#recent.messages);
    }
  }

  #failed(reason: string, isForEver: boolean): void {
    const hasBoth = this.#selection?.audio && this.#selection.video;
    if (isForEver && hasBoth && !this.#isUnsupported.audio)
      this.#isUnsupported.audio = true; // the picture, at least
    else if (isForEver) this.#isOver = true;
    else this.#retryAt = performance.now() + RETRY_MS;
    this.#stage.giveUp();
    if (this.#isOver) this.#set('unplayable', reason);
  }

  #tick(now: number): void {
    this.#stage.tick(now);
    const stillMs = document.hidden ? 0 : this.#stage.stillFor(now);
    const silentMs = now - Math.max(this.#watch.arrivedAt, this.#openedAt);
    if (this.#state === 'playing' || this.#state === 'waiting' || this.#state === 'away') {
      if (silentMs > SILENT_MS) this.#connection.renew();
      else if (silentMs > AWAY_MS || stillMs > AWAY_MS) this.#set('away', '');
      else if (this.#state === 'away') this.#set(this.#stage.player ? 'playing' : 'waiting', '');
    }
    if (stillMs > STILL_MS && silentMs < AWAY_MS && this.#stage.key !== '') this.#stage.giveUp();
    this.#display.setFacts({
      tracks: this.#names(),
      bitrate: this.#watch.bitrate(now),
      lostPackets: this.#lostBefore + this.#watch.lostPackets,
      delayMs: this.#stage.player?.delayMs ?? 0,
      hasSound: (this.#selection?.audio ?? null) !== null,
    });
  }

  /** What there is to see and hear, and what of it is not played here. */
  #names(): string {
    const played = [this.#selection?.video, this.#selection?.audio];
    const isPlayed = (track: Track) => played.some((one) => one?.pid === track.pid);
    return this.#watch
      .liveTracks()
      .filter(({ kind }) => kind !== 'other')
      .map((track) => nameOf(track) + (isPlayed(track) ? '' : ' (not played)'))
      .join(' + ');
  }

  #set(state: State, detail: string): void {
    if (state === this.#state && state !== 'lost' && state !== 'refused') return;
    this.#state = state;
    this.#display.setState(state, detail);
  }
}
