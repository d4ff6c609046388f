// A small HTTP server with answers set by a test: in place of a relay, or of something else.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterTest } from '../cleanup.js';

/** The answer; a string is HTML, anything else JSON. */
export interface Reply {
  readonly status?: number;
  readonly body: unknown;
}

export class Answers {
  port = 0;
  /** The requests received, as `GET /path`. */
  readonly asked: string[] = [];
  readonly #server: Server;

  /** @param reply null: never answers. */
  private constructor(
    public reply: (request: IncomingMessage) => Reply | null,
    tls: { readonly cert: string; readonly key: string } | null,
  ) {
    const listener: Parameters<typeof createServer>[1] = (request, response) => {
      this.asked.push(`${request.method!} ${request.url!}`);
      const found = this.reply(request);
      if (found === null) return;
      const isText = typeof found.body === 'string';
      response.writeHead(found.status ?? 200, { 'Content-Type': isText ? 'text/html' : 'application/json' });
      response.end(isText ? found.body : JSON.stringify(found.body));
    };
    this.#server = tls === null ? createServer(listener) : createTlsServer(tls, listener);
  }

  static async start(
    reply: (request: IncomingMessage) => Reply | null,
    tls: { readonly cert: string; readonly key: string } | null = null,
    port = 0,
  ): Promise<Answers> {
    const one = new Answers(reply, tls);
    one.#server.listen(port, '127.0.0.1');
    await once(one.#server, 'listening');
    one.port = (one.#server.address() as AddressInfo).port;
    afterTest(() => one.stop());
    return one;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}
