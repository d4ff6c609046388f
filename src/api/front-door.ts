// What happens on a connection before it is a request: plain uploads are taken from the socket, all else is handed to
// Node's parser; whoever sends no request is cut off; nobody holds more connections than a share.

import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { LimitError } from '../errors.js';
import { takeRawUpload, type UploadAnswers } from '../ingest/raw-upload.js';
import { readUploadHead, type RequestHead } from '../ingest/request-head.js';
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

const TELL_EVERY_MS = 1000;

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
  readonly #tooMany = new WeakSet<Socket>();
  /** TCP connections without a request by the other side's address and port, which TLS does not change; oldest first. */
  readonly #pending = new Map<string, Socket>();
  readonly #counts = new Map<string, number>();
  readonly #relay: Relay;
  readonly #guard: Guard;
  readonly #limits: DoorLimits;
  readonly #log: Log;
  readonly #toNode: (socket: Socket) => void;
  #toldAt = -Infinity;
  #untold = 0;

  constructor(server: Server, relay: Relay, guard: Guard, limits: DoorLimits, log: Log) {
    this.#log = log;
    this.#relay = relay;
    this.#guard = guard;
    this.#limits = limits;
    const isSecure = server instanceof TlsServer;
    const event = isSecure ? 'secureConnection' : 'connection';
    // Node's own handler comes second: it is given the connections that are not plain uploads.
    const [handler] = server.listeners(event) as ((this: Server, socket: Socket) => void)[];
    this.#toNode = (socket) => handler!.call(server, socket);
    server.off(event, handler!);
    // Counted as soon as it is there: a TLS handshake that never ends holds a connection too.
    server.prependListener('connection', (socket: Socket) => this.#count(socket, isSecure));
    server.on(event, (socket: Socket) => this.#open(socket));
    const isRequest = ({ socket }: { socket: Socket }) => this.#pending.delete(peerOf(socket));
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

  /** A new TCP connection: is there room for it? */
  #count(socket: Socket, isSecure: boolean): void {
    if ((this.#counts.get(socket.remoteAddress ?? '') ?? 0) < this.#limits.maxConnections) {
      this.#hold(socket, this.#sockets);
      this.#wait(socket);
    } else if (isSecure) {
      socket.destroy(); // an answer would cost a handshake
    } else {
      this.#tooMany.add(socket);
    }
  }

  #open(socket: Socket): void {
    const onError = () => socket.destroy();
    socket.on('error', onError);
    if (this.#tooMany.has(socket)) {
      const words = `${this.#limits.maxConnections} connections from one address at most (VW_MAX_CONNECTIONS)`;
      refuseError(socket, new LimitError('ERR_TOO_MANY_CONNECTIONS', words));
      return;
    }
    socket.once('end', onError); // it asks for nothing
    socket.once('data', (first: Buffer) => {
      socket.off('end', onError);
      const head = readUploadHead(first);
      if (head?.target.startsWith('/ts/')) {
        this.#take(socket, head, first.subarray(head.bytes));
        return;
      }
      // Node's handler reads the socket from the start: what was read is put back before it looks.
      socket.off('error', onError).pause();
      socket.unshift(first);
      this.#toNode(socket);
      socket.resume();
    });
  }

  /** An upload, of which `rest` is here already. */
  #take(socket: Socket, head: RequestHead, rest: Buffer): void {
    this.#pending.delete(peerOf(socket));
    try {
      this.#guard.admit(knockOfHead(head, socket.remoteAddress ?? ''));
      const feed = this.#relay.feed(parseFeedName(decodeURIComponent(pathOf(head.target).slice('/ts/'.length))));
      const upload = takeRawUpload(socket, rest, feed, ANSWERS);
      if (upload === socket) {
        this.#uploads.add(upload); // TLS: its connection is counted
        upload.once('close', () => this.#uploads.delete(upload));
      } else {
        this.#hold(upload, this.#uploads);
      }
    } catch (error) {
      this.#tellRefusal(pathOf(head.target).slice(0, 200), socket.remoteAddress ?? '', (error as Error).message);
      refuseError(socket, error);
    }
  }

  /** ffmpeg says no more than "broken pipe": the reason has to stand here. A line a second, or strangers fill the disk. */
  #tellRefusal(path: string, from: string, reason: string): void {
    const now = performance.now();
    if (now - this.#toldAt < TELL_EVERY_MS) {
      this.#untold++;
      return;
    }
    this.#log.warn('upload refused', { path, from, reason, ...(this.#untold > 0 ? { untold: this.#untold } : {}) });
    this.#toldAt = now;
    this.#untold = 0;
  }

  /** Counts a socket with its address as long as it is there. */
  #hold(socket: Socket, where: Set<Socket>): void {
    const address = socket.remoteAddress ?? '';
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
      const [[name, oldest]] = this.#pending as unknown as [[string, Socket]]; // there is one: maxPending is not 0
      oldest.destroy();
      this.#pending.delete(name);
    }
    const peer = peerOf(socket);
    this.#pending.set(peer, socket);
    const forget = () => {
      if (this.#pending.get(peer) !== socket) return false;
      return this.#pending.delete(peer);
    };
    // Longer than Node's own limit, which answers 408: this is for those that its parser never sees.
    const late = setTimeout(() => {
      if (forget()) socket.destroy();
    }, headersTimeoutMs + 1000).unref();
    socket.once('close', () => {
      clearTimeout(late);
      forget();
    });
  }
}

function peerOf(socket: Socket): string {
  return `${socket.remoteAddress ?? ''} ${socket.remotePort ?? 0}`;
}
