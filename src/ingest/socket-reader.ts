// Reads a connection into one buffer that all uploads share. Node's own reads allocate memory each time, and its garbage
// collection is a fifth of the cost of an upload (`npm run bench`).

import { type ConnectOpts, Socket, type SocketConstructorOpts } from 'node:net';

/** Bytes before the data that its receiver may overwrite: room for the rest of a packet. */
const HEADROOM = 256;
/** The most that one read returns. */
const READ_BYTES = 1 << 16;
const shared = Buffer.allocUnsafeSlow(HEADROOM + READ_BYTES);

/** The used part of a socket's handle; it is private, but Node's Socket accepts one as an option. */
interface Handle {
  reading: boolean;
  readStop(): number;
}

/** Receives what is read. */
export interface ByteReceiver {
  /** `bytes` is valid until this returns; `headroom` bytes before it may be overwritten. */
  receive(bytes: Buffer, headroom: number): void;
}

/**
 * Reads `socket` for `taker` from now on. Returns the socket to use: the connection moves to it, and `socket` is destroyed.
 * If that is not possible (TLS, another version of Node) it is `socket` itself, read the ordinary way.
 */
export function readShared(socket: Socket, taker: ByteReceiver): Socket {
  const frameSink = socket as unknown as { _handle: Handle | null };
  const handle = frameSink._handle;
  if (socket.constructor !== Socket || typeof handle?.readStop !== 'function') {
    socket.on('data', (bytes: Buffer) => taker.receive(bytes, 0));
    return socket;
  }
  handle.readStop();
  handle.reading = false; // so that the new socket starts reading
  frameSink._handle = null;
  const options: SocketConstructorOpts & ConnectOpts & { handle: Handle } = {
    handle,
    allowHalfOpen: true,
    onread: {
      buffer: shared.subarray(HEADROOM),
      callback: (bytes) => {
        taker.receive(shared.subarray(HEADROOM, HEADROOM + bytes), HEADROOM);
        return true;
      },
    },
  };
  const reader = new Socket(options);
  socket.destroy(); // closes nothing, but its server's connection count decreases
  return reader;
}
