// Answers pings. A peer that floods pings and does not read is answered the last of them only (RFC 6455 §5.5.3 allows it),
// so that it costs no memory. ws's own answers end the connection at the 61st that is not sent yet, which a burst of 61
// pings in one read brings about.

import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';

/** So many answers may wait for a peer; then one more does, to its last ping. */
const MAX_WAITING = 64;

/** Answers the pings of a WebSocket that was made with `autoPong: false`. `carrier` is the connection under it. */
export function answerPings(socket: WebSocket, carrier: Socket): void {
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
    if (carrier.writableLength === 0 || waiting < MAX_WAITING) answer(ping);
    else last = Buffer.from(ping); // it lies in what was read
  });
}
