// A newcomer, who types the commands of the documents and looks whether they did what the documents say. What a test
// machine lacks is left out, by name.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { RelayStats } from '../../../src/relay/relay.js';
import { testAuthority } from '../relay/certificates.js';
import { commandsIn, Machine, type Running } from './documents.js';
import { scratch } from '../media/ffmpeg.js';
import { until } from '../wait.js';

const WAIT_MS = 20_000; // for programs that are started beside others

/** What is left out, and why. */
export const LEFT_OUT: readonly [pattern: RegExp, why: string][] = [
  [/^ffmpeg -f (v4l2|alsa) |^v4l2-ctl |^ls -l \/dev\/v4l|^bash scripts\/camera \/dev\/v4l/, 'a camera, a microphone'],
  [/^ffmpeg -rtsp_transport /, 'an IP camera'],
  [/^ffplay /, 'a screen'],
  [/^some-program /, 'no program of that name'],
  [/npm (ci|run|test)/, 'the test runs what npm has built'],
  [/^sudo apt install /, 'the package manager is not for tests to use'],
  [/nodejs\.org|\$archive|^node --version/, 'test/docs.test.ts runs it without the network'],
  [/^journalctl |^npx /, 'no systemd; other tests'],
];

/** What a start of a command must have brought, beyond what is true of every command. */
type Checks = readonly [pattern: RegExp, check: () => Promise<unknown>][];

export class Newcomer {
  readonly done: string[] = [];
  readonly tokens: Record<string, string> = {};
  readonly #uploads: Running[] = [];
  readonly #started = new Set<string>();
  #output = '';

  private constructor(
    readonly machine: Machine,
    readonly folder: string,
  ) {}

  static async start(): Promise<Newcomer> {
    const folder = scratch();
    const authority = join(folder, 'authority.pem');
    writeFileSync(authority, (await testAuthority()).cert);
    const machine = new Machine(folder, { NODE_EXTRA_CA_CERTS: authority, VW_PORT: '0', VW_SERVE_PORT: '0' });
    writeFileSync(join(folder, 'curl/.curlrc'), `cacert = ${authority}\n`, { flag: 'a' });
    machine.names.push(
      ['scripts/camera /dev/video0', 'scripts/camera test'],
      ['scripts/microphone default', 'scripts/microphone test'],
      ['--port 8890', '--port 0'],
    );
    return new Newcomer(machine, folder);
  }

  /** Host and port of the relay, of `vw serve` and the like, by the documents' port. */
  here(documentPort: number): string {
    return this.machine.here(`127.0.0.1:${documentPort}`);
  }

  async stats(): Promise<RelayStats> {
    return (await (await fetch(`http://${this.here(8888)}/api/stats`)).json()) as RelayStats;
  }

