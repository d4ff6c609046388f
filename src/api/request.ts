// What the guard and the routes need of a request, wherever it was read.

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { RequestHead } from '../ingest/request-head.js';
import type { Knock } from './guard.js';
import { schemeOf } from '../http/hosts.js';
import { pathOf, withoutLastSlash } from '../http/path.js';
import { HttpError } from '../http/problem.js';

/** A request that Node's parser read. Throws {@link HttpError} at two Host fields (RFC 9112 §3.2): which one counts? */
export function knockOf(request: IncomingMessage): Knock {
  const { host, origin, authorization, cookie } = request.headers;
  if ((request.headersDistinct.host?.length ?? 0) > 1) {
    throw new HttpError(400, 'ERR_TWO_HOSTS', 'the request has more than one Host field; accepted: one');
  }
  return {
    method: request.method ?? '',
    path: withoutLastSlash(pathOf(request.url ?? '')),
    host,
    origin,
    authorization,
    cookie,
    ...placeOf(request.socket),
  };
}

/** An upload whose head we read. */
export function knockOfHead({ method, target, headers }: RequestHead, socket: Socket): Knock {
  const field = (name: string) => headers.get(name);
  return {
    method,
    path: withoutLastSlash(pathOf(target)),
    host: field('host'),
    origin: field('origin'),
    authorization: field('authorization'),
    cookie: field('cookie'),
    ...placeOf(socket),
  };
}

function placeOf(socket: Socket): Pick<Knock, 'address' | 'scheme'> {
  return { address: socket.remoteAddress ?? '', scheme: schemeOf(socket) };
}
