// What hostile requests are sent to: both servers, with and without a key, in this process.

import { connect } from 'node:net';
import { DEFAULT_SERVER_OPTIONS, startServer } from '../../../src/api/server.js';
import { relayPages } from '../../../src/web/server/relay-pages.js';
import type { Log } from '../../../src/log/log.js';
import { DEFAULT_LIMITS } from '../../../src/config/limits.js';
import { Relay } from '../../../src/relay/relay.js';
import { DEFAULT_SERVE_LIMITS } from '../../../src/config/limits.js';
import { servePages } from '../../../src/web/server/serve-pages.js';
import { startServe, type ServeOptions } from '../../../src/serve/serve-server.js';

const SILENT: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const UPGRADE = 'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
const allowed = { hosts: new Set(['board.lab.example']), origins: new Set(['https://lab.example']) };
const NO_WAIT = { headersTimeoutMs: 10_000, maxConnections: 1000, maxPending: 500, keepAliveMs: 15_000 };

export class Targets {
  private constructor(
    /** A relay with a key, one without; `vw serve` with tokens, and for its own machine. */
    private readonly guarded: number,
    readonly open: number,
    private readonly withTokens: number,
    private readonly local: number,
  ) {}

  static async start(): Promise<Targets> {
    const stream = async (apiKey: string | null) => {
      const options = { ...DEFAULT_SERVER_OPTIONS, ...NO_WAIT, port: 0, apiKey, allowed };
      return (await startServer(new Relay(DEFAULT_LIMITS, SILENT), options, relayPages(), SILENT)).port;
    };
    const serve = async (secret: string | null) => {
      const options: ServeOptions = {
        ...{ host: '127.0.0.1', port: 0, certificate: null, isOpen: false, embedders: [], allowed, ...NO_WAIT, secret },
        ...{ audiences: ['ws://127.0.0.1'], trustedProxies: ['127.0.0.1', '::1'] },
        limits: { ...DEFAULT_SERVE_LIMITS, maxRefusals: 1e6 },
      };
      const pages = servePages({ wantsToken: secret !== null, embedders: [] });
      return (await startServe(options, SILENT, pages)).port;
    };
    const secret = 'a-secret-of-thirty-two-characters-or-more';
    return new Targets(await stream('a-key'), await stream(null), await serve(secret), await serve(null));
  }

  /** Sends these fields with requests of every kind. */
  async sendFields(fields: string): Promise<void> {
    const host = /^host:/i.test(fields) ? '' : 'Host: localhost\r\n';
    const upgrade = /^upgrade:/i.test(fields) ? UPGRADE : `${UPGRADE}Upgrade: websocket\r\n`;
    const request = (line: string, more = '') => `${line} HTTP/1.1\r\n${host}${more}${fields}\r\n\r\n`;
    await this.#send(this.guarded, request('GET /play/x'));
    await this.#send(this.open, request('POST /ts/x', 'Transfer-Encoding: chunked\r\n'));
    await this.#send(this.open, request('POST /api/streams', 'Content-Length: 2\r\n') + '{}');
    await this.#send(this.withTokens, request('POST /session/x'));
    await this.#send(this.local, request('GET /in/x', upgrade));
  }

  /** Asks for this path in every way. */
  async sendPath(path: string): Promise<void> {
    const rest = ' HTTP/1.1\r\nHost: localhost\r\n';
    for (const port of [this.guarded, this.open, this.withTokens, this.local]) {
      await this.#send(port, `GET ${path}${rest}\r\n`);
    }
    await this.#send(this.open, `POST ${path}${rest}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`);
    await this.#send(this.open, `GET ${path}${rest}${UPGRADE}Upgrade: websocket\r\n\r\n`);
    await this.#send(this.local, `GET ${path}${rest}${UPGRADE}Upgrade: websocket\r\n\r\n`);
  }

  /** Sends bytes that need not be HTTP. */
  async sendBytes(text: string): Promise<void> {
    await this.#send(this.open, text);
    await this.#send(this.local, text);
  }

  /** Posts a body to a path of the relay without a key. */
  post(path: string, type: string, body: string): Promise<void> {
    const length = `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    return this.#send(this.open, `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\n${length}\r\n${body}`);
  }

  /** Posts the form of the login page. */
  login(form: string): Promise<void> {
    const head = 'POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n';
    return this.#send(this.guarded, `${head}Content-Length: ${form.length}\r\n\r\n${form}`);
  }

  /** Resolves with the first bytes of an answer, or without one when the connection ends. */
  #send(port: number, text: string): Promise<void> {
    return new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('data', () => socket.destroy());
      socket.on('error', () => undefined).on('close', () => resolve());
      socket.end(text, 'latin1');
    });
  }
}
