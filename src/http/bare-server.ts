// An HTTP server, with or without TLS, that does nothing yet: its time limits, what it says to what is not HTTP, and how
// it comes to listen.

import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Server as TlsServer } from 'node:tls';
import { refuse } from './answers.js';
import { type CertificateFiles, readCertificate } from './certificate.js';
import { problem } from './problem.js';

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
  nodesHandlers.set(server, server.listeners(connectionEvent(server))[0] as ConnectionHandler);
  return server.on('clientError', answerClientError);
}

type ConnectionHandler = (this: Server, socket: Socket) => void;
/** What Node itself does with a connection: it puts its parser on it. */
const nodesHandlers = new WeakMap<Server, ConnectionHandler>();

/** The event that brings a server's connections, behind TLS if it has it. */
export function connectionEvent(server: Server): 'connection' | 'secureConnection' {
  return server instanceof TlsServer ? 'secureConnection' : 'connection';
}

/** Takes a connection from Node: it is given none any more but by {@link handToNode}. */
export function takeFromNode(server: Server): void {
  server.off(connectionEvent(server), nodesHandlers.get(server)!);
}

/** Has Node read a connection of `server`, from `bytes` on, which were read of it already. Nobody else may read it. */
export function handToNode(server: Server, socket: Socket, bytes: Buffer): void {
  // Node's handler reads the socket from the start: what was read is put back before it looks.
  socket.pause();
  socket.unshift(bytes);
  socket.setTimeout(0); // that of a connection without a request, when it has had one
  nodesHandlers.get(server)!.call(server, socket);
  socket.resume();
}

function answerClientError(error: Error & { code?: string }, socket: Duplex): void {
  if (!socket.writable) socket.destroy();
  else if (error.code === 'HPE_HEADER_OVERFLOW')
    refuse(socket, problem(431, 'ERR_HEADERS', 'the request head is over 16 KiB'));
  else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT')
    refuse(socket, problem(408, 'ERR_TIMEOUT', 'the request head took too long'));
  else refuse(socket, problem(400, 'ERR_BAD_HTTP', 'this is not HTTP/1.1 as it should be'));
}

/** Listens; rejects with the system's error if the port cannot be had. */
export function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Where a server that listens on `host` is. */
export function urlOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  const name = host.includes(':') ? `[${host}]` : host;
  return `${server instanceof TlsServer ? 'https' : 'http'}://${name}:${port}`;
}
