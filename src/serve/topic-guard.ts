// Access control that precedes any token. Without a secret only this machine is admitted, unless the server is open;
// and an address that was refused too often gets no more reasons. One decision for requests and upgrades.

import type { IncomingMessage } from 'node:http';
import { type AllowedHosts, isOwnHost, isOwnOrigin, schemeOf } from '../http/hosts.js';
import { networkOf } from '../http/network.js';
import { HttpError } from '../http/problem.js';
import { FailedAttempts } from '../http/failed-attempts.js';
import { isLoopbackHost } from '../relay/forward-proxy.js';
import type { TrustedProxies } from './client-address.js';

/** How a server is protected: by tokens, by admitting this machine only, or not at all. */
export type GuardMode = 'tokens' | 'loopback' | 'open';

/** Admits requests or refuses them with the reason. */
export class TopicGuard {
  /** Refused tokens and codes since the start. */
  refusals = 0;
  readonly #failedAttempts: FailedAttempts;

  constructor(
    readonly mode: GuardMode,
    private readonly proxies: TrustedProxies,
    private readonly allowed: AllowedHosts,
    maxRefusals: number,
  ) {
    this.#failedAttempts = new FailedAttempts(maxRefusals);
  }

  /** Returns the client's address. Throws the {@link HttpError} that answers a refused request. */
  admit(request: IncomingMessage): string {
    const { host, origin } = request.headers;
    const peer = request.socket.remoteAddress ?? '';
    const forwarded = request.headers['x-forwarded-for'];
    const address = this.proxies.clientOf(peer, Array.isArray(forwarded) ? forwarded.join(',') : forwarded);
    if (this.mode !== 'loopback') return address;
    // Behind a proxy that is not trusted, every connection seems to come from this machine.
    const isPassedOn = (forwarded ?? request.headers.forwarded) !== undefined && !this.proxies.has(peer);
    if (!isLoopbackHost(address) || isPassedOn) {
      throw new HttpError(
        403,
        'ERR_LOOPBACK_ONLY',
        'this server serves its own machine only, at its loopback addresses (127.0.0.1, [::1], localhost; not at its address ' +
          'in the network); accepted: VW_SERVE_SECRET and VW_SERVE_AUDIENCE for tokens, or ' +
          'VW_SERVE_OPEN=true to admit everyone, set on the server',
      );
    }
    if (!isOwnOrigin(origin, { host, scheme: schemeOf(request.socket) }, this.allowed)) {
      throw new HttpError(
        403,
        'ERR_ORIGIN',
        'this origin may not use the server; accepted: its own pages, pages of this machine, and origins in ' +
          'VW_ALLOWED_ORIGINS',
      );
    }
    // Against DNS rebinding; behind a trusted proxy the name is the proxy's.
    if (!this.proxies.has(peer) && !isOwnHost(host, this.allowed)) {
      throw new HttpError(
        421,
        'ERR_HOST',
        "the host name is not one of this server's; accepted: its addresses, this machine's name, and names in VW_ALLOWED_HOSTS",
      );
    }
    return address;
  }

  /** Whether so many tokens of an address were refused that the next gets no reason. A valid one is still accepted:
   * secrets are too long to be guessed, and one bad client must not shut out a class behind the same address. */
  hasTooManyRefusals(address: string, nowMs: number): boolean {
    return this.#failedAttempts.isOverLimit(networkOf(address), nowMs);
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
