// A relay in this process, on a free port, with its log kept and limits that a test can wait for.

import { DEFAULT_SERVER_OPTIONS, startServer } from '../../src/api/server.js';
import type { Facts, Log } from '../../src/log.js';
import { DEFAULT_LIMITS, type Limits } from '../../src/relay/limits.js';
import { Relay } from '../../src/relay/relay.js';
import type { LinkStats } from '../../src/relay/stats-schema.js';
import { afterTest } from './cleanup.js';
import { until } from './wait.js';

/** Limits under which nothing has to be waited for long. */
export const QUICK: Limits = {
  ...DEFAULT_LIMITS,
  backoffMinMs: 20,
  backoffMaxMs: 200,
  goodAfterMs: 300,
  closeTimeoutMs: 300,
};

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly facts: Facts;
}

/** A log that a test can read. */
export function keptLog(): Log & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at =
    (level: string) =>
    (message: string, facts: Facts = {}) =>
      void lines.push({ level, message, facts });
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** An answer as tests look at it. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly headers: Headers;
  readonly body: unknown;
}

/** A relay that serves until the test ends. */
export class TestRelay {
  readonly log = keptLog();
  readonly relay: Relay;
  url = '';
  port = 0;

  private constructor(limits: Partial<Limits>) {
    this.relay = new Relay({ ...QUICK, ...limits }, this.log);
  }

  static async start(limits: Partial<Limits> = {}, headersTimeoutMs = 10_000): Promise<TestRelay> {
    const one = new TestRelay(limits);
    const options = { ...DEFAULT_SERVER_OPTIONS, port: 0, headersTimeoutMs };
    const server = await startServer(one.relay, options, one.log);
    afterTest(() => Promise.all([server.close(), one.relay.close()]));
    one.url = server.url;
    one.port = server.port;
    return one;
  }

  /** Asks the API; objects are sent as JSON. */
  api(method: string, path: string, body?: unknown): Promise<Answer> {
    return ask(this.url, method, path, body);
  }

  /** The URL of a local WebSocket. */
  ws(name: string): string {
    return `ws://127.0.0.1:${this.port}/ws/${name}`;
  }

  /** Keeps a rule that sends `stream` to `destination`, and waits until its link is open. */
  async send(stream: string, destination: string, id = '0'): Promise<void> {
    const { status, body } = await this.api('POST', '/api/destinations', { id, stream, destination });
    if (status !== 200) throw new Error(JSON.stringify(body));
    await until(`the link of ${id} is open`, () => this.link(id).state === 'open');
  }

  /** What the live link of a destination has done. */
  link(id = '0'): LinkStats {
    return this.relay.stats().destinations[id]!.live;
  }
}

/** Asks an API at `url`. */
export async function ask(url: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const init: RequestInit = { method };
  if (body !== undefined) {
    init.headers = { 'Content-Type': 'application/json' };
    init.body = typeof body === 'string' ? body : JSON.stringify(body);
  }
  const response = await fetch(url + path, init);
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  return { status: response.status, type, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
}
