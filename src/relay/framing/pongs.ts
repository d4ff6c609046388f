// Answers pings. Of a flood of pings from a peer that does not read, only the last is answered (RFC 6455 §5.5.3 allows it),
// so that memory stays bounded. ws's own answers end the connection at the 61st that is unsent, as after a burst of 61
// pings in one read.

import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';

/** How many answers may be queued for a peer; after that only the answer to its last ping. */
const MAX_WAITING = 64;

/** Answers the pings of a WebSocket that was made with `autoPong: false`. `carrier` is the connection under it. */
export function answerPings(socket: WebSocket, frameSink: Socket): void {
  let waiting = 0;
  let last: Buffer | null = null;
  const sent = () => {
    waiting--;
    if (last === null) return;
    const ping = last;
    last = null;
    answer(ping);
  };
  const answer = (ping: Buffer) => {
    if (socket.readyState !== socket.OPEN) return;
    waiting++;
    socket.pong(ping, undefined, sent);
  };
  socket.on('ping', (ping: Buffer) => {
    if (frameSink.writableLength === 0 || waiting < MAX_WAITING) answer(ping);
    else last = Buffer.from(ping); // a copy: `ping` is part of a read buffer
  });
}
