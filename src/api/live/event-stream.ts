// `GET /api/events`: the relay's events as server-sent events (WHATWG HTML, "Server-sent events"). A client that
// reconnects names the last event it received and gets those it missed; a client that does not read is disconnected.

import type { Request, Response } from 'express';
import { LimitError } from '../../errors.js';
import { networkOf } from '../../http/connection/network.js';
import { HttpError } from '../../http/answer/problem.js';
import { startFinalResponse } from '../../http/connection/pending-responses.js';
import { FairShares } from '../../fairness/fair-shares.js';
import { EVENT_TYPES, type EventType, type HistoryLost } from '../../relay/events/event.js';
import type { EventLog, RecordedEvent } from '../../relay/events/event-log.js';
import { exemptFromBodyTimeout } from '../access/authorize.js';

/** Clients at a time. Beyond that, the address with most clients loses one to an address with fewer. */
export const MAX_EVENT_CLIENTS = 50;
/** A client with a longer queue than this is disconnected; it can reconnect and get what it missed. */
export const MAX_WAITING_BYTES = 1024 * 1024;
/** Interval of comment lines, which keep proxies from closing an idle connection. */
const HEARTBEAT_MS = 15_000;
/** How long a browser waits before it reconnects. */
const RETRY_MS = 2000;

/** One event stream that is open. */
interface Client {
  readonly share: readonly [address: string];
  readonly response: Response;
  /** The event types that it subscribed to; null: all. */
  readonly types: ReadonlySet<EventType> | null;
  /** The newest event that need not be sent to it again. */
  lastId: number;
}

/** Sends events to HTTP clients. */
export class EventStreams {
  readonly #events: EventLog;
  readonly #clients = new Set<Client>();
  readonly #shares = new FairShares<Client>();
  #unsubscribe: (() => void) | null = null; // ends the subscription, which exists while there are clients
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(events: EventLog) {
    this.#events = events;
  }

