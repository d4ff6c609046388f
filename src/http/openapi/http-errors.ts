// The errors that every server of ours can answer, each once: its status and meaning.

import type { ErrorTable } from './api-description.js';

/** Errors of requests that reach a route. */
export const ROUTE_ERRORS = {
  ERR_BAD_JSON: [400, 'The body is not JSON.'],
  ERR_BAD_PATH: [400, 'The path cannot be decoded.'],
  ERR_BAD_REQUEST: [400, 'The body does not match its header fields, or cannot be read.'],
  ERR_ORIGIN: [403, 'The request comes from a page of an origin that is not allowed.'],
  ERR_TOO_LARGE: [413, 'The body is over 64 KiB.'],
  ERR_CONTENT_TYPE: [415, 'The request has no Content-Type: application/json.'],
  ERR_UPGRADE_REQUIRED: [426, 'The path accepts WebSockets only.'],
} as const satisfies ErrorTable;

/** Errors that any request can get. */
export const ANY_REQUEST_ERRORS = {
  ERR_BAD_HTTP: [400, 'The request is not valid HTTP/1.1.'],
  ERR_BAD_TARGET: [400, 'The request target is neither a path nor an absolute URL with one.'],
  ERR_DUPLICATE_HOST: [400, 'The request has more than one Host field.'],
  ERR_METHOD: [405, 'The path does not support that method; the Allow header field lists the methods that it does.'],
  ERR_UNKNOWN_METHOD: [501, 'The request method is unknown.'],
  ERR_HTTP_VERSION: [505, 'The HTTP version is neither 1.1 nor 1.0.'],
  ERR_NO_SUCH_PATH: [404, 'There is no such path.'],
  ERR_TIMEOUT: [408, 'The request took too long to arrive.'],
  ERR_HEADERS: [431, 'The request line and header fields exceed 16 KiB.'],
  ERR_INTERNAL: [500, 'An internal error of vw; its log has the cause.'],
  ERR_TOO_MANY_CONNECTIONS: [503, 'The limit of connections from one address is reached (VW_MAX_CONNECTIONS).'],
} as const satisfies ErrorTable;
