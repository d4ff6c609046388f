// Which proxy is used for an endpoint: HTTPS_PROXY for wss and https, HTTP_PROXY for ws and http; none for hosts in
// NO_PROXY and on this machine.

import { EventEmitter } from 'node:events';
import type { Agent, ClientRequest } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { checkServerIdentity, type PeerCertificate, type SecureContextOptions } from 'node:tls';
import { HttpProxyAgent } from 'http-proxy-agent';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { getProxyForUrl } from 'proxy-from-env';
import { isLoopbackHost } from '../../loopback.js';
import type { Fault } from '../events/event.js';
import { isBeforeAnswer } from './faults.js';
import { isSecure, isWebSocket } from './transport.js';

/** The route to one endpoint through a proxy, for one dial. */
export interface ProxyRoute {
  readonly agent: Agent;
  /** Whether the proxy reads and forwards the request, so that it may answer itself. */
  readonly isForwarding: boolean;
  /** Adds the proxy's part to a dial's fault. */
  explain(fault: Fault): Fault;
  /** As {@link explain}, of a fault that comes from an answer: the proxy was reached. */
  explainAnswer(fault: Fault): Fault;
  /**
   * Cancels an unfinished dial. The library's connection to the proxy outlives a request that is abandoned before the
   * proxy has answered: every dial that times out at a silent proxy would leak one.
   */
  cancel(): void;
}

/** A route on which the proxy forwards every byte. */
export interface TunnelRoute extends ProxyRoute {
  /** Opens a connection to the endpoint, on which nothing has been sent. Rejects if the proxy refuses. */
  open(host: string, port: number): Promise<Socket>;
}

/** The route to an address as a tunnel, for any protocol; `undefined`: dialled directly. */
export function tunnelRoute(url: string): TunnelRoute | undefined {
  const proxy = proxyFor(new URL(url));
  return proxy === undefined ? undefined : new Tunnel(proxy, {});
}

/**
 * The route to `url` through the proxy that the environment names; `undefined`: dialled directly. `tls` is for a proxy
 * that is itself reached by TLS.
 */
export function proxyRoute(url: string, tls: SecureContextOptions): ProxyRoute | undefined {
  const target = new URL(url);
  const proxy = proxyFor(target);
  if (proxy === undefined) return undefined;
  // Only a plain http request is forwarded by the proxy; everything else uses a tunnel (CONNECT, RFC 9110 §9.3.6).
  const isForwarded = !isWebSocket(target) && !isSecure(target);
  return isForwarded ? new ForwardProxy(proxy, tls) : new Tunnel(proxy, tls);
}

/** The proxy's own address; `undefined`: none is used. */
function proxyFor(target: URL): string | undefined {
  if (isLoopbackHost(target.hostname)) return undefined;
  const proxy = getProxyForUrl(`${isSecure(target) ? 'https' : 'http'}://${target.host}`);
  if (proxy === '') return undefined;
  // A proxy given as host:port speaks plain HTTP, as with curl; the library would give it the target's scheme.
  const isBare = [process.env.HTTPS_PROXY, process.env.https_proxy, process.env.ALL_PROXY, process.env.all_proxy].some(
    (given) => given !== undefined && `https://${given}` === proxy,
  );
  return isBare ? proxy.replace('https://', 'http://') : proxy;
}

/** A plain request that the proxy forwards. */
class ForwardProxy implements ProxyRoute {
  readonly agent: HttpProxyAgent<string>;
  readonly isForwarding = true;
  readonly #isCancelled = new AbortController();

  constructor(address: string, tls: SecureContextOptions) {
    this.agent = new HttpProxyAgent(address, tls);
    (this.agent.connectOpts as { signal?: AbortSignal }).signal = this.#isCancelled.signal;
  }

  cancel(): void {
    this.#isCancelled.abort();
  }

  explain(fault: Fault): Fault {
    return faultOfDial(fault, this.agent.proxy.host);
  }

  explainAnswer(fault: Fault): Fault {
    return faultOfAnswer(fault, this.agent.proxy.host);
  }
}

/** A connection to the endpoint through the proxy's tunnel. */
class Tunnel extends HttpsProxyAgent<string> implements TunnelRoute {
  readonly agent = this;
  readonly isForwarding = false;
  readonly #isCancelled = new AbortController();
  #refusal = 0;

  constructor(address: string, tls: SecureContextOptions) {
    super(address, tls);
    (this.connectOpts as { signal?: AbortSignal }).signal = this.#isCancelled.signal; // an option of net.connect
    this.on('proxyConnect', ({ statusCode }: { statusCode: number }) => {
      if (statusCode !== 200) this.#refusal = statusCode;
    });
  }

  /** Verifies the endpoint's certificate also if its host is an IP address: the library would check for "localhost". */
  override connect(...[request, options]: Parameters<HttpsProxyAgent<string>['connect']>): Promise<Socket> {
    const { host } = options;
    if (host === undefined || isIP(host) === 0) return super.connect(request, options);
    const check = (_name: string, certificate: PeerCertificate) => checkServerIdentity(host, certificate);
    return super.connect(request, Object.assign({}, options, { checkServerIdentity: check }));
  }

  async open(host: string, port: number): Promise<Socket> {
    // All that the library needs of a request is that it is an EventEmitter.
    const request: unknown = new EventEmitter();
    const socket = await super.connect(request as ClientRequest, { host, port, secureEndpoint: false });
    if (this.#refusal === 0) return socket;
    socket.destroy();
    throw new Error('the proxy makes no tunnel');
  }

  cancel(): void {
    this.#isCancelled.abort();
  }

  explain(fault: Fault): Fault {
    return this.#refused ?? faultOfDial(fault, this.proxy.host);
  }

  explainAnswer(fault: Fault): Fault {
    return this.#refused ?? faultOfAnswer(fault, this.proxy.host);
  }

  /** Why the proxy makes no tunnel; null: it has not refused. */
  get #refused(): Fault | null {
    if (this.#refusal === 0) return null;
    const name = this.proxy.host; // without user and password
    const message = `the proxy ${name} answered HTTP ${this.#refusal}: ${refusalReason(this.#refusal)}`;
    return { code: 'unreachable', message };
  }
}

/** A fault with the proxy named. A failure before any answer is a failure to reach the proxy itself. */
function faultOfDial(fault: Fault, proxy: string): Fault {
  if (!isBeforeAnswer(fault)) return faultOfAnswer(fault, proxy);
  return { code: fault.code, message: `the proxy is not reached: ${fault.message} (through the proxy ${proxy})` };
}

function faultOfAnswer(fault: Fault, proxy: string): Fault {
  return { code: fault.code, message: `${fault.message} (through the proxy ${proxy})` };
}

/** Why a proxy refused a tunnel (RFC 9110 §15). */
function refusalReason(status: number): string {
  if (status === 407) return 'it requires a user and password';
  return status >= 500 ? 'it cannot reach the relay server' : 'it does not let this through';
}

/** Why the proxy settings cannot be used; `null` if they can. */
export function proxyFault(env: NodeJS.ProcessEnv): string | null {
  for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy']) {
    const text = env[name];
    if (text === undefined || text === '') continue;
    const isGood =
      /^(https?:\/\/)?[^\s/]+\/?$/.test(text) && URL.canParse(text.includes('://') ? text : `http://${text}`);
    // Not the value: it may contain a password.
    if (!isGood) return `${name} cannot be used; accepted: http://[user:password@]host[:port]`;
  }
  return null;
}
