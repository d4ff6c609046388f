// `vw serve`'s policy before any token is checked. Without a secret only this machine is served, unless VW_SERVE_OPEN is
// set; an address with too many refused tokens gets no reasons any more.

import type { IncomingMessage } from 'node:http';
import { FailedAttempts } from '../http/request/failed-attempts.js';
import { schemeOf } from '../http/request/hosts.js';
import type { GuardChecks, GuardedRequest, GuardPolicy } from '../http/request/http-guard.js';
import { networkOf } from '../http/connection/network.js';
import { HttpError } from '../http/answer/problem.js';
import { isLoopbackHost } from '../loopback.js';
import type { TrustedProxies } from './clients/client-address.js';

/** How a server is guarded: by tokens, by being reached from this machine only, or not at all. */
export type GuardMode = 'tokens' | 'loopback' | 'open';

/** What the policy needs of a request. */
export interface ServeRequest extends GuardedRequest {
  /** The client's address: behind a trusted proxy the one that it names. */
  readonly address: string;
  /** Whether it came through a trusted proxy. */
  readonly isFromProxy: boolean;
  /** Whether a proxy that is not known has passed it on. */
  readonly isPassedOn: boolean;
}

/** Serves this machine only, or leaves the decision to the token. */
export class TopicPolicy implements GuardPolicy<ServeRequest> {
  readonly server = 'server';
  /** Refused tokens and codes since the start. */
  refusals = 0;
  readonly #failedAttempts: FailedAttempts;

  constructor(
    readonly mode: GuardMode,
    private readonly proxies: TrustedProxies,
    maxRefusals: number,
  ) {
    this.#failedAttempts = new FailedAttempts(maxRefusals);
  }

  /** Reads what {@link checks} needs of a request. */
  requestInfo(request: IncomingMessage): ServeRequest {
    const { host, origin } = request.headers;
    const peer = request.socket.remoteAddress ?? '';
    const forwardedFor = request.headers['x-forwarded-for'];
    const isFromProxy = this.proxies.has(peer);
    return {
      host,
      origin,
      scheme: schemeOf(request.socket),
      address: this.proxies.clientOf(peer, Array.isArray(forwardedFor) ? forwardedFor.join(',') : forwardedFor),
      isFromProxy,
      isPassedOn: (forwardedFor ?? request.headers.forwarded) !== undefined && !isFromProxy,
    };
  }

  checks({ address, isFromProxy, isPassedOn }: ServeRequest): GuardChecks {
    if (this.mode !== 'loopback') return { origin: false, host: false };
    // Behind a proxy that is not trusted, every connection seems to come from this machine.
    if (!isLoopbackHost(address) || isPassedOn) {
      throw new HttpError(
        403,
        'ERR_LOOPBACK_ONLY',
        'this server serves its own machine only, at its loopback addresses (127.0.0.1, [::1], localhost; not at its address ' +
          'in the network); accepted: VW_SERVE_SECRET and VW_SERVE_AUDIENCE for tokens, or ' +
          'VW_SERVE_OPEN=true to admit everyone, set on the server',
      );
    }
    // The host name is checked against DNS rebinding; behind a trusted proxy it is the proxy's.
    return { origin: true, host: !isFromProxy };
  }

  authorize(): void {
    // The token decides, where there is one: see tokens.ts.
  }

  /** Whether so many tokens of an address were refused that the next gets no reason. A valid one is still accepted:
   * secrets are too long to be guessed, and one bad client must not shut out a class behind the same address. */
  hasTooManyRefusals(address: string, nowMs: number): boolean {
    return this.#failedAttempts.hasReachedLimit(networkOf(address), nowMs);
  }

  /** Throws the {@link HttpError} that answers a refused token of an address with too many of them. */
  checkRefusals(address: string, nowMs: number): void {
    if (!this.hasTooManyRefusals(address, nowMs)) return;
    throw new HttpError(429, 'ERR_TOO_MANY_REFUSALS', 'too many refused tokens from this address; wait a minute', {
      'Retry-After': '60',
    });
  }

  /** Counts a refused token or code. `nowMs` is monotonic time. */
  countRefusal(address: string, nowMs: number): void {
    this.refusals++;
    this.#failedAttempts.add(networkOf(address), nowMs);
  }
}
