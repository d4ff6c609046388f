// What the page asks of those who play, whichever engine they are. Picture and sound are played apart, so that one goes
// on when the other stops.

/** What a player says. */
export interface PlayerEvents {
  /** The first picture is on the screen, or the first sound was played. */
  began(): void;
  /** It cannot go on; `isForEver`: nor could another of its kind. */
  failed(reason: string, isForEver: boolean): void;
}

/** Plays a track that it is given from a random access point on. */
interface Player {
  /** Takes packets of the track, and nothing else. */
  write(packets: Uint8Array<ArrayBuffer>): void;
  /**
   * To be called ten times a second.
   * @param otherTime where the other half of the program is, as `time` has it; -1: it is not known, or there is none.
   */
  tick(nowMs: number, otherTime: number): void;
  /** What is shown or heard now, by the track's own time stamps, seconds; -1: it is not known. */
  readonly time: number;
  /** When something new was last shown or heard, as `performance.now()` has it. */
  readonly shownAt: number;
  close(): void;
}

/** Plays a picture. */
export interface PicturePlayer extends Player {
  /** What shows it. */
  readonly element: HTMLElement;
  /** Milliseconds from the arrival of a picture to the screen. */
  readonly delayMs: number;
  /** The newest time that there is something to show of, as `time` has it; -1: it is not known. */
  readonly newest: number;
  /** It is given nothing more, and shows its last picture on. */
  leave(): void;
}

/** Plays sound; made when the visitor wants to hear it, closed when not. */
export type SoundPlayer = Player;
