// An HTTP server, with or without TLS, that does nothing yet: its time limits, what it says to what is not HTTP, and how
// it comes to listen.

import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
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
  return server.on('clientError', answerClientError);
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
