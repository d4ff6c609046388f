// An HTTP server, with or without TLS, that does nothing yet: its time limits, what it says to what is not HTTP, and how
// it comes to listen.

import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Server as TlsServer } from 'node:tls';
import { type CertificateFiles, readCertificate } from './certificate.js';
import { answerClientErrors } from './client-errors.js';
import { handshakeInTurns } from './handshakes.js';
import { ParserThrottle, throttleOf } from './parser-throttle.js';
import { Unanswered } from './unanswered.js';

/** What a server is made with. */
export interface BareOptions {
  /** TLS of our own; null: plain HTTP. */
  readonly certificate: CertificateFiles | null;
  readonly headersTimeoutMs: number;
  /** Silence of a connection after which TCP asks whether the other side is still there. */
  readonly keepAliveMs: number;
}

/** Makes a server. `requestTimeoutMs` is how long a whole request may take; 0: as long as it likes, it may be an upload. */
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
  if (server instanceof TlsServer) handshakeInTurns(server);
  const event = connectionEvent(server);
  const nodesHandler = server.listeners(event)[0] as ConnectionHandler;
  server.off(event, nodesHandler);
  nodesHandlers.set(server, nodesHandler);
  const unanswered = new Unanswered(server);
  unansweredRequests.set(server, unanswered);
  answerClientErrors(server, unanswered);
  return server;
}

type ConnectionHandler = (this: Server, socket: Socket) => void;
/** What Node itself does with a connection: it puts its parser on it. */
const nodesHandlers = new WeakMap<Server, ConnectionHandler>();
const unansweredRequests = new WeakMap<Server, Unanswered>();

/** The requests of a bare server that are not answered yet. */
export function unansweredOf(server: Server): Unanswered {
  return unansweredRequests.get(server)!; // every bare server has them
}

/** The event that brings a server's connections, behind TLS if it has it. */
export function connectionEvent(server: Server): 'connection' | 'secureConnection' {
  return server instanceof TlsServer ? 'secureConnection' : 'connection';
}

/**
 * Has Node read a connection of `server`: its parser is given what there is time for. It comes to no other connection by
 * itself. `bytes` were read of this one already; no other reader may take it.
 */
export function handToNode(server: Server, socket: Socket, bytes: Buffer | null = null): void {
  const throttle = throttleOf(socket) ?? new ParserThrottle(socket);
  socket.pause(); // Node's handler reads it from the start: what was read is put back before
  socket.setTimeout(0); // that of a connection without a request, when it has had one
  nodesHandlers.get(server)!.call(server, socket);
  throttle.parserReads((end) => unansweredOf(server).beforeEnd(socket, end));
  if (bytes !== null) throttle.putBack(bytes);
  socket.resume();
}

/**
 * Connections that the system keeps until there is time for them, as many as it allows. Node's 511 are full in a storm of
 * connections, and whoever comes then has to ask once more, a second later.
 */
const BACKLOG = 4096;

/** Listens; rejects with the system's error if the port cannot be had. */
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
 * Where a server that listens on `host` is: addresses that can be opened. First the one for this machine; where it listens
 * on all, those of its networks too, but for IPv6's link-local ones, which no browser opens.
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
