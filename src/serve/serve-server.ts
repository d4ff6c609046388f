// The server of `vw serve`: combines access control, connections, routes and upgrades.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { LimitError } from '../errors.js';
import { LINGER_MS, respondWithError } from '../http/answer/answers.js';
import { connectionEvent, createBareServer, passToNode, listen, urlsOf } from '../http/connection/bare-server.js';
import { watchCertificate } from '../http/connection/certificate.js';
import { Connections } from '../http/connection/connections.js';
import { hostnameOf } from '../http/request/hosts.js';
import { inTurns } from '../http/connection/request-turns.js';
import { normalizingTargets } from '../http/request/request-target.js';
import type { Log } from '../log/log.js';
import type { PageHandler } from '../http/page-handler.js';
import { createServeApp } from './serve-app.js';
import { TrustedProxies } from './clients/client-address.js';
import { Codes } from './auth/codes.js';
import { HttpGuard } from '../http/request/http-guard.js';
import { type GuardMode, TopicPolicy } from './topic-policy.js';
import { ClientRegistry } from './clients/client-registry.js';
import type { ServeConfig } from '../config/serve-config.js';
import { Topics } from './topics/topics.js';
import { Tokens } from './auth/tokens.js';
import { acceptTopicSockets } from './topic-sockets.js';

/** Where and how to serve. */
export type ServeOptions = Omit<ServeConfig, 'logLevel'>;

/** A `vw serve` that is listening. */
export interface RunningServe {
  /** The URL for this machine. */
  readonly url: string;
  /** URLs for other machines, if it listens on all addresses. */
  readonly otherUrls: readonly string[];
  readonly port: number;
  /** Stops accepting, closes every WebSocket (1001); resolves when all are closed. */
  close(): Promise<void>;
}

/** How a server with these options is protected. */
export function guardMode({ secret, isOpen }: Pick<ServeOptions, 'secret' | 'isOpen'>): GuardMode {
  if (secret !== null) return 'tokens';
  return isOpen ? 'open' : 'loopback';
}

/** Counts connections by address, and refuses those beyond the limit. */
function limitConnections(server: Server, options: ServeOptions, proxies: TrustedProxies): Connections {
  // Clients behind a trusted proxy are counted by the address that it reports.
  const isExempt = (address: string) => proxies.has(address);
  return new Connections(server, options, isExempt, (socket) => {
    socket.on('error', () => socket.destroy());
    const message = `at most ${options.maxConnections} connections from one address (VW_MAX_CONNECTIONS)`;
    if (server instanceof TlsServer)
      socket.destroy(); // an answer would cost a TLS handshake
    else respondWithError(socket, new LimitError('ERR_TOO_MANY_CONNECTIONS', message));
  });
}

/** Starts serving. `pages` serves the pages, if there are any. Rejects with the system's error if it cannot listen. */
export async function startServe(
  options: ServeOptions,
  log: Log,
  pages: PageHandler | null = null,
): Promise<RunningServe> {
  const { secret, audiences, limits, certificate } = options;
  const proxies = new TrustedProxies(options.trustedProxies);
  const policy = new TopicPolicy(guardMode(options), proxies, limits.maxRefusals);
  const tokens = secret === null ? null : new Tokens(secret, audiences);
  const admission = { topics: new Topics(limits, log), tokens, policy, guard: new HttpGuard(options.allowed, policy) };
  const clients = new ClientRegistry(admission, limits, log);
  const codes = new Codes(limits.codeMs);
  const server = createBareServer(options, options.headersTimeoutMs); // request bodies are tiny
  const connections = limitConnections(server, options, proxies);
  server.on(connectionEvent(server), (socket: Socket) => passToNode(server, socket));
  // Without an audience clients get the address that they used: 0.0.0.0 is not one to connect to.
  const webSocketBase = (host = '') => {
    const [own] = urlsOf(server, options.host);
    const taken = hostnameOf(host) === null ? own : own.replace(/\/\/.*/, `//${host}`);
    return (audiences[0] ?? taken).replace(/^http/, 'ws');
  };
  const { embedders } = options;
  const isSecure = certificate !== null;
  const app = createServeApp({ clients, codes, webSocketBase, embedders, isSecure, pages });
  const take = inTurns(normalizingTargets(app));
  server.on('request', take);
  // What Node does without a listener; there is one because connections are counted by this event too.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    response.writeContinue();
    take(request, response);
  });
  acceptTopicSockets(server, clients, codes);
  const endWatch = certificate ? watchCertificate(certificate, server, log) : () => undefined;
  await listen(server, options.port, options.host);
  const [url, ...otherUrls] = urlsOf(server, options.host);
  return {
    url,
    otherUrls,
    port: (server.address() as AddressInfo).port,
    close: async () => {
      endWatch();
      const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
      clients.close();
      server.closeIdleConnections();
      const cut = setTimeout(() => connections.destroyAll(), LINGER_MS);
      await stopped;
      clearTimeout(cut);
      connections.destroyAll();
    },
  };
}
