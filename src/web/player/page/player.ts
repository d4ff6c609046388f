// The interface of players, for every engine. Picture and sound are played separately, so that one continues when the
// other stops.

import type { FailureKind } from '../media/failure.js';

/** Events of a player. */
export interface PlayerEvents {
  /** The first picture is on the screen, or the first sound was played. */
  started(): void;
  /** It cannot continue. */
  failed(reason: string, kind: FailureKind): void;
}

/** Plays a track from a random access point on. */
interface Player {
  /** Accepts packets of the track only. */
  write(packets: Uint8Array<ArrayBuffer>): void;
  /**
   * Called ten times a second.
   * @param otherTime the current time of the other track (sound or picture), like `time`; -1: unknown, or there is none.
   */
  tick(nowMs: number, otherTime: number): void;
  /** The time stamp of what is shown or heard now, in seconds; -1: unknown. */
  readonly time: number;
  /** When something new was last shown or heard, by `performance.now()`. */
  readonly shownAt: number;
  close(): void;
}

/** Plays a picture. */
export interface PicturePlayer extends Player {
  /** The element that shows it. */
  readonly element: HTMLElement;
  /** Milliseconds from the arrival of a picture to the screen. */
  readonly delayMs: number;
  /** The time stamp of the newest picture that has arrived, like `time`; -1: unknown. */
  readonly newest: number;
  /** Stops; the last picture stays on the screen. */
  detach(): void;
}

/** Plays sound; created when the user switches it on, closed when off. */
export type SoundPlayer = Player;
