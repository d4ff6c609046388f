// The REST interface: each handler parses, calls one method of Relay, and serialises. Express is used no further in.

import type { Express, Request } from 'express';
import type { HeaderPolicy } from '../http/answer/security-headers.js';
import type { Scheme } from '../http/request/hosts.js';
import type { HttpGuard } from '../http/request/http-guard.js';
import { aboutRoutes } from '../http/routes/about-routes.js';
import { STYLE_PATH } from '../http/routes/style-route.js';
import { createHttpApp } from '../http/server/http-app.js';
import type { PageHandler } from '../http/page-handler.js';
import type { Log } from '../log/log.js';
import type { Relay } from '../relay/relay.js';
import { readFeedEntry } from '../relay/rules/rules.js';
import type { RelayOperations } from './control/actions.js';
import type { EventStreams } from './live/event-stream.js';
import type { RequestInfo } from './access/key-policy.js';
import type { HttpViewers } from './live/http-viewer.js';
import type { KeyGuard } from './access/keys.js';
import { authorization } from './access/authorize.js';
import { relayApi } from './openapi/relay-api.js';
import { mediaRoutes } from './routes/media-routes.js';
import { pageRoutes, type PlayableItem } from './routes/page-routes.js';
import { playStatusRoute } from './routes/play-status-route.js';
import { notFoundError, type RelayRoute } from './routes/relay-route.js';
import { allRulesRoutes, destinationRoutes, muteRoutes, streamRoutes } from './routes/rule-routes.js';
import { monitoringRoutes } from './routes/monitoring-routes.js';
import { isMistakenUpload, type UploadRefusals } from './live/upload-refusals.js';

/** What the API is made of. */
export interface AppParts {
  readonly relay: Relay;
  readonly actions: RelayOperations;
  readonly viewers: HttpViewers;
  readonly events: EventStreams;
  readonly refusals: UploadRefusals;
  readonly guard: HttpGuard<RequestInfo>;
  /** null: no key is configured. */
  readonly keys: KeyGuard | null;
  /** `https:` if the server has a certificate. */
  readonly scheme: Scheme;
  readonly bodyTimeoutMs: number;
  /** Serves the player. */
  readonly pages: PageHandler;
  readonly log: Log;
}

/** The API of a relay behind its guard. */
export function createApp(parts: AppParts): Express {
  const { refusals, guard, keys, scheme, log } = parts;
  const described = relayRoutes(parts);
  // Not loaded later: it names schemas that the routes have, which must be the same objects.
  const describe = () => Promise.resolve(relayApi(keys ? 'key' : 'open'));
  const routes = [...described, ...aboutRoutes(described, { describe, pagePolicy: null })];
  return createHttpApp({
    headers: { scheme, directives: CONTENT_POLICY },
    admission: authorization(guard, parts.bodyTimeoutMs),
    pages: null, // the player's are routes
    routes,
    unknownPath: (request) => {
      return notFoundError(request.path, routes, isUpload(request) ? isMistakenUpload(request.path) : null);
    },
    errors: {
      server: 'relay',
      log,
      onError: (error, request) => {
        if (!isUpload(request)) return;
        const { path, socket, headers } = request;
        refusals.onRefused({ path, from: socket.remoteAddress ?? '', authorization: headers.authorization }, error);
      },
      page: { stylesheet: STYLE_PATH, policy: null },
    },
  });
}

/** Style sheets of our own and forms to ourselves; no framing. */
const CONTENT_POLICY: HeaderPolicy['directives'] = {
  styleSrc: ["'self'"],
  formAction: ["'self'"],
  baseUri: ["'none'"],
  frameAncestors: ["'none'"],
};

/** Every route but those that describe the API. A new group of routes goes here. */
function relayRoutes({ relay, actions, viewers, events, refusals, keys, scheme, pages }: AppParts): RelayRoute[] {
  return [
    ...streamRoutes(actions),
    ...destinationRoutes(actions),
    ...muteRoutes(actions),
    ...allRulesRoutes(actions),
    ...mediaRoutes(relay, viewers, refusals, pages),
    ...monitoringRoutes(actions, events),
    playStatusRoute(relay),
    ...pageRoutes(keys, scheme, () => ({ playable: playableNames(relay), rulesFault: actions.rulesFault() })),
  ];
}

/** What the front page links to: streams first, because they were composed on purpose. */
function playableNames(relay: Relay): PlayableItem[] {
  const { feeds, streams } = relay.stats();
  const isLive = (feed: string) => (feeds[feed]?.source ?? null) !== null;
  return [
    ...Object.entries(streams).map(([name, stream]) => {
      return { name, isLive: stream.feeds.some((entry) => isLive(readFeedEntry(entry).feed)), muted: stream.muted };
    }),
    ...Object.entries(feeds).map(([name, { muted }]) => ({ name, isLive: isLive(name), muted })),
  ];
}

/** Whether a request looks like an upload of media, whatever its path: ffmpeg sends no Content-Type. */
function isUpload({ method, path, headers }: Request): boolean {
  if (method !== 'POST' && method !== 'PUT') return false;
  if (path.startsWith('/ts/')) return true;
  return isMistakenUpload(path) !== null && !/^application\/|^multipart\//i.test(headers['content-type'] ?? '');
}
