// The HTTP interface of `vw serve`: its routes, who is admitted, and how errors are answered.

import type { Express } from 'express';
import { HttpError } from '../http/answer/problem.js';
import type { HeaderPolicy } from '../http/answer/security-headers.js';
import type { PageHandler } from '../http/page-handler.js';
import type { Scheme } from '../http/request/hosts.js';
import { aboutRoutes } from '../http/routes/about-routes.js';
import { styleRoute } from '../http/routes/style-route.js';
import { createHttpApp } from '../http/server/http-app.js';
import type { AdmissionRules } from '../http/server/request-admission.js';
import type { Codes } from './auth/codes.js';
import type { ClientRegistry } from './clients/client-registry.js';
import { HOW_TO_PUBLISH, isUpload, type ServeRoute } from './routes/serve-route.js';
import { PAGE_ROUTES, serverRoutes } from './routes/server-routes.js';
import { sessionRoutes, SOCKET_ROUTES, topicRoutes } from './routes/topic-routes.js';

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
  /** `https:` if the server has a certificate. */
  readonly scheme: Scheme;
  readonly pages: PageHandler | null;
}

/** The app of `vw serve`. */
export function createServeApp(parts: ServeAppOptions): Express {
  const { clients, embedders, scheme, pages } = parts;
  const pagePolicy =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; " +
    `frame-ancestors ${frameAncestors(embedders).join(' ')}`;
  const described = serveRoutes(parts);
  const describe = async () => (await import('./openapi/serve-api.js')).serveApi(clients.policy.mode);
  return createHttpApp({
    headers: headerPolicy(scheme, embedders),
    admission: topicAdmission(clients),
    pages,
    routes: [...described, ...aboutRoutes(described, { describe, pagePolicy })],
    unknownPath: (request) => {
      const how = isUpload(request) ? `; ${HOW_TO_PUBLISH}` : '';
      return new HttpError(
        404,
        'ERR_NO_SUCH_PATH',
        `there is nothing at ${request.path}; topics are at /play, /in, /out, /bi and /session; GET /api lists the paths${how}`,
      );
    },
    errors: {
      server: 'server',
      log: clients.log,
      onError: (error, request) => {
        if (!isUpload(request)) return;
        clients.logUpload(request.path, request.socket.remoteAddress ?? '', (error as Error).message);
      },
      page: pages === null ? null : { stylesheet: '/player/topics.css', policy: pagePolicy },
    },
  });
}

/** Every route but those that describe the API. A new group of routes goes here. */
function serveRoutes({ clients, codes, webSocketBase, pages }: ServeAppOptions): ServeRoute[] {
  return [
    ...topicRoutes(clients),
    ...sessionRoutes(clients, codes, webSocketBase),
    ...SOCKET_ROUTES,
    ...serverRoutes(clients),
    ...(pages === null ? [] : PAGE_ROUTES),
    styleRoute,
  ];
}

function frameAncestors(embedders: readonly string[]): readonly string[] {
  return embedders.length === 0 ? ["'none'"] : embedders;
}

/** No script, nothing from other origins, framing only where it is allowed. */
function headerPolicy(scheme: Scheme, embedders: readonly string[]): HeaderPolicy {
  const isFramed = embedders.length > 0;
  return {
    scheme,
    directives: { baseUri: ["'none'"], formAction: ["'none'"], frameAncestors: frameAncestors(embedders) },
    // Predates frame-ancestors and cannot name origins.
    xFrameOptions: isFramed ? false : { action: 'deny' },
    crossOriginResourcePolicy: { policy: isFramed ? 'cross-origin' : 'same-origin' },
  };
}

/**
 * Admits or refuses requests. Pages of other origins may send them (CORS) unless only this machine is admitted: they
 * need a token in a header field, which no browser adds by itself.
 */
function topicAdmission(clients: ClientRegistry): AdmissionRules {
  return {
    methods: ALLOWED_METHODS,
    admit: (request) => {
      if (request.path !== '/healthcheck') clients.admit(request);
      return 'admitted';
    },
    share: (_request, response) => {
      if (clients.policy.mode === 'loopback') return null;
      response.set('Access-Control-Allow-Origin', '*');
      return {
        'Access-Control-Allow-Methods': 'GET, POST',
        'Access-Control-Allow-Headers': 'Authorization, Content-Type',
        'Access-Control-Max-Age': '600',
      };
    },
  };
}
