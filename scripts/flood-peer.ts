// The peers of `npm run bench:flood` that flood and those that take what comes, in a process of their own. Told by IPC.

import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type Flood, floodOf, openBare, pour, tinyFrame } from '../test/support/flood.js';

/** What this process is to do. */
export type Task =
  | { readonly do: 'listen'; readonly kind: Flood }
  | { readonly do: 'dial'; readonly url: string; readonly kind: Flood | 'nothing' };

const sockets = new Set<Socket>();

function flood(socket: Socket, kind: Flood, isMasked: boolean): void {
  const bytes = floodOf(kind, isMasked);
  pour(socket, bytes);
  if (kind !== 'mixed') return;
  // With closes: it comes again, see `dial`; a relay's link does so by itself.
  setTimeout(() => socket.end(tinyFrame(8, '\x03\xe8', { isMasked })), 1000);
}

async function dial(url: string, kind: Flood | 'nothing'): Promise<void> {
  const socket = await openBare(url);
  sockets.add(socket);
  socket.on('close', () => {
    sockets.delete(socket);
    setTimeout(() => void dial(url, kind).catch(() => undefined), 50);
  });
  if (kind !== 'nothing') flood(socket, kind, true);
}

/** An endpoint: whoever dials `/flood` is flooded, others are only read. */
function listen(kind: Flood): Promise<number> {
  const server = createServer();
  server.on('upgrade', (request, socket: Socket) => {
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.on('error', () => undefined).resume();
    if (request.url === '/flood') setTimeout(() => flood(socket, kind, false), 200);
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

process.on('message', (task: Task) => {
  void (async () => {
    if (task.do === 'listen') process.send!(await listen(task.kind));
    else {
      await dial(task.url, task.kind).catch(() => undefined);
      process.send!(0);
    }
  })();
});
