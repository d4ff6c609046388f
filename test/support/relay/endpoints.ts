// Endpoints that implement relay-facts.md byte for byte: crossbar's first message, practable's session access.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { afterTest } from '../cleanup.js';
import { until } from '../wait.js';

export interface Heard {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

/** One accepted WebSocket. */
export interface Visit {
  readonly client: WebSocket;
  readonly url: string;
  readonly at: number;
  readonly heard: Heard[];
}

export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** An HTTP server that accepts WebSockets; subclasses handle them. */
export class EndpointServer {
  readonly server: Server;
  readonly visits: Visit[] = [];
  readonly sockets = new Set<Socket>();
  /** Host and User-Agent of the requests received. */
  readonly requests: IncomingMessage[] = [];
  onVisit: (visit: Visit) => void = () => undefined;
  onMessage: (visit: Visit, message: Heard) => void = () => undefined;
  onRequest: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) => {
    response.writeHead(404).end();
  };
  autoPong = true;
  port = 0;

  private constructor(readonly pair: Pair | null) {
    this.server = pair ? createSecureServer(pair) : createServer();
    this.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket)).on('error', () => undefined);
    });
    this.server.on('request', (request, response) => {
      this.requests.push(request);
      this.onRequest(request, response);
    });
    this.server.on('upgrade', (request, socket: Duplex, head) => this.#upgrade(request, socket, head));
  }

  static async start(host = '127.0.0.1', pair: Pair | null = null): Promise<EndpointServer> {
    const one = new EndpointServer(pair);
    one.server.listen(0, host);
    await once(one.server, 'listening');
    one.port = (one.server.address() as AddressInfo).port;
    afterTest(() => {
      one.server.close();
      for (const socket of one.sockets) socket.destroy();
    });
    return one;
  }

  get visit(): Visit | undefined {
    return this.visits.at(-1);
  }

  async visited(count: number): Promise<void> {
    await until(`${count} visits`, () => this.visits.length >= count);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const wss = new WebSocketServer({ noServer: true, autoPong: this.autoPong });
    wss.handleUpgrade(request, socket, head, (client) => {
      const visit: Visit = { client, url: request.url ?? '', at: performance.now(), heard: [] };
      this.visits.push(visit);
      client.on('error', () => undefined);
      client.on('message', (data: RawData, isBinary) => {
        const message = { data: data as Buffer, isBinary };
        visit.heard.push(message);
        this.onMessage(visit, message);
      });
      this.onVisit(visit);
    });
  }
}

export interface CrossbarManners {
  /** The tokens that are authorised. */
  good: string[];
  reason: string;
  /** Delay of answers. */
  delayMs?: number;
  isSilent?: boolean;
}

/** A crossbar: the first message is the token as text, the reply is text, refused connections are destroyed. */
export async function startCrossbar(manners: CrossbarManners, host?: string, pair?: Pair): Promise<EndpointServer> {
  const server = await EndpointServer.start(host, pair ?? null);
  server.onMessage = (visit, { data, isBinary }) => {
    if (visit.heard.length > 1 || manners.isSilent) return;
    const token = data.toString();
    const authorised = !isBinary && manners.good.includes(token);
    // Like crossbar's, the reply echoes the token.
    const answer = { topic: visit.url, token, authorised, reason: authorised ? 'ok' : manners.reason };
    setTimeout(() => {
      visit.client.send(JSON.stringify(answer));
      if (!authorised) visit.client.close();
    }, manners.delayMs ?? 0);
  };
  return server;
}

/** A practable relay: POST /session/<topic> with the bare token returns a uri whose code works once. */
export async function startPractable(token: string, host = '127.0.0.1', pair?: Pair): Promise<Practable> {
  const server = await EndpointServer.start(host, pair ?? null);
  const one = new Practable(server, token, host);
  server.onRequest = (request, response) => one.answer(request, response);
  server.onVisit = (visit) => one.look(visit);
  return one;
}

export class Practable {
  readonly codes: string[] = [];
  readonly #unused = new Set<string>();
  readonly asked: { method: string; path: string; authorization: string | undefined }[] = [];
  /** Always issues this code. */
  stale: string | null = null;
  /** Answers access in another way, if set. */
  instead: ((response: ServerResponse) => void) | null = null;
  token: string;

  constructor(
    readonly server: EndpointServer,
    token: string,
    readonly host: string,
  ) {
    this.token = token;
  }

  get url(): string {
    return `${this.server.pair ? 'https' : 'http'}://${this.host}:${this.server.port}/session/topic0`;
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const { authorization } = request.headers;
    this.asked.push({ method: request.method ?? '', path: request.url ?? '', authorization });
    if (this.instead) return this.instead(response);
    if (request.method !== 'POST' || authorization !== this.token) {
      response.writeHead(401, { 'Content-Type': 'application/json' }).end('{"code":401,"message":"token invalid"}');
      return;
    }
    const code = this.stale ?? `code-${this.codes.length}-of-${this.server.port}`;
    this.codes.push(code);
    this.#unused.add(code);
    const scheme = this.server.pair ? 'wss' : 'ws';
    const uri = `${scheme}://${this.host}:${this.server.port}/session/topic0?code=${code}`;
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ uri }));
  }

  /** A bad code is upgraded and then ignored: no pong, no close. */
  look(visit: Visit): void {
    const code = new URL(visit.url, 'ws://x').searchParams.get('code') ?? '';
    if (this.#unused.delete(code) && this.stale === null) return;
    visit.client.pause();
  }
}
