// Access control: one decision for every request, whether it arrives through Node's parser, as a raw upload or as an
// upgrade.

import { isLoopbackHost } from '../relay/forward-proxy.js';
import { type AllowedHosts, isOwnHost, isOwnOrigin, type RequestOrigin } from '../http/hosts.js';
import type { KeyGuard } from './keys.js';
import { HttpError } from '../http/problem.js';
import { WHOLE_SERVER } from '../http/request-target.js';

/** The parts of a request that the decision depends on. */
export interface RequestInfo extends RequestOrigin {
  readonly method: string;
  /** Without a trailing "/"; {@link WHOLE_SERVER}: the request has no path. */
  readonly path: string;
  readonly origin: string | undefined;
  readonly authorization: string | undefined;
  readonly cookie: string | undefined;
  /** The peer's address. */
  readonly address: string;
}

/** Paths that need no key: the login itself, the health check, and OPTIONS for the whole server. */
export const OPEN_PATHS = new Set(['/login', '/style.css', '/healthcheck', WHOLE_SERVER]);

/** Admits requests or refuses them with the reason. */
export class Guard {
  constructor(
    private readonly allowed: AllowedHosts,
    private readonly keys: KeyGuard | null,
  ) {}

  /** Throws the {@link HttpError} that answers a refused request. */
  admit(request: RequestInfo): void {
    const isUpload = request.path.startsWith('/ts/') && (request.method === 'POST' || request.method === 'PUT');
    if (!isOwnOrigin(request.origin, request, this.allowed)) {
      throw new HttpError(
        403,
        'ERR_ORIGIN',
        "this origin may not use the relay; accepted: the relay's own pages, pages of this machine, and origins in " +
          'VW_ALLOWED_ORIGINS',
      );
    }
    // Not for uploads: they return no data, so DNS rebinding gains nothing, and ffmpeg uses whatever name it was given.
    if (!isUpload && !isOwnHost(request.host, this.allowed)) {
      throw new HttpError(
        421,
        'ERR_HOST',
        "the host name is not one of this relay's; accepted: its addresses, this machine's name, and names in VW_ALLOWED_HOSTS",
      );
    }
    // A CORS preflight cannot carry the key; its answer lists the allowed methods and header fields and nothing else.
    if (request.method === 'OPTIONS' && this.corsOrigin(request.origin) !== null) return;
    if (!this.keys || OPEN_PATHS.has(request.path) || (isUpload && isLoopbackHost(request.address))) return;
    const verdict = this.keys.check(request.authorization, request.cookie, request.address, Date.now());
    if (verdict === 'good') return;
    // A refused upload is logged as such, with the reason.
    if (verdict !== 'none' && !isUpload) this.keys.logRefusal(verdict, request.address);
    throw refusal(verdict);
  }

  /** The origin to name in a CORS answer; null: none. Only origins in VW_ALLOWED_ORIGINS may read across origins. */
  corsOrigin(origin: string | undefined): string | null {
    return origin !== undefined && this.allowed.origins.has(origin.toLowerCase()) ? origin : null;
  }
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
