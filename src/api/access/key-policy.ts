// The relay's policy: an API key for everything but the login, the health check and uploads from this machine.

import type { GuardChecks, GuardedRequest, GuardPolicy, OriginStanding } from '../../http/request/http-guard.js';
import { HttpError } from '../../http/answer/problem.js';
import { WHOLE_SERVER } from '../../http/request/request-target.js';
import { isLoopbackHost } from '../../loopback.js';
import type { KeyGuard } from './keys.js';

/** What the policy and the routes need of a request. */
export interface RequestInfo extends GuardedRequest {
  readonly method: string;
  /** Without a "/" at its end; {@link WHOLE_SERVER}: none. */
  readonly path: string;
  readonly authorization: string | undefined;
  readonly cookie: string | undefined;
  /** The client's address. */
  readonly address: string;
}

/** Paths that need no key: the login itself, the health check, and `OPTIONS *`. */
export const OPEN_PATHS = new Set(['/login', '/style.css', '/healthcheck', WHOLE_SERVER]);

/** Asks for the key, where there is one. */
export class KeyPolicy implements GuardPolicy<RequestInfo> {
  readonly server = 'relay';

  constructor(private readonly keys: KeyGuard | null) {}

  // Any host name will do for an upload: it returns no data, so DNS rebinding gains nothing, and ffmpeg uses whatever name
  // it was given.
  checks(request: RequestInfo): GuardChecks {
    return { origin: true, host: !isUpload(request) };
  }

  authorize(request: RequestInfo, origin: OriginStanding): void {
    const { method, path, address } = request;
    // A CORS preflight cannot carry the key; its answer lists the allowed methods and header fields and nothing else.
    if (method === 'OPTIONS' && origin === 'named') return;
    if (!this.keys || OPEN_PATHS.has(path) || (isUpload(request) && isLoopbackHost(address))) return;
    const verdict = this.keys.check(request.authorization, request.cookie, address, Date.now());
    if (verdict === 'good') return;
    // A refused upload is logged as such, with the reason.
    if (verdict !== 'none' && !isUpload(request)) this.keys.logRefusal(verdict, address);
    throw refusal(verdict);
  }
}

function isUpload({ method, path }: RequestInfo): boolean {
  return path.startsWith('/ts/') && (method === 'POST' || method === 'PUT');
}

/** The answer to a request without the key. */
export function refusal(verdict: 'none' | 'wrong' | 'too many'): HttpError {
  if (verdict === 'too many') {
    return new HttpError(429, 'ERR_TOO_MANY_KEYS', 'too many wrong keys from this address; wait a minute', {
      'Retry-After': '60',
    });
  }
  const reason = verdict === 'none' ? 'a key is required' : 'the key is wrong';
  return new HttpError(
    401,
    'ERR_KEY',
    `${reason}; accepted: Authorization: Bearer KEY, or KEY as the password of Basic, KEY being VW_API_KEY`,
    { 'WWW-Authenticate': 'Basic realm="vw", charset="UTF-8"' },
  );
}
