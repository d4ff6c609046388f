// The relay's HTTP server: combines connection handling, access control, routes and upgrades.

import { HttpServer, type HttpServerOptions, type RunningServer } from '../http/server/http-server.js';
import type { AllowedHosts } from '../http/request/hosts.js';
import type { PageHandler } from '../http/page-handler.js';
import type { Log } from '../log/log.js';
import type { Relay } from '../relay/relay.js';
import { RuleStore } from '../state/rule-store.js';
import { ClientLimit } from '../relay/delivery/client-limit.js';
import { RelayOperations } from './control/actions.js';
import { createApp } from './app.js';
import { CommandLink, reservedRule } from './control/commands.js';
import { EventStreams } from './live/event-stream.js';
import { ConnectionRouter } from './connection-router.js';
import { HttpGuard } from '../http/request/http-guard.js';
import { KeyPolicy } from './access/key-policy.js';
import { KeyGuard } from './access/keys.js';
import { HttpViewers } from './live/http-viewer.js';
import { acceptFeedSockets } from './live/feed-sockets.js';
import { UploadRefusals } from './live/upload-refusals.js';

/** Where and how to serve. */
export interface ServerOptions extends HttpServerOptions {
  /** The key that protects all but the open paths; null: none. */
  readonly apiKey: string | null;
  readonly allowed: AllowedHosts;
  /** The endpoint that commands come from (VW_API); null: none. */
  readonly commands: { readonly url: string; readonly token: string | null } | null;
  /** Keeps the rules over a restart; without it they are kept in memory only. */
  readonly store?: RuleStore;
}

/** The default options. */
export const DEFAULT_SERVER_OPTIONS: ServerOptions = {
  host: '127.0.0.1',
  port: 8888,
  headersTimeoutMs: 10_000,
  maxConnections: 1_000,
  maxPending: 500,
  keepAliveMs: 15_000,
  apiKey: null,
  allowed: { hosts: new Set(), origins: new Set() },
  certificate: null,
  commands: null,
};

/** Reports what is saved, and what is wrong with it, as what the relay does. */
function reportState(relay: Relay, store: RuleStore): void {
  relay.stateStats = () => store.status();
  store.onFault = (fault) => relay.events.emit({ type: 'state-fault', fault });
  relay.everySecond(() => store.checkFault());
}

/**
 * Starts serving `relay`. `pages` serves the player. Rejects with the system's error if it cannot listen on the port.
 * When it is closed, uploads end with 503 and WebSockets with 1001.
 */
export async function startServer(
  relay: Relay,
  options: ServerOptions,
  pages: PageHandler,
  log: Log,
): Promise<RunningServer> {
  const { apiKey, certificate, commands } = options;
  const standing = commands ? reservedRule(commands.url, commands.token) : null;
  const store = options.store ?? RuleStore.inMemory(log);
  const actions = new RelayOperations(relay, store, standing);
  reportState(relay, store);
  const keys = apiKey === null ? null : new KeyGuard(apiKey, log);
  const guard = new HttpGuard(options.allowed, new KeyPolicy(keys));
  // With a password in its URL ffmpeg sends Expect: 100-continue, and sends the password only in answer to a 401.
  const server = new HttpServer(
    options,
    { requestTimeoutMs: 0, isExempt: () => false, continues: 'when admitted' },
    log,
  );
  const seats = new ClientLimit(relay.limits.maxClients);
  const viewers = new HttpViewers(relay, seats);
  const events = new EventStreams(relay.events);
  const refusals = new UploadRefusals(log);
  const app = createApp({
    relay,
    actions,
    viewers,
    events,
    refusals,
    guard,
    keys,
    scheme: certificate ? 'https:' : 'http:',
    bodyTimeoutMs: options.headersTimeoutMs,
    pages,
    log,
  });
  server.answerWith(app);
  const closeClients = acceptFeedSockets(server.node, relay, guard, seats);
  const router = new ConnectionRouter(server, { relay, guard, refusals });
  await server.listen();
  const commandLink = standing ? new CommandLink(standing, relay, actions, log) : null;
  if (commandLink) actions.reservedStats = () => commandLink.stats();
  return server.running(() => {
    router.endUploads();
    closeClients();
    viewers.close();
    events.close();
    return commandLink?.close(1001);
  });
}
