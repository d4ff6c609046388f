// Upgrades to WebSocket are handled, others are ignored (RFC 9110 §7.8): curl --http2 and Java's HttpClient offer h2c
// with every plain request, also with one that has a body. CONNECT is refused.
//
// Node stops parsing at an upgrade to any protocol, and leaves the body and all later requests in `head` and in the
// socket. A request whose offer is ignored is therefore fed to Node once more, from its head on and without the offer.

import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { respondWithError } from '../answer/answers.js';
import { FreeAllowance, turns } from '../../fairness/turns.js';
import { passToNode, pendingResponsesOf } from './bare-server.js';
import { throttleOf } from './parser-throttle.js';
import { HttpError } from '../answer/problem.js';
import { onFinalResponse } from './pending-responses.js';

/** Connection options of an upgrade; without them a request is an ordinary one. */
const OFFER = new Set(['upgrade', 'http2-settings']);
/** Node keeps this many fields of a head and drops the others, though it still applies them: a body's length, say. */
const MAX_FIELDS = 1000;
/** Upgrades that are handled in one turn of the event loop without being timed. */
const FREE_UPGRADES = 8;

/**
 * Passes WebSocket upgrades of `server` to `take`; an error that it throws is the answer. Others are ignored. `methods`
 * are
 * listed in the answer to CONNECT.
 */
export function handleUpgrades(
  server: Server,
  methods: string,
  take: (request: IncomingMessage, socket: Socket, head: Buffer) => void,
): void {
  const free = new FreeAllowance(turns, FREE_UPGRADES);
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    if (offersWebSocket(request)) {
      runInTurn(server, socket, () => free.spendOrQueue(() => answer(socket, () => take(request, socket, head))));
      return;
    }
    runInTurn(server, socket, () => {
      answer(socket, () => {
        const bytes = Buffer.concat([headWithoutOffer(request), head]);
        socket.off('error', destroy);
        passToNode(server, socket, bytes);
      });
    });
  });
  server.on('connect', (_request: IncomingMessage, socket: Socket) => {
    runInTurn(server, socket, () => {
      answer(socket, () => {
        throw new HttpError(405, 'ERR_METHOD', `CONNECT is not accepted, this is not a proxy; accepted: ${methods}`, {
          Allow: methods,
        });
      });
    });
  });
}

/** Calls `then` when all earlier requests on this connection are answered. Node no longer handles the connection. */
function runInTurn(server: Server, socket: Socket, then: () => void): void {
  socket.on('error', destroy);
  const throttle = throttleOf(socket);
  throttle?.parserReleased();
  throttle?.hold(); // what arrives after `head` is pushed after it
  // After an answer that lasts until the client disconnects this never happens; the disconnect is detected here.
  onFinalResponse(socket, () => socket.once('end', destroy).resume());
  const unanswered = pendingResponsesOf(server);
  const leave = unanswered.emitDrains(socket);
  unanswered.whenAllSent(socket, () => {
    leave();
    onFinalResponse(socket, () => undefined);
    then();
  });
}

/** Runs `how`; an error that it throws is the answer. */
function answer(socket: Socket, how: () => void): void {
  try {
    if (socket.writable) how();
  } catch (error) {
    respondWithError(socket, error);
  }
  throttleOf(socket)?.release();
}

function destroy(this: Socket): void {
  this.destroy();
}

/**
 * Whether WebSocket is among the offered protocols of a GET with HTTP/1.1 (RFC 6455 §4.1). If so, the Upgrade field is
 * reduced to it.
 */
function offersWebSocket(request: IncomingMessage): boolean {
  const offered = (request.headers.upgrade ?? '').split(',').map((one) => one.trim().toLowerCase());
  if (request.method !== 'GET' || request.httpVersion !== '1.1' || !offered.includes('websocket')) return false;
  request.headers.upgrade = 'websocket'; // ws accepts it alone only
  return true;
}

/** The head of a request as it was sent, without the offer. Throws {@link HttpError}. */
function headWithoutOffer({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  if (rawHeaders.length >= 2 * MAX_FIELDS) {
    throw new HttpError(431, 'ERR_HEADERS', `the request head has ${MAX_FIELDS} fields or more`);
  }
  const lines = [`${method ?? ''} ${url ?? ''} HTTP/${httpVersion}`];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = rawHeaders.slice(i, i + 2);
    if (OFFER.has(name.toLowerCase())) continue;
    lines.push(`${name}: ${name.toLowerCase() === 'connection' ? withoutOptions(value) : value}`);
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

function withoutOptions(connection: string): string {
  const options = connection.split(',').map((option) => option.trim());
  return options.filter((option) => !OFFER.has(option.toLowerCase())).join(', ');
}
