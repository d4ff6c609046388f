// Bounds the work that one read of a connection makes at once: 64 KiB may hold 2,000 requests, and Node hands out all of them
// in one go. A few pass untouched; of more, each waits for its turn, and the connection is not read meanwhile.
//
// This is the one file that knows that Node's HTTP parser reads from the socket's handle itself, whatever the socket's own
// pause() says. Where that is another, requests wait for their turn all the same, and more are read.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type StepResult, type Steps, turns, type Turns } from '../relay/framing/turns.js';

/** Requests of one connection that are answered in one turn of the event loop without being timed. */
const FREE_REQUESTS = 4;

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** What is used of Node's own. */
interface NodesSocket {
  readonly _handle?: { reading?: boolean; readStart?: () => void; readStop?: () => void } | null;
  /** Null where Node does not read requests any more: at an upgrade. */
  readonly parser?: unknown;
}

/** The requests of one connection. */
class Queue implements Steps {
  #turn = -1; // that #count belongs to
  #count = 0;
  #isHeld = false;
  #isWaiting = false; // for its turn
  readonly #stop = (): void => {
    const { _handle: handle } = this.socket as NodesSocket;
    if (handle?.reading !== true || !handle.readStop) return;
    handle.reading = false;
    handle.readStop();
  };
  readonly #waiting: { request: IncomingMessage; response: ServerResponse }[] = [];

  constructor(
    private readonly socket: Socket,
    private readonly handle: Handler,
    private readonly turns: Turns,
  ) {}

  take(request: IncomingMessage, response: ServerResponse): void {
    if (this.#turn !== this.turns.number) {
      this.#turn = this.turns.number;
      this.#count = 0;
    }
    if (++this.#count > 1) this.turns.watch();
    if (this.#waiting.length === 0 && this.#count <= FREE_REQUESTS) {
      this.handle(request, response);
      return;
    }
    this.#waiting.push({ request, response });
    if (this.#isWaiting) {
      this.#hold();
      return;
    }
    this.#isWaiting = true;
    if (!this.turns.take(this)) this.#hold();
  }

  /** Answers the next. */
  step(): StepResult {
    const next = this.#waiting.shift();
    if (next && !this.socket.destroyed) this.handle(next.request, next.response);
    if (this.socket.destroyed) this.#waiting.length = 0;
    if (this.#waiting.length > 0) return 'more';
    this.#isWaiting = false;
    this.#release();
    return 'done';
  }

  /** Nothing more is read, also where Node would go on because answers have been taken. */
  #hold(): void {
    if (!this.#isHeld) this.socket.on('resume', this.#stop);
    this.#isHeld = true;
    this.#stop();
  }

  #release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.socket.off('resume', this.#stop);
    const { _handle: handle, parser } = this.socket as NodesSocket;
    // Whoever has paused it, or reads it now, goes on by himself.
    if (!handle || !parser || handle.reading !== false || this.socket.isPaused()) return;
    handle.reading = true;
    handle.readStart?.();
  }
}

/** A handler of requests that has as many of a connection wait for their turn as are too many for one. */
export function inTurns(handle: Handler, shared: Turns = turns): Handler {
  const queues = new WeakMap<Socket, Queue>();
  return (request, response) => {
    const { socket } = request;
    let queue = queues.get(socket);
    if (!queue) queues.set(socket, (queue = new Queue(socket, handle, shared)));
    queue.take(request, response);
  };
}
