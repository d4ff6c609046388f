// One HTTP server, with or without TLS: it listens, takes connections, hands requests to an app, reads its certificate
// again when that changes, and closes. What it answers is said by http-app.ts and websocket-requests.ts.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { LimitError } from '../../errors.js';
import type { Log } from '../../log/log.js';
import { LINGER_MS, respondWithError } from '../answer/answers.js';
import { connectionEvent, createBareServer, listen, passToNode, urlsOf } from '../connection/bare-server.js';
import { type CertificateFiles, watchCertificate } from '../connection/certificate.js';
import { type ConnectionLimits, Connections } from '../connection/connections.js';
import { inTurns } from '../connection/request-turns.js';
import { normalizingTargets } from '../request/request-target.js';

/** Where and how to serve. */
export interface HttpServerOptions extends ConnectionLimits {
  readonly host: string;
  readonly port: number;
  /** Silence of a connection after which TCP keep-alive probes the peer. */
  readonly keepAliveMs: number;
  /** The server's own certificate; null: plain HTTP. */
  readonly certificate: CertificateFiles | null;
}

/** What differs between our servers. */
export interface HttpServerRules {
  /** How long a whole request may take; 0: no limit, it may be an upload. */
  readonly requestTimeoutMs: number;
  /** Whether an address may have any number of connections: a proxy has those of its clients. */
  readonly isExempt: (address: string) => boolean;
  /**
   * Who answers `Expect: 100-continue` (RFC 9110 §10.1.1): this server before it calls the app, or the app once the
   * request is admitted.
   */
  readonly continues: 'at once' | 'when admitted';
}

/** A server that is listening. */
export interface RunningServer {
  /** The URL for this machine. */
  readonly url: string;
  /** URLs for other machines, if it listens on all addresses. */
  readonly otherUrls: readonly string[];
  readonly port: number;
  /** Stops accepting, and ends what lasts; resolves when every connection is closed. */
  close(): Promise<void>;
}

type RequestTaker = (request: IncomingMessage, response: ServerResponse) => void;

/** A server. It takes no connection before {@link listen}. */
export class HttpServer {
  /** Node's server, for upgrades. */
  readonly node: Server;
  readonly connections: Connections;
  readonly #options: HttpServerOptions;
  readonly #continues: HttpServerRules['continues'];
  readonly #log: Log;
  #accept: (socket: Socket) => void = (socket) => passToNode(this.node, socket);
  #endWatch: () => void = () => undefined;

  constructor(options: HttpServerOptions, { requestTimeoutMs, isExempt, continues }: HttpServerRules, log: Log) {
    this.#options = options;
    this.#continues = continues;
    this.#log = log;
    this.node = createBareServer(options, requestTimeoutMs);
    this.connections = new Connections(this.node, options, isExempt);
    this.node.on(connectionEvent(this.node), (socket: Socket) => this.#open(socket));
  }

  /** Has `accept` take each connection in place of Node's parser; it may pass it on (passToNode). */
  acceptWith(accept: (socket: Socket) => void): void {
    this.#accept = accept;
  }

  /** Hands each request to `app`, its target normalised; those of one connection in turns. */
  answerWith(app: RequestTaker): void {
    const take = inTurns(normalizingTargets(app));
    this.node.on('request', take);
    // With a listener Node leaves the answer to it; Connections has one.
    this.node.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      if (this.#continues === 'at once') {
        response.writeContinue();
        delete request.headers.expect; // it is answered
      }
      take(request, response);
    });
  }

  /** Listens. Rejects with the system's error if it cannot. */
  async listen(): Promise<void> {
    const { port, host, certificate } = this.#options;
    await listen(this.node, port, host);
    if (certificate) this.#endWatch = watchCertificate(certificate, this.node, this.#log);
  }

  /** The URLs of a server that listens: for this machine, and for others. */
  get urls(): [first: string, ...others: string[]] {
    return urlsOf(this.node, this.#options.host);
  }

  /** The listening server. `stop` ends what lasts (WebSockets, uploads, ...) when it is closed. */
  running(stop: () => unknown): RunningServer {
    const [url, ...otherUrls] = this.urls;
    const { port } = this.node.address() as AddressInfo;
    return { url, otherUrls, port, close: () => this.#close(stop) };
  }

  #open(socket: Socket): void {
    if (!this.connections.isRefused(socket)) {
      this.#accept(socket);
      return;
    }
    socket.on('error', () => socket.destroy());
    const message = `at most ${this.#options.maxConnections} connections from one address (VW_MAX_CONNECTIONS)`;
    respondWithError(socket, new LimitError('ERR_TOO_MANY_CONNECTIONS', message));
  }

  /** No new connection; then idle ones, then what lasts; and whatever is left after {@link LINGER_MS}. */
  async #close(stop: () => unknown): Promise<void> {
    this.#endWatch();
    const closed = new Promise<void>((resolve) => this.node.close(() => resolve()));
    const stopped = stop();
    this.node.closeIdleConnections();
    const cut = setTimeout(() => this.connections.destroyAll(), LINGER_MS);
    await Promise.all([closed, stopped]);
    clearTimeout(cut);
    this.connections.destroyAll();
  }
}
