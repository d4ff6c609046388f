// What happens on a connection before it is a request: plain uploads are taken from the socket, all else is handed to
// Node's parser; whoever sends no request is cut off; nobody holds more connections than a share.

import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { LimitError } from '../errors.js';
import { takeRawUpload, type UploadAnswers } from '../ingest/raw-upload.js';
import { readUploadHead } from '../ingest/request-head.js';
import type { Log } from '../log.js';
import type { Relay } from '../relay/relay.js';
import { parseFeedName } from '../relay/rules.js';
import { refuse, refuseError, respond } from './answers.js';
import type { Guard } from './guard.js';
import { supersededProblem } from './http-upload.js';
import { problem } from './problem.js';
import { knockOfHead, pathOf } from './request.js';

/** What connections may take. */
export interface DoorLimits {
  /** How long a connection may be there before its first request's head is complete. */
  readonly headersTimeoutMs: number;
  /** Connections from one address. */
  readonly maxConnections: number;
  /** Connections whose first request is not complete; the oldest gives way to a new one. */
  readonly maxPending: number;
}

const ANSWERS: UploadAnswers = {
  ended: (socket, summary) => respond(socket, 200, 'application/json', JSON.stringify(summary)),
  superseded: (socket, feed) => refuse(socket, supersededProblem(feed)),
  broken: (socket, why) =>
    refuse(socket, problem(400, 'ERR_BAD_CHUNK', `the body is not chunked as it should be: ${why}`)),
};

/** Stands between a server and its connections. */
export class FrontDoor {
  readonly #sockets = new Set<Socket>();
  readonly #uploads = new Set<Socket>();
  readonly #pending = new Set<Socket>(); // oldest first
  readonly #counts = new Map<string, number>();
  readonly #relay: Relay;
  readonly #guard: Guard;
  readonly #limits: DoorLimits;
  readonly #log: Log;
  readonly #toNode: (socket: Socket) => void;

  /** @param event 'connection', or 'secureConnection' where the server speaks TLS. */
  constructor(server: Server, event: string, relay: Relay, guard: Guard, limits: DoorLimits, log: Log) {
    this.#log = log;
    this.#relay = relay;
    this.#guard = guard;
    this.#limits = limits;
    // Node's own handler comes second: it is given the connections that are not plain uploads.
    const [handler] = server.listeners(event) as ((this: Server, socket: Socket) => void)[];
    this.#toNode = (socket) => handler!.call(server, socket);
    server.removeAllListeners(event);
    server.on(event, (socket: Socket) => this.#open(socket));
    const isRequest = ({ socket }: { socket: Socket }) => this.#pending.delete(socket);
    server.prependListener('request', isRequest).prependListener('upgrade', isRequest);
    server.prependListener('checkContinue', isRequest);
  }

  /** Ends every upload with 503. */
  endUploads(): void {
    for (const socket of this.#uploads) refuse(socket, problem(503, 'ERR_STOPPING', 'the relay is stopping'));
  }

  /** Cuts every connection. */
  cut(): void {
    for (const socket of [...this.#sockets, ...this.#uploads]) socket.destroy();
  }

  #open(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    const count = this.#counts.get(address) ?? 0;
    if (count >= this.#limits.maxConnections) {
      socket.on('error', () => socket.destroy());
      const { maxConnections } = this.#limits;
      refuseError(
        socket,
        new LimitError(
          'ERR_TOO_MANY_CONNECTIONS',
          `${maxConnections} connections from one address at most (VW_MAX_CONNECTIONS)`,
        ),
      );
      return;
    }
    this.#hold(socket, address, this.#sockets);
    this.#wait(socket);
    const onError = () => socket.destroy();
    socket.on('error', onError);
    socket.once('data', (first: Buffer) => {
      const head = readUploadHead(first);
      if (head?.target.startsWith('/ts/')) {
        this.#pending.delete(socket);
        try {
          this.#guard.admit(knockOfHead(head, address));
          const feed = this.#relay.feed(parseFeedName(decodeURIComponent(pathOf(head.target).slice('/ts/'.length))));
          const upload = takeRawUpload(socket, first.subarray(head.bytes), feed, ANSWERS);
          this.#hold(upload, address, this.#uploads);
        } catch (error) {
          // ffmpeg says no more than "broken pipe": the reason has to stand here.
          this.#log.warn('upload refused', {
            path: pathOf(head.target).slice(0, 200),
            from: address,
            reason: (error as Error).message,
          });
          refuseError(socket, error);
        }
        return;
      }
      // Node's handler reads the socket from the start: what was read is put back before it looks.
      socket.off('error', onError).pause();
      socket.unshift(first);
      this.#toNode(socket);
      socket.resume();
    });
  }

  /** Counts a socket with its address as long as it is there. */
  #hold(socket: Socket, address: string, where: Set<Socket>): void {
    where.add(socket);
    this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1);
    socket.once('close', () => {
      where.delete(socket);
      const left = (this.#counts.get(address) ?? 1) - 1;
      if (left > 0) this.#counts.set(address, left);
      else this.#counts.delete(address);
    });
  }

  /** A connection that has not made a request has this long for it, or until too many wait. */
  #wait(socket: Socket): void {
    const { maxPending, headersTimeoutMs } = this.#limits;
    if (this.#pending.size >= maxPending) {
      const [oldest] = this.#pending;
      oldest!.destroy();
      this.#pending.delete(oldest!);
    }
    this.#pending.add(socket);
    // Longer than Node's own limit, which answers 408: this is for those that its parser never sees.
    const late = setTimeout(() => {
      if (this.#pending.has(socket)) socket.destroy();
    }, headersTimeoutMs + 1000).unref();
    socket.once('close', () => {
      clearTimeout(late);
      this.#pending.delete(socket);
    });
  }
}
