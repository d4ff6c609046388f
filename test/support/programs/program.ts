// The built program as a process, as people run it. `npm test` builds it first.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { RelayStats } from '../../../src/relay/relay.js';
import { afterTest } from '../cleanup.js';
import { type Answer, ask } from '../relay/relay.js';
import { until } from '../wait.js';

/** The built program. */
export const VW = fileURLToPath(new URL('../../../dist/cmd/vw.js', import.meta.url));

export type Environment = Readonly<Record<string, string>>;

/** A run of vw and its output. */
export class Program {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  url = '';
  port = 0;
  readonly #ended: Promise<unknown[]>;

  private constructor(args: readonly string[], variables: Environment, nodeArgs: readonly string[] = []) {
    const env: NodeJS.ProcessEnv = { PATH: process.env.PATH, VW_PORT: '0', ...variables };
    this.child = spawn(process.execPath, [...nodeArgs, VW, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout!.on('data', (text: Buffer) => (this.stdout += text.toString()));
    this.child.stderr!.on('data', (text: Buffer) => (this.stderr += text.toString()));
    this.#ended = once(this.child, 'close');
    afterTest(async () => {
      this.child.kill('SIGKILL');
      await this.#ended;
    });
  }

  /** Starts `vw` without waiting. */
  static run(args: readonly string[], variables: Environment = {}): Program {
    return new Program(args, variables);
  }

  /** Starts `vw stream` and waits until it listens. */
  static async stream(variables: Environment = {}, nodeArgs: readonly string[] = []): Promise<Program> {
    const one = new Program(['stream'], variables, nodeArgs);
    await one.listens();
    return one;
  }

  /** Starts `vw serve`, open to its own machine, and waits until it listens. */
  static async serve(variables: Environment = {}): Promise<Program> {
    const one = new Program(['serve'], { VW_SERVE_PORT: '0', ...variables });
    await one.listens();
    return one;
  }

  /** Starts `vw stream` at a log level that does not say when it listens, on a port that is free now. */
  static async streamQuietly(variables: Environment): Promise<Program> {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    probe.close();
    await once(probe, 'close');
    const one = new Program(['stream'], { ...variables, VW_PORT: String(port) });
    one.port = port;
    one.url = `http://127.0.0.1:${port}`;
    await until('vw answers', () => one.api('GET', '/healthcheck').then(Boolean, () => false));
    return one;
  }

  /** Resolves when its log says where it listens. */
  async listens(): Promise<void> {
    await until(
      () => `vw listens: ${this.stderr}`,
      () => this.line('listening') !== undefined,
    );
    this.url = String(this.line('listening')!.url);
    this.port = Number(new URL(this.url).port);
  }

  /** The lines of the log. */
  get lines(): Record<string, unknown>[] {
    return this.stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  line(message: string): Record<string, unknown> | undefined {
    return this.lines.find((line) => line.message === message);
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Its exit code; the signal's name if it was killed. */
  async exit(): Promise<number | string> {
    const [code, signal] = (await this.#ended) as [number | null, string | null];
    return code ?? signal!;
  }

  api(method: string, path: string, body?: unknown): Promise<Answer> {
    return ask(this.url, { method, path, body });
  }

  /** What `GET /api/stats` says. */
  async stats(): Promise<RelayStats> {
    return (await this.api('GET', '/api/stats')).body as RelayStats;
  }

  /** Keeps a rule that sends `stream` to `destination`, and waits until its link is open. */
  async connect(stream: string, destination: string, id: string): Promise<void> {
    const { status, body } = await this.api('POST', '/api/destinations', { id, stream, destination });
    if (status !== 200) throw new Error(JSON.stringify(body));
    await until(`the link of ${id} is open`, async () => (await this.stats()).destinations[id]!.live.state === 'open');
  }

  /** Open descriptors. */
  descriptors(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }

  /** Resident memory in MB. */
  memoryMb(): number {
    const pages = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))!;
    return Number(pages[1]) / 1024;
  }

  /** CPU time so far, in milliseconds. */
  cpuMs(): number {
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10; // utime, stime, at 100 ticks a second
  }
}
