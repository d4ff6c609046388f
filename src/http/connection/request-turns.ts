// Bounds the work that the requests of one connection cause at once. A few are handled immediately; beyond that each is
// queued, and Node's parser gets nothing more of the connection meanwhile: see parser-throttle.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { FreeAllowance, type StepResult, type Steps, turns, type Turns } from '../../fairness/turns.js';
import { throttleOf } from './parser-throttle.js';
import { hasFinalResponse } from './pending-responses.js';

/** Requests of one connection that are handled in one turn of the event loop without being timed. */
const FREE_REQUESTS = 4;
/** The same for all connections together. */
const FREE_REQUESTS_OF_ALL = 16;

type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** The requests of one connection. */
class RequestQueue implements Steps {
  #turn = -1; // that #count belongs to
  #count = 0;
  #isWaiting = false; // is queued
  #isThrottled = false; // the connection is held
  readonly #waiting: { request: IncomingMessage; response: ServerResponse }[] = [];

  constructor(
    private readonly socket: Socket,
    private readonly handle: RequestHandler,
    private readonly turns: Turns,
    private readonly free: FreeAllowance,
  ) {}

  enqueue(request: IncomingMessage, response: ServerResponse): void {
    if (this.#turn !== this.turns.number) {
      this.#turn = this.turns.number;
      this.#count = 0;
    }
    if (this.#waiting.length === 0 && ++this.#count <= FREE_REQUESTS && this.free.spend(1)) {
      this.#answer(request, response);
      return;
    }
    this.#waiting.push({ request, response });
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    if (this.turns.run(this)) return;
    this.#isThrottled = true;
    throttleOf(this.socket)?.hold();
  }

  /** Answers the next. */
  step(): StepResult {
    const next = this.#waiting.shift();
    if (next && !this.socket.destroyed) this.#answer(next.request, next.response);
    if (this.socket.destroyed) this.#waiting.length = 0;
    if (this.#waiting.length > 0) return 'more';
    this.#isWaiting = false;
    if (this.#isThrottled) throttleOf(this.socket)?.release();
    this.#isThrottled = false;
    return 'done';
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    if (hasFinalResponse(this.socket)) request.resume();
    else this.handle(request, response);
  }
}

/** A request handler that queues the requests of a connection beyond the first few in a turn. */
export function inTurns(handle: RequestHandler, shared: Turns = turns): RequestHandler {
  const queues = new WeakMap<Socket, RequestQueue>();
  const free = new FreeAllowance(shared, FREE_REQUESTS_OF_ALL);
  return (request, response) => {
    const { socket } = request;
    let queue = queues.get(socket);
    if (!queue) queues.set(socket, (queue = new RequestQueue(socket, handle, shared, free)));
    queue.enqueue(request, response);
  };
}
