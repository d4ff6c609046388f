// Combines the parts: received media is inspected, buffered, shown and played; ten times a second the state is derived,
// and players that have stopped for good are replaced.

import type { Track } from '../../../mpegts/psi/track.js';
import { conditionOf, type PlayerCondition, type PlayerState, type TrackCondition } from './condition.js';
import { PageConnection } from '../connection/page-connection.js';
import type { FailureKind } from '../media/failure.js';
import { type Continuity, LatePictureFilter } from '../media/late-picture-filter.js';
import { ProgramMonitor } from '../media/program-monitor.js';
import { RecentGop } from '../media/recent.js';
import { type Engine, isPlayable, keyOf, nameOf, pictureEngine, selectFirst, type Selection } from './selection.js';
import { ServerStatus } from '../connection/server-status.js';
import { maxSilenceMs } from '../connection/silence.js';
import { Speaker } from './speaker.js';
import { PageSocket } from '../connection/socket.js';
import { Stage, type StageEvents } from './stage.js';
import { isPackets } from '../media/pid-filter.js';
import { unplayable } from './unplayable.js';
import { hasWorkers, WorkerClient } from '../worker/worker-client.js';

const TICK_MS = 100;
/** Interval of updating the figures: each update makes the browser lay the page out again. */
const FIGURES_MS = 500;
/** If pictures arrive but none is shown for this long, or for three gaps between them, the player is replaced. */
const STILL_MS = 4000;
/** A failed player is replaced after this. */
const RETRY_MS = 1000;
/** A source without random access points is started anywhere after this. */
const UNMARKED_MS = 3000;
/** The picture of a player that has stopped is marked as frozen after this. */
const LEFT_MS = 1000;
/** Sound does not wait for pictures with a longer interval than this. */
const STEADY_MS = 300;
/** A page that has been hidden for this long decodes no pictures until it is visible again. */
const HIDDEN_MS = 10_000;
/** How long the last picture stays if the program has none any more and its sound continues. */
const STILL_KEPT_MS = 5000;

/** Figures about what is played. */
export interface Figures {
  readonly tracks: string;
  readonly bitrate: number;
  readonly lostPackets: number;
  readonly delayMs: number;
  readonly hasSound: boolean;
}

/** The page elements around the picture. */
export interface Display {
  setState(state: PlayerState, text: string): void;
  /** @param forMs how long the picture has been frozen; null: it is not. */
  setFrozen(forMs: number | null): void;
  setEngine(engine: Engine): void;
  setFigures(figures: Figures): void;
}

/** URLs and container elements. */
export interface PlayerOptions {
  /** URL of the WebSocket. */
  readonly socketUrl: string;
  /** URL of the server's status. */
  readonly statusUrl: string;
  /** The container of the picture. */
  readonly stage: HTMLElement;
  /** The container of elements that only play sound. */
  readonly speaker: HTMLElement;
}

export class PlayerSession {
  readonly #display: Display;
  readonly #worker: WorkerClient | null;
  readonly #connection: PageConnection;
  readonly #server: ServerStatus;
  readonly #stage: Stage;
  readonly #speaker: Speaker;
  readonly #recentGop = new RecentGop();
  readonly #lateFilter = new LatePictureFilter((data, continuity) => this.#receive(data, continuity));
  #watch = new ProgramMonitor();
  #playedTracks: Selection = { video: null, audio: null };
  #lostBefore = 0; // packets, on earlier connections
  #openedAt = -1; // -1: not open
  #dataAt = 0;
  #hiddenAt = document.hidden ? performance.now() : -1;
  #visibleSince = 0;
  #pictureGoneAt = -1; // since when the program has no picture; -1: it has one, or never had one
  #pictureFault = ''; // why the picture cannot be shown here
  #faultyKey = '';
  #retryAt = 0;
  #figuresAt = 0;

