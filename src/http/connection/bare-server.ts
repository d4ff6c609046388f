// An HTTP server, with or without TLS, without routes: time limits, answers to what is not HTTP, and listening.

import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Server as TlsServer } from 'node:tls';
import { type CertificateFiles, readCertificate } from './certificate.js';
import { answerClientErrors } from './client-errors.js';
import { limitHandshakesPerTurn } from './handshakes.js';
import { ParserThrottle, throttleOf } from './parser-throttle.js';
import { PendingResponses } from './pending-responses.js';

/** The options of a server. */
export interface BareOptions {
  /** The server's own certificate; null: plain HTTP. */
  readonly certificate: CertificateFiles | null;
  readonly headersTimeoutMs: number;
  /** Silence of a connection after which TCP keep-alive probes the peer. */
  readonly keepAliveMs: number;
}

/** Makes a server. `requestTimeoutMs` is how long a whole request may take; 0: no limit, it may be an upload. */
export function createBareServer(options: BareOptions, requestTimeoutMs: number): Server {
  const { certificate, headersTimeoutMs, keepAliveMs } = options;
  const http = {
    requestTimeout: requestTimeoutMs,
    headersTimeout: headersTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveMs,
    connectionsCheckingInterval: Math.min(1000, headersTimeoutMs),
  };
  const server = certificate
    ? createSecureServer({ ...http, ...readCertificate(certificate), handshakeTimeout: headersTimeoutMs })
    : createServer(http);
  if (server instanceof TlsServer) limitHandshakesPerTurn(server);
  const event = connectionEvent(server);
  const nodesHandler = server.listeners(event)[0] as ConnectionHandler;
  server.off(event, nodesHandler);
  const responses = new PendingResponses(server);
  bareServers.set(server, { nodesHandler, responses });
  answerClientErrors(server, responses);
  return server;
}

type ConnectionHandler = (this: Server, socket: Socket) => void;

interface BareServer {
  /** Node's own connection handler, which attaches its parser. */
  readonly nodesHandler: ConnectionHandler;
  readonly responses: PendingResponses;
}

const bareServers = new WeakMap<Server, BareServer>();

function bareServerOf(server: Server): BareServer {
  const found = bareServers.get(server);
  if (!found) throw new Error('the server is not one of createBareServer');
  return found;
}

/** The unanswered requests of a bare server. */
export function pendingResponsesOf(server: Server): PendingResponses {
  return bareServerOf(server).responses;
}

/** The event of new connections, after the handshake if the server has TLS. */
export function connectionEvent(server: Server): 'connection' | 'secureConnection' {
  return server instanceof TlsServer ? 'secureConnection' : 'connection';
}

/**
 * Hands a connection of `server` to Node's parser, throttled. Node gets no connection otherwise. `bytes` have been read
 * from it already; no other reader may read it.
 */
export function passToNode(server: Server, socket: Socket, bytes: Buffer | null = null): void {
  const throttle = throttleOf(socket) ?? new ParserThrottle(socket);
  socket.pause(); // Node's handler reads from the start: first, what was read is put back
  socket.setTimeout(0); // clears the time-out for a connection without a request
  const { nodesHandler, responses } = bareServerOf(server);
  nodesHandler.call(server, socket);
  throttle.parserReads((end) => responses.deferEnd(socket, end));
  if (bytes !== null) throttle.unread(bytes);
  socket.resume();
}

/**
 * The accept queue (listen backlog), as far as the system allows it. Node's default of 511 overflows in a storm of
 * connections, and clients beyond it have to retry a second later.
 */
const BACKLOG = 4096;

/** Listens; rejects with the system's error if it cannot. */
export function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog: BACKLOG }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/**
 * URLs of a server that listens on `host`. The first is for this machine; if it listens on all addresses, those of its
 * networks follow, except for IPv6 link-local ones, which browsers do not open.
 */
export function urlsOf(server: Server, host: string): [first: string, ...others: string[]] {
  const { port } = server.address() as AddressInfo;
  const scheme = server instanceof TlsServer ? 'https' : 'http';
  const urlFor = (name: string) => `${scheme}://${name.includes(':') ? `[${name}]` : name}:${port}`;
  const isAll = host === '0.0.0.0' || host === '::';
  if (!isAll) return [urlFor(host)];
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const outer = own.filter(({ family, internal, address }) => {
    return !internal && (family === 'IPv4' || (host === '::' && !address.startsWith('fe80:')));
  });
  return [urlFor(host === '::' ? '::1' : '127.0.0.1'), ...outer.map(({ address }) => urlFor(address))];
}
