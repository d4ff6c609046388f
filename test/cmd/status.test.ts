// `vw status` as people run it: the built program, on a pipe and on a terminal.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { statsSchema } from '../../src/relay/stats-schema.js';
import { Answers, type Reply } from '../support/relay/answers.js';
import { Camera } from '../support/media/camera.js';
import { afterTest } from '../support/cleanup.js';
import { TestEndpoint } from '../support/relay/test-endpoint.js';
import { Program, VW } from '../support/programs/program.js';
import { stats, troubledStats } from '../support/relay/stats.js';
import { packets } from '../support/mpegts/ts.js';
import { RawUpload } from '../support/relay/upload.js';
import { until } from '../support/wait.js';

type AllStats = ReturnType<typeof stats>;
const saying =
  (what: () => AllStats) =>
  (request: { url?: string | undefined }): Reply => {
    return { body: request.url === '/api/stats' ? what() : {} };
  };

/** `vw` on a terminal of 80 columns and 30 lines: util-linux's script makes one. */
class Terminal {
  written = '';
  readonly child: ChildProcess;
  readonly #ended: Promise<unknown[]>;

  constructor(args: readonly string[], variables: Record<string, string> = {}) {
    // The terminal as it was, its settings before and after, and the exit code in words.
    const command = `stty cols 80 rows 30; stty -g; ${process.execPath} ${VW} ${args.join(' ')}; echo "ended with $?"; stty -g`;
    this.child = spawn('script', ['--quiet', '--flush', '--command', command, '/dev/null'], {
      env: { PATH: process.env.PATH, TERM: 'xterm', ...variables },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child.on('error', (error) => (this.written += `script cannot be run: ${error.message}`));
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on('data', (text: Buffer) => (this.written += text.toString()));
    }
    this.#ended = once(this.child, 'close');
    afterTest(async () => {
      this.child.kill('SIGKILL');
      await this.#ended;
    });
  }

  type(keys: string): void {
    this.child.stdin!.write(keys);
  }

  async shows(message: string): Promise<void> {
    await until(`the terminal shows ${message}; it has ${JSON.stringify(this.written)}`, () =>
      this.written.includes(message),
    );
  }

  /** How the terminal was set before and after, and what vw ended with. */
  async end(): Promise<{ before: string; after: string; code: number }> {
    await this.#ended;
    const lines = this.written.split('\r\n').filter((line) => line !== '');
    const code = Number(/ended with (\d+)/.exec(this.written)?.[1] ?? NaN);
    return { before: lines[0]!, after: lines.at(-1)!, code };
  }
}

describe('vw status', () => {
  it('prints the page and ends with 0 when all is well', async () => {
    const relay = await Answers.start(saying(stats));
    const vw = Program.run(['status', '--url', relay.url]);
    expect(await vw.exit()).to.equal(0);
    expect(vw.stdout.split('\n')[0]).to.equal(
      `vw 0.1.0 at ${relay.url}, up 3d03h, memory 84 MB, event loop 0.3 ms late (p99 2.1 ms)`,
    );
    expect(vw.stdout).to.match(/\nall is well\n$/);
    expect(vw.stdout).not.to.contain('\u001b');
    expect(vw.stderr).to.equal('');
  });

  it('ends with 1 when something is wrong', async () => {
    const relay = await Answers.start(saying(troubledStats));
    const vw = Program.run(['status'], { VW_URL: relay.url });
    expect(await vw.exit()).to.equal(1);
    expect(vw.stdout).to.contain('5 things are wrong:');
  });

  it('is as wide as COLUMNS says', async () => {
    const relay = await Answers.start(saying(troubledStats));
    const vw = Program.run(['status'], { VW_URL: relay.url, COLUMNS: '80' });
    await vw.exit();
    for (const line of vw.stdout.split('\n')) expect(line).to.have.length.at.most(80);
  });

  it('--json prints the stats as they are, on one line', async () => {
    const relay = await Answers.start(saying(troubledStats));
    const vw = Program.run(['status', '--json', '--url', relay.url]);
    expect(await vw.exit()).to.equal(1);
    expect(vw.stdout.trimEnd().split('\n')).to.have.length(1);
    expect(JSON.parse(vw.stdout)).to.deep.equal(troubledStats());
  });

  it('--help says what it is for, and which ends there are', async () => {
    const vw = Program.run(['status', '--help']);
    expect(await vw.exit()).to.equal(0);
    for (const message of [
      '--watch',
      '--json',
      '--url',
      'VW_URL',
      '--api-key',
      'VW_API_KEY',
      '--ca',
      'Exit status: 0',
    ]) {
      expect(vw.stdout).to.contain(message);
    }
  });

  for (const [args, said] of [
    [['--wach'], '--wach'],
    [['now'], '"now" is not accepted'],
    [['--watch', '0.1'], '--watch=0.1 cannot be used; accepted: seconds from 0.2'],
    [['--watch=x'], '--watch=x cannot be used'],
    [['--url', 'ftp://x'], '--url="ftp://x" cannot be used'],
    [['--url'], '--url'],
  ] as const) {
    it(`${args.join(' ')} ends with 2 and says what is accepted`, async () => {
      const vw = Program.run(['status', ...args]);
      expect(await vw.exit()).to.equal(2);
      expect(vw.stderr).to.contain(said);
      expect(vw.stdout).to.equal('');
    });
  }

  it('exits with 3 and a hint if nothing listens there, or not a relay', async () => {
    const page = await Answers.start(() => ({ body: '<h1>It works!</h1>' }));
    const none = Program.run(['status', '--url', page.url]);
    expect(await none.exit()).to.equal(3);
    expect(none.stderr).to.contain(
      `vw: ${page.url} is not a vw stream: it answers /api/stats with HTTP 200, text/html`,
    );
    await page.stop();
    const gone = Program.run(['status', '--url', page.url]);
    expect(await gone.exit()).to.equal(3);
    expect(gone.stderr).to.contain('nothing listens there; is vw stream running');
  });

  it('recognises vw serve', async () => {
    const serve = Program.run(['serve'], { VW_SERVE_PORT: '0' });
    await until('it listens', () => serve.line('listening') !== undefined);
    const url = String(serve.line('listening')!.url);
    const vw = Program.run(['status', '--url', url]);
    expect([await vw.exit(), vw.stderr]).to.deep.equal([
      3,
      `vw: ${url} is a vw serve; vw status shows relays (vw stream)\n`,
    ]);
  });
});

describe('vw status of a relay', () => {
  it('shows feeds, streams and destinations, and where a fault is', async () => {
    const [relay, endpoint] = [await Program.stream(), await TestEndpoint.start()];
    const gone = await TestEndpoint.start();
    await gone.stop();
    await relay.api('POST', '/api/streams', { stream: 'stream/front', feeds: ['video0', 'audio0'] });
    await relay.api('POST', '/api/destinations', { id: '2', stream: 'video7', destination: gone.url });
    await relay.connect('stream/front', endpoint.url, '1');
    Camera.picture('mpeg1video', `${relay.url}/ts/video0`);
    Camera.sound('mp2', `${relay.url}/ts/audio0`);
    await until('the stream has both', async () => (await relay.stats()).streams['stream/front']?.tracks.length === 2);
    await until('the endpoint has some', () => endpoint.messages.length > 20);
    await until('it is known what is wrong', async () => {
      const { feeds, destinations } = await relay.stats();
      return feeds.video0?.gopMs === 480 && feeds.video7?.fault && destinations[2]?.live.fault;
    });
    const vw = Program.run(['status'], { VW_PORT: String(relay.port) });
    expect(await vw.exit()).to.equal(1);
    const [feeds, streams, destinations, wrong] = vw.stdout.split('\n\n').slice(1);
    expect(feeds).to.match(/^audio0 +live \d+s +\d+ +0 +\S+( ms)? +mp2 44\.1 kHz mono +127\.0\.0\.1:\d+$/m);
    expect(feeds).to.match(/^video0 +live \d+s +\d+ +0 +480 ms +mpeg1video 320x240 25\/s +127\.0\.0\.1:\d+$/m);
    expect(feeds).to.match(/^video7 +absent \d+s .*\n {4}! .* \(no-source\)$/m);
    expect(streams).to.match(/^stream\/front +\d+ +1 +video0 mpeg1video, audio0 mp2 +/m);
    expect(destinations).to.match(/^1 +stream\/front +open \d+s +\d+ .*ws:\/\/127\.0\.0\.1:\d+\/in\/video0$/m);
    expect(destinations).to.match(/^2 +video7 +\w+ \d+s .*\n {4}! .* \(unreachable\)/m);
    expect(wrong!.split('\n').map((line) => line.replace(/: .*/, ''))).to.deep.equal([
      'rules are kept in memory only',
      '2 things are wrong:',
      '  feed video7',
      '  destination 2',
      '',
    ]);
  });

  it('says what is muted, and answers --json as the schema has it', async () => {
    const relay = await Program.stream();
    await relay.api('PUT', '/api/mutes/all', {});
    await relay.api('PUT', '/api/mutes/video0', { tracks: 'all' });
    RawUpload.begin(relay.port, 'video0').chunk(packets(3));
    const vw = Program.run(['status', '--json'], { VW_URL: relay.url });
    await vw.exit();
    expect(statsSchema.parse(JSON.parse(vw.stdout)).process.pid).to.equal(relay.pid);
    const page = Program.run(['status'], { VW_URL: relay.url });
    await page.exit();
    expect(page.stdout).to.contain('it is muted: nothing of it goes anywhere');
    expect(page.stdout).to.contain('\nmuted: the sound of every feed, all of video0\n');
  });

  it('wants the key that the relay has', async () => {
    const relay = await Program.stream({ VW_API_KEY: 'k1' });
    const settings = { VW_PORT: String(relay.port) };
    const run = async (args: readonly string[], more: Record<string, string> = {}) => {
      const vw = Program.run(['status', ...args], { ...settings, ...more });
      return { code: await vw.exit(), stderr: vw.stderr };
    };
    const [refused, wrong] = [await run([]), await run(['--api-key', 'k2'])];
    expect([refused.code, wrong.code]).to.deep.equal([3, 3]);
    expect(refused.stderr).to.contain('it requires a key; give its VW_API_KEY');
    expect(wrong.stderr).to.contain('the key is wrong');
    expect(await run([], { VW_API_KEY: 'k1' })).to.deep.equal({ code: 0, stderr: '' });
  });
});

describe('vw status --watch', () => {
  it('on a pipe prints a block each time, and goes on when the relay is away for a while', async () => {
    let relay = await Answers.start(saying(stats));
    const { url, port } = relay;
    const vw = Program.run(['status', '--watch', '0.2', '--url', url]);
    await until('two blocks', () => vw.stdout.split('all is well').length > 2);
    await relay.stop();
    await until('it is missed', () => vw.stdout.includes(`trying again: ${url} is not reached: nothing`));
    relay = await Answers.start(saying(troubledStats), null, port);
    await until('it is back', () => vw.stdout.includes('5 things are wrong'));
    vw.child.kill('SIGINT');
    expect(await vw.exit()).to.equal(1);
    expect(vw.stdout).to.match(/^\d\d:\d\d:\d\d vw 0\.1\.0 at .*\n\nFEED/);
    expect(vw.stdout).not.to.contain('\u001b');
  });

  it('waits for a relay that is not there yet, and not for what is no relay', async () => {
    const other = await Answers.start(() => ({ body: {} }));
    const vw = Program.run(['status', '--watch', '--url', other.url]);
    expect(await vw.exit()).to.equal(3);
    expect(vw.stderr).to.contain('is not a vw stream');
    await other.stop();
    const waiting = Program.run(['status', '--watch', '0.2', '--url', other.url]);
    await until('it waits', () => waiting.stdout.includes('trying again'));
    await Answers.start(saying(stats), null, other.port);
    await until('it is there', () => waiting.stdout.includes('all is well'));
    waiting.child.kill('SIGTERM');
    expect(await waiting.exit()).to.equal(0);
  });

  it('--json prints a line each time, and says on stderr once that it is away', async () => {
    const relay = await Answers.start(saying(stats));
    const vw = Program.run(['status', '--json', '--watch=0.2', '--url', relay.url]);
    await until('two lines', () => vw.stdout.split('\n').length > 2);
    await relay.stop();
    await until('it is missed', () => vw.stderr.includes('; trying again\n'));
    const missed = relay.asked.length;
    await Answers.start(saying(stats), null, relay.port);
    await until('it is back', () => vw.stdout.split('\n').length > missed / 2 + 1);
    vw.child.kill('SIGINT');
    await vw.exit();
    for (const line of vw.stdout.trimEnd().split('\n')) expect(JSON.parse(line)).to.deep.equal(stats());
    expect(vw.stderr.trimEnd().split('\n')).to.have.length(1);
  });

  it('does not wait for an answer when it is stopped', async () => {
    const relay = await Answers.start(() => null);
    const vw = Program.run(['status', '--watch', '--url', relay.url]);
    await until('it has asked', () => relay.asked.length > 0);
    vw.child.kill('SIGINT');
    const began = performance.now();
    await vw.exit();
    expect(performance.now() - began).to.be.below(5000); // the answer is waited for 10 s
  });

  it('ends when its output is no longer read', async () => {
    const relay = await Answers.start(saying(stats));
    const vw = Program.run(['status', '--watch', '0.2', '--url', relay.url]);
    await until('it prints', () => vw.stdout !== '');
    vw.child.stdout!.destroy();
    expect(await vw.exit()).to.equal(0);
  });

  for (const [name, quit] of [
    ['q', (terminal: Terminal) => terminal.type('q')],
    ['Ctrl-C', (terminal: Terminal) => terminal.type('\u0003')],
  ] as const) {
    it(`on a terminal draws in place, and ${name} gives the terminal back`, async () => {
      const relay = await Answers.start(saying(stats));
      const terminal = new Terminal(['status', '--watch', '0.2', '--url', relay.url]);
      await until('it has drawn three times', () => terminal.written.split('all is well').length > 3);
      quit(terminal);
      const { before, after, code } = await terminal.end();
      expect(code).to.equal(0);
      expect(after, 'the settings of the terminal').to.equal(before);
      expect(terminal.written.split('\u001b[?1049h'), 'the alternate screen is taken once').to.have.length(2);
      expect(terminal.written).to.match(/\u001b\[\?25h\u001b\[\?1049lended with/);
      expect(terminal.written).to.contain('\u001b[32mall is well\u001b[39m');
    });
  }

  it('on a terminal keeps what was seen while the relay is away', async () => {
    const relay = await Answers.start(saying(stats));
    const terminal = new Terminal(['status', '--watch', '0.2', '--url', relay.url], { NO_COLOR: '1' });
    await terminal.shows('all is well');
    await relay.stop();
    await terminal.shows('last known state:');
    expect(terminal.written).to.contain('trying again: ');
    expect(terminal.written, 'no colour').not.to.match(/\u001b\[\d+m/);
    const { length } = terminal.written;
    await Answers.start(saying(troubledStats), null, relay.port);
    await terminal.shows('5 things are wrong');
    expect(terminal.written.slice(length)).to.contain('more lines (vw status without --watch shows all)');
    terminal.type('q');
    expect((await terminal.end()).code).to.equal(1);
  });

  it('on a terminal gives it back when it ends for what it cannot do', async () => {
    const other = await Answers.start(() => ({ body: {} }));
    const terminal = new Terminal(['status', '--watch', '--url', other.url]);
    const { before, after, code } = await terminal.end();
    expect([code, after]).to.deep.equal([3, before]);
    expect(terminal.written).to.match(/\u001b\[\?1049lvw: .* is not a vw stream/);
  });
});
