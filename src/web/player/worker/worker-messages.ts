// The messages between the page and its worker (player-worker.ts).

import type { Track } from '../../../mpegts/psi/track.js';
import type { FailureKind } from '../media/failure.js';
import type { TrackTimes } from '../media/track-times.js';
import type { TrackCommand } from './worker-track.js';

/** From the page. Sockets and tracks have unique numbers. */
export type ToWorker =
  | { readonly type: 'dial'; readonly socket: number; readonly url: string }
  | { readonly type: 'send'; readonly socket: number; readonly text: string }
  | { readonly type: 'close-socket'; readonly socket: number }
  /** Requests more messages; those up to number `done` are in the start of a new track. */
  | { readonly type: 'more'; readonly done: number }
  /** Opens a track that starts with `recent` and continues after message `done`. */
  | {
      readonly type: 'open';
      readonly id: number;
      readonly track: Track;
      readonly recent: Packets[];
      readonly done: number;
    }
  | TrackCommand;

/** To the page. */
export type FromWorker =
  | { readonly type: 'connected'; readonly socket: number }
  | { readonly type: 'text'; readonly socket: number; readonly text: string }
  | { readonly type: 'lost'; readonly socket: number }
  /** Messages since the last request, up to number `last`, and the progress of tracks. */
  | {
      readonly type: 'messages';
      readonly socket: number;
      readonly last: number;
      readonly messages: Packets[];
      readonly moved: Moves;
    }
  | { readonly type: 'opened'; readonly id: number; readonly handle: MediaSourceHandle }
  | { readonly type: 'failed'; readonly id: number; readonly reason: string; readonly kind: FailureKind };

type Packets = Uint8Array<ArrayBuffer>;
type Moves = readonly (readonly [number, TrackTimes])[];
