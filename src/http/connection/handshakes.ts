// Limits the TLS handshakes per turn of the event loop: each costs a millisecond of processor time or more, and those
// of all clients that send a ClientHello at once would be computed in one turn. Addresses are served round robin: if
// one opens a thousand connections, another's first does not queue behind them.
//
// A connection is given to TLS once its first bytes have arrived, which Node then passes on; one that sends none is
// closed by Connections.

import type { Server, Socket } from 'node:net';
import { networkOf } from './network.js';

/** Handshakes that start in one turn. */
const MAX_PER_TURN = 2;
/**
 * Turns for which handshakes are deferred while connections arrive. The system accepts one a turn, in order, and its
 * address is unknown before, so the accept queue is emptied first.
 */
const MAX_DEFERRED_TURNS = 8;

type RawConnectionHandler = (this: Server, socket: Socket) => void;

/** Intercepts the connections of a TLS `server`, and gives Node a few of them in each turn of the event loop. */
export function limitHandshakesPerTurn(server: Server, mostInTurn = MAX_PER_TURN): void {
  const nodesHandler = server.listeners('connection')[0] as RawConnectionHandler;
  server.off('connection', nodesHandler);
  const waiting = new HandshakeQueue();
  let isArmed = false;
  let hasCome = false; // a connection, in this turn
  let turnsBack = 0;
  const begin = () => {
    isArmed = false;
    const standsBack = hasCome && turnsBack < MAX_DEFERRED_TURNS;
    turnsBack = standsBack ? turnsBack + 1 : 0;
    hasCome = false;
    for (let begun = 0; !standsBack && begun < mostInTurn; begun++) {
      const socket = waiting.next();
      if (socket === null) return;
      nodesHandler.call(server, socket);
    }
    if (waiting.size > 0) arm();
  };
  const arm = () => {
    if (isArmed) return;
    isArmed = true;
    setImmediate(begin);
  };
  server.on('connection', (socket: Socket) => {
    hasCome = true;
    const onError = () => socket.destroy();
    socket.on('error', onError);
    const network = networkOf(socket.remoteAddress ?? '');
    socket.once('close', () => waiting.delete(network, socket));
    socket.once('readable', () => {
      if (socket.readableLength === 0) {
        socket.destroy(); // it has ended without a request
        return;
      }
      waiting.add(network, socket);
      arm();
    });
  });
}

/** Connections whose first bytes have arrived. The oldest of each network is taken, round robin. */
class HandshakeQueue {
  size = 0;
  readonly #byNetwork = new Map<string, Set<Socket>>(); // the next one first

  add(network: string, socket: Socket): void {
    const sockets = this.#byNetwork.get(network) ?? new Set();
    this.#byNetwork.set(network, sockets.add(socket));
    this.size++;
  }

  delete(network: string, socket: Socket): void {
    const sockets = this.#byNetwork.get(network);
    if (!sockets?.delete(socket)) return;
    this.size--;
    if (sockets.size === 0) this.#byNetwork.delete(network);
  }

  /** The next connection; null: none. */
  next(): Socket | null {
    for (const [network, sockets] of this.#byNetwork) {
      const [oldest] = sockets;
      if (!oldest) continue; // there are no empty ones
      this.delete(network, oldest);
      if (this.#byNetwork.delete(network)) this.#byNetwork.set(network, sockets); // behind the others
      return oldest;
    }
    return null;
  }
}
