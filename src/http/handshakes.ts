// Begins TLS handshakes in turns: each costs a millisecond of the processor or more, and those of all connections that say
// hello at once would be computed in one turn of the event loop.
//
// A connection is given to TLS when its first bytes are there, which Node then hands on to it; whoever sends none is cut off
// by Connections.

import type { Server, Socket } from 'node:net';

/** Handshakes that begin in one turn. */
const MOST_IN_TURN = 4;

type ConnectionHandler = (this: Server, socket: Socket) => void;

/** Takes the connections of `server`, one with TLS, from Node, and gives it a few of them in each turn of the event loop. */
export function handshakeInTurns(server: Server, mostInTurn = MOST_IN_TURN): void {
  const nodesHandler = server.listeners('connection')[0] as ConnectionHandler;
  server.off('connection', nodesHandler);
  const waiting = new Set<Socket>(); // with their first bytes; oldest first
  let isArmed = false;
  const begin = () => {
    isArmed = false;
    let begun = 0;
    for (const socket of waiting) {
      if (begun++ === mostInTurn) {
        arm();
        return;
      }
      waiting.delete(socket);
      nodesHandler.call(server, socket);
    }
  };
  const arm = () => {
    if (isArmed) return;
    isArmed = true;
    setImmediate(begin);
  };
  server.on('connection', (socket: Socket) => {
    const onError = () => socket.destroy();
    socket.on('error', onError);
    socket.once('close', () => waiting.delete(socket));
    socket.once('readable', () => {
      if (socket.readableLength === 0) {
        socket.destroy(); // it has ended, and asked for nothing
        return;
      }
      waiting.add(socket);
      arm();
    });
  });
}
