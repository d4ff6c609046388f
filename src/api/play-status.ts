// What the relay says of one feed or stream to who may play it: `GET /api/play/<name>`, asked for by players' pages. The
// words are those of `GET /api/stats`.

import * as z from 'zod';
import { faultSchema } from '../relay/event.js';
import type { Relay } from '../relay/relay.js';
import { parseSourceName, readFeedEntry } from '../relay/rules.js';
import type { Stats } from '../relay/stats-schema.js';
import type { PlayStatus } from '../web/play-status.js';
import { answer, json, nameIn, type Route } from './route.js';

/** Many pages ask: they are answered out of the same stats for so long. */
const KEPT_MS = 500;

const playStatusSchema = z.strictObject({
  state: z
    .enum(['live', 'silent', 'absent'])
    .describe('live: something comes; silent: somebody is connected and sends nothing; absent: nobody sends'),
  fault: faultSchema.nullable().describe('what is wrong with it now, as in the stats; null: nothing'),
  muted: z.enum(['audio', 'all']).nullable().describe('what of it is muted; null: nothing'),
}) satisfies z.ZodType<PlayStatus>;

/** The route of what players ask. */
export function playStatusRoute(relay: Relay): Route {
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
    tag: 'Seeing',
    parameter: {
      name: 'name',
      description: 'A feed\'s or a stream\'s name. It may hold "/", as it is or as %2F; streams begin with stream/.',
      example: 'stream/front',
    },
    operations: [
      {
        methods: ['GET'],
        id: 'getPlayStatus',
        summary: 'Tells in short how it stands with a feed or stream, for a player',
        answer: json('How it stands; a name that nobody uses is `absent`.', playStatusSchema),
        errors: ['ERR_BAD_NAME', 'ERR_BAD_PATH'],
        handlers: [answer((request) => playStatusOf(recentStats(), parseSourceName(nameIn(request))))],
      },
    ],
  };
}

/** How it stands with the feed or stream of a name. */
export function playStatusOf({ feeds, streams }: Stats, name: string): PlayStatus {
  const feed = feeds[name];
  if (feed) return { state: feed.state, fault: feed.fault, muted: feed.muted };
  const stream = streams[name];
  if (!stream) return { state: 'absent', fault: null, muted: null };
  const sources = stream.feeds.map((entry) => feeds[readFeedEntry(entry).feed]);
  const isAny = (state: PlayStatus['state']) => sources.some((source) => source?.state === state);
  const isMuted = (source: (typeof sources)[number]) => (source?.muted ?? null) !== null;
  const isAllMuted = sources.length > 0 && sources.every((source) => source?.muted === 'all');
  return {
    state: isAny('live') ? 'live' : isAny('silent') ? 'silent' : 'absent',
    fault: stream.fault,
    muted: isAllMuted ? 'all' : sources.some(isMuted) ? 'audio' : null,
  };
}
