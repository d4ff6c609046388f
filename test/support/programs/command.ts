// Real programs, their output and their end: Debian's tinyproxy, curl, vw.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterTest } from '../cleanup.js';
import { until } from '../wait.js';
import { scratch } from '../media/ffmpeg.js';
import { Wire } from '../relay/wire.js';
import { VW } from './program.js';

/** A program, its output, and its exit. */
export class Command {
  said = '';
  exitCode: number | null = null;
  isOver = false;
  readonly child: ChildProcess;

  constructor(name: string, args: readonly string[], env: Record<string, string> = {}) {
    // Without the proxy settings and vw settings of the user who runs the tests.
    const clean = Object.entries(process.env).filter(([key]) => !/^VW_|_proxy$/i.test(key));
    this.child = spawn(name, args, {
      env: { ...Object.fromEntries(clean), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.on('error', (error) => {
      this.said += `${name} cannot be run (${error.message}): scripts/test-setup installs it`;
      this.isOver = true;
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on('data', (text: Buffer) => (this.said += text.toString()));
    }
    this.child.on('close', (code) => {
      this.exitCode = code;
      this.isOver = true;
    });
    afterTest(async () => {
      if (this.isOver) return;
      this.child.kill('SIGKILL');
      await once(this.child, 'close');
    });
  }

  async says(message: RegExp): Promise<RegExpExecArray> {
    await until(`it says ${String(message)}`, () => message.test(this.said) || this.isOver).catch((e: unknown) => {
      throw new Error(`${(e as Error).message}; it said: ${this.said.slice(-2000)}`);
    });
    const found = message.exec(this.said);
    if (!found)
      throw new Error(`it ended (${this.exitCode}) and did not say ${String(message)}: ${this.said.slice(-2000)}`);
    return found;
  }

  async ended(): Promise<number | null> {
    await until('it ends', () => this.isOver);
    return this.exitCode;
  }
}

/** `vw stream` as a process of its own, listening. */
export async function startProgram(env: Record<string, string> = {}): Promise<Command & { port: number }> {
  const program = runProgram([], { VW_PORT: '0', ...env });
  const [, port] = await program.says(/"url":"https?:\/\/[^"]*:(\d+)"/);
  return Object.assign(program, { port: Number(port) });
}

/** `vw stream`, whether it starts or not. */
export function runProgram(args: readonly string[], env: Record<string, string> = {}): Command {
  return new Command(process.execPath, [VW, 'stream', ...args], env);
}

/** A tinyproxy. `filter`: hosts that it refuses; `login`: user and password that it requires. */
export async function startTinyproxy(
  options: { refuses?: string; login?: { user: string; password: string } } = {},
): Promise<Command & { port: number; url: string }> {
  const folder = scratch();
  const port = await freePort();
  const lines = [
    `Port ${port}`,
    'Listen 127.0.0.1',
    'Timeout 60',
    'MaxClients 50',
    'LogLevel Connect',
    'DisableViaHeader Yes',
  ];
  if (options.login) lines.push(`BasicAuth ${options.login.user} ${options.login.password}`);
  if (options.refuses !== undefined) {
    writeFileSync(join(folder, 'filter'), `${options.refuses}\n`);
    lines.push(`Filter "${join(folder, 'filter')}"`);
  }
  const path = join(folder, 'tinyproxy.conf');
  writeFileSync(path, `${lines.join('\n')}\n`);
  const program = new Command('tinyproxy', ['-d', '-c', path]);
  await until('tinyproxy listens', async () => {
    if (program.isOver) throw new Error(program.said);
    const wire = new Wire(port);
    await until('an answer to the connection', () => wire.isClosed || wire.socket.readyState === 'open');
    wire.socket.destroy();
    return !wire.isClosed || wire.socket.bytesRead > 0;
  });
  return Object.assign(program, { port, url: `http://127.0.0.1:${port}` });
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Sets environment variables of this process until the test ends; undefined unsets one. */
export function setEnvironment(variables: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name];
    afterTest(() => put(name, before));
    put(name, value);
  }
}

function put(name: string, value: string | undefined): void {
  if (value === undefined) Reflect.deleteProperty(process.env, name);
  else process.env[name] = value;
}
