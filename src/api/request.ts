// What the guard and the routes need of a request, wherever it was read.

import type { IncomingMessage } from 'node:http';
import type { RequestHead } from '../ingest/request-head.js';
import type { Knock } from './guard.js';

/** The path of a request target, without its query. */
export function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query === -1 ? target : target.slice(0, query);
}

/** A request that Node's parser read. */
export function knockOf(request: IncomingMessage): Knock {
  const { host, origin, authorization, cookie } = request.headers;
  const address = request.socket.remoteAddress ?? '';
  return { path: pathOf(request.url ?? ''), host, origin, authorization, cookie, address };
}

/** An upload whose head we read. */
export function knockOfHead({ target, headers }: RequestHead, address: string): Knock {
  const field = (name: string) => headers.get(name);
  return {
    path: pathOf(target),
    host: field('host'),
    origin: field('origin'),
    authorization: field('authorization'),
    cookie: field('cookie'),
    address,
  };
}
