// The relay's HTTP server: plain uploads are taken from the socket, all else is Node's and express's.

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { LocalClient } from '../ingest/local-client.js';
import { takeRawUpload, type UploadAnswers } from '../ingest/raw-upload.js';
import { readUploadHead } from '../ingest/request-head.js';
import type { Log } from '../log.js';
import type { Relay } from '../relay/relay.js';
import { isStreamName, parseFeedName, parseSourceName } from '../relay/rules.js';
import { createApp } from './app.js';
import { LINGER_MS, supersededProblem } from './http-upload.js';
import { HttpError, problem, PROBLEM_TYPE, type Problem, problemOf } from './problem.js';

/** Where and how to serve. */
export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  /** How long a request's head may take. */
  readonly headersTimeoutMs: number;
  /** How long an upload may be silent before TCP asks whether its sender is still there. */
  readonly keepAliveMs: number;
}

/** A server that is listening. */
export interface RunningServer {
  readonly url: string;
  readonly port: number;
  /** Stops taking, ends uploads (503) and clients (1001); resolves when all are gone. */
  close(): Promise<void>;
}

/** Starts serving `relay`. Rejects with the system's error if the port cannot be had. */
export async function startServer(relay: Relay, options: ServerOptions, log: Log): Promise<RunningServer> {
  const sockets = new Set<Socket>();
  const uploads = new Set<Socket>();
  const server = createServer({
    requestTimeout: 0, // an upload lasts for ever
    headersTimeout: options.headersTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelay: options.keepAliveMs,
    connectionsCheckingInterval: Math.min(5000, options.headersTimeoutMs),
  });
  server.on('request', createApp(relay, log));
  answerUpgrades(server, relay, log);
  server.on('clientError', (error: Error & { code?: string }, socket: Duplex) => {
    if (!socket.writable) socket.destroy();
    else if (error.code === 'HPE_HEADER_OVERFLOW')
      refuse(socket, problem(431, 'ERR_HEADERS', 'the request head is over 16 KiB'));
    else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT')
      refuse(socket, problem(408, 'ERR_TIMEOUT', 'the request head took too long'));
    else refuse(socket, problem(400, 'ERR_BAD_HTTP', 'this is not HTTP/1.1 as it should be'));
  });

  const answers: UploadAnswers = {
    ended: (socket, summary) => respond(socket, 200, 'application/json', JSON.stringify(summary)),
    superseded: (socket, feed) => refuse(socket, supersededProblem(feed)),
    broken: (socket, why) =>
      refuse(socket, problem(400, 'ERR_BAD_CHUNK', `the body is not chunked as it should be: ${why}`)),
  };

  // Node's own handler comes second: it is given the connections that are not plain uploads.
  const [toNode] = server.listeners('connection') as ((this: Server, socket: Socket) => void)[];
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    const onError = () => socket.destroy();
    const onTimeout = () => socket.destroy();
    socket.on('error', onError);
    socket.on('close', () => sockets.delete(socket));
    socket.setTimeout(options.headersTimeoutMs, onTimeout);
    socket.once('data', (first: Buffer) => {
      socket.setTimeout(0).off('timeout', onTimeout);
      const head = readUploadHead(first);
      if (head?.target.startsWith('/ts/')) {
        try {
          const feed = relay.feed(parseFeedName(decodeURIComponent(pathOf(head.target).slice('/ts/'.length))));
          const upload = takeRawUpload(socket, first.subarray(head.bytes), feed, answers);
          uploads.add(upload);
          upload.on('close', () => uploads.delete(upload));
        } catch (error) {
          refuse(socket, problemOf(error) ?? problem(500, 'ERR_INTERNAL', 'the upload could not be taken'));
        }
        return;
      }
      // Node's handler reads the socket from the start: what was read is put back before it looks.
      socket.off('error', onError).pause();
      socket.unshift(first);
      toNode!.call(server, socket);
      socket.resume();
    });
  });

  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}`,
    port,
    close: async () => {
      const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of uploads) refuse(socket, problem(503, 'ERR_STOPPING', 'the relay is stopping'));
      server.emit('stopping');
      server.closeIdleConnections();
      const cut = setTimeout(() => {
        for (const socket of [...sockets, ...uploads]) socket.destroy();
      }, LINGER_MS);
      await stopped;
      clearTimeout(cut);
    },
  };
}

function listen(server: Server, { host, port }: ServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** `/ws/<feed or stream>`: the only path that is upgraded. */
function answerUpgrades(server: Server, relay: Relay, log: Log): void {
  const counts = new Map<string, number>();
  const webSockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: relay.limits.maxMessageBytes,
    // A browser gives up a connection whose subprotocol is not taken; jsmpeg asks for one named "null".
    handleProtocols: (offered) => [...offered][0] ?? false,
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    try {
      const path = pathOf(request.url ?? '');
      if (!path.startsWith('/ws/'))
        throw new HttpError(404, 'ERR_NO_SUCH_PATH', 'WebSockets are at /ws/<feed or stream>');
      const name = parseSourceName(decodeURIComponent(path.slice('/ws/'.length)));
      const count = counts.get(name) ?? 0;
      if (count >= relay.limits.maxClients) {
        throw new HttpError(503, 'ERR_TOO_MANY_CLIENTS', `"${name}" has ${count} clients already (VW_MAX_CLIENTS)`);
      }
      if (!isStreamName(name)) relay.feed(name); // throws if there is no room: nothing may, once it is a WebSocket
      webSockets.handleUpgrade(request, socket, head, (client) => {
        counts.set(name, (counts.get(name) ?? 0) + 1);
        new LocalClient(client, name, relay, log, () => {
          const left = (counts.get(name) ?? 1) - 1;
          if (left > 0) counts.set(name, left);
          else counts.delete(name);
        });
      });
    } catch (error) {
      refuse(socket, problemOf(error) ?? problem(500, 'ERR_INTERNAL', 'the WebSocket could not be taken'));
    }
  });
  server.on('stopping', () => {
    for (const client of webSockets.clients) client.close(1001, 'the relay is stopping');
  });
}

function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query === -1 ? target : target.slice(0, query);
}

function refuse(socket: Duplex, { status, title, code, detail }: Problem): void {
  respond(socket, status, PROBLEM_TYPE, JSON.stringify({ title, status, code, detail }), title);
}

/** Answers on the bare socket and ends it; what still comes in is thrown away for a while so that the answer arrives. */
function respond(socket: Duplex, status: number, type: string, body: string, title = 'OK'): void {
  const bytes = Buffer.byteLength(body);
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: ${type}\r\nContent-Length: ${bytes}\r\nConnection: close\r\n\r\n${body}`,
  );
  socket.resume();
  const cut = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once('end', () => socket.destroy()).once('close', () => clearTimeout(cut));
}
