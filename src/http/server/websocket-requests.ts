// WebSocket upgrades: admitted like requests, with the same rules for their paths. RFC 6455 §4.2.

import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { type ServerOptions, WebSocketServer } from 'ws';
import { handleUpgrades } from '../connection/websocket-upgrades.js';
import { pathOf, refuseEmptySegments } from '../request/path.js';
import { normalizeTarget } from '../request/request-target.js';

/** An admitted request for a WebSocket, as its server opens it. */
export interface WebSocketRequest {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  /** What arrived after the request's head. */
  readonly head: Buffer;
  /** Without a "/" at its end, and without empty segments; not decoded. */
  readonly path: string;
  /** The client's address. */
  readonly address: string;
}

/** What one server does with them. */
export interface WebSocketRules {
  /** The methods of the server, for the answer to CONNECT. */
  readonly methods: string;
  /** Returns the address of the client. Throws the HttpError that answers a refused request. */
  readonly admit: (request: IncomingMessage) => string;
  /** Opens the WebSocket; an error that it throws is the answer. */
  readonly open: (request: WebSocketRequest) => void;
}

/** Takes WebSocket upgrades from `server`. */
export function acceptWebSockets(server: Server, { methods, admit, open }: WebSocketRules): void {
  handleUpgrades(server, methods, (request, socket, head) => {
    normalizeTarget(request);
    const address = admit(request);
    const path = pathOf(request.url ?? '');
    refuseEmptySegments(path);
    open({ request, socket, head, path, address });
  });
}

/** Options of ws; `closeTimeout` is missing from its types. */
export type WebSocketOptions = ServerOptions & { readonly closeTimeout?: number };

/** Makes what opens WebSockets, with the options that all of ours have in common. */
export function createWebSocketServer(maxMessageBytes: number, others: WebSocketOptions = {}): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    autoPong: false, // see answerPings
    maxPayload: maxMessageBytes,
    // A browser closes the connection if none of its subprotocols is accepted; jsmpeg offers one named "null".
    handleProtocols: (offered) => [...offered][0] ?? false,
    ...others,
  });
}