  constructor(places: PlayerOptions, display: Display) {
    this.#display = display;
    const worker = (this.#worker = hasWorkers() ? new WorkerClient() : null);
    this.#speaker = new Speaker(places.speaker, worker);
    this.#server = new ServerStatus(places.statusUrl);
    const stageEvents: StageEvents = {
      pictureShown: (engine) => this.#display.setEngine(engine),
      failed: (reason, kind) => this.#failed(reason, kind),
    };
    this.#stage = new Stage(places.stage, stageEvents, worker);
    const dial = () => (worker?.isBroken === false ? worker.dial(places.socketUrl) : new PageSocket(places.socketUrl));
    this.#connection = new PageConnection(dial, {
      opened: () => this.#start(),
      message: (data) => this.#acceptMessage(data),
      redialling: () => this.#setStopped('lost', 'The connection is lost; waiting for the server to answer…'),
      refused: (reason) => this.#setStopped('refused', `Access refused: ${reason}`),
      lost: (delayMs) => this.#connectionLost(delayMs),
    });
    document.addEventListener('visibilitychange', () => this.#visibilityChanged());
    setInterval(() => this.#tick(performance.now()), TICK_MS);
  }

  /** Connects, with a token if one is required. */
  open(token: string | null): void {
    this.#connection.token = this.#server.token = token;
    this.#display.setState('connecting', 'Connecting…');
    this.#connection.retry();
  }

  /** Switches sound on, or off (`null`); must be called from a click or key event. */
  setSound(context: AudioContext | null): void {
    this.#speaker.setContext(context);
  }

  #start(): void {
    this.#openedAt = performance.now();
    this.#dataAt = 0;
    this.#lostBefore += this.#watch.lostPackets;
    this.#watch = new ProgramMonitor();
    this.#playedTracks = { video: null, audio: null };
    this.#lateFilter.forget();
    this.#recentGop.forget();
    this.#pictureFault = this.#faultyKey = '';
    this.#retryAt = 0;
    this.#stage.retireAll(); // another connection starts elsewhere in the program
    this.#speaker.resetFault();
    this.#server.reset(this.#openedAt);
  }

