// A relay with its server in this process, its log kept, limits that a test can wait for, and its clients.

import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { rootCertificates } from 'node:tls';
import { expect } from 'chai';
import { DEFAULT_SERVER_OPTIONS, type RunningServer, type ServerOptions, startServer } from '../../src/api/server.js';
import type { Facts, Log } from '../../src/log.js';
import { DEFAULT_LIMITS, type Limits } from '../../src/relay/limits.js';
import { Relay, type RelayStats } from '../../src/relay/relay.js';
import type { LinkStats } from '../../src/relay/stats-schema.js';
import { afterTest, until } from './life.js';

/** Limits with short times, so that tests do not wait long. */
export const QUICK: Limits = {
  ...DEFAULT_LIMITS,
  dialTimeoutMs: 250,
  backoffMinMs: 20,
  backoffMaxMs: 160,
  goodAfterMs: 100,
  closeTimeoutMs: 300,
};

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly facts: Facts;
}

export interface RelayOptions extends Partial<ServerOptions> {
  readonly limits?: Partial<Limits>;
  /** PEM text of an extra authority, as from VW_CA. */
  readonly ca?: string;
}

export class TestRelay {
  readonly lines: LogLine[] = [];
  readonly relay: Relay;
  server!: RunningServer;

  private constructor(limits: Partial<Limits>, ca: string | undefined) {
    this.relay = new Relay(
      { ...QUICK, ...limits },
      this.log,
      ca === undefined ? {} : { ca: [...rootCertificates, ca] },
    );
  }

  static async start({ limits = {}, ca, ...options }: RelayOptions = {}): Promise<TestRelay> {
    const one = new TestRelay(limits, ca);
    one.server = await startServer(one.relay, { ...DEFAULT_SERVER_OPTIONS, port: 0, ...options }, one.log);
    afterTest(() => Promise.all([one.server.close(), one.relay.close()]));
    return one;
  }

  get log(): Log {
    const at =
      (level: string) =>
      (message: string, facts: Facts = {}) =>
        void this.lines.push({ level, message, facts });
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  }

  get port(): number {
    return this.server.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Sends an API request; objects are sent as JSON. */
  async api(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const init: RequestInit = { method, headers };
    if (body !== undefined) {
      init.headers = { 'Content-Type': 'application/json', ...headers };
      init.body = typeof body === 'string' ? body : JSON.stringify(body);
    }
    const response = await fetch(this.url + path, { ...init, redirect: 'manual' });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  /** Sets a destination rule, whose endpoint is then dialled. */
  async send(rule: Record<string, unknown>): Promise<void> {
    const { status, text } = await this.api('POST', '/api/destinations', { id: '0', stream: 'video0', ...rule });
    expect(status, text).to.equal(200);
  }

  async stats(): Promise<RelayStats> {
    return JSON.parse((await this.api('GET', '/api/stats')).text) as RelayStats;
  }

  link(id = '0'): LinkStats {
    return this.relay.stats().destinations[id]!.live;
  }

  async isOpen(id = '0'): Promise<void> {
    await until(`the link of ${id} is open`, () => this.link(id).state === 'open').catch((error: unknown) => {
      throw new Error(`${(error as Error).message}; it said: ${this.link(id).lastError ?? 'nothing'}`);
    });
  }

  /** Waits until the link has failed with a matching error. */
  async failsWith(message: RegExp, id = '0'): Promise<void> {
    let said: string | null = null;
    await until(`the link fails with ${String(message)}`, () => {
      said = this.link(id).lastError;
      return said !== null && message.test(said);
    }).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}; it said: ${said ?? 'nothing'}`);
    });
  }

  /** All readable output: the log, the stats and the rules. */
  async shown(): Promise<string> {
    const { text } = await this.api('GET', '/api/destinations/all');
    return JSON.stringify(this.lines) + JSON.stringify(await this.stats()) + text;
  }
}

/** A raw connection to a port of this machine. */
export class Wire {
  readonly socket: Socket;
  heard = '';
  isClosed = false;

  /** @param socket a connection of another kind, such as TLS, in place of a plain one. */
  constructor(port: number, host = '127.0.0.1', socket: Socket = connect({ port, host })) {
    this.socket = socket;
    this.socket.on('data', (data) => (this.heard += data.toString('latin1')));
    this.socket.on('error', () => undefined).on('close', () => (this.isClosed = true));
    afterTest(() => this.socket.destroy());
  }

  write(text: string | Uint8Array): this {
    this.socket.write(text);
    return this;
  }

  /** The status of the first final (not interim) answer; 0: closed without one. */
  async status(): Promise<number> {
    const find = () => /HTTP\/1\.1 ([2-5]\d\d|101)/.exec(this.heard);
    await until('an answer, or the end', () => find() !== null || this.isClosed);
    return Number(find()?.[1] ?? 0);
  }
}

/** Sends a request head as it stands (lines without CRLF) and returns the answer's status. */
export function ask(port: number, lines: readonly string[], body = '', host = '127.0.0.1'): Promise<number> {
  return new Wire(port, host).write(`${lines.join('\r\n')}\r\n\r\n${body}`).status();
}

/** The first IPv4 address of this machine that is not loopback. */
export function outerAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const found = all.find(({ family, internal }) => family === 'IPv4' && !internal);
  if (!found) throw new Error('this test needs an address beside loopback: a network interface that is up');
  return found.address;
}

/** Whole packets of MPEG-TS, distinguished by `fill`. */
export function packets(count: number, fill = 0x55): Buffer {
  const out = Buffer.alloc(count * 188, fill);
  for (let i = 0; i < count; i++) out.set([0x47, 0x01, 0x00, 0x10 | (i & 0x0f)], i * 188);
  return out;
}
