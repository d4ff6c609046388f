// Feeds one track to a media element: from the page's worker if there is one, otherwise from here.

import type { Track } from '../../../mpegts/psi/track.js';
import type { MseTrack } from './mse-track.js';
import type { FailureKind } from '../media/failure.js';
import { NO_TIMES, type TrackTimes } from '../media/track-times.js';
import { hasWorkers, type WorkerClient } from '../worker/worker-client.js';
import type { WorkerTrack } from '../worker/worker-track.js';

/** Interval at which the track gets the element's position. Milliseconds. */
const REPORT_INTERVAL_MS = 1000;

/** Ends differ by up to this anyway: the track uses decoding times, the element presentation times. Seconds. */
const REPORT_TOLERANCE = 0.3;

/** Events of a track feed. */
export interface TrackFeedEvents {
  /** It cannot continue. */
  failed(reason: string, kind: FailureKind): void;
}

const load = () => import('./mse-track.js');
let here = hasWorkers() ? null : await load();

/** A track that an element plays. */
export class TrackFeed {
  #times = NO_TIMES;
  readonly #element: HTMLMediaElement;
  readonly #events: TrackFeedEvents;
  readonly #track: MseTrack | WorkerTrack;
  readonly #onError = () => this.#reportFailure(this.#element.error?.message ?? 'it cannot be decoded', 'passing');
  #url = '';
  #reportedAt = 0;
  #isClosed = false;

  /** @param worker null: the browser has no Media Source Extensions in workers. */
  constructor(element: HTMLMediaElement, track: Track, events: TrackFeedEvents, worker: WorkerClient | null) {
    this.#element = element;
    this.#events = events;
    const own = {
      opened: (source: MediaSourceHandle) => this.#open(source),
      moved: (times: TrackTimes) => this.#moved(times),
      failed: (reason: string, kind: FailureKind) => this.#reportFailure(reason, kind),
    };
    if (worker?.isBroken === false) this.#track = worker.open(track, own);
    else this.#track = this.#openHere(track, own);
    element.addEventListener('error', this.#onError);
  }

  /** How far the track is: if the page was busy, the element has more than was reported. */
  get times(): TrackTimes {
    const [known, { buffered }] = [this.#times, this.#element];
    if (known.newestEnd === -1 || buffered.length === 0) return known;
    const more = buffered.end(buffered.length - 1) - known.newestEnd;
    if (more < REPORT_TOLERANCE) return known;
    return { ...known, newestStart: known.newestStart + more, newestEnd: known.newestEnd + more };
  }

  /** Accepts packets of the track; a worker's track continues by itself after the first of them. */
  write(packets: Uint8Array<ArrayBuffer>): void {
    this.#track.write(packets);
  }

  /** Called ten times a second. */
  tick(nowMs: number): void {
    if (nowMs - this.#reportedAt < REPORT_INTERVAL_MS) return;
    this.#reportedAt = nowMs;
    this.#track.playedTo(this.#element.currentTime);
  }

  /** Accepts nothing more; what is buffered is played. */
  stop(): void {
    this.#track.stop();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#element.removeEventListener('error', this.#onError);
    this.#track.close();
    this.#element.removeAttribute('src');
    this.#element.srcObject = null;
    this.#element.load(); // releases decoder and buffers
    if (this.#url !== '') URL.revokeObjectURL(this.#url);
  }

  #openHere(track: Track, own: ConstructorParameters<typeof MseTrack>[1]): MseTrack {
    if (!here) {
      void load().then((loaded) => (here = loaded));
      throw new Error('the worker of this page has failed'); // the caller retries
    }
    const made = new here.MseTrack(track, own);
    this.#element.disableRemotePlayback = true; // without this a ManagedMediaSource does not open
    this.#element.src = this.#url = URL.createObjectURL(made.source);
    playElement(this.#element);
    return made;
  }

  #open(source: MediaSourceHandle): void {
    if (this.#isClosed) return;
    this.#element.disableRemotePlayback = true;
    this.#element.srcObject = source as MediaProvider; // the compiler's library has no handles here
    playElement(this.#element);
  }

  #moved(times: TrackTimes): void {
    if (!this.#isClosed) this.#times = times;
  }

  #reportFailure(reason: string, kind: FailureKind): void {
    if (!this.#isClosed) this.#events.failed(reason, kind);
  }
}

/** Starts an element. If that is refused or interrupted by a new load, the next tick retries. */
export function playElement(element: HTMLMediaElement): void {
  element.play().catch(() => undefined);
}
