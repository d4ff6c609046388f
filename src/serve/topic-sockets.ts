// The paths that are upgraded to a WebSocket: /in, /out, /bi and /session, each with a topic. RFC 6455 §4.2.

import type { Server } from 'node:http';
import { acceptWebSockets, createWebSocketServer, type WebSocketRequest } from '../http/server/websocket-requests.js';
import { pathOf } from '../http/request/path.js';
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
  const webSockets = createWebSocketServer(limits.maxMessageBytes, {
    clientTracking: false, // the registry tracks them
    closeTimeout: limits.closeTimeoutMs,
  });

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

  const open = ({ request, socket, head, path, address }: WebSocketRequest) => {
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

  acceptWebSockets(server, { methods: ALLOWED_METHODS, admit: (request) => clients.admit(request), open });
}

/** The code in a request target; empty: none. */
function codeIn(target: string): string {
  return new URLSearchParams(target.slice(pathOf(target).length)).get('code') ?? '';
}