  #connectionLost(delayMs: number): void {
    const seconds = Math.ceil(delayMs / 1000);
    const who = navigator.onLine ? 'The connection is lost' : 'This computer is offline, and the connection is lost';
    this.#setStopped('lost', `${who}; trying again in ${seconds} s…`);
  }

  #setStopped(state: PlayerState, text: string): void {
    this.#openedAt = -1;
    this.#speaker.close();
    this.#display.setState(state, text);
  }

  #acceptMessage(data: Uint8Array): void {
    const now = performance.now();
    if (!isPackets(data)) {
      this.#dataAt = now; // data that accompanies the media
      return;
    }
    this.#lateFilter.push(data, this.#playedTracks.video?.pid ?? -1, now);
  }

  #receive(data: Uint8Array, continuity: Continuity): void {
    const now = performance.now();
    if (continuity === 'cut' && this.#playedTracks.video) this.#watch.noteDropped(this.#playedTracks.video.pid);
    const { start, isRestart, isSoundRestart } = this.#watch.push(data, now);
    if (isRestart) {
      this.#recentGop.forget();
      this.#stage.retireAll();
    }
    if (isSoundRestart) this.#speaker.close();
    const isMuted = this.#watch.muted === 'all';
    const isUnmarked = this.#stage.player === null && now - this.#openedAt > UNMARKED_MS;
    if (isMuted)
      this.#recentGop.forget(); // no picture of before is shown after the mute
    else this.#recentGop.push(data, start ?? (isUnmarked && !this.#recentGop.messages ? data : null));
    if (this.#lateFilter.isEmpty) this.#worker?.reportProgress();
    if (!this.#watch.isKnown) return;
    this.#playedTracks = selectFirst(this.#watch.tracks);
    this.#speaker.write(data, this.#playedTracks, now);
    this.#show(data, now);
  }

  #show(data: Uint8Array, nowMs: number): void {
    const { video } = this.#playedTracks;
    if (!video) {
      this.#stage.retireAll();
      return;
    }
    const key = keyOf(video, pictureEngine(video));
    const codec = this.#watch.codecOf(video.pid);
    if (`${key} ${codec}` !== this.#faultyKey) this.#pictureFault = '';
    if (!isPlayable(video, codec)) this.#findFaulty(video, '');
    if (this.#pictureFault !== '' || this.#isHidden(nowMs)) this.#stage.retireAll();
    // The new player gets this message with the recent ones; the old one plays on until then.
    this.#stage.write(data);
    if (key === this.#stage.key || this.#pictureFault !== '' || this.#isHidden(nowMs)) return;
    if (this.#recentGop.messages && nowMs >= this.#retryAt)
      void this.#stage.make(video, () => this.#recentGop.messages);
  }

  #isHidden(nowMs: number): boolean {
    return this.#hiddenAt !== -1 && nowMs - this.#hiddenAt > HIDDEN_MS;
  }

  /** The page became visible or hidden. */
  #visibilityChanged(): void {
    const now = performance.now();
    const wasUnseen = this.#isHidden(now);
    this.#hiddenAt = document.hidden ? now : -1;
    this.#visibleSince = now;
    if (document.hidden) return;
    const { video } = this.#playedTracks;
    if (wasUnseen) this.#stage.retireAll();
    if (wasUnseen && video && this.#openedAt !== -1 && this.#pictureFault === '' && this.#recentGop.messages) {
      void this.#stage.make(video, () => this.#recentGop.messages);
    }
    this.#tick(now);
  }

  #failed(reason: string, kind: FailureKind): void {
    const { video } = this.#playedTracks;
    if (kind === 'lasting' && video) this.#findFaulty(video, reason);
    else this.#retryAt = performance.now() + RETRY_MS;
    this.#stage.retireAll();
  }

  /** Marks the picture as unplayable until its type changes. */
  #findFaulty(video: Track, reason: string): void {
    const codec = this.#watch.codecOf(video.pid);
    this.#pictureFault = unplayable(video, reason, codec);
    this.#faultyKey = `${keyOf(video, pictureEngine(video))} ${codec}`;
  }

  #tick(now: number): void {
    this.#speaker.tick(now, this.#pictureEdge(now));
    this.#stage.tick(now, this.#speaker.time);
    if (now - this.#figuresAt >= FIGURES_MS) this.#showFigures(now);
    if (this.#openedAt === -1) return this.#showFrozen(null, now);
    const condition = conditionOf(
      {
        openedAt: this.#openedAt,
        arrivedAt: this.#watch.arrivedAt,
        dataAt: this.#dataAt,
        picture: this.#factsOf(this.#playedTracks.video, this.#pictureFault),
        sound: this.#factsOf(this.#playedTracks.audio, this.#speaker.fault),
        isShown: this.#stage.isRunning || document.hidden,
        signalled: this.#watch.muted,
        server: this.#server.status,
        isReachable: this.#server.isReachable,
      },
      now,
    );
    this.#display.setState(condition.state, condition.text);
    this.#clearGone(condition, now);
    this.#showFrozen(condition.frozenAt, now);
    const { video, audio } = this.#playedTracks;
    const signOf = (track: Track | null) => {
      const rhythm = track && this.#watch.rhythmOf(track.pid);
      return `${track?.pid ?? '-'} ${rhythm?.isLate(now) ?? '-'}`;
    };
    const signs = `${condition.state} ${signOf(video)} ${signOf(audio)} ${condition.text}`;
    const hasFault = (this.#server.status?.fault ?? null) !== null;
    const isTroubled = condition.state !== 'playing' || condition.text !== '' || hasFault;
    this.#server.tick(now, { isTroubled, signs });
    this.#reconnectIfSilent(now);
    this.#replaceStalledPlayer(now);
    this.#replaceStalledSound(now);
  }

  /**
   * The time of the newest picture while pictures arrive steadily: sound must not wait for a picture that has stopped.
   */
  #pictureEdge(now: number): number {
    const { video } = this.#playedTracks;
    const rhythm = video ? this.#watch.rhythmOf(video.pid) : null;
    const isSteady = rhythm !== null && rhythm.expectedIntervalMs < STEADY_MS && now - rhythm.lastArrivalMs < STEADY_MS;
    return isSteady && this.#stage.isRunning ? (this.#stage.player?.newest ?? -1) : -1;
  }

  #factsOf(track: Track | null, fault: string): TrackCondition | null {
    return track && { rhythm: this.#watch.rhythmOf(track.pid), name: nameOf(track), fault };
  }

  /** Marks a frozen picture, also one whose player was replaced by one that has nothing to show yet. */
  #showFrozen(frozenAt: number | null, now: number): void {
    const { visibleAt, isRunning } = this.#stage;
    const isLeft = visibleAt !== null && now - visibleAt > LEFT_MS && (!isRunning || this.#openedAt === -1);
    const since = frozenAt ?? (isLeft ? visibleAt : null);
    this.#display.setFrozen(since === null || visibleAt === null ? null : now - since);
  }

  /** Removes the last picture of a program that has none any more after a while, and of one that is muted at once. */
  #clearGone({ state, isMuted }: PlayerCondition, now: number): void {
    const { video } = this.#playedTracks;
    if (video || state === 'waiting' || !this.#stage.player) this.#pictureGoneAt = -1;
    else if (this.#pictureGoneAt === -1) this.#pictureGoneAt = now;
    const goneMs = this.#pictureGoneAt === -1 ? 0 : now - this.#pictureGoneAt;
    if (isMuted) this.#recentGop.forget();
    if ((goneMs > STILL_KEPT_MS && state === 'playing') || isMuted) this.#stage.clear();
  }

  /** Reopens a silent connection: it may be dead without having been closed. */
  #reconnectIfSilent(now: number): void {
    const silentMs = now - Math.max(this.#watch.arrivedAt, this.#dataAt, this.#openedAt);
    if (silentMs > maxSilenceMs(this.#server)) this.#connection.renew();
  }

  /** Replaces the player if pictures arrive but are not shown. */
  #replaceStalledPlayer(now: number): void {
    const { video } = this.#playedTracks;
    const rhythm = video ? this.#watch.rhythmOf(video.pid) : null;
    if (!rhythm?.isAlive(now) || document.hidden || this.#stage.key === '') return;
    const stillMs = now - Math.max(this.#stage.shownAt, this.#visibleSince);
    if (
      stillMs > Math.max(STILL_MS, rhythm.expectedIntervalMs * 3) &&
      rhythm.lastArrivalMs > this.#stage.shownAt + STILL_MS / 2
    ) {
      this.#stage.retireAll();
    }
  }

  /** The same for sound that arrives but is not heard. */
  #replaceStalledSound(now: number): void {
    const { audio } = this.#playedTracks;
    const rhythm = audio ? this.#watch.rhythmOf(audio.pid) : null;
    const { shownAt } = this.#speaker;
    if (!rhythm?.isAlive(now) || document.hidden || rhythm.lastArrivalMs < shownAt + STILL_MS / 2) return;
    if (now - Math.max(shownAt, this.#visibleSince) > Math.max(STILL_MS, rhythm.expectedIntervalMs * 3))
      this.#speaker.close();
  }

  #showFigures(now: number): void {
    this.#figuresAt = now;
    const { video, audio } = this.#playedTracks;
    this.#display.setFigures({
      tracks: this.#names(),
      bitrate: this.#watch.bitrate(now),
      lostPackets: this.#lostBefore + this.#watch.lostPackets,
      delayMs: video ? (this.#stage.player?.delayMs ?? 0) : 0,
      hasSound: audio !== null,
    });
  }

  /** The names of the tracks, marked if they are not played here. */
  #names(): string {
    const { video, audio } = this.#playedTracks;
    const isPlayed = (track: Track) =>
      (track === video && this.#pictureFault === '') || (track === audio && this.#speaker.fault === '');
    return this.#watch.tracks
      .filter(({ kind }) => kind !== 'other')
      .map((track) => nameOf(track, this.#watch.codecOf(track.pid)) + (isPlayed(track) ? '' : ' (not played)'))
      .join(' + ');
  }
}
