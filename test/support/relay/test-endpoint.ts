// An endpoint: a WebSocket server that stores what it receives, and can misbehave like real ones.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { afterTest } from '../cleanup.js';
import { until } from '../wait.js';

/** How an endpoint treats a client. */
export interface FarEndManners {
  /** Delay of the handshake's answer. */
  readonly delayMs?: number;
  /** Answers with this HTTP status. */
  readonly refuseWith?: number;
  /** Accepts, and closes at once. */
  readonly closesAtOnce?: boolean;
  /** Accepts the TCP connection and never answers. */
  readonly isSilent?: boolean;
  /** Accepts, and answers no ping. */
  readonly ignoresPings?: boolean;
  readonly port?: number;
}

export interface Received {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

export class TestEndpoint {
  manners: FarEndManners;
  readonly messages: Received[] = [];
  /** Receives each message instead of storing it in {@link messages}, for tests with a great many. */
  onMessage: ((data: Buffer) => void) | null = null;
  readonly closeCodes: number[] = [];
  /** Upgrade requests received. */
  dials = 0;
  connections = 0;
  client: WebSocket | null = null;
  port = 0;
  readonly #server: Server = createServer();
  readonly #sockets = new Set<Socket>();
  readonly #wss: WebSocketServer;

  private constructor(manners: FarEndManners) {
    this.manners = manners;
    this.#wss = new WebSocketServer({
      noServer: true,
      autoPong: !manners.ignoresPings,
      perMessageDeflate: false,
      maxPayload: 1 << 28,
    });
    this.#server.on('connection', (socket: Socket) => {
      this.connections++;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket)).on('error', () => undefined);
    });
    this.#server.on('upgrade', (request, socket: Socket, head) => {
      this.dials++;
      const { delayMs = 0 } = this.manners;
      if (delayMs > 0) setTimeout(() => this.#answer(request, socket, head), delayMs);
      else this.#answer(request, socket, head);
    });
  }

  static async start(manners: FarEndManners = {}): Promise<TestEndpoint> {
    const one = new TestEndpoint(manners);
    one.#server.listen(manners.port ?? 0, '127.0.0.1');
    await once(one.#server, 'listening');
    one.port = (one.#server.address() as AddressInfo).port;
    afterTest(() => one.stop());
    return one;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/in/video0`;
  }

  /** Everything received so far, concatenated. */
  get bytes(): Buffer {
    return Buffer.concat(this.messages.map(({ data }) => data));
  }

  get openSockets(): number {
    return this.#sockets.size;
  }

  /** Stops and resumes reading. */
  pause(): void {
    for (const socket of this.#sockets) socket.pause();
  }

  resume(): void {
    for (const socket of this.#sockets) socket.resume();
  }

  /** Destroys every connection, as a network failure does. */
  breakOff(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async messagesCount(count: number): Promise<void> {
    await until(`the endpoint has ${count} messages`, () => this.messages.length >= count);
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    if (!this.#server.listening) return;
    this.#server.close();
    this.breakOff();
    await closed;
  }

  #answer(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const { isSilent, refuseWith, closesAtOnce } = this.manners;
    if (isSilent) return void socket.on('end', () => socket.end()).resume();
    if (refuseWith !== undefined) {
      socket.end(`HTTP/1.1 ${refuseWith} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      return;
    }
    this.#wss.handleUpgrade(request, socket, head, (client) => {
      this.client = client;
      client.on('error', () => undefined);
      client.on('close', (code) => this.closeCodes.push(code));
      client.on('message', (data, isBinary) => {
        if (this.onMessage) this.onMessage(data as Buffer);
        else this.messages.push({ data: data as Buffer, isBinary });
      });
      if (closesAtOnce) client.close(1013, 'not now');
    });
  }
}
