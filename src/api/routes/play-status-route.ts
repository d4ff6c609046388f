// The status of one feed or stream for its viewers: `GET /api/play/<name>`, polled by players' pages. Its faults are
// those of `GET /api/stats`.

import type { Relay } from '../../relay/relay.js';
import { parseSourceName, readFeedEntry } from '../../relay/rules/rules.js';
import { playStatusSchema, type Stats } from '../../relay/stats-schema.js';
import type { PlayStatus } from '../../http/answer/play-status.js';
import { answer, json } from '../../http/routes/route.js';
import { nameIn, type RelayRoute } from './relay-route.js';

/** Many pages poll: they are answered from the same stats for this long. */
const KEPT_MS = 500;

/** The route that players poll. */
export function playStatusRoute(relay: Relay): RelayRoute {
  let stats: Stats | null = null;
  let atMs = 0;
  const recentStats = () => {
    const now = performance.now();
    if (!stats || now - atMs > KEPT_MS) [stats, atMs] = [relay.stats(), now];
    return stats;
  };
  return {
    name: 'play status',
    path: '/api/play/{name}',
    tag: 'Monitoring',
    parameter: {
      name: 'name',
      description:
        'A feed\'s or a stream\'s name. It may contain "/", literally or as %2F; names of streams begin with stream/.',
      example: 'stream/front',
    },
    operations: [
      {
        methods: ['GET'],
        id: 'getPlayStatus',
        summary: 'Returns the status of a feed or stream for a player',
        answer: json('The status; a name that is not in use is `absent`.', playStatusSchema),
        errors: ['ERR_BAD_NAME', 'ERR_BAD_PATH'],
        handlers: [answer((request) => playStatusOf(recentStats(), parseSourceName(nameIn(request))))],
      },
    ],
  };
}

/** The status of the feed or stream with a name. */
export function playStatusOf({ feeds, streams }: Stats, name: string): PlayStatus {
  const feed = feeds[name];
  if (feed) return { state: feed.state, fault: feed.fault, muted: feed.muted };
  const stream = streams[name];
  if (!stream) return { state: 'absent', fault: null, muted: null };
  const sources = stream.feeds.map((entry) => feeds[readFeedEntry(entry).feed]);
  const isAny = (state: PlayStatus['state']) => sources.some((source) => source?.state === state);
  return {
    state: isAny('live') ? 'live' : isAny('silent') ? 'silent' : 'absent',
    fault: stream.fault,
    muted: stream.muted,
  };
}
