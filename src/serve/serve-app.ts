// The HTTP interface of `vw serve`: session codes, status, stats. It serves no pages itself: see PageHandler.

import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import helmet from 'helmet';
import { METRICS_TYPE } from '../metrics.js';
import { refuseEmptySegments } from '../http/request/path.js';
import { WHOLE_SERVER } from '../http/request/request-target.js';
import { prefersPage } from '../http/request/accept.js';
import { jsonText } from '../http/answer/json.js';
import { HttpError, allowOnly, problem, PROBLEM_MEDIA_TYPE, problemOf } from '../http/answer/problem.js';
import { LOG_HEALTHY } from '../log/log-output.js';
import type { PageHandler } from '../http/page-handler.js';
import { problemPage } from '../http/answer/problem-page.js';
import type { Codes } from './auth/codes.js';
import type { ClientRegistry } from './clients/client-registry.js';
import { metricsText } from './serve-metrics.js';
import { openGrant, TokenError } from './auth/tokens.js';
import { topicPath } from './topics/topic-path.js';

/** The hint for a client that uploads by HTTP. */
const HOW_TO_PUBLISH =
  'media is published by WebSocket at /in/<topic>: upload to /ts/<feed> of vw stream, and give that a destination here';

/** The methods that the server supports on some path. */
export const ALLOWED_METHODS = 'GET, HEAD, POST, OPTIONS';

/** What the app depends on. */
export interface ServeAppOptions {
  readonly clients: ClientRegistry;
  readonly codes: Codes;
  /**
   * The base URL of WebSockets for a client that sent `host` as its Host field, without a trailing slash
   * (`wss://relay.example.org`).
   */
  readonly webSocketBase: (host: string | undefined) => string;
  /** Origins whose pages may embed ours in a frame; `*`: all. */
  readonly embedders: readonly string[];
  readonly isSecure: boolean;
  readonly pages: PageHandler | null;
}

/** The routes of `vw serve`. */
export function createServeApp(parts: ServeAppOptions): Express {
  const { clients, pages } = parts;
  const { policy, topics } = clients;
  const app = express();
  app.disable('x-powered-by').disable('etag').enable('case sensitive routing');
  app.use(securityHeaders(parts), authorizeTopic(clients));

  app
    .route('/healthcheck')
    .get(answer(() => 'ok'))
    .all(allowOnly('GET'));

  if (pages) app.use(pages);

  const stats = [requireStatsToken(clients), answer(() => statsOf(clients))];
  for (const path of ['/status', '/api/stats']) app.route(path).get(stats).all(allowOnly('GET'));

  app
    .route('/metrics')
    .get(requireStatsToken(clients), (_request, response) => {
      response.set('Content-Type', METRICS_TYPE).send(metricsText(clients));
    })
    .all(allowOnly('GET'));

  addTopicRoutes(app, parts);

  app.use((request: Request) => {
    const how = isUpload(request) ? `; ${HOW_TO_PUBLISH}` : '';
    throw new HttpError(
      404,
      'ERR_NO_SUCH_PATH',
      `there is nothing at ${request.path}; there are /, /play and /in, /out, /bi and /session with a topic, /status, /api/stats, ` +
        `/api/topics, /api/play with a topic, /metrics and /healthcheck${how}`,
    );
  });
  app.use(answerError(clients, parts));
  return app;

  /** The state of the server and of each topic. */
  function statsOf({ size }: ClientRegistry) {
    return {
      clients: size,
      refusals: policy.refusals,
      log: clients.log.state ?? LOG_HEALTHY,
      topics: topics.stats(performance.now()),
    };
  }
}

/** The routes of the topics: which there are, their status for viewers, and access to one. */
function addTopicRoutes(app: Express, { clients, codes, webSocketBase }: ServeAppOptions): void {
  const { topics } = clients;
  app
    .route('/api/topics')
    .get(
      answer(async (request) => {
        const readable = clients.tokens === null ? null : await readableTopic(clients, request, clients.tokens);
        return topics.names
          .filter((name) => !name.startsWith('bi/') && (readable === null || name === readable))
          .map((name) => ({
            topic: name,
            isPublished: topics.get(name)?.activePublisher !== null,
            codecs: topics.get(name)?.codecs() ?? [],
            muted: topics.get(name)?.playStatus().muted ?? null,
          }));
      }),
    )
    .all(allowOnly('GET'));

  app
    .route('/api/play/*topic')
    .get(
      answer(async (request) => {
        const topic = decodeURIComponent(request.path).slice('/api/play/'.length);
        const { tokens } = clients;
        const path = topicPath('out', topic);
        if (tokens) await checkToken(clients, request, (token, nowMs) => tokens.admit(token, path, nowMs));
        return topics.get(path.topic)?.playStatus() ?? { state: 'absent', fault: null, muted: null };
      }),
    )
    .all(allowOnly('GET'));

  app
    .route('/session/*topic')
    .post(
      answer(async (request) => {
        const path = topicPath('session', decodeURIComponent(request.path).slice('/session/'.length));
        const grant = await checkToken(clients, request, (token, nowMs) => {
          return clients.tokens === null ? openGrant(path.direction) : clients.tokens.admit(token, path, nowMs);
        });
        const code = codes.issue(path.topic, grant, clients.admit(request), performance.now());
        return { uri: `${webSocketBase(request.headers.host)}${path.path}?code=${code}` };
      }),
    )
    .all(requireUpgrade, allowOnly('POST'));
  app.all(['/in/*topic', '/out/*topic', '/bi/*topic'], requireUpgrade);
}

