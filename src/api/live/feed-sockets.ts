// `/ws/<feed or stream>`: the only path that is upgraded to a WebSocket. RFC 6455 §4.2.

import type { IncomingMessage, Server } from 'node:http';
import { LocalClient } from '../../relay/delivery/local-client.js';
import type { Relay } from '../../relay/relay.js';
import { ENDPOINT_HEADER } from '../../relay/dial/dial-attempt.js';
import { isStreamName, parseSourceName } from '../../relay/rules/rules.js';
import type { ClientLimit } from '../../relay/delivery/client-limit.js';
import {
  acceptWebSockets,
  createWebSocketServer,
  type WebSocketRequest,
} from '../../http/server/websocket-requests.js';
import type { HttpGuard } from '../../http/request/http-guard.js';
import type { RequestInfo } from '../access/key-policy.js';
import { networkOf } from '../../http/connection/network.js';
import { pathOf } from '../../http/request/path.js';
import { HttpError } from '../../http/answer/problem.js';
import { ALLOWED_METHODS } from '../access/authorize.js';
import { requestInfo } from '../request.js';

/** Close code (RFC 6455 §7.4.1, IANA's registry). */
const TRY_AGAIN_LATER = 1013;

/** Takes WebSocket upgrades from `server`. Returns what closes every client (1001). */
export function acceptFeedSockets(
  server: Server,
  relay: Relay,
  guard: HttpGuard<RequestInfo>,
  seats: ClientLimit,
): () => void {
  const webSockets = createWebSocketServer(relay.limits.maxMessageBytes);

  // So that a relay that sends MPEG-TS here can report that it arrives as opaque data.
  webSockets.on('headers', (headers, { url = '' }) => {
    if (!isStreamName(decodeURIComponent(pathOf(url).slice('/ws/'.length)))) headers.push(`${ENDPOINT_HEADER}: feed`);
  });

  const admit = (request: IncomingMessage) => {
    const info = requestInfo(request);
    guard.admit(info);
    return info.address;
  };
  const open = ({ request, socket, head, path, address }: WebSocketRequest) => {
    if (!path.startsWith('/ws/'))
      throw new HttpError(404, 'ERR_NO_SUCH_PATH', 'WebSockets are at /ws/<feed or stream>');
    const name = parseSourceName(decodeURIComponent(path.slice('/ws/'.length)));
    const network = networkOf(address);
    seats.check(name, network);
    relay.checkRoomFor(name);
    webSockets.handleUpgrade(request, socket, head, (client) => {
      const leaveSeat = seats.acquire(name, network, () =>
        client.close(TRY_AGAIN_LATER, 'the limit of clients is reached: this place went to another address'),
      );
      client.once('close', leaveSeat);
      new LocalClient(client, socket, name, relay);
    });
  };

  acceptWebSockets(server, { methods: ALLOWED_METHODS, admit, open });
  return () => {
    for (const client of webSockets.clients) client.close(1001, 'the relay is stopping');
  };
}
