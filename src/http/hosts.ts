// Which pages and which names may speak to the relay: the rules against a foreign page in somebody's browser.
// RFC 6454 (Origin), RFC 9110 §7.2 (Host), §15.5.20 (421).

import { hostname } from 'node:os';
import { isIP } from 'node:net';
import { isLoopbackHost } from '../relay/proxy.js';

/** Names and origins that are let in beside the relay's own. */
export interface AllowedHosts {
  /** Host names without port, in lower case (`VW_ALLOWED_HOSTS`). */
  readonly hosts: ReadonlySet<string>;
  /** Origins as browsers send them, `https://lab.example` (`VW_ALLOWED_ORIGINS`). */
  readonly origins: ReadonlySet<string>;
}

/** The host name in a Host field, in lower case, without port and without the brackets of an IPv6 address; null: not one. */
export function hostnameOf(host: string | undefined): string | null {
  const found = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::\d{1,5})?$/.exec(host ?? '');
  return found ? (found[1] ?? found[2]!).toLowerCase() : null;
}

/**
 * Whether a Host field is one that this relay goes by. A page whose name was rebound to this machine's address sends its
 * own name; an address cannot be rebound.
 */
export function isOwnHost(host: string | undefined, allowed: AllowedHosts): boolean {
  const name = hostnameOf(host);
  if (name === null) return false;
  return isLoopbackHost(name) || isIP(name) !== 0 || isMachineName(name) || allowed.hosts.has(name);
}

/** Whether a request with this Origin may be served: `undefined` means that no page sent it. */
export function isOwnOrigin(origin: string | undefined, host: string | undefined, allowed: AllowedHosts): boolean {
  if (origin === undefined) return true;
  if (allowed.origins.has(origin.toLowerCase())) return true;
  let url: URL;
  try {
    url = new URL(origin);
  } catch {
    return false; // "null" too
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return false;
  const name = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (isLoopbackHost(name) || isMachineName(name)) return true;
  return isIP(name) !== 0 && name === hostnameOf(host);
}

function isMachineName(name: string): boolean {
  const own = hostname().toLowerCase();
  const short = own.split('.')[0]!;
  return name === own || name === `${own}.local` || name === `${short}.local`;
}
