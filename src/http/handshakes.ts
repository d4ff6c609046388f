// Begins TLS handshakes in turns: each costs a millisecond of the processor or more, and those of all connections that say
// hello at once would be computed in one turn of the event loop. Addresses take their turn, too: where one begins a thousand
// connections, another's first is not behind them.
//
// A connection is given to TLS when its first bytes are there, which Node then hands on to it; whoever sends none is cut off
// by Connections.

import type { Server, Socket } from 'node:net';
import { networkOf } from './network.js';

/** Handshakes that begin in one turn. */
const MOST_IN_TURN = 2;
/**
 * Turns that handshakes stand back in as long as connections come. The system hands out one a turn, in their order: whose it
 * is is not known before, so those that wait there are let in first.
 */
const MOST_TURNS_BACK = 8;

type ConnectionHandler = (this: Server, socket: Socket) => void;

/** Takes the connections of `server`, one with TLS, from Node, and gives it a few of them in each turn of the event loop. */
export function handshakeInTurns(server: Server, mostInTurn = MOST_IN_TURN): void {
  const nodesHandler = server.listeners('connection')[0] as ConnectionHandler;
  server.off('connection', nodesHandler);
  const waiting = new Waiting();
  let isArmed = false;
  let hasCome = false; // a connection, in this turn
  let turnsBack = 0;
  const begin = () => {
    isArmed = false;
    const standsBack = hasCome && turnsBack < MOST_TURNS_BACK;
    turnsBack = standsBack ? turnsBack + 1 : 0;
    hasCome = false;
    for (let begun = 0; !standsBack && begun < mostInTurn; begun++) {
      const socket = waiting.take();
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
        socket.destroy(); // it has ended, and asked for nothing
        return;
      }
      waiting.add(network, socket);
      arm();
    });
  });
}

/** Connections with their first bytes. Taken are the oldest of each network in turn. */
class Waiting {
  size = 0;
  readonly #byNetwork = new Map<string, Set<Socket>>(); // first the one whose turn it is

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

  /** The next; null: none waits. */
  take(): Socket | null {
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
