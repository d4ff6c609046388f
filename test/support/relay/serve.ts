// An endpoint of ours in this process, its log kept, with clients that speak bare WebSocket.

import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { type ClientOptions, WebSocket } from 'ws';
import type { PageHandler } from '../../../src/http/page-handler.js';
import { DEFAULT_SERVE_LIMITS, type ServeLimits } from '../../../src/config/limits.js';
import type { RunningServer } from '../../../src/http/server/http-server.js';
import { type ServeOptions, startServe } from '../../../src/serve/serve-server.js';
import { afterTest } from '../cleanup.js';
import type { Received } from './test-endpoint.js';
import { type Answer, ask, keptLog } from './relay.js';
import { until } from '../wait.js';
import { freePort } from '../programs/command.js';

export const SECRET = 'a-secret-of-thirty-two-characters-or-more';

export interface TestServeOptions extends Partial<Omit<ServeOptions, 'limits'>> {
  readonly limits?: Partial<ServeLimits>;
  readonly pages?: PageHandler;
}

/** An endpoint that serves until the test ends; with {@link SECRET} unless the options say otherwise. */
export class TestServe {
  readonly log = keptLog();
  server!: RunningServer;
  port = 0;
  audience = '';

  static async start({ limits = {}, pages, ...options }: TestServeOptions = {}): Promise<TestServe> {
    const one = new TestServe();
    one.port = await freePort();
    one.audience = `${options.certificate ? 'wss' : 'ws'}://127.0.0.1:${one.port}`;
    const all: ServeOptions = {
      host: '127.0.0.1',
      port: one.port,
      certificate: null,
      headersTimeoutMs: 10_000,
      keepAliveMs: 15_000,
      maxConnections: 1000,
      maxPending: 500,
      secret: SECRET,
      audiences: [one.audience],
      isOpen: false,
      embedders: [],
      trustedProxies: [],
      allowed: { hosts: new Set(), origins: new Set() },
      ...options,
      limits: { ...DEFAULT_SERVE_LIMITS, closeTimeoutMs: 300, ...limits },
    };
    one.server = await startServe(all, one.log, pages ?? null);
    afterTest(() => one.server.close());
    return one;
  }

  get url(): string {
    return this.server.url;
  }

  /** A token of crossbar's kind for a path. */
  pathToken(path: string, claims: object = {}): string {
    return makeToken({ ...soon(), aud: this.audience + path, ...claims });
  }

  /** A token of practable's kind. */
  token(topic: string, scopes: readonly string[] = ['read', 'write'], claims: object = {}): string {
    return makeToken({
      ...soon(),
      aud: [this.audience],
      topic,
      prefix: 'session',
      scopes,
      booking_id: 'b0',
      ...claims,
    });
  }

  /** Opens a WebSocket at a path, and shows a token there if there is one. */
  async client(path: string, token?: string, options: ClientOptions = {}): Promise<TestClient> {
    const one = new TestClient(this.audience + path, options);
    await one.opened();
    if (token !== undefined) one.socket.send(token);
    return one;
  }

  /** A client that is in: its verdict is heard and taken out of what it heard. */
  async member(path: string, options: ClientOptions = {}): Promise<TestClient> {
    const one = await this.client(path, this.pathToken(path), options);
    await one.hears(1);
    const verdict = JSON.parse(one.heard.shift()!.data.toString()) as { authorised: boolean; reason: string };
    if (!verdict.authorised) throw new Error(`${path}: not let in: ${verdict.reason}`);
    return one;
  }

  /** Asks for access as practable's clients do. */
  async access(topic: string, token: string): Promise<{ status: number; text: string; uri: string }> {
    const response = await fetch(`${this.url}/session/${topic}`, { method: 'POST', headers: { Authorization: token } });
    const text = await response.text();
    const { uri = '' } = JSON.parse(text) as { uri?: string };
    return { status: response.status, text, uri };
  }

  /** Asks something of the HTTP side, with a token that may see what goes on. */
  async stats(): Promise<{ topics: Record<string, Record<string, unknown>>; clients: number; refusals: number }> {
    const headers = { Authorization: this.token('', ['stats']) };
    return (await (await fetch(`${this.url}/status`, { headers })).json()) as Awaited<ReturnType<TestServe['stats']>>;
  }

  async topic(name: string): Promise<Record<string, unknown>> {
    return (await this.stats()).topics[name] ?? {};
  }

  api(method: string, path: string): Promise<Answer> {
    return ask(this.url, { method, path });
  }
}

/** A WebSocket of a test, and what it heard. */
export class TestClient {
  readonly socket: WebSocket;
  readonly heard: Received[] = [];
  closed: { code: number; reason: string } | null = null;
  /** The HTTP status of an upgrade that was refused. */
  status = 0;
  body = '';
  #wasOpen = false;

  constructor(url: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(url, { perMessageDeflate: false, ...options });
    this.socket.on('message', (data, isBinary) => this.heard.push({ data: data as Buffer, isBinary }));
    this.socket.on('error', () => undefined).on('open', () => (this.#wasOpen = true));
    this.socket.on('close', (code, reason) => (this.closed ??= { code, reason: reason.toString() }));
    this.socket.on('unexpected-response', (_request, response) => {
      this.status = response.statusCode ?? 0;
      response.on('data', (text: Buffer) => (this.body += text.toString()));
      response.on('end', () => (this.closed ??= { code: 1006, reason: this.body }));
    });
    afterTest(() => this.socket.terminate());
  }

  /** Resolves when it is open, or was; rejects if it is refused. */
  async opened(): Promise<void> {
    await until('the WebSocket is open or refused', () => this.#wasOpen || this.closed !== null);
    if (!this.#wasOpen) throw new Error(`refused: ${this.status} ${this.body}`);
  }

  async hears(count: number): Promise<void> {
    await until(`${count} messages are heard (${this.heard.length} are)`, () => this.heard.length >= count);
  }

  async isClosed(): Promise<{ code: number; reason: string }> {
    await until('the WebSocket is closed', () => this.closed !== null);
    return this.closed!;
  }

  /** What it heard, as text. */
  get texts(): string[] {
    return this.heard.map(({ data }) => data.toString());
  }

  /** Resolves when the server has read everything that was sent before. */
  async flushed(): Promise<void> {
    this.socket.ping();
    await once(this.socket, 'pong');
  }
}

/** Times that a token is good now. */
export function soon(): { iat: number; nbf: number; exp: number } {
  const now = Math.floor(Date.now() / 1000);
  return { iat: now, nbf: now, exp: now + 60 };
}

/** A token put together by hand, so that a test can do it wrongly. */
export function makeToken(claims: object, secret = SECRET, header: object = { alg: 'HS256', typ: 'JWT' }): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part(header)}.${part(claims)}`;
  const { alg = '' } = header as { alg?: string };
  const hash = /^HS(256|384|512)$/.exec(alg)?.[1];
  const signature = hash === undefined ? '' : createHmac(`sha${hash}`, secret).update(text).digest('base64url');
  return `${text}.${signature}`;
}
