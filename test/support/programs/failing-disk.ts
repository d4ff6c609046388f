// `vw stream` under strace: what it does with its disk, and what it does when that fails.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterTest } from '../cleanup.js';
import { scratch } from '../media/ffmpeg.js';
import { type Answer, ask } from '../relay/relay.js';
import { Command } from './command.js';
import { Program, VW } from './program.js';

const NOWHERE = 'ws://127.0.0.1:9/in/front';

interface Rules {
  readonly streams: { stream: string }[];
  readonly destinations: unknown[];
  readonly mutes: { feed: string }[];
}

/** `vw stream` under strace. */
export class Traced {
  url = '';
  private constructor(
    readonly command: Command,
    readonly trace: string,
    readonly state: string,
  ) {}

  static async start(
    state: string,
    options: readonly string[],
    settings: Record<string, string> = {},
  ): Promise<Traced> {
    const trace = join(scratch(), 'trace');
    const calls = 'trace=write,writev,pwrite64,fsync,rename,renameat,renameat2,openat,close';
    const args = ['-f', '-y', '-s', '64', '-o', trace, '-e', calls, ...options, process.execPath, VW, 'stream'];
    const command = new Command('strace', args, { VW_PORT: '0', VW_STATE: state, ...settings });
    const one = new Traced(command, trace, state);
    afterTest(() => one.stop()); // strace lets go of what it traces when it is killed
    const [, url] = await command.says(/"url":"(http:[^"]*)"/);
    one.url = url!;
    return one;
  }

  api(method: string, path: string, body?: unknown): Promise<Answer> {
    return ask(this.url, { method, path, body });
  }

  async stop(): Promise<void> {
    if (this.command.isOver) return;
    const pid = Number(readFileSync(`${this.state}.lock`, 'utf8').match(/"pid":(\d+)/)![1]);
    process.kill(pid, 'SIGKILL');
    await this.command.ended();
  }
}

/** What may fail: the calls of strace, and the path at which they fail. */
export const DISK_CALLS = {
  open: (state: string) => [`${state}.new`, 'openat'],
  write: (state: string) => [`${state}.new`, 'write,pwrite64,writev'],
  'fsync of the file': (state: string) => [`${state}.new`, 'fsync'],
  rename: (state: string) => [`${state}.new`, 'rename'],
  'fsync of the folder': (state: string) => [join(state, '..'), 'fsync'],
} satisfies Record<string, (state: string) => [path: string, calls: string]>;
export type DiskCall = keyof typeof DISK_CALLS;

/** Rules are refused while `call` fails with `error`, a mute is not, and a restart has what was there before. */
export async function refuseWhile(call: DiskCall, error: string): Promise<void> {
  const state = join(scratch(), 'rules');
  const folder = join(state, '..');
  const [path, name] = DISK_CALLS[call](state);
  // What was there before: a stream, and a mute.
  const before = await Program.stream({ VW_STATE: state });
  await before.api('POST', '/api/streams', { stream: 'stream/old', feeds: ['a'] });
  await before.api('PUT', '/api/mutes/old');
  before.child.kill('SIGTERM');
  await before.exit();
  const stream = { stream: 'stream/a', feeds: ['a'] };
  const traced = await Traced.start(state, ['-P', path, '-e', `inject=${name}:error=${error}`]);
  const refused = [
    await traced.api('POST', '/api/streams', stream),
    await traced.api('POST', '/api/destinations', { id: '1', stream: 'a', destination: NOWHERE }),
    await traced.api('DELETE', '/api/streams/all'),
    await traced.api('DELETE', '/api/mutes/old'),
    await traced.api('DELETE', '/api/mutes/all'),
  ];
  expect(refused.map(({ status, body }) => [status, (body as { code?: string }).code])).to.deep.equal(
    refused.map(() => [507, 'ERR_NOT_SAVED']),
  );
  const mute = await traced.api('PUT', '/api/mutes/mic');
  expect(mute.body).to.include({ feed: 'mic', tracks: 'audio', saved: false });
  const rules = (await traced.api('GET', '/api/rules')).body as Rules;
  expect(rules.streams.map((one) => one.stream)).to.deep.equal(['stream/old']);
  expect(rules.destinations).to.deep.equal([]);
  expect(rules.mutes.map(({ feed }) => feed)).to.deep.equal(['old', 'mic']);
  expect((await traced.api('GET', '/healthcheck')).body).to.match(
    new RegExp(`^the mute of mic is in force but not saved: .*\\(${error}\\)$`),
  );
  await traced.stop();
  const after = await Program.stream({ VW_STATE: state });
  const saved = (await after.api('GET', '/api/rules')).body as Rules;
  expect(saved.streams.map((one) => one.stream)).to.deep.equal(['stream/old']);
  expect(saved.mutes.map(({ feed }) => feed)).to.deep.equal(['old']);
  expect(readdirSync(folder).filter((one) => /new|damaged/.test(one))).to.deep.equal([]);
}
