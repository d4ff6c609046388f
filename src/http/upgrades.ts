// Upgrades: those to WebSocket, and those that are not ours and are ignored (RFC 9110 §7.8). curl --http2 and Java's
// HttpClient offer h2c with every plain request, also with one that has a body.
//
// Node stops parsing at an upgrade, whatever it is to, and leaves the body and all later requests in `head` and in the
// socket. A request whose offer is ignored is therefore given to Node once more, from its head on and without the offer.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { refuseError } from './answers.js';
import { FreePass, turns } from '../relay/framing/turns.js';
import { handToNode } from './bare-server.js';
import { throttleOf } from './parser-throttle.js';
import { HttpError } from './problem.js';

/** What says that another protocol is offered; without it a request is one like any other. */
const OFFER = new Set(['upgrade', 'http2-settings']);
/** Node keeps so many fields of a head and drops the others, but not what they mean: a body's length, say. */
const MAX_FIELDS = 1000;
/** Upgrades that are taken in one turn of the event loop without being timed. */
const FREE_UPGRADES = 8;

/** Gives upgrades of `server` to WebSocket to `take`; what that throws is the answer. Others are ignored. */
export function takeUpgradesOf(
  server: Server,
  take: (request: IncomingMessage, socket: Socket, head: Buffer) => void,
): void {
  const unanswered = new Unanswered(server);
  const free = new FreePass(turns, FREE_UPGRADES);
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const onError = () => socket.destroy();
    socket.on('error', onError);
    const throttle = throttleOf(socket);
    throttle?.parserIsGone();
    throttle?.hold(); // what comes behind `head` is pushed behind it
    const goOn = (how: () => void) => {
      try {
        if (!socket.destroyed) how();
      } catch (error) {
        refuseError(socket, error);
      }
      throttle?.release();
    };
    if (offersWebSocket(request)) {
      unanswered.afterThose(socket, () => free.takeOrQueue(() => goOn(() => take(request, socket, head))));
      return;
    }
    unanswered.afterThose(socket, () =>
      goOn(() => {
        const bytes = Buffer.concat([headWithoutOffer(request), head]);
        socket.off('error', onError);
        handToNode(server, socket, bytes);
      }),
    );
  });
}

/** Whether WebSocket is among the protocols that are offered; if it is, it is all that is left of the field. */
function offersWebSocket(request: IncomingMessage): boolean {
  const offered = (request.headers.upgrade ?? '').split(',').map((one) => one.trim().toLowerCase());
  if (!offered.includes('websocket')) return false;
  request.headers.upgrade = 'websocket'; // ws wants it alone
  return true;
}

/** The head of a request as it was sent, but for the offer. Throws {@link HttpError}. */
function headWithoutOffer({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  if (rawHeaders.length >= 2 * MAX_FIELDS) {
    throw new HttpError(431, 'ERR_HEADERS', `the request head has ${MAX_FIELDS} fields or more`);
  }
  const lines = [`${method ?? ''} ${url ?? ''} HTTP/${httpVersion}`];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    const value = rawHeaders[i + 1]!;
    if (OFFER.has(name.toLowerCase())) continue;
    lines.push(`${name}: ${name.toLowerCase() === 'connection' ? withoutOptions(value) : value}`);
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

function withoutOptions(connection: string): string {
  const options = connection.split(',').map((option) => option.trim());
  return options.filter((option) => !OFFER.has(option.toLowerCase())).join(', ');
}

/** The requests of a server whose answers are not sent yet, by connection. */
class Unanswered {
  readonly #responses = new WeakMap<Socket, Set<ServerResponse>>();

  constructor(server: Server) {
    const onRequest = ({ socket }: IncomingMessage, response: ServerResponse) => {
      const all = this.#responses.get(socket) ?? new Set();
      this.#responses.set(socket, all.add(response));
      response.once('close', () => all.delete(response));
    };
    server.prependListener('request', onRequest).prependListener('checkContinue', onRequest);
  }

  /** Calls `then` when every request that came before on this connection is answered. */
  afterThose(socket: Socket, then: () => void): void {
    const all = this.#responses.get(socket) ?? new Set();
    // Node does not look after the connection any more: whoever waits to write is told here.
    const onDrain = () => {
      for (const response of all) response.emit('drain');
    };
    const goOn = () => {
      if (all.size > 0) return;
      socket.off('drain', onDrain);
      if (!socket.destroyed && socket.writable) then();
    };
    if (all.size > 0) socket.on('drain', onDrain);
    // Behind the listener that takes the response from the set.
    for (const response of all) response.once('close', goOn);
    goOn();
  }
}
