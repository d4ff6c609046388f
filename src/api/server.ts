// The relay's HTTP server, with or without TLS: combines connection handling, access control, routes and upgrades.

import type { AddressInfo } from 'node:net';
import { LINGER_MS } from '../http/answer/answers.js';
import { createBareServer, listen, urlsOf } from '../http/connection/bare-server.js';
import { type CertificateFiles, watchCertificate } from '../http/connection/certificate.js';
import type { ConnectionLimits } from '../http/connection/connections.js';
import type { AllowedHosts } from '../http/request/hosts.js';
import { inTurns } from '../http/connection/request-turns.js';
import { normalizingTargets } from '../http/request/request-target.js';
import type { PageHandler } from '../http/page-handler.js';
import type { Log } from '../log/log.js';
import type { Relay } from '../relay/relay.js';
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
export interface ServerOptions extends ConnectionLimits {
  readonly host: string;
  readonly port: number;
  /** How long an upload may be silent before TCP keep-alive probes its sender. */
  readonly keepAliveMs: number;
  /** The key that protects all but the open paths; null: none. */
  readonly apiKey: string | null;
  readonly allowed: AllowedHosts;
  /** The server's own certificate; null: plain HTTP. */
  readonly certificate: CertificateFiles | null;
  /** The endpoint that commands come from (VW_API); null: none. */
  readonly commands: { readonly url: string; readonly token: string | null } | null;
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

/** A server that is listening. */
export interface RunningServer {
  /** The URL for this machine. */
  readonly url: string;
  /** URLs for other machines, if it listens on all addresses. */
  readonly otherUrls: readonly string[];
  readonly port: number;
  /** Stops accepting, ends uploads (503) and WebSockets (1001); resolves when all are closed. */
  close(): Promise<void>;
}

/** Starts serving `relay`. `pages` serves the player. Rejects with the system's error if it cannot listen on the port. */
export async function startServer(
  relay: Relay,
  options: ServerOptions,
  pages: PageHandler,
  log: Log,
): Promise<RunningServer> {
  const { apiKey, certificate, commands } = options;
  const standing = commands ? reservedRule(commands.url, commands.token) : null;
  const actions = new RelayOperations(relay, standing);
  const keys = apiKey === null ? null : new KeyGuard(apiKey, log);
  const guard = new HttpGuard(options.allowed, new KeyPolicy(keys));
  const server = createBareServer(options, 0);
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
  const take = inTurns(normalizingTargets(app));
  server.on('request', take);
  // With a password in its URL ffmpeg sends Expect: 100-continue, and sends the password only in answer to a 401.
  server.on('checkContinue', take);
  const closeClients = acceptFeedSockets(server, relay, guard, seats);
  const door = new ConnectionRouter(server, options, { relay, guard, refusals });
  const endWatch = certificate ? watchCertificate(certificate, server, log) : () => undefined;
  await listen(server, options.port, options.host);
  const commandLink = standing ? new CommandLink(standing, relay, actions, log) : null;
  if (commandLink) actions.reservedStats = () => commandLink.stats();
  const [url, ...otherUrls] = urlsOf(server, options.host);
  return {
    url,
    otherUrls,
    port: (server.address() as AddressInfo).port,
    close: async () => {
      endWatch();
      const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
      door.endUploads();
      closeClients();
      viewers.close();
      events.close();
      server.closeIdleConnections();
      const cut = setTimeout(() => door.destroyAll(), LINGER_MS);
      await Promise.all([stopped, commandLink?.close(1001)]);
      clearTimeout(cut);
      door.destroyAll();
    },
  };
}
