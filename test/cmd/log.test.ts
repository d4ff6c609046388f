// A log that cannot be written, as a full disk, a closed pipe or a reader that has stopped make it: vw goes on.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect } from 'chai';
import { afterTest } from '../support/cleanup.js';
import { ask } from '../support/relay/relay.js';
import { until } from '../support/wait.js';
import { VW } from '../support/programs/program.js';

interface LogStats {
  readonly lostLines: number;
  readonly waitingBytes: number;
  readonly error: string | null;
}

/** A server whose output goes where a shell command says; `$VW` is the program. */
class Shelled {
  stdout = '';
  stderr = '';
  readonly #ended: Promise<unknown[]>;

  constructor(
    readonly child: ChildProcess,
    readonly url: string,
  ) {
    child.stdout!.on('data', (text: Buffer) => (this.stdout += text.toString()));
    child.stderr!.on('data', (text: Buffer) => (this.stderr += text.toString()));
    this.#ended = once(child, 'close');
    afterTest(async () => {
      if (child.exitCode === null) process.kill(-child.pid!, 'SIGKILL'); // with what the shell has started
      await this.#ended;
    });
  }

  static async start(command: string, variables: Record<string, string> = {}): Promise<Shelled> {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    probe.close();
    await once(probe, 'close');
    const env = {
      PATH: process.env.PATH,
      VW: `${process.execPath} ${VW}`,
      VW_PORT: String(port),
      VW_SERVE_PORT: String(port),
      ...variables,
    };
    const child = spawn('bash', ['-c', command], { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const one = new Shelled(child, `http://127.0.0.1:${port}`);
    await until(`it answers: ${one.stderr}`, () =>
      ask(one.url, { method: 'GET', path: '/healthcheck' }).then(Boolean, () => false),
    );
    return one;
  }

  async log(): Promise<LogStats> {
    const { body } = await ask(this.url, { method: 'GET', path: '/api/stats' });
    const { log, process: of } = body as { log?: LogStats; process?: { log: LogStats } };
    return (log ?? of?.log)!; // vw serve's, vw stream's
  }

  /** Has `count` lines logged. */
  async say(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const { status } = await ask(this.url, {
        method: 'PUT',
        path: '/api/streams',
        body: { stream: `stream/x${i % 2}`, feeds: [`f${i}`] },
      });
      expect(status).to.equal(200);
    }
  }
}

describe('a log that cannot be written', () => {
  it('does not end vw stream when whoever read it has gone (| head -1), and its end is in order', async () => {
    const one = await Shelled.start('($VW stream & echo pid $! >&2; wait $!; echo code $? >&2) | head -1');
    await until('the first line is there', () => one.stdout.includes('listening'));
    await one.say(3);
    await until('head has gone', async () => {
      await one.say(2);
      return (await one.log()).lostLines > 0;
    });
    expect((await one.log()).error).to.equal('its reader has gone (EPIPE)');
    process.kill(Number(/pid (\d+)/.exec(one.stderr)![1]), 'SIGTERM');
    await until('it has ended', () => one.stderr.includes('code'));
    expect(one.stderr)
      .to.match(/code 0\n$/)
      .and.not.include('Error');
  });

  for (const [command, out] of [
    ['stream', '>/dev/full 2>/dev/full'],
    ['serve', '>/dev/full 2>/dev/full'],
  ] as const) {
    it(`does not end vw ${command} ${out}`, async () => {
      const one = await Shelled.start(`$VW ${command} ${out} & trap 'kill $!' TERM; wait $!; wait $!; echo code $?`);
      const { lostLines, error } = await one.log();
      expect(lostLines).to.be.above(0);
      expect(error).to.equal('no space is left on the device (ENOSPC)');
      const metrics = await (await fetch(`${one.url}/metrics`)).text();
      expect(metrics).to.match(/^vw_(serve_)?log_lost_lines_total [1-9]/m);
      one.child.kill('SIGTERM');
      await until('it has ended in order', () => one.stdout.includes('code 0'));
    });
  }

  it('does not end vw stream whose stdout and stderr are closed', async () => {
    const one = await Shelled.start('exec $VW stream >&- 2>&-');
    await one.say(3);
    one.child.kill('SIGTERM');
    const [code] = (await once(one.child, 'exit')) as [number];
    expect(code).to.equal(0);
  });

  it('holds little for a reader that has stopped, and reports the number of lost lines when it reads on', async () => {
    const one = await Shelled.start('exec $VW stream', { VW_LOG_LEVEL: 'debug' });
    await until('the first line is there', () => one.stdout.includes('listening'));
    one.child.stdout!.pause(); // a socket between two programs, as systemd's journal is
    const feeds = Array.from({ length: 32 }, (_, i) => `${'long-name-'.repeat(19)}${i}`);
    await until('lines are lost', async () => {
      for (let i = 0; i < 40; i++)
        await ask(one.url, {
          method: 'PUT',
          path: '/api/streams',
          body: { stream: 'stream/long', feeds: feeds.slice(i % 2) },
        });
      return (await one.log()).lostLines > 0;
    });
    expect((await one.log()).waitingBytes).to.be.at.most(256 * 1024);
    one.child.stdout!.resume();
    await until('nothing waits any more', async () => (await one.log()).waitingBytes === 0);
    const { lostLines } = await one.log();
    await one.say(1);
    one.child.kill('SIGTERM');
    await once(one.child, 'close');
    const lines = one.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const told = lines.filter(({ message }) => message === 'lines of the log were lost');
    expect(told.map((line) => [line.level, line.lines])).to.deep.equal([['warn', lostLines]]);
    expect(lines.at(-1)!.message, 'its last line').to.equal('stopped');
  });

  it('is no reason for a command to fail whose reader has seen enough; a full disk is', async () => {
    const run = async (command: string) => {
      const env = { PATH: process.env.PATH, VW: `${process.execPath} ${VW}` };
      const child = spawn('bash', ['-c', command], { env, stdio: ['ignore', 'pipe', 'pipe'] });
      let said = '';
      child.stdout.on('data', (text: Buffer) => (said += text.toString()));
      child.stderr.on('data', (text: Buffer) => (said += text.toString()));
      await once(child, 'close');
      return said;
    };
    const said = await Promise.all([
      run('{ $VW --help; echo code $? >&2; } | true'),
      run('$VW --help 2>&1 >/dev/full; echo code $?'),
      run('$VW stream --nonsense 2>/dev/full; echo code $?'),
    ]);
    expect(said).to.deep.equal([
      'code 0\n',
      'vw: the output cannot be written: ENOSPC: no space left on device, write\ncode 1\n',
      'code 2\n',
    ]);
  });
});
