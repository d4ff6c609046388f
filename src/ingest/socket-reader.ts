// Reads a connection into one buffer that all uploads share. A read of Node's own takes new memory each time, which the
// garbage collector then has to find: a fifth of the cost of an upload (`npm run bench`).

import { type ConnectOpts, Socket, type SocketConstructorOpts } from 'node:net';

/** Bytes in front of what is read that its taker may write over: room for what is left of a packet. */
const HEADROOM = 256;
/** As long as the system gives at once. */
const READ_BYTES = 1 << 16;
const shared = Buffer.allocUnsafeSlow(HEADROOM + READ_BYTES);

/** What is known of the handle that carries a socket; Node keeps it private, but builds sockets on handles itself. */
interface Handle {
  reading: boolean;
  readStop(): number;
}

/** Takes what is read. */
export interface ByteTaker {
  /** Must be done with the bytes when it returns. So many bytes in front of them may be written over. */
  take(bytes: Buffer, headroom: number): void;
}

/**
 * Reads `socket` from now on for `taker`. Returns the socket to go on with: the connection moves to it, and `socket` is
 * used up. Where that is not possible (TLS, another Node) it is `socket` itself, read the ordinary way.
 */
export function readShared(socket: Socket, taker: ByteTaker): Socket {
  const carrier = socket as unknown as { _handle: Handle | null };
  const handle = carrier._handle;
  if (socket.constructor !== Socket || typeof handle?.readStop !== 'function') {
    socket.on('data', (bytes: Buffer) => taker.take(bytes, 0));
    return socket;
  }
  handle.readStop();
  handle.reading = false; // so that the new socket starts it
  carrier._handle = null;
  const options: SocketConstructorOpts & ConnectOpts & { handle: Handle } = {
    handle,
    allowHalfOpen: true,
    onread: {
      buffer: shared.subarray(HEADROOM),
      callback: (bytes) => {
        taker.take(shared.subarray(HEADROOM, HEADROOM + bytes), HEADROOM);
        return true;
      },
    },
  };
  const reader = new Socket(options);
  socket.destroy(); // it has nothing to close any more; its server counts one less
  return reader;
}
