// The parts of a request that the guard and the routes need, whichever reader parsed it.

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { RequestHead } from '../ingest/request-head.js';
import type { RequestInfo } from './access/key-policy.js';
import { schemeOf } from '../http/request/hosts.js';
import { pathOf, withoutLastSlash } from '../http/request/path.js';

/** For a request from Node's parser whose target is normalised. */
export function requestInfo(request: IncomingMessage): RequestInfo {
  const { host, origin, authorization, cookie } = request.headers;
  return {
    method: request.method ?? '',
    path: pathOf(request.url ?? ''),
    host,
    origin,
    authorization,
    cookie,
    ...connectionInfo(request.socket),
  };
}

/** For an upload whose head our own reader parsed. */
export function requestInfoFromHead({ method, target, headers }: RequestHead, socket: Socket): RequestInfo {
  const field = (name: string) => headers.get(name);
  return {
    method,
    path: withoutLastSlash(pathOf(target)),
    host: field('host'),
    origin: field('origin'),
    authorization: field('authorization'),
    cookie: field('cookie'),
    ...connectionInfo(socket),
  };
}

function connectionInfo(socket: Socket): Pick<RequestInfo, 'address' | 'scheme'> {
  return { address: socket.remoteAddress ?? '', scheme: schemeOf(socket) };
}