  /** Answers with events until the client disconnects. Throws {@link HttpError} and {@link LimitError}. */
  serve(request: Request, response: Response): void {
    const types = readTypes(request.query.types);
    const last = request.get('Last-Event-ID') ?? readLast(request.query.lastEventId);
    if (response.socket === null) {
      // The response may never get the socket, and Node emits no 'close' for a response that has none.
      throw new HttpError(
        400,
        'ERR_PIPELINED',
        'another request on this connection is not answered yet; open a connection for events',
      );
    }
    const share: Client['share'] = [networkOf(request.socket.remoteAddress ?? '')];
    const most = this.#clients.size < MAX_EVENT_CLIENTS ? [] : this.#shares.largestFor(share);
    if (most === null) {
      throw new LimitError('ERR_TOO_MANY_CLIENTS', `the limit of ${MAX_EVENT_CLIENTS} event clients is reached`);
    }
    response.status(200).set({
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no', // nginx would buffer events until it has a page of them
    });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    exemptFromBodyTimeout(request); // its body, if any, is not read
    startFinalResponse(response);
    request.socket.setNoDelay(true);
    if (most[0]) {
      this.#remove(most[0]);
      most[0].response.destroy();
    }
    const client: Client = { share, response, types, lastId: this.#events.lastId };
    this.#add(client);
    response.on('error', () => undefined); // 'close' follows
    response.once('close', () => this.#remove(client));
    this.#write(client, this.#openingText(client, last));
  }

  /** Ends every response: the relay is stopping. */
  close(): void {
    for (const { response } of this.#clients) response.end();
  }

  /** The opening text: a note of lost events, the events that it missed, and the current id, which is always sent. */
  #openingText(client: Client, last: string | undefined): string {
    const { events, lost } = this.#eventsSince(last);
    const missed = events.filter((one) => isWanted(client, one)).map((one) => this.#block(one));
    const loss = lost === null ? '' : `event: ${lost.type}\ndata: ${JSON.stringify(lost)}\n\n`;
    return `retry: ${RETRY_MS}\n\n${loss}${missed.join('')}id: ${this.#idOf(client.lastId)}\n\n`;
  }

  /** The events after the one with the id `last`. */
  #eventsSince(last: string | undefined): { events: readonly RecordedEvent[]; lost: HistoryLost | null } {
    if (last === undefined || last === '') return { events: [], lost: null };
    const eventLog = this.#events;
    const [, run, number] = /^(?:([0-9a-f]{8})-)?(\d{1,15})$/.exec(last) ?? [];
    const isOurs = run === eventLog.run || (run === undefined && number === '0');
    const since = isOurs ? eventLog.since(Number(number)) : null;
    if (since?.isComplete) return { events: since.events, lost: null };
    const { events } = eventLog.since(0);
    const firstId = events[0]?.event.id ?? eventLog.lastId + 1;
    const message = since
      ? 'some events between that id and those that follow are no longer kept'
      : run === undefined
        ? 'not an event id of this relay; accepted: the id of an event, or 0 for all events that are kept'
        : 'the relay has been restarted since that event';
    return { events, lost: { type: 'history-lost', message, firstId } };
  }

  #add(client: Client): void {
    this.#clients.add(client);
    this.#shares.add(client.share, client);
    this.#unsubscribe ??= this.#events.subscribe((events) => this.#broadcast(events));
    this.#heartbeat ??= setInterval(() => this.#sendHeartbeats(), HEARTBEAT_MS).unref();
  }

  #remove(client: Client): void {
    if (!this.#clients.delete(client)) return;
    this.#shares.delete(client.share, client);
    if (this.#clients.size > 0) return;
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
  }

  #broadcast(events: RecordedEvent): void {
    const block = this.#block(events);
    for (const client of this.#clients) {
      if (!isWanted(client, events)) continue;
      client.lastId = events.event.id;
      this.#write(client, block);
    }
  }

  /** Sends a heartbeat, with the current id to a client whose filter has skipped events. */
  #sendHeartbeats(): void {
    const { lastId } = this.#events;
    for (const client of this.#clients) {
      this.#write(client, client.lastId === lastId ? ':\n\n' : `:\nid: ${this.#idOf(lastId)}\n\n`);
      client.lastId = lastId;
    }
  }

  #write({ response }: Client, text: string): void {
    if (!response.writable) return;
    response.write(text);
    if (response.writableLength <= MAX_WAITING_BYTES) return;
    this.#events.log.warn('event client does not read: disconnected', { from: response.socket?.remoteAddress });
    response.destroy();
  }

  #block({ event, json }: RecordedEvent): string {
    return `id: ${this.#idOf(event.id)}\nevent: ${event.type}\ndata: ${json}\n\n`;
  }

  /** Numbers start over with each run of the relay; the run's id in front keeps event ids unique. */
  #idOf(id: number): string {
    return `${this.#events.run}-${id}`;
  }
}

function isWanted({ types }: Client, { event }: RecordedEvent): boolean {
  return types === null || types.has(event.type);
}

/** `?types=link-lost,link-open`. */
function readTypes(given: unknown): ReadonlySet<EventType> | null {
  if (given === undefined) return null;
  const names = typeof given === 'string' ? given.split(',').map((name) => name.trim()) : [];
  const isKnown = (name: string): name is EventType => (EVENT_TYPES as readonly string[]).includes(name);
  if (names.length > 0 && names.every(isKnown)) return new Set(names);
  throw new HttpError(
    400,
    'ERR_BAD_EVENT_TYPES',
    `types names an unknown event type; accepted: one or more, separated by commas, of ${EVENT_TYPES.join(', ')}`,
  );
}

/** `?lastEventId=`, for clients that cannot set a header field. */
function readLast(given: unknown): string | undefined {
  if (given === undefined) return undefined;
  return typeof given === 'string' ? given : 'none';
}
