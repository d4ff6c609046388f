// What a feed reports to its owner, and requests from it.

import type { TrackMedia } from '../../mpegts/inspect/track-media.js';
import type { Fault } from '../events/event.js';

/** Receives a feed's notifications. */
export interface FeedObserver {
  /** The last source, sink or client has gone. */
  idle(): void;
  /** The same of a feed that never received anything: a refused or empty upload created it. */
  abandoned(): void;
  /** A new source publishes now; `before` is the one that it replaced. */
  sourceStarted(address: string, before: string | null): void;
  sourceEnded(address: string): void;
  /** The feed that was probably meant instead of this one, which has no source; `null`: none is known. */
  likelyMeant(): string | null;
  /** Whether it was ever published to or a rule names it; false if it exists for a viewer only. */
  isKnown(): boolean;
  /** The feed's fault has changed; `null`: there is none. */
  faultChanged(fault: Fault | null): void;
  tracksChanged(tracks: readonly TrackMedia[]): void;
}

/** For a feed without an owner. */
export const NO_OBSERVER: FeedObserver = {
  idle: () => undefined,
  abandoned: () => undefined,
  sourceStarted: () => undefined,
  sourceEnded: () => undefined,
  likelyMeant: () => null,
  isKnown: () => true,
  faultChanged: () => undefined,
  tracksChanged: () => undefined,
};
