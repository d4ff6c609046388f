// One decision for every request to a server, whether Node's parser, the raw upload path or a WebSocket upgrade brings it:
// its Origin, its Host, and what the server's own policy asks for. The relay's policy is an API key, `vw serve`'s are
// tokens or this machine only.

import { type AllowedHosts, isOwnHost, isOwnOrigin, type RequestOrigin } from './hosts.js';
import { HttpError } from '../answer/problem.js';

/** What every policy needs of a request. */
export interface GuardedRequest extends RequestOrigin {
  /** Its Origin field; undefined: not sent by a page. */
  readonly origin: string | undefined;
}

/** Which of the common checks a request has to pass. */
export interface GuardChecks {
  readonly origin: boolean;
  readonly host: boolean;
}

/** Whether a request comes from an origin that was allowed by name (VW_ALLOWED_ORIGINS). */
export type OriginStanding = 'named' | 'other';

/** What one server asks of its requests. */
export interface GuardPolicy<Request extends GuardedRequest> {
  /** What the server is called in messages. */
  readonly server: 'relay' | 'server';
  /** Called first. Throws the {@link HttpError} for a request that is refused whatever it names. */
  checks(request: Request): GuardChecks;
  /** Called last. Throws the {@link HttpError} for a request without permission. */
  authorize(request: Request, origin: OriginStanding): void;
}

/** Admits requests to one server. */
export class HttpGuard<Request extends GuardedRequest> {
  constructor(
    private readonly allowed: AllowedHosts,
    private readonly policy: GuardPolicy<Request>,
  ) {}

  /** Throws the {@link HttpError} that answers a request which is refused. */
  admit(request: Request): void {
    const { policy, allowed } = this;
    const checks = policy.checks(request);
    if (checks.origin && !isOwnOrigin(request.origin, request, allowed)) {
      throw new HttpError(
        403,
        'ERR_ORIGIN',
        `this origin may not use the ${policy.server}; accepted: its own pages, pages of this machine, and origins in ` +
          'VW_ALLOWED_ORIGINS',
      );
    }
    if (checks.host && !isOwnHost(request.host, allowed)) {
      throw new HttpError(
        421,
        'ERR_HOST',
        `the host name is not one of this ${policy.server}'s; accepted: its addresses, this machine's name, and names in ` +
          'VW_ALLOWED_HOSTS',
      );
    }
    policy.authorize(request, this.corsOrigin(request.origin) === null ? 'other' : 'named');
  }

  /** The origin to name in a CORS answer; null: none. Only origins in VW_ALLOWED_ORIGINS may read across origins. */
  corsOrigin(origin: string | undefined): string | null {
    return origin !== undefined && this.allowed.origins.has(origin.toLowerCase()) ? origin : null;
  }
}
