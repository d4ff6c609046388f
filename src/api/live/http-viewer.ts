// `GET /ts/<feed or stream>`: a feed or stream as one endless response, for players that open a URL.

import type { ServerResponse } from 'node:http';
import type { Request, Response } from 'express';
import { NotFoundError } from '../../errors.js';
import { Backlog } from '../../relay/delivery/backlog.js';
import { awaitDrainOf } from '../../relay/delivery/backpressure.js';
import { Delivery } from '../../relay/delivery/delivery.js';
import { dropEvents } from '../../relay/delivery/drop-events.js';
import type { Outlet } from '../../relay/delivery/outlet.js';
import type { Sink } from '../../relay/feed/sink.js';
import type { Relay } from '../../relay/relay.js';
import type { ClientLimit } from '../../relay/delivery/client-limit.js';
import { networkOf } from '../../http/connection/network.js';
import { startFinalResponse } from '../../http/connection/pending-responses.js';
import { HttpError } from '../../http/answer/problem.js';
import { exemptFromBodyTimeout } from '../access/authorize.js';

/** The media type of MPEG-TS (RFC 3555 §4.2.9, registered as video/MP2T). */
const MP2T = 'video/mp2t';

/** Serves feeds and streams to HTTP clients. */
export class HttpViewers {
  readonly #relay: Relay;
  readonly #seats: ClientLimit;
  readonly #open = new Set<Response>();

  constructor(relay: Relay, seats: ClientLimit) {
    this.#relay = relay;
    this.#seats = seats;
  }

  /** Answers with the media of `name` until the client disconnects. Throws {@link NotFoundError} if there is none. */
  play(name: string, request: Request, response: Response): void {
    const relay = this.#relay;
    if (!relay.has(name)) {
      throw new NotFoundError(`there is no feed and no stream rule called "${name}"; GET /api/stats lists both`);
    }
    if (response.socket === null) {
      // The response may never get the socket, and Node emits no 'close' for a response that has none.
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
    exemptFromBodyTimeout(request); // its body, if any, is not read
    startFinalResponse(response);
    const leaveSeat = this.#seats.acquire(name, network, () => response.destroy());
    request.socket.setNoDelay(true);
    response.flushHeaders();
    const observer = dropEvents(relay.events, { reader: 'viewer', name }, response);
    const delivery = new Delivery(outletOf(response), relay.limits, observer);
    delivery.start(relay.cacheOf(name));
    const leave = relay.subscribe(name, packetsTo(delivery));
    this.#open.add(response);
    response.on('error', () => undefined); // 'close' follows
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

/** Passes a player the packets: opaque messages must not get into its transport stream. */
function packetsTo(delivery: Delivery): Sink {
  return {
    write: (message) => {
      if (message.kind === 'ts') delivery.write(message);
    },
    get awaitsAccess() {
      return delivery.awaitsAccess;
    },
    awaitDrain: (ready) => delivery.awaitDrain(ready),
  };
}

/** The outlet that writes a player's packets to its response. */
export function outletOf(response: ServerResponse): Outlet {
  const backlog = new Backlog();
  return {
    get waitingBytes() {
      return response.writable ? backlog.memoryOf(response.writableLength) : -1;
    },
    send: (message) => {
      response.write(message.keep(), backlog.add());
    },
    awaitDrain: (ready) => awaitDrainOf(response, ready),
    abort: () => response.destroy(),
  };
}
