// Normalises the request target. It is usually a path (origin-form), but may be an absolute URL or apply to the server
// as a whole; it is brought into one form before access control and routing. RFC 9112 §3.2, RFC 9110 §7.4.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { hostnameOf, schemeOf } from './hosts.js';
import { withoutLastSlash } from './path.js';
import { jsonText } from '../answer/json.js';
import { HttpError, PROBLEM_MEDIA_TYPE, problemOfRefusal, unsupportedVersion } from '../answer/problem.js';

/** The asterisk-form, for an OPTIONS request about the server as a whole (§3.2.4). */
export const WHOLE_SERVER = '*';

/** The absolute-form (§3.2.2): scheme, authority, and the rest. */
const ABSOLUTE = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)([/?#].*)?$/;

/** A request handler that passes on requests with a normalised target, and answers those whose target is invalid. */
export function normalizingTargets(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): typeof handle {
  return (request, response) => {
    try {
      normalizeTarget(request);
    } catch (error) {
      // Not left to express: it finds no path in some targets, and answers those itself, without our handlers.
      request.resume();
      if (!(error instanceof HttpError)) throw error;
      const document = problemOfRefusal(error);
      response.statusCode = document.status;
      response.setHeader('Content-Type', PROBLEM_MEDIA_TYPE).setHeader('Connection', 'close').end(jsonText(document));
      return;
    }
    handle(request, response);
  };
}

/**
 * Normalises a request's target: `url` becomes a path with its query, without a trailing "/", or {@link WHOLE_SERVER};
 * the
 * authority of an absolute-form replaces the Host field. Throws the {@link HttpError} that answers an invalid target
 * (400, 421), more than one Host field (400, §3.2), and an unsupported version (505): Node's parser accepts 0.9 and
 * 2.0 as well, and answers as if they were 1.1.
 */
export function normalizeTarget(request: IncomingMessage): void {
  if (request.httpVersionMajor !== 1) throw unsupportedVersion(`HTTP/${request.httpVersion}`);
  if ((request.headersDistinct.host?.length ?? 0) > 1) {
    throw new HttpError(400, 'ERR_DUPLICATE_HOST', 'the request has more than one Host field; accepted: one');
  }
  const absolute = ABSOLUTE.exec(request.url ?? '');
  if (absolute) applyAuthority(request, absolute);
  const { url = '' } = request;
  const isPath = url.startsWith('/') || (url === WHOLE_SERVER && request.method === 'OPTIONS');
  if (!isPath) throw badTarget('the request target is not a path');
  request.url = withoutLastSlash(url);
}

/** Applies an absolute-form. */
function applyAuthority(request: IncomingMessage, [, scheme = '', authority = '', rest = '']: RegExpExecArray): void {
  const { socket } = request as { socket: Socket };
  const protocol = `${scheme.toLowerCase()}:`;
  if (protocol !== 'http:' && protocol !== 'https:')
    throw badTarget(`"${scheme.slice(0, 20)}" is not a scheme of HTTP`);
  // A user name and password are an error (RFC 9110 §4.2.4), and so is an empty host (§4.2.1).
  if (hostnameOf(authority) === null) throw badTarget('the address in the request target names no host');
  if (rest.startsWith('#')) throw badTarget('the request target has a fragment');
  if (protocol === 'https:' && schemeOf(socket) !== protocol) {
    throw new HttpError(421, 'ERR_HOST', 'the request is for an https:// address, but did not arrive over TLS');
  }
  request.headers.host = authority;
  const isWhole = rest === '' && request.method === 'OPTIONS';
  request.url = isWhole ? WHOLE_SERVER : rest.startsWith('/') ? rest : `/${rest}`;
}

function badTarget(reason: string): HttpError {
  return new HttpError(
    400,
    'ERR_BAD_TARGET',
    `${reason}; accepted: a path that begins with "/", also with http:// and the host before it`,
  );
}
