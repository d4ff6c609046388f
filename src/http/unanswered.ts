// Which requests of a connection are not answered yet. Answers keep the order of their requests (RFC 9112 §9.3.2), also the
// one to what ends the connection as one of HTTP: an upgrade, CONNECT, a head that cannot be read.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { throttleOf } from './parser-throttle.js';

/** The requests of a server whose answers are not sent yet, by connection. */
export class Unanswered {
  readonly #responses = new WeakMap<Socket, Set<ServerResponse>>();
  readonly #last = new WeakMap<Socket, ServerResponse>();

  constructor(server: Server) {
    const onRequest = ({ socket }: IncomingMessage, response: ServerResponse) => {
      const all = this.#responses.get(socket) ?? new Set();
      this.#responses.set(socket, all.add(response));
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

  /** Calls `then` when every request that came before on this connection, and was read, is answered, or will not be. */
  afterThose(socket: Socket, then: () => void): void {
    const all = this.#responses.get(socket) ?? new Set();
    const isWaitedFor = ({ req }: ServerResponse) => req.complete;
    let isOver = false;
    const goOn = () => {
      if (isOver || [...all].some(isWaitedFor)) return;
      isOver = true;
      then();
    };
    // Behind the listener that takes the response from the set.
    for (const response of all) response.once('close', goOn);
    goOn();
  }

  /** Calls `end` when a connection whose other side has ended may be ended: who sent whole requests still hears the answers. */
  beforeEnd(socket: Socket, end: () => void): void {
    if (hasLastAnswer(socket)) end();
    else this.afterThose(socket, end);
  }

  /** Does what Node does no more for a connection that it has let go: tells those who wait to write. Returns what ends that. */
  tellDrains(socket: Socket): () => void {
    const onDrain = () => {
      for (const response of this.#responses.get(socket) ?? []) response.emit('drain');
    };
    socket.on('drain', onDrain);
    return () => socket.off('drain', onDrain);
  }
}

const lasting = new WeakMap<Socket, Lasting>();

/** A connection whose answer goes on for as long as the client stays. */
class Lasting {
  hasBegun = false;
  begun: () => void = () => undefined;

  static of(socket: Socket): Lasting {
    let found = lasting.get(socket);
    if (!found) lasting.set(socket, (found = new Lasting()));
    return found;
  }
}

/**
 * This answer goes on for as long as the client stays, so it is the connection's last, and says so: nothing that comes behind
 * its request is processed (RFC 9112 §9.6), or it would wait for ever. To be called before its head is sent.
 */
export function beginLastAnswer(response: ServerResponse): void {
  const socket = response.socket!; // it is its turn
  response.setHeader('Connection', 'close');
  const last = Lasting.of(socket);
  last.hasBegun = true;
  throttleOf(socket)?.drop();
  last.begun();
}

/** Whether the last answer of a connection has begun. */
export function hasLastAnswer(socket: Socket): boolean {
  return lasting.get(socket)?.hasBegun ?? false;
}

/** Calls `then` when the last answer of a connection begins, or if it has begun; in place of what was to be called before. */
export function onLastAnswer(socket: Socket, then: () => void): void {
  const last = Lasting.of(socket);
  if (last.hasBegun) then();
  else last.begun = then;
}
