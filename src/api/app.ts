// The REST interface: each handler parses, calls one method of Relay, and serialises. Express stops here.

import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import type { Log } from '../log.js';
import type { Relay } from '../relay/relay.js';
import { parseFeedName, parseSourceName, readFeedEntry, trimName } from '../relay/rules.js';
import type { Watchable } from '../web/player-page.js';
import { playerRoutes } from '../web/player-routes.js';
import type { Actions } from './actions.js';
import type { EventStreams } from './event-stream.js';
import type { Guard } from './guard.js';
import { takeHttpUpload } from './http-upload.js';
import type { KeyGuard } from './keys.js';
import type { HttpViewers } from './http-viewer.js';
import { letIn, mayLast } from './let-in.js';
import { createPages, securityHeaders } from './pages.js';
import { HttpError, only, problem, PROBLEM_TYPE, problemOf } from '../http/problem.js';

const MAX_BODY_BYTES = 64 * 1024;

/** The API of a relay, behind its guard. `keys` is null where there is no key to log in with. */
export function createApp(
  relay: Relay,
  actions: Actions,
  viewers: HttpViewers,
  events: EventStreams,
  guard: Guard,
  keys: KeyGuard | null,
  isSecure: boolean,
  bodyTimeoutMs: number,
  log: Log,
): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').enable('case sensitive routing'); // as the guard reads paths
  app.use(securityHeaders(isSecure), letIn(guard, bodyTimeoutMs));
  app.use(createPages(keys, isSecure, () => watchables(relay)));
  app.use(
    playerRoutes({
      socketPath: '/ws/',
      readName: (name) => parseSourceName(trimName(name)),
      wantsToken: false,
      frameAncestors: [],
    }),
  );

  app
    .route('/healthcheck')
    .get(answer(() => 'ok'))
    .all(only('GET'));
  app
    .route('/api/stats')
    .get(answer(() => actions.stats()))
    .all(only('GET'));
  app
    .route('/api/rules')
    .get(answer(() => actions.rules()))
    .all(only('GET'));
  app
    .route('/api/events')
    .get((request, response) => events.tell(request, response))
    .all(only('GET'));

  const json: RequestHandler[] = [wantJson, express.json({ limit: MAX_BODY_BYTES, strict: false })];

  const setStream = answer((request) => actions.setStream(request.body));
  app.route('/api/streams').post(json, setStream).put(json, setStream).all(only('POST', 'PUT'));
  app
    .route('/api/streams/all')
    .get(answer(() => actions.streams()))
    .delete(answer(() => actions.deleteAllStreams()))
    .all(only('GET', 'DELETE'));
  app
    .route('/api/streams/*name')
    .get(answer((request) => actions.stream(nameIn(request))))
    .delete(answer((request) => actions.deleteStream(nameIn(request))))
    .all(only('GET', 'DELETE'));

  const setDestination = answer((request) => actions.setDestination(request.body));
  app.route('/api/destinations').post(json, setDestination).put(json, setDestination).all(only('POST', 'PUT'));
  app
    .route('/api/destinations/all')
    .get(answer(() => actions.destinations()))
    .delete(answer(() => actions.deleteAllDestinations()))
    .all(only('GET', 'DELETE'));
  app
    .route('/api/destinations/*name')
    .get(answer((request) => actions.destination(nameIn(request))))
    .delete(answer((request) => actions.deleteDestination(nameIn(request))))
    .all(only('GET', 'DELETE'));

  // A mute may come without a body: then it is the sound.
  const muteBody: RequestHandler[] = [wantJsonIfAny, express.json({ limit: MAX_BODY_BYTES, strict: false })];
  const setMute = answer((request) => actions.setMute(nameIn(request), request.body));
  app
    .route('/api/mutes/all')
    .get(answer(() => actions.mutes()))
    .put(
      muteBody,
      answer((request) => actions.setMute('all', request.body)),
    )
    .post(
      muteBody,
      answer((request) => actions.setMute('all', request.body)),
    )
    .delete(answer(() => actions.deleteMute('all')))
    .all(only('GET', 'PUT', 'POST', 'DELETE'));
  app
    .route('/api/mutes/*name')
    .get(answer((request) => actions.mute(nameIn(request))))
    .put(muteBody, setMute)
    .post(muteBody, setMute)
    .delete(answer((request) => actions.deleteMute(nameIn(request))))
    .all(only('GET', 'PUT', 'POST', 'DELETE'));

  const upload: RequestHandler = (request, response) => {
    const feed = relay.feed(parseFeedName(nameIn(request)));
    mayLast(request);
    takeHttpUpload(request, response, feed);
  };
  const play: RequestHandler = (request, response) => {
    viewers.play(parseSourceName(nameIn(request)), request, response);
  };
  app
    .route('/ts/*name')
    .get(play)
    .post(upload)
    .put(upload)
    .all(only('GET', 'POST', 'PUT'));
  app.all('/ws/*name', () => {
    throw new HttpError(426, 'ERR_UPGRADE_REQUIRED', 'this path speaks WebSocket: connect to it as ws://', {
      Upgrade: 'websocket',
    });
  });

  app.use((request: Request) => {
    throw new HttpError(
      404,
      'ERR_NO_SUCH_PATH',
      `there is nothing at ${request.path}; there are /api/streams, /api/destinations, /api/mutes, /api/rules, /api/stats, /healthcheck, ` +
        '/ts/<feed or stream>, /ws/<feed or stream> and /play/<feed or stream>',
    );
  });
  app.use(answerError(log));
  return app;
}

