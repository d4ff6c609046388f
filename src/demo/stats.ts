// The stats that the demo reads over HTTP while it runs.

import { callRest } from './rest.js';
import { type DemoAddresses, publishUrl, TOPIC, type EndpointIndex } from './tour.js';

// The few fields that are read; the whole is in src/relay/stats-schema.ts and src/serve/topics/topic.ts.
interface DemoRelayStats {
  readonly feeds: Readonly<Record<string, { readonly source: string | null; readonly continuityErrors: number }>>;
  readonly destinations: Readonly<
    Record<string, { readonly live: DemoLinkStats & { readonly droppedMessages: number }; readonly pending: unknown }>
  >;
}
interface DemoLinkStats {
  readonly url: string;
  readonly state: string;
}
interface ServeStats {
  readonly topics: Readonly<Record<string, { readonly viewers: number; readonly continuityErrors: number }>>;
}

/** The figures that the tour prints. */
export interface DemoFigures {
  /** Packets with an unexpected continuity_counter, at the relay and at the relay servers. */
  readonly continuityErrors: number;
  readonly droppedMessages: number;
  /** Viewers of each relay server. */
  readonly viewers: readonly number[];
}

/** Reads the stats of the relay and the relay servers. */
export async function readFigures(addresses: DemoAddresses): Promise<DemoFigures> {
  const [relay, ...endpoints] = await Promise.all([
    relayStats(addresses),
    ...addresses.endpoints.map((url) => callRest({ method: 'GET', url: `${url}/status` }) as Promise<ServeStats>),
  ]);
  const topics = endpoints.map(({ topics }) => topics[TOPIC]);
  const all = [...Object.values(relay.feeds), ...topics];
  return {
    continuityErrors: all.reduce((sum, one) => sum + (one?.continuityErrors ?? 0), 0),
    droppedMessages: Object.values(relay.destinations).reduce((sum, { live }) => sum + live.droppedMessages, 0),
    viewers: topics.map((topic) => topic?.viewers ?? 0),
  };
}

/** Whether the stream goes to that relay server, and to no other. */
export async function isConnectedTo(addresses: DemoAddresses, which: EndpointIndex): Promise<boolean> {
  const { destinations } = await relayStats(addresses);
  const [one] = Object.values(destinations);
  return one?.live.url === publishUrl(addresses, which) && one.live.state === 'open' && one.pending === null;
}

/** Whether a feed has no source. */
export async function hasNoPublisher(addresses: DemoAddresses, feed: string): Promise<boolean> {
  return ((await relayStats(addresses)).feeds[feed]?.source ?? null) === null;
}

async function relayStats(addresses: DemoAddresses): Promise<DemoRelayStats> {
  return (await callRest({ method: 'GET', url: `${addresses.relay}/api/stats` })) as DemoRelayStats;
}
