// Who may come in: one decision for every request, whether Node's parser, the raw upload path or an upgrade brings it.

import { isLoopbackHost } from '../relay/proxy.js';
import { type AllowedHosts, isOwnHost, isOwnOrigin, type Place } from '../http/hosts.js';
import type { KeyGuard } from './keys.js';
import { HttpError } from '../http/problem.js';
import { WHOLE_SERVER } from '../http/target.js';

/** What the decision needs of a request. */
export interface Knock extends Place {
  readonly method: string;
  /** Without a "/" at its end; {@link WHOLE_SERVER}: none. */
  readonly path: string;
  readonly origin: string | undefined;
  readonly authorization: string | undefined;
  readonly cookie: string | undefined;
  /** The other side's address. */
  readonly address: string;
}

/** Paths that need no key: the login itself, and the questions whether anybody is there, and what it takes. */
export const OPEN_PATHS = new Set(['/login', '/style.css', '/healthcheck', WHOLE_SERVER]);

/** Lets requests in or says why not. */
export class Guard {
  constructor(
    private readonly allowed: AllowedHosts,
    private readonly keys: KeyGuard | null,
  ) {}

  /** Throws the {@link HttpError} that answers a request which may not come in. */
  admit(knock: Knock): void {
    const isUpload = knock.path.startsWith('/ts/') && (knock.method === 'POST' || knock.method === 'PUT');
    if (!isOwnOrigin(knock.origin, knock, this.allowed)) {
      throw new HttpError(
        403,
        'ERR_ORIGIN',
        'a page from elsewhere may not use this relay; accepted: its own pages, pages of this machine, and origins in ' +
          'VW_ALLOWED_ORIGINS',
      );
    }
    // An upload is not read by a page: a rebound name gains nothing there, and ffmpeg uses whatever name it was given.
    if (!isUpload && !isOwnHost(knock.host, this.allowed)) {
      throw new HttpError(
        421,
        'ERR_HOST',
        "this relay does not go by that name; accepted: its addresses, this machine's name, and names in VW_ALLOWED_HOSTS",
      );
    }
    // A preflight cannot carry the key; it is answered with what may be asked, and nothing else.
    if (knock.method === 'OPTIONS' && this.corsOrigin(knock.origin) !== null) return;
    if (!this.keys || OPEN_PATHS.has(knock.path) || (isUpload && isLoopbackHost(knock.address))) return;
    const verdict = this.keys.check(knock.authorization, knock.cookie, knock.address, Date.now());
    if (verdict === 'good') return;
    // A refused upload is logged as such, with the reason.
    if (verdict !== 'none' && !isUpload) this.keys.tellRefused(verdict, knock.address);
    throw refusal(verdict);
  }

  /** The origin to name in a CORS answer; null: none. Only origins that were allowed by name may read across origins. */
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
  const why = verdict === 'none' ? 'a key is wanted' : 'the key is wrong';
  return new HttpError(
    401,
    'ERR_KEY',
    `${why}; accepted: Authorization: Bearer KEY, or KEY as the password of Basic, KEY being VW_API_KEY`,
    { 'WWW-Authenticate': 'Basic realm="vw", charset="UTF-8"' },
  );
}