/** What the front page links to: streams first, for they are what somebody has put together. */
function watchables(relay: Relay): Watchable[] {
  const { feeds, streams } = relay.stats();
  const isLive = (feed: string) => (feeds[feed]?.source ?? null) !== null;
  return [
    ...Object.entries(streams).map(([name, stream]) => {
      return { name, isLive: stream.feeds.some((entry) => isLive(readFeedEntry(entry).feed)) };
    }),
    ...Object.keys(feeds).map((name) => ({ name, isLive: isLive(name) })),
  ];
}

/** The name behind the route: path segments, decoded; one leading "/" is dropped. */
function nameIn(request: Request): string {
  const segments = request.params.name as unknown as string[]; // a wildcard's value in express 5
  return trimName(segments.join('/'));
}

function answer(of: (request: Request) => unknown): RequestHandler {
  return async (request, response) => {
    response.json(await of(request));
  };
}

/** A body must say that it is JSON; a form that a browser's page can send without asking does not. */
const wantJson: RequestHandler = (request, _response, next) => {
  const given = request.headers['content-type'];
  // Not `request.is`, which says no to JSON where there is no body: that is a bad rule, not another type.
  if (given === undefined || !/^application\/json *(;|$)/i.test(given)) {
    throw new HttpError(
      415,
      'ERR_CONTENT_TYPE',
      `${given === undefined ? 'no content type' : `content type "${given.slice(0, 80)}"`} is not accepted; ` +
        'accepted: a JSON body with the header Content-Type: application/json',
    );
  }
  next();
};

const wantJsonIfAny: RequestHandler = (request, response, next) => {
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  if (hasBody) void wantJson(request, response, next);
  else next();
};

function answerError(log: Log): ErrorRequestHandler {
  return (error: unknown, request: Request, response: Response, _next) => {
    const known = problemOf(error);
    if (!known) {
      log.error('request failed', { path: request.path, reason: (error as Error).stack ?? String(error) });
    }
    if (request.path.startsWith('/ts/') && request.method !== 'GET' && request.method !== 'HEAD') {
      log.warn('upload refused', { path: request.path.slice(0, 200), reason: (error as Error).message });
    }
    const document = known ?? problem(500, 'ERR_INTERNAL', 'the relay could not do this; its log says why');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (error instanceof HttpError) response.set(error.headers);
    response.status(document.status).type(PROBLEM_TYPE).send(JSON.stringify(document));
  };
}
