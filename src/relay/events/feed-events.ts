// Records what happens to a feed as events.

import type { FeedObserver } from '../feed/feed-observer.js';
import type { EventLog } from './event-log.js';
import { withoutMediaDetails } from '../stream/named-tracks.js';

/** What the relay provides for a feed. */
export interface FeedOwner extends Pick<FeedObserver, 'idle' | 'abandoned' | 'likelyMeant' | 'isKnown'> {
  /** A new source publishes now. */
  sourceStarted(): void;
}

/** Records what happens to the feed of a name. */
export function recordFeed(events: EventLog, feed: string, owner: FeedOwner): FeedObserver {
  const subject = {}; // rate-limited: sources may connect and disconnect at any rate
  return {
    idle: () => owner.idle(),
    abandoned: () => owner.abandoned(),
    likelyMeant: () => owner.likelyMeant(),
    isKnown: () => owner.isKnown(),
    sourceStarted: (source, before) => {
      owner.sourceStarted();
      events.emit({ type: 'feed-up', feed, source, ...(before === null ? {} : { before }) }, {}, subject);
    },
    sourceEnded: (source) => events.emit({ type: 'feed-down', feed, source }, {}, subject),
    faultChanged: (fault) => events.emit({ type: 'feed-fault', feed, fault }),
    tracksChanged: (tracks) => events.emit({ type: 'tracks-changed', name: feed, tracks: withoutMediaDetails(tracks) }),
  };
}
