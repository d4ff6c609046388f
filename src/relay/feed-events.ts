// What happens to a feed, as events.

import type { FeedObserver } from './feed.js';
import type { Journal } from './journal.js';
import { namedTracks } from './tracks.js';

/** Records what happens to the feed of a name; `idle` is called when it has neither a source nor a reader any more. */
export function recordFeed(journal: Journal, feed: string, idle: () => void): FeedObserver {
  const subject = {}; // sources may come and go as often as they like
  return {
    idle,
    sourceBegan: (source, before) => {
      journal.tell({ type: 'feed-up', feed, source, ...(before === null ? {} : { before }) }, {}, subject);
    },
    sourceEnded: (source) => journal.tell({ type: 'feed-down', feed, source }, {}, subject),
    faultChanged: (fault) => journal.tell({ type: 'feed-fault', feed, fault }),
    tracksChanged: (tracks) => journal.tell({ type: 'tracks-changed', name: feed, tracks: namedTracks(tracks) }),
  };
}
