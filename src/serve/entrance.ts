// Who may knock at all, before any token is looked at. Without a secret: this machine only, unless the server was opened;
// and whoever was refused too often is not told why any more. One decision for requests and upgrades.

import type { IncomingMessage } from 'node:http';
import { type AllowedHosts, isOwnHost, isOwnOrigin, schemeOf } from '../http/hosts.js';
import { networkOf } from '../http/network.js';
import { HttpError } from '../http/problem.js';
import { WrongTries } from '../http/wrong-tries.js';
import { isLoopbackHost } from '../relay/proxy.js';
import type { TrustedProxies } from './client-address.js';

/** How a server is guarded: by tokens, by being reached from this machine only, or not at all. */
export type Guarded = 'tokens' | 'loopback' | 'open';

/** Lets in, or says why not. */
export class Entrance {
  /** Refused tokens and codes since the start. */
  refusals = 0;
  readonly #tries: WrongTries;

  constructor(
    readonly guarded: Guarded,
    private readonly proxies: TrustedProxies,
    private readonly allowed: AllowedHosts,
    maxRefusals: number,
  ) {
    this.#tries = new WrongTries(maxRefusals);
  }

  /** The address of who asks. Throws the {@link HttpError} that answers who may not come in. */
  admit(request: IncomingMessage): string {
    const { host, origin } = request.headers;
    const peer = request.socket.remoteAddress ?? '';
    const forwarded = request.headers['x-forwarded-for'];
    const address = this.proxies.clientOf(peer, Array.isArray(forwarded) ? forwarded.join(',') : forwarded);
    if (this.guarded !== 'loopback') return address;
    // A proxy that is not known makes everybody's connection one of this machine.
    const isPassedOn = (forwarded ?? request.headers.forwarded) !== undefined && !this.proxies.has(peer);
    if (!isLoopbackHost(address) || isPassedOn) {
      throw new HttpError(
        403,
        'ERR_LOOPBACK_ONLY',
        'this server serves its own machine only, at its loopback addresses (127.0.0.1, [::1], localhost; not at its address ' +
          'in the network); accepted: VW_SERVE_SECRET and VW_SERVE_AUDIENCE for tokens, or ' +
          'VW_SERVE_OPEN=true for everybody, set where it runs',
      );
    }
    if (!isOwnOrigin(origin, { host, scheme: schemeOf(request.socket) }, this.allowed)) {
      throw new HttpError(
        403,
        'ERR_ORIGIN',
        'a page from elsewhere may not use this server; accepted: its own pages, pages of this machine, and origins in ' +
          'VW_ALLOWED_ORIGINS',
      );
    }
    // A name that was made to point here (DNS rebinding); behind a proxy of ours the name is the proxy's.
    if (!this.proxies.has(peer) && !isOwnHost(host, this.allowed)) {
      throw new HttpError(
        421,
        'ERR_HOST',
        "this server does not go by that name; accepted: its addresses, this machine's name, and names in VW_ALLOWED_HOSTS",
      );
    }
    return address;
  }

  /** Whether so many were refused there that one more is not told why. A token that fits gets in all the same: secrets are
   * too long to be guessed, and one bad client must not keep out a class behind the same address. */
  hasTriedTooOften(address: string, nowMs: number): boolean {
    return this.#tries.areTooMany(networkOf(address), nowMs);
  }

  /** Throws the {@link HttpError} that answers a refused token from where too many came. */
  checkTries(address: string, nowMs: number): void {
    if (!this.hasTriedTooOften(address, nowMs)) return;
    throw new HttpError(429, 'ERR_TOO_MANY_REFUSALS', 'too many refused tokens from this address; wait a minute', {
      'Retry-After': '60',
    });
  }

  /** A token or a code was refused. `nowMs` is of a clock that nobody sets. */
  noteRefusal(address: string, nowMs: number): void {
    this.refusals++;
    this.#tries.add(networkOf(address), nowMs);
  }
}
