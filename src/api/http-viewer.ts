// `GET /ts/<feed or stream>`: a feed or stream as one endless response, for players that open an address.

import type { ServerResponse } from 'node:http';
import type { Request, Response } from 'express';
import { NotFoundError } from '../errors.js';
import { Backlog } from '../relay/backlog.js';
import { awaitDrainOf } from '../relay/pace.js';
import type { Relay } from '../relay/relay.js';
import type { Seats } from '../relay/seats.js';
import { type Outlet, tellDrops, Viewer } from '../relay/viewer.js';
import { networkOf } from '../http/network.js';
import { beginLastAnswer } from '../http/unanswered.js';
import { HttpError } from '../http/problem.js';
import { mayLast } from './let-in.js';

/** The media type of MPEG-TS (RFC 3555 §4.2.9, registered as video/MP2T). */
const MP2T = 'video/mp2t';

/** Plays feeds and streams to HTTP clients. */
export class HttpViewers {
  readonly #relay: Relay;
  readonly #seats: Seats;
  readonly #open = new Set<Response>();

  constructor(relay: Relay, seats: Seats) {
    this.#relay = relay;
    this.#seats = seats;
  }

  /** Answers with what `name` sends until the client goes. Throws {@link NotFoundError} for a name that nothing has. */
  play(name: string, request: Request, response: Response): void {
    const relay = this.#relay;
    if (!relay.has(name)) {
      throw new NotFoundError(
        `nothing is called "${name}": no feed has it, and no stream rule; GET /api/stats lists what there is`,
      );
    }
    if (response.socket === null) {
      // Its turn may never come, and its end is not told: node says nothing of responses that have no socket.
      throw new HttpError(
        400,
        'ERR_PIPELINED',
        'another request on this connection is not answered yet; open a connection for each player',
      );
    }
    const network = networkOf(request.socket.remoteAddress ?? '');
    this.#seats.check(name, network);
    response.status(200).set({ 'Content-Type': MP2T, 'Cache-Control': 'no-store', 'Accept-Ranges': 'none' });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    mayLast(request); // a body of it is not read
    beginLastAnswer(response);
    const leaveSeat = this.#seats.take(name, network, () => response.destroy());
    request.socket.setNoDelay(true);
    response.flushHeaders();
    const viewer = new Viewer(outletOf(response), relay.limits, tellDrops(relay.journal, name, response));
    viewer.begin(relay.cacheOf(name));
    const leave = relay.subscribe(name, viewer);
    this.#open.add(response);
    response.on('error', () => undefined); // told by 'close'
    response.once('close', () => {
      this.#open.delete(response);
      leave();
      leaveSeat();
    });
  }

  /** Ends every response: the relay is stopping. */
  close(): void {
    for (const response of this.#open) response.end();
  }
}

/** What carries a player's packets: the response. */
export function outletOf(response: ServerResponse): Outlet {
  const backlog = new Backlog();
  return {
    get waitingBytes() {
      return response.writable ? backlog.memoryOf(response.writableLength) : -1;
    },
    send: (message) => {
      if (message.kind === 'ts') response.write(message.keep(), backlog.add()); // what is no media has no place in a player's stream
    },
    awaitDrain: (ready) => awaitDrainOf(response, ready),
    giveUp: () => response.destroy(),
  };
}
