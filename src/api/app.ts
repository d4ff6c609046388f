// The REST interface: each handler parses, calls one method of Relay, and serialises. Express is used no further in.

import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express';
import { prefersPage } from '../http/request/accept.js';
import { jsonText } from '../http/answer/json.js';
import type { Scheme } from '../http/request/hosts.js';
import { HttpError, problem, PROBLEM_MEDIA_TYPE, problemOf } from '../http/answer/problem.js';
import type { PageHandler } from '../http/page-handler.js';
import type { Log } from '../log/log.js';
import type { Relay } from '../relay/relay.js';
import { readFeedEntry } from '../relay/rules/rules.js';
import type { PlayableItem } from './routes/page-routes.js';
import { problemPage } from '../http/answer/problem-page.js';
import { aboutRoutes } from './routes/about-routes.js';
import type { RelayOperations } from './control/actions.js';
import type { EventStreams } from './live/event-stream.js';
import type { HttpGuard } from '../http/request/http-guard.js';
import type { RequestInfo } from './access/key-policy.js';
import type { HttpViewers } from './live/http-viewer.js';
import type { KeyGuard } from './access/keys.js';
import { authorize } from './access/authorize.js';
import { mediaRoutes } from './routes/media-routes.js';
import { pageRoutes, securityHeaders, STYLE_PATH } from './routes/page-routes.js';
import { playStatusRoute } from './routes/play-status-route.js';
import { mount, notFoundError } from './routes/route.js';
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
  const { relay, actions, refusals, keys, scheme } = parts;
  const app = express();
  app.disable('x-powered-by').disable('etag').enable('case sensitive routing'); // as the guard reads paths
  app.use(securityHeaders(scheme), authorize(parts.guard, parts.bodyTimeoutMs));
  const described = [
    ...streamRoutes(actions),
    ...destinationRoutes(actions),
    ...muteRoutes(actions),
    ...allRulesRoutes(actions),
    ...mediaRoutes(relay, parts.viewers, refusals, parts.pages),
    ...monitoringRoutes(actions, parts.events),
    playStatusRoute(relay),
    ...pageRoutes(keys, scheme, () => playableNames(relay)),
  ];
  const routes = [...described, ...aboutRoutes(described, keys ? 'key' : 'open')];
  for (const route of routes) mount(app, route, routes);

  app.use((request: Request) => {
    throw notFoundError(request.path, routes, isUpload(request) ? isMistakenUpload(request.path) : null);
  });
  app.use(answerError(refusals, parts.log));
  return app;
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

/** Whether a browser navigated to the address. */
function isBrowserNavigation({ method, headers }: Request): boolean {
  return (method === 'GET' || method === 'HEAD') && prefersPage(headers.accept);
}

/** Whether a request looks like an upload of media, whatever its path: ffmpeg sends no Content-Type. */
function isUpload({ method, path, headers }: Request): boolean {
  if (method !== 'POST' && method !== 'PUT') return false;
  if (path.startsWith('/ts/')) return true;
  return isMistakenUpload(path) !== null && !/^application\/|^multipart\//i.test(headers['content-type'] ?? '');
}

function answerError(refusals: UploadRefusals, log: Log): ErrorRequestHandler {
  return (error: unknown, request: Request, response: Response, _next) => {
    const known = problemOf(error);
    if (!known) {
      log.error('request failed', { path: request.path, reason: (error as Error).stack ?? String(error) });
    }
    if (isUpload(request)) {
      const { path, socket, headers } = request;
      refusals.onRefused({ path, from: socket.remoteAddress ?? '', authorization: headers.authorization }, error);
    }
    const document =
      known ?? problem(500, 'ERR_INTERNAL', 'the relay failed to handle this request; its log has the cause');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (error instanceof HttpError) response.set(error.headers);
    response.status(document.status);
    if (isBrowserNavigation(request)) response.vary('Accept').type('html').send(problemPage(document, STYLE_PATH));
    else response.type(PROBLEM_MEDIA_TYPE).send(jsonText(document));
  };
}
