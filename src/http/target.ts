// Where a request goes. A target is a path as a rule, but it may hold the server's address too, or be about the server as a
// whole; here it is brought into one form, before anybody asks what may be had there. RFC 9112 §3.2, RFC 9110 §7.4.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { hostnameOf, schemeOf } from './hosts.js';
import { withoutLastSlash } from './path.js';
import { jsonText } from './json.js';
import { HttpError, PROBLEM_TYPE, problemOf, unspokenVersion } from './problem.js';

/** The target of an OPTIONS that is about the server as a whole (§3.2.4). */
export const WHOLE_SERVER = '*';

/** The absolute form (§3.2.2): scheme, authority, and what follows. */
const ABSOLUTE = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)([/?#].*)?$/;

/** A handler of requests that gets those alone whose target can be settled, and is. Others are answered. */
export function settlingTargets(handle: (request: IncomingMessage, response: ServerResponse) => void): typeof handle {
  return (request, response) => {
    try {
      settleTarget(request);
    } catch (error) {
      // Not left to express: it finds no path in some targets, and answers those without our handlers.
      request.resume();
      const document = problemOf(error)!; // whatever settleTarget throws is one
      response.statusCode = document.status;
      response.setHeader('Content-Type', PROBLEM_TYPE).setHeader('Connection', 'close').end(jsonText(document));
      return;
    }
    handle(request, response);
  };
}

/**
 * Settles where a request goes: `url` becomes a path with its query, without a "/" at the path's end, or
 * {@link WHOLE_SERVER}; an address in the target takes the place of the Host field. Throws the {@link HttpError} (400, 421)
 * that answers a target that is none, and two Host fields (§3.2): which one counts? And the one (505) that answers a version
 * that is not spoken here: Node's parser takes 0.9 and 2.0 as well, and answers as if they were 1.1.
 */
export function settleTarget(request: IncomingMessage): void {
  if (request.httpVersionMajor !== 1) throw unspokenVersion(`HTTP/${request.httpVersion}`);
  if ((request.headersDistinct.host?.length ?? 0) > 1) {
    throw new HttpError(400, 'ERR_TWO_HOSTS', 'the request has more than one Host field; accepted: one');
  }
  const absolute = ABSOLUTE.exec(request.url ?? '');
  if (absolute) takeAddress(request, absolute);
  const { url = '' } = request;
  const isPath = url.startsWith('/') || (url === WHOLE_SERVER && request.method === 'OPTIONS');
  if (!isPath) throw badTarget('the request target is no path');
  request.url = withoutLastSlash(url);
}

/** Takes an absolute form apart. */
function takeAddress(request: IncomingMessage, [, scheme = '', authority = '', rest = '']: RegExpExecArray): void {
  const { socket } = request as { socket: Socket };
  const protocol = `${scheme.toLowerCase()}:`;
  if (protocol !== 'http:' && protocol !== 'https:') throw badTarget(`"${scheme.slice(0, 20)}" is no scheme of HTTP`);
  // With a name and a password it is an error (RFC 9110 §4.2.4), and so is none at all (§4.2.1).
  if (hostnameOf(authority) === null) throw badTarget('the address in the request target names no host');
  if (rest.startsWith('#')) throw badTarget('the request target has a fragment');
  if (protocol === 'https:' && schemeOf(socket) !== protocol) {
    throw new HttpError(421, 'ERR_HOST', 'the request is for an https:// address, and did not come by TLS');
  }
  request.headers.host = authority;
  const isWhole = rest === '' && request.method === 'OPTIONS';
  request.url = isWhole ? WHOLE_SERVER : rest.startsWith('/') ? rest : `/${rest}`;
}

function badTarget(why: string): HttpError {
  return new HttpError(
    400,
    'ERR_BAD_TARGET',
    `${why}; accepted: a path that begins with "/", also with http:// and the host before it`,
  );
}
