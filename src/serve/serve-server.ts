// The server of `vw serve`: combines access control, connections, routes and upgrades.

import { HttpServer, type RunningServer } from '../http/server/http-server.js';
import { hostnameOf } from '../http/request/hosts.js';
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

/** How a server with these options is protected. */
export function guardMode({ secret, isOpen }: Pick<ServeOptions, 'secret' | 'isOpen'>): GuardMode {
  if (secret !== null) return 'tokens';
  return isOpen ? 'open' : 'loopback';
}

/**
 * Starts serving. `pages` serves the pages, if there are any. Rejects with the system's error if it cannot listen. When
 * it is closed, WebSockets end with 1001.
 */
export async function startServe(
  options: ServeOptions,
  log: Log,
  pages: PageHandler | null = null,
): Promise<RunningServer> {
  const { secret, audiences, limits, certificate } = options;
  const proxies = new TrustedProxies(options.trustedProxies);
  const policy = new TopicPolicy(guardMode(options), proxies, limits.maxRefusals);
  const tokens = secret === null ? null : new Tokens(secret, audiences);
  const admission = { topics: new Topics(limits, log), tokens, policy, guard: new HttpGuard(options.allowed, policy) };
  const clients = new ClientRegistry(admission, limits, log);
  const codes = new Codes(limits.codeMs);
  const rules = {
    requestTimeoutMs: options.headersTimeoutMs, // request bodies are tiny
    // Clients behind a trusted proxy are counted by the address that it reports.
    isExempt: (address: string) => proxies.has(address),
    continues: 'at once',
  } as const;
  const server = new HttpServer(options, rules, log);
  // Without an audience clients get the address that they used: 0.0.0.0 is not one to connect to.
  const webSocketBase = (host = '') => {
    const [own] = server.urls;
    const taken = hostnameOf(host) === null ? own : own.replace(/\/\/.*/, `//${host}`);
    return (audiences[0] ?? taken).replace(/^http/, 'ws');
  };
  const { embedders } = options;
  const scheme = certificate === null ? 'http:' : 'https:';
  server.answerWith(createServeApp({ clients, codes, webSocketBase, embedders, scheme, pages }));
  acceptTopicSockets(server.node, clients, codes);
  await server.listen();
  return server.running(() => clients.close());
}
