// Limits a server's TCP connections per address, and closes those that make no request in time.

import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { networkOf } from './network.js';
import { FairShares } from '../../fairness/fair-shares.js';

/** Limits of connections. */
export interface ConnectionLimits {
  /** How long a connection may take to complete the head of its first request. */
  readonly headersTimeoutMs: number;
  /** Connections from one address. */
  readonly maxConnections: number;
  /** Connections whose first request is not complete; beyond it the oldest of the address with most is closed. */
  readonly maxPending: number;
}

/** A connection without a request. Its address and port are stored: Node forgets them when the connection closes. */
interface PendingConnection {
  readonly socket: Socket;
  readonly peer: string;
  readonly share: readonly [address: string];
}

/** The connections of one server. */
export class Connections {
  readonly #sockets = new Set<Socket>();
  readonly #tooMany = new WeakSet<Socket>();
  /** TCP connections without a request by the peer's address and port, which TLS does not change; oldest first. */
  readonly #pending = new Map<string, PendingConnection>();
  readonly #pendingShares = new FairShares<PendingConnection>(); // the same by address
  readonly #counts = new Map<string, number>();
  readonly #limits: ConnectionLimits;

  /** @param isExempt whether an address may have any number of connections: a proxy has those of its clients. */
  constructor(server: Server, limits: ConnectionLimits, isExempt: (address: string) => boolean) {
    this.#limits = limits;
    // Counted as soon as it is accepted: a TLS handshake that never ends takes a connection too.
    server.prependListener('connection', (socket: Socket) => {
      const address = socket.remoteAddress ?? '';
      if (isExempt(address) || (this.#counts.get(networkOf(address)) ?? 0) < limits.maxConnections) {
        this.track(socket);
        this.#limitPending(socket);
      } else {
        this.#tooMany.add(socket);
        if (server instanceof TlsServer) socket.destroy(); // an answer would cost a TLS handshake
      }
    });
    const isRequest = ({ socket }: { socket: Socket }) => this.requestReceived(socket);
    server.prependListener('request', isRequest).prependListener('upgrade', isRequest);
    server.prependListener('checkContinue', isRequest);
  }

  /** Whether this connection was beyond the limit. */
  isRefused(socket: Socket): boolean {
    return this.#tooMany.has(socket);
  }

  /** The connection has made its first request. */
  requestReceived(socket: Socket): void {
    const waiting = this.#pending.get(peerOf(socket));
    if (waiting) this.#forget(waiting);
  }

  /** Counts a socket for its address until it closes. */
  track(socket: Socket): void {
    const address = networkOf(socket.remoteAddress ?? '');
    this.#sockets.add(socket);
    this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      const left = (this.#counts.get(address) ?? 1) - 1;
      if (left > 0) this.#counts.set(address, left);
      else this.#counts.delete(address);
    });
  }

  /** Destroys every connection. */
  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Closes a connection that makes no request within the time limit, or if too many are in that state. */
  #limitPending(socket: Socket): void {
    const { maxPending, headersTimeoutMs } = this.#limits;
    if (this.#pending.size >= maxPending) {
      const oldest = this.#pendingShares.oldestOfLargest();
      if (oldest) this.#forget(oldest);
      oldest?.socket.destroy();
    }
    const waiting: PendingConnection = { socket, peer: peerOf(socket), share: [networkOf(socket.remoteAddress ?? '')] };
    this.#pending.set(waiting.peer, waiting);
    this.#pendingShares.add(waiting.share, waiting);
    const forget = () => {
      if (this.#pending.get(waiting.peer) !== waiting) return false;
      this.#forget(waiting);
      return true;
    };
    // Longer than Node's own limit, which answers 408: this is for connections that never reach its parser.
    const late = setTimeout(() => {
      if (forget()) socket.destroy();
    }, headersTimeoutMs + 1000).unref();
    socket.once('close', () => {
      clearTimeout(late);
      forget();
    });
  }

  #forget(waiting: PendingConnection): void {
    this.#pending.delete(waiting.peer);
    this.#pendingShares.delete(waiting.share, waiting);
  }
}

function peerOf(socket: Socket): string {
  return `${socket.remoteAddress ?? ''} ${socket.remotePort ?? 0}`;
}
