// Tracks the unanswered requests of a connection. Answers keep the order of their requests (RFC 9112 §9.3.2), also the
// answer to what ends HTTP on the connection: an upgrade, CONNECT, a head that cannot be parsed.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { throttleOf } from './parser-throttle.js';

/** The unanswered requests of a server, by connection. */
export class PendingResponses {
  readonly #responsesBySocket = new WeakMap<Socket, Set<ServerResponse>>();
  readonly #last = new WeakMap<Socket, ServerResponse>();

  constructor(server: Server) {
    const onRequest = ({ socket }: IncomingMessage, response: ServerResponse) => {
      const all = this.#responsesBySocket.get(socket) ?? new Set();
      this.#responsesBySocket.set(socket, all.add(response));
      this.#last.set(socket, response);
      response.once('close', () => all.delete(response));
    };
    server.prependListener('request', onRequest).prependListener('checkContinue', onRequest);
  }

  /** Whether the request that is being read on this connection was answered early. */
  hasAnsweredEarly(socket: Socket): boolean {
    const last = this.#last.get(socket);
    return last !== undefined && !last.req.complete && last.headersSent;
  }

  /** Calls `then` when all earlier requests on this connection have been answered, or cannot be any more. */
  whenAllSent(socket: Socket, then: () => void): void {
    const all = this.#responsesBySocket.get(socket) ?? new Set();
    const isWaitedFor = ({ req }: ServerResponse) => req.complete;
    let isOver = false;
    const goOn = () => {
      if (isOver || [...all].some(isWaitedFor)) return;
      isOver = true;
      then();
    };
    // After the listener that removes the response from the set.
    for (const response of all) response.once('close', goOn);
    goOn();
  }

  /** Calls `end` when a half-closed connection may be ended: complete requests still get their answers. */
  deferEnd(socket: Socket, end: () => void): void {
    if (hasFinalResponse(socket)) end();
    else this.whenAllSent(socket, end);
  }

  /**
   * Emits 'drain' on responses, which Node no longer does for a connection that it has released. Returns a function
   * that stops it.
   */
  emitDrains(socket: Socket): () => void {
    const onDrain = () => {
      for (const response of this.#responsesBySocket.get(socket) ?? []) response.emit('drain');
    };
    socket.on('drain', onDrain);
    return () => socket.off('drain', onDrain);
  }
}

const finalResponses = new WeakMap<Socket, FinalResponses>();

/** A connection with an answer that lasts until the client disconnects. */
class FinalResponses {
  hasStarted = false;
  begun: () => void = () => undefined;

  static of(socket: Socket): FinalResponses {
    let found = finalResponses.get(socket);
    if (!found) finalResponses.set(socket, (found = new FinalResponses()));
    return found;
  }
}

/**
 * Marks an answer that lasts until the client disconnects as the connection's last one (Connection: close): nothing
 * after
 * its request is processed (RFC 9112 §9.6), as it would wait for ever. Called before the head is sent.
 */
export function startFinalResponse(response: ServerResponse): void {
  const { socket } = response.req;
  response.setHeader('Connection', 'close');
  const last = FinalResponses.of(socket);
  last.hasStarted = true;
  throttleOf(socket)?.drop();
  last.begun();
}

/** Whether the last answer of a connection has started. */
export function hasFinalResponse(socket: Socket): boolean {
  return finalResponses.get(socket)?.hasStarted ?? false;
}

/** Calls `then` when the last answer of a connection starts, or at once if it has; replaces an earlier callback. */
export function onFinalResponse(socket: Socket, then: () => void): void {
  const last = FinalResponses.of(socket);
  if (last.hasStarted) then();
  else last.begun = then;
}
