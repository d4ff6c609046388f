// The outlet of a reader with a WebSocket. It bypasses `ws.send`, because each frame is built, and masked, once for all
// readers (RFC 6455 §5.1, §5.2): `frameBuilder` for links, which are clients, `serverFrameBuilder` for our own clients.

import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import type { FrameBuilder } from '../framing/frame.js';
import type { Message } from '../message.js';
import { awaitDrainOf, type Backpressure } from './backpressure.js';
import { Backlog } from './backlog.js';
import type { Outlet } from './outlet.js';

const { OPEN } = WebSocket;

/** Writes a reader's messages to the connection under its WebSocket, a message a frame. */
export class FrameOutlet implements Outlet {
  readonly #socket: WebSocket;
  readonly #frameSink: Socket;
  readonly #frames: FrameBuilder;
  readonly #backlog = new Backlog();
  readonly #isSecure: boolean;
  #queuedBytes: number; // when last seen

  /** @param frameSink the connection under `socket`. */
  constructor(socket: WebSocket, frameSink: Socket, frames: FrameBuilder) {
    this.#socket = socket;
    this.#frameSink = frameSink;
    this.#frames = frames;
    this.#isSecure = frameSink instanceof TLSSocket;
    this.#queuedBytes = frameSink.writableLength;
  }

  /** Bytes written that the system has not taken yet, as the socket counts them. */
  get queuedBytes(): number {
    return this.#frameSink.writableLength;
  }

  get waitingBytes(): number {
    // Nothing may follow a close frame (RFC 6455 §5.5.1). Not writable: the other side has ended the connection.
    if (this.#socket.readyState !== OPEN || !this.#frameSink.writable) return -1;
    this.#queuedBytes = this.#frameSink.writableLength;
    return this.#backlog.memoryOf(this.#queuedBytes);
  }

  /** Sends a message as one frame; to be called after {@link waitingBytes}, unless that is -1. */
  send(message: Message): void {
    const frameSink = this.#frameSink;
    if (message.isLasting && !this.#frames.isMasked) {
      this.#sendInPlace(message);
      return;
    }
    // TLS reads the frame some time later; so does a socket with a backlog.
    const isLent = !this.#isSecure && this.#queuedBytes === 0;
    // Not the result of write(): for a long frame it is false although the system has taken all of it.
    if (isLent) frameSink.write(this.#frames.shared(message));
    else frameSink.write(this.#frames.owned(message), this.#backlog.add());
    this.#queuedBytes = frameSink.writableLength;
    if (isLent && this.#queuedBytes > 0) this.#frames.retain(frameSink);
  }

  /** Sends cached packets from where they are: however slowly it reads, a viewer that starts costs no copy of them. */
  #sendInPlace(message: Message): void {
    const frameSink = this.#frameSink;
    frameSink.cork();
    frameSink.write(this.#frames.header(message), this.#backlog.add());
    frameSink.write(message.data, this.#backlog.add());
    frameSink.uncork();
    this.#queuedBytes = frameSink.writableLength;
  }

  awaitDrain(ready: () => void): Backpressure {
    return awaitDrainOf(this.#frameSink, ready);
  }

  /** How many bytes of all that was ever written to the connection the system has accepted. */
  get acceptedBytes(): number {
    return this.#frameSink.bytesWritten - this.unsentBytes;
  }

  abort(): void {
    this.#socket.terminate();
  }

  /**
   * Bytes that the system has not accepted yet, in steps finer than whole writes. Node keeps the rest of the current write
   * in its handle, which its own socket time-out also uses to detect progress; without the handle the steps are coarser.
   */
  get unsentBytes(): number {
    const { _handle: handle } = this.#frameSink as unknown as { _handle?: { writeQueueSize?: number } | null };
    return this.#frameSink.writableLength + (handle?.writeQueueSize ?? 0);
  }
}
