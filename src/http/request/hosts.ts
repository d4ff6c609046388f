// Which origins and host names are accepted: the defence against other sites' pages in a user's browser.
// RFC 6454 (Origin), RFC 9110 §7.2 (Host), §15.5.20 (421).

import { hostname } from 'node:os';
import { isIP, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { isLoopbackHost } from '../../loopback.js';

/** Host names and origins that are accepted in addition to the relay's own. */
export interface AllowedHosts {
  /** Host names without port, in lower case (`VW_ALLOWED_HOSTS`). */
  readonly hosts: ReadonlySet<string>;
  /** Origins as browsers send them, `https://lab.example` (`VW_ALLOWED_ORIGINS`). */
  readonly origins: ReadonlySet<string>;
}

/** The scheme of a connection, as in an origin. */
export type Scheme = 'http:' | 'https:';

/** The address that a request was sent to. */
export interface RequestOrigin {
  /** Its Host field. */
  readonly host: string | undefined;
  /** Behind a proxy that terminates TLS this is `http:` even for pages of `https:`. */
  readonly scheme: Scheme;
}

export function schemeOf(socket: Socket): Scheme {
  return socket instanceof TLSSocket ? 'https:' : 'http:';
}

const HOST = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/;

/**
 * The host name in a Host field, in lower case, without port and without the brackets of an IPv6 address; null: not
 * one.
 */
export function hostnameOf(host: string | undefined): string | null {
  const [, address, name] = HOST.exec(host ?? '') ?? [];
  return (address ?? name)?.toLowerCase() ?? null;
}

/**
 * Whether a Host field names this relay. Against DNS rebinding: a page whose name was rebound to this machine's address
 * sends its own name; an address cannot be rebound.
 */
export function isOwnHost(host: string | undefined, allowed: AllowedHosts): boolean {
  const name = hostnameOf(host);
  if (name === null) return false;
  return isLoopbackHost(name) || isIP(name) !== 0 || isMachineName(name) || allowed.hosts.has(name);
}

/** Whether a request with this Origin may be served at `place`; `undefined`: it has none, so no page sent it. */
export function isOwnOrigin(origin: string | undefined, place: RequestOrigin, allowed: AllowedHosts): boolean {
  if (origin === undefined) return true;
  if (allowed.origins.has(origin.toLowerCase())) return true;
  let url: URL;
  try {
    url = new URL(origin);
  } catch {
    return false; // "null" too
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return false;
  const name = withoutBrackets(url.hostname);
  if (isLoopbackHost(name) || isMachineName(name)) return true;
  if (isIP(name) !== 0 && name === hostnameOf(place.host)) return true;
  return isSameOrigin(url, place) && isOwnHost(place.host, allowed);
}

/**
 * Whether `origin` is the address that the request was sent to. A port that is omitted is the default of the origin's
 * scheme.
 */
function isSameOrigin(origin: URL, { host, scheme }: RequestOrigin): boolean {
  if (scheme === 'https:' && origin.protocol !== scheme) return false; // an http: page can be forged on its way
  const port = HOST.exec(host ?? '')?.[3] ?? '';
  const usual = origin.protocol === 'https:' ? 443 : 80;
  return (
    withoutBrackets(origin.hostname) === hostnameOf(host) && Number(port || usual) === Number(origin.port || usual)
  );
}

function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '').toLowerCase();
}

function isMachineName(name: string): boolean {
  const own = hostname().toLowerCase();
  const [short = own] = own.split('.');
  return name === own || name === short || name === `${own}.local` || name === `${short}.local`;
}
