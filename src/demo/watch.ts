// The stats that the demo reads over HTTP while it runs.

import { ask } from './rest.js';
import { type Places, publishUrl, TOPIC, type Which } from './tour.js';

// The few fields that are read; the whole is in src/relay/stats-schema.ts and src/serve/room.ts.
interface RelayStats {
  readonly feeds: Readonly<Record<string, { readonly source: string | null; readonly continuityErrors: number }>>;
  readonly destinations: Readonly<
    Record<string, { readonly live: LinkStats & { readonly droppedMessages: number }; readonly coming: unknown }>
  >;
}
interface LinkStats {
  readonly url: string;
  readonly state: string;
}
interface ServeStats {
  readonly topics: Readonly<Record<string, { readonly viewers: number; readonly continuityErrors: number }>>;
}

/** The figures that the tour prints. */
export interface Figures {
  /** Packets with an unexpected continuity_counter, at the relay and at the relay servers. */
  readonly continuityErrors: number;
  readonly droppedMessages: number;
  /** Viewers of each relay server. */
  readonly viewers: readonly number[];
}

/** Reads the stats of the relay and the relay servers. */
export async function readFigures(places: Places): Promise<Figures> {
  const [relay, ...farEnds] = await Promise.all([
    relayStats(places),
    ...places.farEnds.map((url) => ask({ method: 'GET', url: `${url}/status` }) as Promise<ServeStats>),
  ]);
  const topics = farEnds.map(({ topics }) => topics[TOPIC]);
  const all = [...Object.values(relay.feeds), ...topics];
  return {
    continuityErrors: all.reduce((sum, one) => sum + (one?.continuityErrors ?? 0), 0),
    droppedMessages: Object.values(relay.destinations).reduce((sum, { live }) => sum + live.droppedMessages, 0),
    viewers: topics.map((topic) => topic?.viewers ?? 0),
  };
}

/** Whether the stream goes to that relay server, and to no other. */
export async function isAt(places: Places, which: Which): Promise<boolean> {
  const { destinations } = await relayStats(places);
  const [one] = Object.values(destinations);
  return one?.live.url === publishUrl(places, which) && one.live.state === 'open' && one.coming === null;
}

/** Whether a feed has no source. */
export async function isFree(places: Places, feed: string): Promise<boolean> {
  return ((await relayStats(places)).feeds[feed]?.source ?? null) === null;
}

async function relayStats(places: Places): Promise<RelayStats> {
  return (await ask({ method: 'GET', url: `${places.relay}/api/stats` })) as RelayStats;
}