/** The headers of every answer: no script, nothing from other origins, framing only where it is allowed. */
function securityHeaders({ embedders, isSecure }: Pick<ServeAppOptions, 'embedders' | 'isSecure'>): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: embedders.length === 0 ? ["'none'"] : [...embedders],
      },
    },
    // Predates frame-ancestors and cannot name origins.
    xFrameOptions: embedders.length === 0 ? { action: 'deny' } : false,
    crossOriginResourcePolicy: { policy: embedders.length === 0 ? 'same-origin' : 'cross-origin' },
    strictTransportSecurity: isSecure ? { includeSubDomains: false } : false,
    referrerPolicy: { policy: 'same-origin' },
  });
}

/**
 * Admits or refuses a request. Pages of other origins may send requests (CORS) unless only this machine is admitted:
 * they
 * need a token in a header field, which no browser adds by itself.
 */
function authorizeTopic(clients: ClientRegistry): RequestHandler {
  return (request, response, next) => {
    if (request.path !== '/healthcheck') clients.admit(request);
    if (request.url === WHOLE_SERVER) {
      response.status(204).set('Allow', ALLOWED_METHODS).end();
      return;
    }
    refuseEmptySegments(request.path);
    if (clients.policy.mode !== 'loopback') {
      response.set('Access-Control-Allow-Origin', '*');
      if (request.method === 'OPTIONS') {
        response.set({
          'Access-Control-Allow-Methods': 'GET, POST',
          'Access-Control-Allow-Headers': 'Authorization, Content-Type',
          'Access-Control-Max-Age': '600',
        });
        response.status(204).end();
        return;
      }
    }
    next();
  };
}

/** Runs `admit` with the token of a request; a refused one is counted. Throws {@link HttpError}. */
async function checkToken<T>(
  clients: ClientRegistry,
  request: Request,
  admit: (token: string, nowMs: number) => T | Promise<T>,
): Promise<T> {
  const address = clients.admit(request);
  const token = tokenOf(request);
  if (token === '' && clients.tokens !== null) {
    // A request without a token is not an attempt to guess one.
    throw new HttpError(401, 'ERR_TOKEN', 'a token is required; accepted: Authorization: TOKEN', {
      'WWW-Authenticate': 'Bearer',
    });
  }
  try {
    return await admit(token, Date.now());
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    clients.policy.checkRefusals(address, performance.now());
    clients.countRefusal({ direction: 'session', topic: '', path: request.path.slice(0, 200) }, address, error.message);
    throw new HttpError(
      401,
      'ERR_TOKEN',
      `${error.message}; accepted: a token that this server's secret has signed, as Authorization: TOKEN`,
      { 'WWW-Authenticate': 'Bearer' },
    );
  }
}

/** The token in the Authorization field: bare, as practable's clients send it, or as Bearer (RFC 6750 §2.1). */
function tokenOf(request: Request): string {
  return (request.headers.authorization ?? '').replace(/^bearer +/i, '');
}

function requireStatsToken(clients: ClientRegistry): RequestHandler {
  return async (request, _response, next) => {
    const { tokens } = clients;
    if (tokens) await checkToken(clients, request, (token, nowMs) => tokens.admitToStats(token, nowMs));
    next();
  };
}

function readableTopic(
  clients: ClientRegistry,
  request: Request,
  tokens: NonNullable<ClientRegistry['tokens']>,
): Promise<string> {
  return checkToken(clients, request, async (token, nowMs) => {
    return (await tokens.readableTopic(token, nowMs)) ?? '';
  });
}

const requireUpgrade: RequestHandler = (request, _response, next) => {
  if (request.method !== 'GET' && request.path.startsWith('/session/')) {
    next();
    return;
  }
  const how = isUpload(request) ? `; ${HOW_TO_PUBLISH}` : '';
  throw new HttpError(
    426,
    'ERR_UPGRADE_REQUIRED',
    `this path accepts WebSockets only; connect with wss:// or ws://${how}`,
    {
      Upgrade: 'websocket',
    },
  );
};

function answer(of: (request: Request) => unknown): RequestHandler {
  return async (request, response) => {
    response.type('json').send(jsonText(await of(request)));
  };
}

/** Whether a request is an upload of media by HTTP, as vw stream accepts at `/ts/<feed>`. */
function isUpload({ method, path }: Request): boolean {
  return (method === 'POST' || method === 'PUT') && !/^\/(?:api|session)(?:\/|$)/.test(path);
}

function answerError(clients: ClientRegistry, { pages, embedders }: ServeAppOptions): ErrorRequestHandler {
  const { log } = clients;
  const hasPages = pages !== null;
  const ancestors = embedders.length === 0 ? "'none'" : embedders.join(' ');
  const problemPolicy = `default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors ${ancestors}`;
  return (error: unknown, request: Request, response: Response, _next) => {
    const known = problemOf(error);
    if (isUpload(request))
      clients.logUpload(request.path, request.socket.remoteAddress ?? '', (error as Error).message);
    if (!known) log.error('request failed', { path: request.path, reason: (error as Error).stack ?? String(error) });
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (error instanceof HttpError) response.set(error.headers);
    const document =
      known ?? problem(500, 'ERR_INTERNAL', 'the server failed to handle this request; its log has the cause');
    response.status(document.status);
    const isOpened = (request.method === 'GET' || request.method === 'HEAD') && prefersPage(request.headers.accept);
    if (hasPages && isOpened) {
      response.set('Content-Security-Policy', problemPolicy).vary('Accept');
      response.type('html').send(problemPage(document, '/player/topics.css'));
    } else response.type(PROBLEM_MEDIA_TYPE).send(jsonText(document));
  };
}
