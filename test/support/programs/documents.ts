// The documents, and their commands: typed one after the other on one machine, where what they name (ports, a public name,
// folders of the system) stands for what a test has.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterTest } from '../cleanup.js';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** Every document but the changelog, by its path in the project. */
export const DOCUMENTS: readonly string[] = [
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md'],
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
    .sort(),
];

export function readDocument(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/**
 * The commands of a document's ```sh blocks in order, and the lines (`# ...`) that they answer; all of them, or those from
 * one heading to another.
 */
export function commandsIn(document: string, from?: string, to?: string): string[] {
  const text = readDocument(document);
  const start = from === undefined ? 0 : text.indexOf(`\n${from}\n`);
  const end = to === undefined ? text.length : text.indexOf(`\n${to}\n`);
  if (start < 0 || end < start) throw new Error(`${document} has no ${from ?? 'beginning'} before ${to ?? 'its end'}`);
  const blocks = [...text.slice(start, end).matchAll(/^```sh\n([^]*?)^```/gm)].map(([, block]) => block!);
  return blocks.flatMap(commandsOf);
}

/** A block's commands: a continued line is one, and so is one with its here-document. */
function commandsOf(block: string): string[] {
  const commands: string[] = [];
  const lines = block.replace(/\\\n/g, ' ').trimEnd().split('\n');
  for (let at = 0; at < lines.length; at++) {
    const terminator = /<<'?(\w+)'?$/.exec(lines[at]!)?.[1];
    const end = terminator === undefined ? at : lines.indexOf(terminator, at);
    if (lines[at] !== '') commands.push(lines.slice(at, end + 1).join('\n'));
    at = end;
  }
  return commands;
}

export interface Output {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, in the project's folder. */
export async function run(program: string, args: readonly string[], env = process.env): Promise<Output> {
  const child = spawn(program, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** A machine on which the documents' commands are typed. */
export class Machine {
  /** What the documents say, and what stands for it here; the first first. */
  readonly names: [theirs: string, ours: string][];
  readonly env: NodeJS.ProcessEnv;
  readonly #bin: string;
  #functions = '';

  /** @param folder an empty folder: the machine's `/etc`, and programs that stand for those of root. */
  constructor(
    readonly folder: string,
    env: NodeJS.ProcessEnv,
  ) {
    this.#bin = join(folder, 'bin');
    mkdirSync(this.#bin);
    for (const name of ['default', 'systemd/system', 'letsencrypt/renewal-hooks/deploy']) {
      mkdirSync(join(folder, 'etc', name), { recursive: true });
    }
    this.names = [
      [' -g vw-serve ', ' '], // no such group here
      ['/etc/', `${folder}/etc/`],
      ['/opt/vw', ROOT.replace(/\/$/, '')],
      ['0.0.0.0', '127.0.0.1'],
    ];
    const curlHome = join(folder, 'curl');
    mkdirSync(curlHome);
    writeFileSync(join(curlHome, '.curlrc'), 'silent\nshow-error\nfail-with-body\n');
    this.env = { ...process.env, ...env, PATH: `${this.#bin}:${process.env.PATH}`, CURL_HOME: curlHome };
    this.stand('sudo', 'exec "$@"');
    for (const name of ['apt-get', 'useradd', 'systemctl']) this.stand(name, 'true');
  }

  /** `script` stands for a program that a test cannot run. */
  stand(program: string, script: string): void {
    const file = join(this.#bin, program);
    writeFileSync(file, `#!/bin/sh -e\n${script}\n`);
    chmodSync(file, 0o755);
  }

  /** A text of a document, as it is here. */
  here(text: string): string {
    return this.names.reduce((line, [theirs, ours]) => line.replaceAll(theirs, ours), text);
  }

  /** Types a command and waits for its end. */
  async type(command: string, env: NodeJS.ProcessEnv = {}): Promise<Output> {
    const here = this.here(command);
    if (/^\w+\(\) \{/.test(here)) this.#functions += `${here}\n`;
    return run('bash', ['-c', `${this.#functions}${here}`], { ...this.env, ...env });
  }

  /** Types a command that goes on; it ends with the test. */
  start(command: string, env: NodeJS.ProcessEnv = {}): Running {
    return new Running(this.here(command), { ...this.env, ...env });
  }
}

/** A command that goes on, and what it said. */
export class Running {
  readonly child: ChildProcess;
  output = '';

  constructor(command: string, env: NodeJS.ProcessEnv) {
    this.child = spawn('bash', ['-c', /^\w+=/.test(command) ? `${command} & wait` : `exec ${command}`], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // a group of its own, so that all of it can be ended
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on('data', (bytes: Buffer) => (this.output += bytes.toString('latin1')));
    }
    afterTest(() => this.end());
  }

  /** Ends it and all that it started. */
  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    process.kill(-this.child.pid!, 'SIGKILL');
    await once(this.child, 'exit');
  }
}
