// Handles a connection until its first request: plain uploads are read from the socket, everything else goes to Node's
// parser; a connection that sends no request is closed, and connections are limited per address.

import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { jsonText } from '../http/answer/json.js';
import { Server as TlsServer, TLSSocket } from 'node:tls';
import { LimitError } from '../errors.js';
import { respondWithProblem, respondWithError, respond } from '../http/answer/answers.js';
import { connectionEvent, passToNode } from '../http/connection/bare-server.js';
import { type ConnectionLimits, Connections } from '../http/connection/connections.js';
import { ParserThrottle } from '../http/connection/parser-throttle.js';
import { pathOf, refuseEmptySegments, withoutLastSlash } from '../http/request/path.js';
import { problem } from '../http/answer/problem.js';
import { receiveUploadFromSocket, type UploadAnswers } from '../ingest/raw-upload.js';
import { readUploadHead, type RequestHead } from '../ingest/request-head.js';
import type { Relay } from '../relay/relay.js';
import { parseFeedName } from '../relay/rules/rules.js';
import type { HttpGuard } from '../http/request/http-guard.js';
import type { RequestInfo } from './access/key-policy.js';
import { supersededProblem } from './live/http-upload.js';
import { requestInfoFromHead } from './request.js';
import type { UploadRefusals } from './live/upload-refusals.js';

const ANSWERS: UploadAnswers = {
  ended: (socket, summary) => respond(socket, { status: 200, type: 'application/json', body: jsonText(summary) }),
  superseded: (socket, feed) => respondWithProblem(socket, supersededProblem(feed)),
  broken: (socket, reason) =>
    respondWithProblem(socket, problem(400, 'ERR_BAD_CHUNK', `the chunked coding of the body is invalid: ${reason}`)),
};

/** The path prefix of uploads. */
const PREFIX = '/ts/';

/** What admits and takes uploads. */
export interface UploadParts {
  readonly relay: Relay;
  readonly guard: HttpGuard<RequestInfo>;
  readonly refusals: UploadRefusals;
}

/** Accepts a server's connections and routes each to the upload reader or to Node's parser. */
export class ConnectionRouter {
  readonly #uploads = new Set<Socket>();
  readonly #connections: Connections;
  readonly #relay: Relay;
  readonly #guard: HttpGuard<RequestInfo>;
  readonly #limits: ConnectionLimits;
  readonly #refusals: UploadRefusals;
  readonly #server: Server;

  constructor(server: Server, limits: ConnectionLimits, { relay, guard, refusals }: UploadParts) {
    this.#refusals = refusals;
    this.#relay = relay;
    this.#guard = guard;
    this.#limits = limits;
    this.#server = server;
    const isSecure = server instanceof TlsServer;
    this.#connections = new Connections(
      server,
      limits,
      () => false,
      (socket) => {
        if (isSecure) socket.destroy(); // an answer would cost a TLS handshake
      },
    );
    server.on(connectionEvent(server), (socket: Socket) => this.#open(socket));
  }

  /** Ends every upload with 503. */
  endUploads(): void {
    for (const socket of this.#uploads)
      respondWithProblem(socket, problem(503, 'ERR_STOPPING', 'the relay is stopping'));
  }

  /** Destroys every connection. */
  destroyAll(): void {
    this.#connections.destroyAll();
    for (const socket of this.#uploads) socket.destroy();
  }

  #open(socket: Socket): void {
    const onError = () => socket.destroy();
    socket.on('error', onError);
    if (socket instanceof TLSSocket) new ParserThrottle(socket); // each TLS record is a read of its own
    if (this.#connections.isRefused(socket)) {
      const message = `at most ${this.#limits.maxConnections} connections from one address (VW_MAX_CONNECTIONS)`;
      respondWithError(socket, new LimitError('ERR_TOO_MANY_CONNECTIONS', message));
      return;
    }
    socket.once('end', onError); // it has sent no request
    socket.once('data', (first: Buffer) => {
      socket.off('end', onError);
      const head = readUploadHead(first);
      if (head && withoutLastSlash(pathOf(head.target)).startsWith(PREFIX)) {
        this.#handleUpload(socket, head, first.subarray(head.bytes));
        return;
      }
      socket.off('error', onError);
      passToNode(this.#server, socket, first);
    });
  }

  /** Receives an upload; `rest` is what has been read of its body. */
  #handleUpload(socket: Socket, head: RequestHead, rest: Buffer): void {
    this.#connections.requestReceived(socket);
    try {
      const request = requestInfoFromHead(head, socket);
      this.#guard.admit(request);
      refuseEmptySegments(request.path);
      const feed = this.#relay.feed(parseFeedName(decodeURIComponent(request.path.slice(PREFIX.length))));
      this.#refusals.onAccepted({ path: request.path, from: request.address });
      const upload = receiveUploadFromSocket(socket, rest, feed, ANSWERS);
      this.#uploads.add(upload);
      upload.once('close', () => this.#uploads.delete(upload));
      if (upload !== socket) this.#connections.track(upload); // with TLS they are the same socket, which is counted already
    } catch (error) {
      const path = withoutLastSlash(pathOf(head.target));
      const authorization = head.headers.get('authorization');
      this.#refusals.onRefused({ path, from: socket.remoteAddress ?? '', authorization }, error);
      respondWithError(socket, error);
    }
  }
}
