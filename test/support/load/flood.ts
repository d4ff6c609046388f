// Tiny WebSocket frames, as many as fit, over a bare socket: a peer that floods. RFC 6455 §5.2.

import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';

/** What a flood is made of. */
export const FLOODS = ['text', 'binary', 'empty', 'ping', 'pong', 'fragments', 'mixed'] as const;
export type Flood = (typeof FLOODS)[number];

/** A frame with a payload of less than 126 bytes; masked with a key of zeros, as a client's must be. */
export function tinyFrame(opcode: number, payload: string, options: { isMasked: boolean; isLast?: boolean }): Buffer {
  const fin = options.isLast === false ? 0 : 0x80;
  const body = Buffer.from(payload, 'latin1');
  const key = options.isMasked ? Buffer.alloc(4) : Buffer.alloc(0);
  return Buffer.concat([Buffer.of(fin | opcode, (options.isMasked ? 0x80 : 0) | body.length), key, body]);
}

/** A message of so many one-byte fragments. */
function fragments(count: number, isMasked: boolean): Buffer[] {
  return Array.from({ length: count }, (_, i) =>
    tinyFrame(i === 0 ? 2 : 0, 'x', { isMasked, isLast: i === count - 1 }),
  );
}

/** About `bytes` of whole frames and messages of a kind. */
export function floodOf(kind: Flood, isMasked: boolean, bytes = 1 << 16): Buffer {
  const frame = (opcode: number, payload: string) => tinyFrame(opcode, payload, { isMasked });
  const unit = {
    text: [frame(1, 'x')],
    binary: [frame(2, 'x')],
    empty: [frame(1, '')],
    ping: [frame(9, '')],
    pong: [frame(10, '')],
    fragments: fragments(1000, isMasked),
    mixed: [frame(1, 'x'), frame(2, ''), frame(9, 'p'), frame(10, ''), ...fragments(3, isMasked)],
  }[kind];
  const once = Buffer.concat(unit);
  return Buffer.concat(Array.from({ length: Math.ceil(bytes / once.length) }, () => once));
}

/** Connects to a WebSocket's address, with TLS where it is wss; resolves when it is answered with 101. What comes is thrown away. */
export function openBare(url: string, token?: string): Promise<Socket> {
  const { protocol, hostname, port, pathname, search } = new URL(url);
  const options = { host: hostname, port: Number(port), rejectUnauthorized: false };
  const socket = protocol === 'wss:' ? connectSecure(options) : connect(options);
  socket.setNoDelay();
  socket.write(
    `GET ${pathname}${search} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
  );
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
    socket.once('data', (head: Buffer) => {
      if (!head.toString('latin1').startsWith('HTTP/1.1 101')) {
        reject(new Error(head.toString('latin1').split('\r\n')[0]));
        return;
      }
      socket.on('error', () => undefined).resume();
      if (token !== undefined) socket.write(tinyLong(token));
      resolve(socket);
    });
  });
}

/** A masked text frame of up to 64 KiB. */
function tinyLong(text: string): Buffer {
  const body = Buffer.from(text);
  return Buffer.concat([Buffer.of(0x81, 0xfe, body.length >> 8, body.length & 0xff), Buffer.alloc(4), body]);
}

/** Writes `bytes` again and again, as fast as the other side reads. */
export function pour(socket: Socket, bytes: Buffer): void {
  const write = () => {
    while (!socket.destroyed && socket.write(bytes));
  };
  socket.on('drain', write);
  write();
}