  /** Starts one of our servers and waits until it listens; returns host and port. */
  async listen(command: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
    const server = this.machine.start(command, env);
    const url = () => /"url":"https?:\/\/([^"/]+)/.exec(server.output)?.[1];
    await until(`it listens: ${command}`, () => url() !== undefined, WAIT_MS).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${server.output}`);
    });
    return url()!;
  }

  /** Starts the relay, which the documents call 127.0.0.1:8888. */
  async startRelay(): Promise<void> {
    const command = 'node dist/cmd/vw.js stream';
    const relay = await this.listen(command);
    this.#started.add(command);
    this.machine.names.push(['127.0.0.1:8888', relay]);
    this.machine.env.VW_PORT = relay.split(':')[1];
  }

  /** Types the commands of a document, or of a part of it. */
  async typeAll(document: string, from?: string, to?: string, checks: Checks = []): Promise<void> {
    for (const line of commandsIn(document, from, to)) {
      await this.#type(line);
      for (const [pattern, check] of checks) if (pattern.test(line)) await check();
    }
  }

  /** Ends the uploads that were started. */
  async endUploads(): Promise<void> {
    for (const upload of this.#uploads.splice(0)) await upload.end();
  }

  linkIsOpen(id: string, to: string): Promise<void> {
    const isThere = async () => {
      const { live, pending } = (await this.stats()).destinations[id]!;
      return live.state === 'open' && live.fault === null && pending === null && live.url === this.machine.here(to);
    };
    return until(`destination ${id} is at ${to}`, isThere, WAIT_MS).catch(async (error: unknown) => {
      throw new Error(`${String(error)}: ${JSON.stringify((await this.stats()).destinations[id])}`);
    });
  }

  /** Types one line, and looks whether it did what the document says. */
  async #type(line: string): Promise<void> {
    const { machine } = this;
    if (LEFT_OUT.some(([pattern]) => pattern.test(line))) return;
    if (line.startsWith('#')) {
      if (/^# [["{]/.test(line)) expect(this.#output.trimEnd()).to.equal(machine.here(line.slice(2)));
      return;
    }
    this.done.push(line.split(' ', 2).join(' '));
    const endpoint = /^node scripts\/endpoint\.mjs (\d+) \| ffplay /.exec(line)?.[1];
    const upload = line.startsWith('curl') ? undefined : /\/ts\/(\w+)(?:\s+#.*)?$/.exec(line)?.[1];
    const server = /^node dist\/cmd\/vw\.js (?:stream|serve)(?: --port (\d+))?$/.exec(line);
    if (endpoint !== undefined) await this.#startEndpoint(endpoint);
    else if (upload !== undefined) {
      this.#uploads.push(machine.start(line.replace(/^ffmpeg /, 'ffmpeg -nostdin -loglevel error ')));
      await this.#feedGrows(upload);
    } else if (server) {
      if (this.#started.has(line)) return; // an earlier document has started it
      this.#started.add(line);
      machine.names.push([`127.0.0.1:${server[1] ?? '8889'}`, await this.listen(line)]);
    } else if (/^VW_HOST=.* stream$/.test(line)) {
      const url = `https://${await this.listen(line, { VW_PORT: '0' })}/api/stats`;
      expect((await machine.type(`curl -k ${url}`)).stdout, 'without the key').to.include('"status":401');
      expect((await machine.type(`curl -k -u :choose-a-long-one ${url}`)).code, 'with the key').to.equal(0);
    } else if (line.startsWith('curl -N ')) {
      await this.#eventsCome(line);
    } else if (line.includes('scripts/watch.mjs')) {
      const shown = line.replace(/ \| ffplay .*/, '').replace('TOKEN=TOKEN', `TOKEN=${this.tokens.read ?? ''}`);
      const watch = machine.start(shown);
      await until(`packets come: ${line}`, () => watch.output.length > 100_000, WAIT_MS);
      expect(watch.output.charCodeAt(0), watch.output.slice(0, 100)).to.equal(0x47);
      await watch.end();
    } else {
      const env: NodeJS.ProcessEnv = line.endsWith('--check-config') ? { VW_PORT: '0' } : {};
      const ran = await machine.type(line.replace('"TOKEN"', `"${this.tokens.write ?? ''}"`), env);
      this.#output = ran.stdout;
      // Of `vw status` 1 says that something is wrong, as it may be on a machine that is busy with other tests.
      const good = line.endsWith(' status') ? [0, 1] : [0];
      expect(good, `${line}\n${ran.stdout}${ran.stderr}`).to.include(ran.code);
      const scope = /^vw_token .*--scope (\w+)/.exec(line)?.[1];
      if (scope !== undefined) this.tokens[scope] = this.#output.trim();
      const answer = /\s# (".*")$/.exec(line)?.[1];
      if (answer !== undefined) expect(this.#output.trimEnd()).to.equal(answer);
    }
  }

  async #startEndpoint(port: string): Promise<void> {
    const said = this.machine.start('node scripts/endpoint.mjs 0 > /dev/null');
    const ours = () => /ws:\/\/(127\.0\.0\.1:\d+)\//.exec(said.output)?.[1];
    await until('the endpoint listens', ours, WAIT_MS);
    this.machine.names.push([`127.0.0.1:${port}`, ours()!]);
  }

  async #feedGrows(feed: string): Promise<void> {
    const bytes = async () => (await this.stats()).feeds[feed]?.bytes ?? 0;
    const before = await bytes();
    await until(`${feed} grows`, async () => (await bytes()) > before + 20_000, WAIT_MS);
  }

  async #eventsCome(line: string): Promise<void> {
    const events = this.machine.start(line);
    const something = `http://${this.here(8888)}/api/streams`; // happens, so that there is an event
    const hasCome = async () => {
      const body = JSON.stringify({ stream: `stream/${Date.now()}`, feeds: ['video0'] });
      await fetch(something, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
      return /^event: [\w-]+\n/m.test(events.output);
    };
    await until(`events come: ${line}`, hasCome, WAIT_MS);
  }
}
