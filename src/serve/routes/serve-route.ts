// The routes of `vw serve`: their type, their tags, and what they have in common.

import type { RequestHandler } from 'express';
import type * as z from 'zod';
import { HttpError } from '../../http/answer/problem.js';
import type { Parameter, Route } from '../../http/routes/route.js';
import type { ServeErrorCode } from '../openapi/serve-errors.js';
import type * as serveSchemas from '../openapi/serve-schemas.js';

/** The parts of the document, in its order. */
export const SERVE_TAGS = {
  Topics: 'Which topics there are, and access to one.',
  Media: 'Publishing and playing, by WebSocket.',
  Monitoring: 'The state of the server.',
  Pages: 'Pages for a browser.',
} as const;

/** A route of the server. */
export type ServeRoute = Route<keyof typeof SERVE_TAGS, ServeErrorCode>;

/** The parameter of paths that name a topic. */
export const TOPIC: Parameter = {
  name: 'topic',
  description: 'A topic\'s name: segments of A-Z a-z 0-9 . _ - separated by "/".',
  example: 'video0',
};

/** A schema of serve-schemas.ts, which is loaded when the document is asked for. */
export function schemaOf(name: keyof typeof serveSchemas): () => Promise<z.ZodType> {
  return async () => (await import('../openapi/serve-schemas.js'))[name];
}

/** The hint for a client that uploads by HTTP. */
export const HOW_TO_PUBLISH =
  'media is published by WebSocket at /in/<topic>: upload to /ts/<feed> of vw stream, and give that a destination here';

/** Whether a request is an upload of media by HTTP, as vw stream accepts at `/ts/<feed>`. */
export function isUpload({ method, path }: { readonly method: string; readonly path: string }): boolean {
  return (method === 'POST' || method === 'PUT') && !/^\/(?:api|session)(?:\/|$)/.test(path);
}

/** Refuses requests at a path of WebSockets: upgrades are not routed here (topic-sockets.ts). */
export const requireUpgrade: RequestHandler = (request) => {
  const how = isUpload(request) ? `; ${HOW_TO_PUBLISH}` : '';
  throw new HttpError(
    426,
    'ERR_UPGRADE_REQUIRED',
    `this path accepts WebSockets only; connect with wss:// or ws://${how}`,
    { Upgrade: 'websocket' },
  );
};
