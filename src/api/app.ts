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
import {
  type DestinationRule,
  parseDestinationRule,
  parseFeedName,
  parseStreamRule,
  trimName,
} from '../relay/rules.js';
import { takeHttpUpload } from './http-upload.js';
import { HttpError, methodNotAllowed, problem, PROBLEM_TYPE, problemOf } from './problem.js';

const MAX_BODY_BYTES = 64 * 1024;

/** The API of a relay. */
export function createApp(relay: Relay, log: Log): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag');

  app
    .route('/healthcheck')
    .get(answer(() => 'ok'))
    .all(only('GET'));
  app
    .route('/api/stats')
    .get(answer(() => relay.stats()))
    .all(only('GET'));

  const json: RequestHandler[] = [wantJson, express.json({ limit: MAX_BODY_BYTES, strict: false })];

  const setStream = answer((request) => relay.setStream(parseStreamRule(request.body)));
  app.route('/api/streams').post(json, setStream).put(json, setStream).all(only('POST', 'PUT'));
  app
    .route('/api/streams/all')
    .get(answer(() => Object.fromEntries(relay.streamRules().map(({ stream, feeds }) => [stream, feeds]))))
    .delete(
      answer(() => {
        relay.deleteAllStreams();
        return 'all';
      }),
    )
    .all(only('GET', 'DELETE'));
  app
    .route('/api/streams/*name')
    .get(answer((request) => relay.streamRule(nameIn(request)).feeds))
    .delete(
      answer((request) => {
        relay.deleteStream(nameIn(request));
        return nameIn(request);
      }),
    )
    .all(only('GET', 'DELETE'));

  const setDestination = answer((request) => shown(relay.setDestination(parseDestinationRule(request.body))));
  app.route('/api/destinations').post(json, setDestination).put(json, setDestination).all(only('POST', 'PUT'));
  app
    .route('/api/destinations/all')
    .get(answer(() => Object.fromEntries(relay.destinationRules().map((rule) => [rule.id, shown(rule)]))))
    .delete(
      answer(async () => {
        await relay.deleteAllDestinations();
        return 'all';
      }),
    )
    .all(only('GET', 'DELETE'));
  app
    .route('/api/destinations/*name')
    .get(answer((request) => shown(relay.destinationRule(nameIn(request)))))
    .delete(
      answer(async (request) => {
        await relay.deleteDestination(nameIn(request));
        return nameIn(request);
      }),
    )
    .all(only('GET', 'DELETE'));

  const upload: RequestHandler = (request, response) => {
    takeHttpUpload(request, response, relay.feed(parseFeedName(nameIn(request))));
  };
  app.route('/ts/*name').post(upload).put(upload).all(only('POST', 'PUT'));
  app.all('/ws/*name', () => {
    throw new HttpError(426, 'ERR_UPGRADE_REQUIRED', 'this path speaks WebSocket: connect to it as ws://', {
      Upgrade: 'websocket',
    });
  });

  app.use((request: Request) => {
    throw new HttpError(
      404,
      'ERR_NO_SUCH_PATH',
      `there is nothing at ${request.path}; there are /api/streams, /api/destinations, /api/stats, /healthcheck, ` +
        '/ts/<feed> and /ws/<feed or stream>',
    );
  });
  app.use(answerError(log));
  return app;
}

/** A destination rule without its secret. */
function shown({ token, ...rule }: DestinationRule): object {
  return token === undefined ? rule : { ...rule, tokenSet: true };
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

/** Refuses the methods that a path does not have. */
function only(...methods: string[]): RequestHandler {
  const allowed = methods.includes('GET') ? [...methods, 'HEAD'] : methods;
  return (request) => {
    throw methodNotAllowed(request.method, allowed);
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

function answerError(log: Log): ErrorRequestHandler {
  return (error: unknown, request: Request, response: Response, _next) => {
    const known = problemOf(error);
    if (!known) {
      log.error('request failed', { path: request.path, reason: (error as Error).stack ?? String(error) });
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
