// What the page asks of a player, whichever engine it is.

/** What a player says. */
export interface PlayerEvents {
  /** The first picture (or sound, where there is no picture) is there. */
  began(): void;
  /** It cannot go on; `isForEver`: nor could another of its kind. */
  failed(reason: string, isForEver: boolean): void;
}

/** Plays what it is given from a random access point on. */
export interface Player {
  /** What shows the picture. */
  readonly element: HTMLElement;
  /** Takes packets of the chosen tracks, and nothing else. */
  write(packets: Uint8Array<ArrayBuffer>): void;
  /** To be called ten times a second. */
  tick(nowMs: number): void;
  /** Sound on, or off (`null`). On is a context that runs: the visitor has asked for it with a click or a key. */
  setSound(context: AudioContext | null): void;
  /** Milliseconds from the arrival of a picture to the screen. */
  readonly delayMs: number;
  /** When a picture was last shown, or sound played, as `performance.now()` has it. */
  readonly shownAt: number;
  close(): void;
}
