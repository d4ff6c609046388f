// What the page and its worker (player-worker.ts) say to each other.

import type { Track } from '../../mpegts/track.js';
import type { TrackTimes } from './track-times.js';
import type { TrackOrder } from './worker-track.js';

/** From the page. Sockets and tracks have numbers; none is used twice. */
export type ToWorker =
  | { readonly do: 'dial'; readonly socket: number; readonly url: string }
  | { readonly do: 'send'; readonly socket: number; readonly text: string }
  | { readonly do: 'hang up'; readonly socket: number }
  /** The last messages were taken, and more may come; those up to number `done` are in what a new track begins with. */
  | { readonly do: 'more'; readonly done: number }
  /** A track that begins with `recent` and goes on with what came after message `done`. */
  | {
      readonly do: 'open';
      readonly id: number;
      readonly track: Track;
      readonly recent: Packets[];
      readonly done: number;
    }
  | TrackOrder;

/** To the page. */
export type FromWorker =
  | { readonly tell: 'connected'; readonly socket: number }
  | { readonly tell: 'text'; readonly socket: number; readonly text: string }
  | { readonly tell: 'lost'; readonly socket: number }
  /** What came since it was last asked for more, up to message `last`, and how far tracks have come. */
  | {
      readonly tell: 'came';
      readonly socket: number;
      readonly last: number;
      readonly messages: Packets[];
      readonly moved: Moves;
    }
  | { readonly tell: 'opened'; readonly id: number; readonly handle: MediaSourceHandle }
  | { readonly tell: 'failed'; readonly id: number; readonly reason: string; readonly isForEver: boolean };

type Packets = Uint8Array<ArrayBuffer>;
type Moves = readonly (readonly [number, TrackTimes])[];
