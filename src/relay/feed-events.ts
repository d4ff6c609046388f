// Records what happens to a feed as events.

import type { FeedObserver } from './feed-observer.js';
import type { Journal } from './journal.js';
import { namedTracks } from './tracks.js';

/** What the relay provides for a feed. */
export interface FeedOwner extends Pick<FeedObserver, 'idle' | 'likelyMeant' | 'isKnown'> {
  /** A new source publishes now. */
  sourceBegan(): void;
}

/** Records what happens to the feed of a name. */
export function recordFeed(journal: Journal, feed: string, owner: FeedOwner): FeedObserver {
  const subject = {}; // rate-limited: sources may connect and disconnect at any rate
  return {
    idle: () => owner.idle(),
    likelyMeant: () => owner.likelyMeant(),
    isKnown: () => owner.isKnown(),
    sourceBegan: (source, before) => {
      owner.sourceBegan();
      journal.tell({ type: 'feed-up', feed, source, ...(before === null ? {} : { before }) }, {}, subject);
    },
    sourceEnded: (source) => journal.tell({ type: 'feed-down', feed, source }, {}, subject),
    faultChanged: (fault) => journal.tell({ type: 'feed-fault', feed, fault }),
    tracksChanged: (tracks) => journal.tell({ type: 'tracks-changed', name: feed, tracks: namedTracks(tracks) }),
  };
}
