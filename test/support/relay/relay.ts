// A relay with its server in this process, on a free port, with its log kept.

import { rootCertificates } from 'node:tls';
import { DEFAULT_SERVER_OPTIONS, type ServerOptions, startServer } from '../../../src/api/server.js';
import type { RunningServer } from '../../../src/http/server/http-server.js';
import { relayPages } from '../../../src/web/server/relay-pages.js';
import type { Facts, Log } from '../../../src/log/log.js';
import { DEFAULT_LIMITS, type Limits } from '../../../src/config/limits.js';
import { Relay, type RelayStats } from '../../../src/relay/relay.js';
import { RuleStore } from '../../../src/state/rule-store.js';
import type { StateFile } from '../../../src/state/state-file.js';
import type { LinkStats } from '../../../src/relay/stats-schema.js';
import { afterTest } from '../cleanup.js';
import { until } from '../wait.js';

/**
 * Limits under which no test waits long for a retry. Time-outs have their defaults: a test that is about one shortens it,
 * so that no other fails where a dial takes long on a busy machine.
 */
export const QUICK: Limits = {
  ...DEFAULT_LIMITS,
  backoffMinMs: 20,
  backoffMaxMs: 200,
  goodAfterMs: 300,
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

/** An answer of an API. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly headers: Headers;
  readonly text: string;
  /** What `text` says if it is JSON; else null. */
  readonly body: unknown;
}

export interface RelayOptions extends Partial<ServerOptions> {
  readonly limits?: Partial<Limits>;
  /** PEM text of an extra authority, as from VW_CA. */
  readonly ca?: string;
  /** Where rules are saved, as from VW_STATE; without it they are kept in memory only. */
  readonly state?: StateFile;
}

/** A relay that serves until the test ends. */
export class TestRelay {
  readonly log = keptLog();
  readonly relay: Relay;
  server!: RunningServer;

  private constructor(limits: Partial<Limits>, ca: string | undefined) {
    const trusted = ca === undefined ? {} : { ca: [...rootCertificates, ca] };
    this.relay = new Relay({ ...QUICK, ...limits }, this.log, trusted);
  }

  static async start({ limits = {}, ca, state, ...options }: RelayOptions = {}): Promise<TestRelay> {
    const one = new TestRelay(limits, ca);
    const store = state === undefined ? RuleStore.inMemory(one.log) : await one.#restore(state);
    one.server = await startServer(
      one.relay,
      { ...DEFAULT_SERVER_OPTIONS, port: 0, store, ...options },
      relayPages(),
      one.log,
    );
    afterTest(() => Promise.all([one.server.close(), store.close().then(() => one.relay.close())]));
    return one;
  }

  /** Brings the rules of a file in force, and keeps them in it. */
  async #restore(file: StateFile): Promise<RuleStore> {
    await file.lock();
    const loaded = await file.load();
    this.relay.restore(loaded.rules);
    return RuleStore.inFile(file, { loaded, lockFault: null, inForce: () => this.relay.rules(), log: null });
  }

  get port(): number {
    return this.server.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Sends a request to the API; objects are sent as JSON. */
  api(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return ask(this.url, { method, path, body, headers });
  }

  /** The URL of a local WebSocket. */
  ws(name: string): string {
    return `ws://127.0.0.1:${this.port}/ws/${name}`;
  }

  /** Sets a destination rule, whose endpoint is then dialled. */
  async send(rule: Record<string, unknown>): Promise<void> {
    const { status, text } = await this.api('POST', '/api/destinations', { id: '0', stream: 'video0', ...rule });
    if (status !== 200) throw new Error(text);
  }

  /** Sets a rule that sends `stream` to `destination`, and waits until its link is open. */
  async connect(stream: string, destination: string, id = '0'): Promise<void> {
    await this.send({ id, stream, destination });
    await this.isOpen(id);
  }

  async stats(): Promise<RelayStats> {
    return (await this.api('GET', '/api/stats')).body as RelayStats;
  }

  /** What the live link of a destination has done. */
  link(id = '0'): LinkStats {
    return this.relay.stats().destinations[id]!.live;
  }

  async isOpen(id = '0'): Promise<void> {
    const what = () => `the link of ${id} is open; it said: ${this.link(id).lastError ?? 'nothing'}`;
    await until(what, () => this.link(id).state === 'open');
  }

  /** Waits until the link has failed with a matching error. */
  async failsWith(message: RegExp, id = '0'): Promise<void> {
    const said = () => this.link(id).lastError ?? '';
    await until(
      () => `the link fails with ${String(message)}; it said: ${said()}`,
      () => message.test(said()),
    );
  }

  /** All readable output: the log, the stats and the rules. */
  async shown(): Promise<string> {
    const { text } = await this.api('GET', '/api/destinations/all');
    return JSON.stringify(this.log.lines) + JSON.stringify(await this.stats()) + text;
  }
}

/** A request to an API. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** Sends a request to an API at `url`; objects are sent as JSON. Redirects are not followed. */
export async function ask(url: string, { method, path, body, headers = {} }: Asked): Promise<Answer> {
  const init: RequestInit = { method, headers, redirect: 'manual' };
  if (body !== undefined) {
    init.headers = { 'Content-Type': 'application/json', ...headers };
    init.body = typeof body === 'string' ? body : JSON.stringify(body);
  }
  const response = await fetch(url + path, init);
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  const value: unknown = /\bjson\b/.test(type) && text !== '' ? JSON.parse(text) : null;
  return { status: response.status, type, headers: response.headers, text, body: value };
}
