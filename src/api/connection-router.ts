// Handles a connection until its first request: plain uploads are read from the socket, everything else goes to Node's
// parser.

import type { Socket } from 'node:net';
import { jsonText } from '../http/answer/json.js';
import { TLSSocket } from 'node:tls';
import { respondWithProblem, respondWithError, respond } from '../http/answer/answers.js';
import { passToNode } from '../http/connection/bare-server.js';
import type { HttpServer } from '../http/server/http-server.js';
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
  readonly #relay: Relay;
  readonly #guard: HttpGuard<RequestInfo>;
  readonly #refusals: UploadRefusals;
  readonly #server: HttpServer;

  constructor(server: HttpServer, { relay, guard, refusals }: UploadParts) {
    this.#refusals = refusals;
    this.#relay = relay;
    this.#guard = guard;
    this.#server = server;
    server.acceptWith((socket) => this.#open(socket));
  }

  /** Ends every upload with 503. */
  endUploads(): void {
    for (const socket of this.#uploads)
      respondWithProblem(socket, problem(503, 'ERR_STOPPING', 'the relay is stopping'));
  }

  #open(socket: Socket): void {
    const onError = () => socket.destroy();
    socket.on('error', onError);
    if (socket instanceof TLSSocket) new ParserThrottle(socket); // each TLS record is a read of its own
    socket.once('end', onError); // it has sent no request
    socket.once('data', (first: Buffer) => {
      socket.off('end', onError);
      const head = readUploadHead(first);
      if (head && withoutLastSlash(pathOf(head.target)).startsWith(PREFIX)) {
        this.#handleUpload(socket, head, first.subarray(head.bytes));
        return;
      }
      socket.off('error', onError);
      passToNode(this.#server.node, socket, first);
    });
  }

  /** Receives an upload; `rest` is what has been read of its body. */
  #handleUpload(socket: Socket, head: RequestHead, rest: Buffer): void {
    this.#server.connections.requestReceived(socket);
    try {
      const request = requestInfoFromHead(head, socket);
      this.#guard.admit(request);
      refuseEmptySegments(request.path);
      const feed = this.#relay.feed(parseFeedName(decodeURIComponent(request.path.slice(PREFIX.length))));
      this.#refusals.onAccepted({ path: request.path, from: request.address });
      const upload = receiveUploadFromSocket(socket, rest, feed, ANSWERS);
      this.#uploads.add(upload);
      upload.once('close', () => this.#uploads.delete(upload));
      if (upload !== socket) this.#server.connections.track(upload); // with TLS they are the same socket, which is counted already
    } catch (error) {
      const path = withoutLastSlash(pathOf(head.target));
      const authorization = head.headers.get('authorization');
      this.#refusals.onRefused({ path, from: socket.remoteAddress ?? '', authorization }, error);
      respondWithError(socket, error);
    }
  }
}
