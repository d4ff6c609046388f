// Requests and connections, as many as fit: peers that flood an HTTP server, with and without TLS. RFC 9112.

import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectSecure } from 'node:tls';
import { openBare, pour } from './flood.js';
import { openTinyRecords } from './tiny-records.js';

/** What one connection is filled with. */
export const REQUEST_FLOODS = [
  'front page',
  'api',
  'wrong path',
  'wrong key',
  'uploads',
  'chunks',
  'own chunks',
] as const;
/** What connections are opened for, again and again. */
export const STORMS = ['connect', 'request', 'upgrade', 'wrong token', 'half handshake'] as const;
export type RequestFlood = (typeof REQUEST_FLOODS)[number];
export type Storm = (typeof STORMS)[number];

/** The first bytes of a flood, and what is sent again and again behind them: some 64 KiB. */
export function requestFloodOf(kind: RequestFlood): { head: string; again: Buffer } {
  const request = (line: string, fields = '', body = '') =>
    `${line} HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n${body}`;
  const chunked = 'Transfer-Encoding: chunked\r\n';
  const parts: Record<RequestFlood, [head: string, unit: string]> = {
    'front page': ['', request('GET /')],
    api: ['', request('GET /api/stats')],
    'wrong path': ['', request('GET //x/')],
    'wrong key': ['', request('GET /api/stats', 'Authorization: Bearer guess\r\n')],
    uploads: ['', request('POST /ts/flood', 'Content-Length: 1\r\n', 'x')],
    chunks: [request('POST /ts/flood', `${chunked}Trailer: x\r\n`), '1\r\nx\r\n'], // the trailer makes it Node's
    'own chunks': [request('POST /ts/flood', chunked), '1\r\nx\r\n'],
  };
  const [head, unit] = parts[kind];
  return { head, again: Buffer.from(unit.repeat(Math.ceil((1 << 16) / unit.length))) };
}

/** Connects to a server's address, with TLS where it is https or wss. What comes is thrown away. */
export function openTo(url: string): Promise<Socket> {
  const { protocol, hostname, port } = new URL(url);
  const isSecure = protocol === 'https:' || protocol === 'wss:';
  const socket = isSecure
    ? connectSecure({ host: hostname, port: Number(port), rejectUnauthorized: false })
    : connect(Number(port), hostname);
  socket.setNoDelay();
  return new Promise((resolve, reject) => {
    socket.once('error', reject).once('close', () => reject(new Error('closed')));
    socket.once(isSecure ? 'secureConnect' : 'connect', () => {
      socket.on('error', () => undefined).resume();
      resolve(socket);
    });
  });
}

/** Floods a server with requests on one connection; when that is cut, on the next. */
export async function floodRequests(url: string, kind: RequestFlood | 'records'): Promise<Socket> {
  if (kind === 'records') {
    const { hostname, port } = new URL(url);
    const { socket: secure, send } = await openTinyRecords(Number(port), hostname);
    secure.resume();
    const text = requestFloodOf('front page').again.toString().slice(0, 4096);
    void (async () => {
      while (!secure.destroyed) await send(text);
    })();
    return secure;
  }
  const socket = await openTo(url);
  const { head, again } = requestFloodOf(kind);
  socket.write(head);
  pour(socket, again);
  return socket;
}

/** Comes to a server once, and goes when it has been answered. */
export async function stormOnce(url: string, kind: Storm): Promise<void> {
  if (kind === 'half handshake') {
    await helloAndNoMore(url);
    return;
  }
  if (kind === 'wrong token') {
    const socket = await openBare(url, `eyJ${randomBytes(60).toString('base64url')}.x.y`);
    await gone(socket);
    return;
  }
  const socket = await openTo(url);
  if (kind === 'request') socket.write('GET /healthcheck HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  else if (kind === 'upgrade') {
    socket.write(
      `GET ${new URL(url).pathname} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
    );
    await new Promise((resolve) => socket.once('data', resolve).once('close', resolve));
    socket.destroy();
  } else socket.destroy();
  await gone(socket);
}

let hello: Promise<Buffer> | null = null;

/** Begins a TLS handshake, so that the server has its work, and goes. */
async function helloAndNoMore(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const bytes = await (hello ??= clientHello());
  const socket = connect(Number(port), hostname).on('error', () => undefined);
  socket.once('data', () => socket.destroy()).write(bytes);
  await gone(socket);
}

/** What a client of Node's begins with. */
function clientHello(): Promise<Buffer> {
  return new Promise((resolve) => {
    const carrier = new Duplex({
      read: () => undefined,
      write: (bytes: Buffer, _encoding, done) => {
        resolve(bytes);
        done();
      },
    });
    connectSecure({ socket: carrier, rejectUnauthorized: false }).on('error', () => undefined);
  });
}

function gone(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => (socket.destroyed ? resolve(null) : socket.once('close', resolve)));
}
