// Which proxy a far end is reached through: HTTPS_PROXY for wss and https, HTTP_PROXY for ws and http, NO_PROXY for
// what goes without. A far end on this machine never goes through one.

import type { Agent } from 'node:http';
import type { SecureContextOptions } from 'node:tls';
import { HttpProxyAgent } from 'http-proxy-agent';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { getProxyForUrl } from 'proxy-from-env';

/** Whether a host name, as in a URL, is this machine's loopback. */
export function isLoopbackHost(hostname: string): boolean {
  const name = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  return (
    name === 'localhost' || name.endsWith('.localhost') || name === '::1' || /^(::ffff:)?127(\.\d{1,3}){3}$/.test(name)
  );
}

/**
 * The agent that dials `url` through the proxy which the environment names; `undefined`: dialled directly. `tls` is
 * for a proxy that is itself reached by TLS.
 */
export function proxyAgent(url: string, tls: SecureContextOptions): Agent | undefined {
  const target = new URL(url);
  if (isLoopbackHost(target.hostname)) return undefined;
  const isSecure = target.protocol === 'wss:' || target.protocol === 'https:';
  const proxy = getProxyForUrl(`${isSecure ? 'https' : 'http'}://${target.host}`);
  if (proxy === '') return undefined;
  // A proxy given as host:port speaks plain HTTP, as with curl; the library would give it the target's scheme.
  const isBare = [process.env.HTTPS_PROXY, process.env.https_proxy, process.env.ALL_PROXY, process.env.all_proxy].some(
    (given) => given !== undefined && `https://${given}` === proxy,
  );
  const address = isBare ? proxy.replace('https://', 'http://') : proxy;
  // Only a plain http request is handed over whole; everything else goes through a tunnel (CONNECT, RFC 9110 §9.3.6).
  return target.protocol === 'http:' ? new HttpProxyAgent(address, tls) : new HttpsProxyAgent(address, tls);
}

/** Why the proxy settings cannot be used; `null` if they can. */
export function proxyFault(env: NodeJS.ProcessEnv): string | null {
  for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy']) {
    const text = env[name];
    if (text === undefined || text === '') continue;
    const isGood =
      /^(https?:\/\/)?[^\s/]+\/?$/.test(text) && URL.canParse(text.includes('://') ? text : `http://${text}`);
    // Not the value: it may hold a password.
    if (!isGood) return `${name} cannot be used; accepted: http://[user:password@]host[:port]`;
  }
  return null;
}
