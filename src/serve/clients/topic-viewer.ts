// A viewer of a topic over a WebSocket: the relay's viewer with an outlet that bypasses `ws.send`, because each frame
// is built once for all viewers (RFC 6455 §5.1, §5.2); and the check whether it reads anything at all.

import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { Backlog } from '../../relay/delivery/backlog.js';
import { serverFrameBuilder } from '../../relay/framing/frame.js';
import type { DropObserver } from '../../relay/delivery/drop-policy.js';
import type { GopCache } from '../../relay/delivery/gop-cache.js';
import type { Message } from '../../relay/message.js';
import { type ViewerTransport, Viewer } from '../../relay/delivery/viewer.js';
import type { ServeLimits } from '../serve-limits.js';
import type { TrafficCounters } from '../topics/traffic.js';

const { OPEN } = WebSocket;

/** Writes a topic's messages to one WebSocket's connection. */
export class TopicViewer implements ViewerTransport {
  /** The subscriber of the topic. */
  readonly viewer: Viewer;
  readonly #socket: WebSocket;
  readonly #frameSink: Socket;
  readonly #backlog = new Backlog();
  #waiting: number; // bytes, at the last check
  readonly #isSecure: boolean;
  readonly #traffic: TrafficCounters;
  readonly #stuckAfterMs: number;
  #countedMessages = 0;
  #countedBytes = 0;
  #bytesLeft = 0;
  #stalledSince = 0;

  /** @param frameSink the connection under `socket`. */
  constructor(
    socket: WebSocket,
    frameSink: Socket,
    traffic: TrafficCounters,
    limits: ServeLimits,
    observer: DropObserver,
  ) {
    this.#socket = socket;
    this.#frameSink = frameSink;
    this.#waiting = frameSink.writableLength;
    this.#isSecure = frameSink instanceof TLSSocket;
    this.#traffic = traffic;
    this.#stuckAfterMs = limits.stuckAfterMs;
    // Stuck viewers are detected here, in finer steps, and also when nothing more is sent.
    this.viewer = new Viewer(this, { ...limits, stuckAfterMs: Infinity }, observer);
  }

  /** Sends the topic's cache; called before the first message. */
  start(cache: GopCache | null): void {
    this.viewer.start(cache);
  }

  get waitingBytes(): number {
    // Nothing may follow a close frame (RFC 6455 §5.5.1).
    if (this.#socket.readyState !== OPEN) return -1;
    this.#waiting = this.#frameSink.writableLength;
    return this.#backlog.memoryOf(this.#waiting);
  }

  send(message: Message): void {
    const frameSink = this.#frameSink;
    // TLS reads the buffer some time later; so does a socket with a backlog.
    const isLent = !this.#isSecure && this.#waiting === 0;
    if (isLent) frameSink.write(serverFrameBuilder.shared(message));
    else frameSink.write(serverFrameBuilder.owned(message), this.#backlog.add());
    this.#waiting = frameSink.writableLength;
    if (isLent && this.#waiting > 0) serverFrameBuilder.retain(frameSink);
    this.#traffic.sentMessages++;
    this.#traffic.sentBytes += message.data.length;
  }

  abort(): void {
    this.#frameSink.destroy();
  }

  /** Counts what was dropped since the last call. */
  countDrops(): void {
    const { droppedMessages, droppedBytes } = this.viewer;
    this.#traffic.droppedMessages += droppedMessages - this.#countedMessages;
    this.#traffic.droppedBytes += droppedBytes - this.#countedBytes;
    this.#countedMessages = droppedMessages;
    this.#countedBytes = droppedBytes;
  }

  /** Whether it has read nothing of its backlog for the time that is allowed. Called about once a second. */
  isStuck(nowMs: number): boolean {
    const left = unsentBytes(this.#frameSink);
    if (left === 0 || left !== this.#bytesLeft) this.#stalledSince = nowMs;
    this.#bytesLeft = left;
    return left > 0 && nowMs - this.#stalledSince >= this.#stuckAfterMs;
  }
}

/**
 * Bytes that the system has not accepted yet, in steps finer than whole writes. Node keeps the rest of the current
 * write
 * in its handle, which its own socket time-out also uses to detect progress; without the handle the steps are coarser.
 */
function unsentBytes(frameSink: Socket): number {
  const { _handle: handle } = frameSink as unknown as { _handle?: { writeQueueSize?: number } | null };
  return frameSink.writableLength + (handle?.writeQueueSize ?? 0);
}
