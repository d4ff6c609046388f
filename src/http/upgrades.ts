// Upgrades: those to WebSocket, and those that are not ours and are ignored (RFC 9110 §7.8). curl --http2 and Java's
// HttpClient offer h2c with every plain request, also with one that has a body. And CONNECT, which is refused.
//
// Node stops parsing at an upgrade, whatever it is to, and leaves the body and all later requests in `head` and in the
// socket. A request whose offer is ignored is therefore given to Node once more, from its head on and without the offer.

import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { refuseError } from './answers.js';
import { FreePass, turns } from '../relay/framing/turns.js';
import { handToNode, unansweredOf } from './bare-server.js';
import { throttleOf } from './parser-throttle.js';
import { HttpError } from './problem.js';
import { onLastAnswer } from './unanswered.js';

/** What says that another protocol is offered; without it a request is one like any other. */
const OFFER = new Set(['upgrade', 'http2-settings']);
/** Node keeps so many fields of a head and drops the others, but not what they mean: a body's length, say. */
const MAX_FIELDS = 1000;
/** Upgrades that are taken in one turn of the event loop without being timed. */
const FREE_UPGRADES = 8;

/**
 * Gives upgrades of `server` to WebSocket to `take`; what that throws is the answer. Others are ignored. `methods` are those
 * that CONNECT is not one of.
 */
export function takeUpgradesOf(
  server: Server,
  methods: string,
  take: (request: IncomingMessage, socket: Socket, head: Buffer) => void,
): void {
  const free = new FreePass(turns, FREE_UPGRADES);
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    if (offersWebSocket(request)) {
      whenItsTurn(server, socket, () => free.takeOrQueue(() => answer(socket, () => take(request, socket, head))));
      return;
    }
    whenItsTurn(server, socket, () => {
      answer(socket, () => {
        const bytes = Buffer.concat([headWithoutOffer(request), head]);
        socket.off('error', destroy);
        handToNode(server, socket, bytes);
      });
    });
  });
  server.on('connect', (_request: IncomingMessage, socket: Socket) => {
    whenItsTurn(server, socket, () => {
      answer(socket, () => {
        throw new HttpError(405, 'ERR_METHOD', `CONNECT is not accepted, this is no proxy; accepted: ${methods}`, {
          Allow: methods,
        });
      });
    });
  });
}

/** Calls `then` when all that came before on this connection is answered. Node looks after the connection no more. */
function whenItsTurn(server: Server, socket: Socket, then: () => void): void {
  socket.on('error', destroy);
  const throttle = throttleOf(socket);
  throttle?.parserIsGone();
  throttle?.hold(); // what comes behind `head` is pushed behind it
  // Behind an answer that goes on until the client leaves its turn never comes; that the client leaves is seen here.
  onLastAnswer(socket, () => socket.once('end', destroy).resume());
  const unanswered = unansweredOf(server);
  const leave = unanswered.tellDrains(socket);
  unanswered.afterThose(socket, () => {
    leave();
    onLastAnswer(socket, () => undefined);
    then();
  });
}

/** Does `how`; what it throws is the answer. */
function answer(socket: Socket, how: () => void): void {
  try {
    if (socket.writable) how();
  } catch (error) {
    refuseError(socket, error);
  }
  throttleOf(socket)?.release();
}

function destroy(this: Socket): void {
  this.destroy();
}

/**
 * Whether it is ours: WebSocket is among the protocols that are offered, with a GET of HTTP/1.1 (RFC 6455 §4.1). If so, it is
 * all that is left of the field.
 */
function offersWebSocket(request: IncomingMessage): boolean {
  const offered = (request.headers.upgrade ?? '').split(',').map((one) => one.trim().toLowerCase());
  if (request.method !== 'GET' || request.httpVersion !== '1.1' || !offered.includes('websocket')) return false;
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
