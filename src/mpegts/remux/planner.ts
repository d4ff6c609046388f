// What a Remuxer does for its packet path.

/** Called by the path when the program has to be planned again. */
export interface Planner {
  /** A feed's tables or a track's kind have changed. */
  replan(): void;
  /** The awaited video feed has a random access point: it replaces the previous one now. */
  replaceBy(feed: string): void;
}
