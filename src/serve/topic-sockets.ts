// The paths that are upgraded to a WebSocket: /in, /out, /bi and /session, each with a topic. RFC 6455 §4.2.

import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { type ServerOptions, WebSocketServer } from 'ws';
import { handleUpgrades } from '../http/connection/websocket-upgrades.js';
import { pathOf, refuseEmptySegments } from '../http/request/path.js';
import { normalizeTarget } from '../http/request/request-target.js';
import { HttpError } from '../http/answer/problem.js';
import { ALLOWED_METHODS } from './serve-app.js';
import type { Codes } from './auth/codes.js';
import type { ClientRegistry } from './clients/client-registry.js';
import { type Grant, openGrant, TokenError } from './auth/tokens.js';
import { parseTopicPath, type TopicPath } from './topics/topic-path.js';
import { Connection } from './clients/connection.js';

/** Takes WebSocket upgrades from `server`. */
export function acceptTopicSockets(server: Server, clients: ClientRegistry, codes: Codes): void {
  const { limits, tokens } = clients;
  const options: ServerOptions & { closeTimeout: number } = {
    noServer: true,
    clientTracking: false, // `Hall` tracks them
    perMessageDeflate: false,
    autoPong: false, // see answerPings
    maxPayload: limits.maxMessageBytes,
    closeTimeout: limits.closeTimeoutMs, // missing from @types/ws
    // A browser closes the connection if none of its subprotocols is accepted; jsmpeg offers one named "null".
    handleProtocols: (offered) => [...offered][0] ?? false,
  };
  const webSockets = new WebSocketServer(options);

  /** Redeems the code in the URL. */
  const redeem = (connection: Connection, path: TopicPath, code: string) => {
    let grant: Grant;
    try {
      grant = codes.redeem(code, path.topic, performance.now(), Date.now());
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      connection.refuseCode(error.message);
      return;
    }
    connection.acceptGrant(grant);
  };

  const take = (request: IncomingMessage, socket: Socket, head: Buffer) => {
    normalizeTarget(request);
    const address = clients.admit(request);
    const path = pathOf(request.url ?? '');
    refuseEmptySegments(path);
    const topicPath = parseTopicPath(decodeURIComponent(path));
    if (!topicPath) {
      throw new HttpError(404, 'ERR_NO_SUCH_PATH', 'WebSockets are at /in/, /out/, /bi/ and /session/ with a topic');
    }
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = new Connection(webSocket, socket, { path: topicPath, address }, clients);
      clients.add(connection, address);
      if (tokens === null) connection.acceptGrant(openGrant(topicPath.direction));
      else if (topicPath.direction === 'session') redeem(connection, topicPath, codeIn(request.url ?? ''));
    });
  };

  handleUpgrades(server, ALLOWED_METHODS, take);
}

/** The code in a request target; empty: none. */
function codeIn(target: string): string {
  return new URLSearchParams(target.slice(pathOf(target).length)).get('code') ?? '';
}
