// The peers of `npm run bench:flood` and `bench:storms` that flood and those that take what comes, in a process of
// their own. Driven by IPC.

import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type Flood, floodOf, openBare, pour, tinyFrame } from '../test/support/load/flood.js';
import { floodRequests, type RequestFlood, type Storm, stormOnce } from '../test/support/load/flood-http.js';
import { pause } from '../test/support/wait.js';

/** A command to this process. */
export type Task =
  | { readonly do: 'listen'; readonly kind: Flood }
  | { readonly do: 'fill'; readonly url: string; readonly kind: RequestFlood | 'records' }
  | { readonly do: 'storm'; readonly url: string; readonly kind: Storm; readonly width: number }
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

/** Floods with requests; when the connection is cut, on the next. */
async function fill(url: string, kind: RequestFlood | 'records'): Promise<void> {
  const socket = await floodRequests(url, kind);
  sockets.add(socket);
  socket.on('close', () => {
    sockets.delete(socket);
    setTimeout(() => void fill(url, kind).catch(() => undefined), 50);
  });
}

/** Comes and goes for ever. */
async function storm(url: string, kind: Storm): Promise<void> {
  for (;;) await stormOnce(url, kind).catch(() => pause(5));
}

/** An endpoint: a client at `/flood` is flooded, one at `/close` is closed at once, others are only read. */
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
    if (request.url === '/close') socket.destroy();
    if (request.url === '/flood') setTimeout(() => flood(socket, kind, false), 200);
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

process.on('message', (task: Task) => {
  void (async () => {
    if (task.do === 'listen') process.send!(await listen(task.kind));
    else if (task.do === 'fill') {
      await fill(task.url, task.kind).catch(() => undefined);
      process.send!(0);
    } else if (task.do === 'storm') {
      for (let i = 0; i < task.width; i++) void storm(task.url, task.kind);
      process.send!(0);
    } else {
      await dial(task.url, task.kind).catch(() => undefined);
      process.send!(0);
    }
  })();
});
