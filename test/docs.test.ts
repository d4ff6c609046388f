// Holds the documentation and the program together: what README.md says is tried.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { type RunningServer, startServer } from '../src/api/server.js';
import { loadConfig, type Setting, settings } from '../src/config.js';
import { createLog } from '../src/log.js';
import { Relay, type RelayStats } from '../src/relay/relay.js';
import { serveSettings } from '../src/serve-config.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const MANIFEST = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

const OUR_PORT = '127.0.0.1:8888'; // as README has it
const FAR_END = /^node scripts\/far-end\.mjs (\d+) \| ffplay /;

interface Output {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
async function run(program: string, args: readonly string[]): Promise<Output> {
  const child = spawn(program, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** The commands of README's ```sh blocks between two headings, in order, and the lines (`# ...`) that they answer. */
function commandLines(from: string, to: string): string[] {
  const part = README.slice(README.indexOf(`\n${from}\n`), README.indexOf(`\n${to}\n`));
  const blocks = [...part.matchAll(/^```sh\n([^]*?)^```/gm)].map(([, block]) => block!.replace(/\\\n/g, ' '));
  return blocks.flatMap((block) => block.trim().split('\n'));
}

/** The packets of a file up to the last picture that is whole: it was cut off. */
function wholePictures(bytes: Buffer): Buffer {
  const pidOf = (at: number) => bytes.readUInt16BE(at + 1) & 0x1fff;
  const counts = new Map<number, number>();
  for (let at = 0; at < bytes.length; at += 188) counts.set(pidOf(at), (counts.get(pidOf(at)) ?? 0) + 1);
  const [picture] = [...counts].sort(([, a], [, b]) => b - a)[0]!;
  let end = 0;
  for (let at = 0; at < bytes.length; at += 188) if (pidOf(at) === picture && (bytes[at + 1]! & 0x40) !== 0) end = at;
  return bytes.subarray(0, end);
}

/** GitHub's anchor of a heading. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

describe('README', () => {
  it('has each setting with its option and its default', () => {
    const rows = README.split('\n').filter((line) => line.startsWith('| `VW_'));
    const of = ({ env, option, defaultText }: Setting) => {
      return `| \`${env}\` | \`--${option}\` | ${defaultText === 'none' ? 'none' : `\`${defaultText}\``} |`;
    };
    const expected = [...new Set([...settings(), ...serveSettings()].map(of))];
    for (const row of expected) {
      expect(
        rows.some((line) => line.startsWith(row)),
        `README.md, "Settings", wants the row ${row}`,
      ).to.be.true;
    }
    expect(rows, 'a row for something that is no setting').to.have.lengthOf(expected.length);
  });

  it('has each error code', () => {
    const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
    const codes = files
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => readFileSync(join(ROOT, 'src', name), 'utf8').match(/(?<=')ERR_[A-Z_]+(?=')/g) ?? []);
    const ofNode = ['ERR_HTTP_REQUEST_TIMEOUT', 'ERR_TLS_CERT_ALTNAME_INVALID'];
    const missing = [...new Set(codes)].filter((code) => !ofNode.includes(code) && !README.includes(`\`${code}\``));
    expect(missing, 'README.md, "Errors", wants these').to.deep.equal([]);
  });

  it('names npm scripts that are there', () => {
    const names = [...README.matchAll(/npm (?:run )?([a-z:]+)/g)].map(([, name]) => name!);
    const ofNpm = ['ci', 'and', 'scripts'];
    const missing = [...new Set(names)].filter((name) => !ofNpm.includes(name) && !(name in MANIFEST.scripts));
    expect(missing).to.deep.equal([]);
    expect(names).to.include.members(['ci', 'start', 'test', 'build', 'check']);
  });

  it('links to files and headings that are there', () => {
    const targets = [...README.matchAll(/\]\(([^)\s]+)\)|src="([^"]+)"/g)].map(([, link, source]) => link ?? source!);
    const anchors = [...README.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => `#${anchor(heading!)}`);
    const missing = targets.filter((target) => {
      if (target.startsWith('#')) return !anchors.includes(target);
      return !target.startsWith('https://') && !existsSync(join(ROOT, target));
    });
    expect(missing).to.deep.equal([]);
  });
});

describe('README, from its first picture to the last rule', () => {
  it('does what it says, in its order, on one machine, and ends with pictures without a fault', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vw-readme-'));
    const config = loadConfig({ port: '0' }, {});
    const log = createLog('error', false, false);
    const relay = new Relay(config.limits, log);
    const server = await startServer(relay, config, log);
    const ports = new Map([[OUR_PORT, `127.0.0.1:${server.port}`]]);
    const children: ChildProcess[] = [];
    const here = (text: string) => [...ports].reduce((line, [theirs, ours]) => line.replaceAll(theirs, ours), text);
    const start = (command: string) => {
      const child = spawn('bash', ['-c', `exec ${command}`], { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] });
      children.push(child);
      return child;
    };
    const startFarEnd = async (port: string) => {
      const child = start(`node scripts/far-end.mjs 0 > ${join(folder, port)}`);
      const [said] = (await once(child.stderr, 'data')) as [Buffer];
      ports.set(`127.0.0.1:${port}`, `127.0.0.1:${/:(\d+)\//.exec(said.toString())![1]!}`);
    };
    const grown = async (port: string, bytes: number) => {
      while (statSync(join(folder, port)).size < bytes) await delay(50);
    };
    const feedGrows = async (feed: string) => {
      const before = relay.stats().feeds[feed]?.bytes ?? 0;
      while ((relay.stats().feeds[feed]?.bytes ?? 0) < before + 20_000) await delay(50);
    };
    try {
      let body = '';
      const done: string[] = [];
      await startFarEnd('9003'); // which README names in a sentence
      const lines = [
        ...commandLines('## First picture', '### Every path'),
        ...commandLines('## Stats and log', '### Prometheus').filter((line) => !line.startsWith('ffplay ')), // a screen
      ];
      for (const line of lines) {
        const farEnd = FAR_END.exec(line)?.[1];
        const upload = /\/ts\/(\w+)$/.exec(line)?.[1];
        done.push(line.split(' ', 2).join(' '));
        if (line.startsWith('# ')) {
          done.pop();
          expect(here(body)).to.equal(here(line.slice(2)));
        } else if (farEnd !== undefined) await startFarEnd(farEnd);
        else if (/^ffmpeg -f (v4l2|alsa) /.test(line))
          done.pop(); // there is no camera and no microphone
        else if (upload !== undefined) {
          start(here(line).replace(/^ffmpeg /, 'ffmpeg -nostdin -loglevel error '));
          await feedGrows(upload);
        } else {
          expect(line, 'a command that this test knows').to.match(/^curl /);
          const { stdout, stderr } = await run('bash', ['-c', `${here(line)} -sS -w '%{http_code}'`]);
          expect(stdout.slice(-3), `${line}\n${stdout}${stderr}`).to.match(/^2\d\d$/);
          body = stdout.slice(0, -3).trimEnd();
          if (line.includes('9001/in/video0')) await grown('9001', 150_000);
          if (line.includes('9002/in/front')) await grown('9002', 200_000);
          if (line.includes('9003/in/elsewhere')) await grown('9003', 150_000);
        }
      }
      expect(done.filter((one) => one.startsWith('curl'))).to.have.lengthOf.at.least(15);
      expect(done).to.include.members(['bash scripts/camera', 'ffmpeg -re', 'bash scripts/microphone']);
      expect([relay.stats().streams, relay.stats().destinations], 'what it leaves behind').to.deep.equal([{}, {}]);
      for (const port of ['9001', '9002', '9003']) {
        const file = join(folder, `${port}.ts`);
        writeFileSync(file, wholePictures(readFileSync(join(folder, port))));
        const decoded = await run('ffmpeg', ['-v', 'error', '-i', file, '-map', '0:v', '-f', 'framecrc', '-']);
        expect(decoded.stderr, `what ${port} got decodes without an error`).to.equal('');
        expect(decoded.stdout.split('\n').length, `pictures at ${port}`).to.be.above(10);
      }
      const probe = await run('ffprobe', [
        '-v',
        'error',
        '-show_entries',
        'stream=codec_name',
        '-of',
        'csv',
        join(folder, '9002.ts'),
      ]);
      expect(probe.stdout).to.include('mpeg1video').and.include('mp2');
    } finally {
      for (const child of children) child.kill();
      await Promise.all([server.close(), relay.close()]);
      rmSync(folder, { recursive: true });
    }
  }).timeout(60_000);
});

describe("README's commands and the ready-made scripts", () => {
  let relay: Relay;
  let server: RunningServer;
  let farEndPort: string;
  let received = 0;
  let firstByte = -1;
  const children: ChildProcess[] = [];

  /** Starts something that runs until it is told to stop. */
  function start(program: string, ...args: string[]) {
    const child = spawn(program, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    return child;
  }

  /** Ends what {@link start} started; returns what it ended with. */
  async function end(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    return child.exitCode ?? child.signalCode;
  }

  async function stats(): Promise<RelayStats> {
    return (await (await fetch(`${server.url}/api/stats`)).json()) as RelayStats;
  }

  /** Asks for stats until they are as wanted; the test's time-out ends it. */
  async function statsThat(isWanted: (stats: RelayStats) => boolean): Promise<RelayStats> {
    for (;;) {
      const now = await stats();
      if (isWanted(now)) return now;
      await delay(50);
    }
  }

  before(async () => {
    const config = loadConfig({ port: '0' }, {});
    const log = createLog('error', false, false);
    relay = new Relay(config.limits, log);
    server = await startServer(relay, config, log);
    const farEnd = start(process.execPath, 'scripts/far-end.mjs', '0');
    farEnd.stdout.on('data', (bytes: Buffer) => {
      if (received === 0) firstByte = bytes[0]!;
      received += bytes.length;
    });
    const [line] = (await once(farEnd.stderr, 'data')) as [Buffer];
    farEndPort = /:(\d+)\//.exec(line.toString())![1]!;
  });

  after(async () => {
    await Promise.all(children.map(end));
    await Promise.all([server.close(), relay.close()]);
  });

  const scripts: [name: string, feed: string, environment: string][] = [
    ['camera', 'video0', 'CODEC=mpeg1video'],
    ['camera', 'video1', 'CODEC=h264'],
    ['microphone', 'audio0', 'CODEC=mp2'],
    ['microphone', 'audio1', 'CODEC=aac'],
  ];
  for (const [name, feed, environment] of scripts) {
    it(`scripts/${name} test publishes with ${environment}, and ends when it is told to`, async () => {
      const child = start('env', environment, 'bash', `scripts/${name}`, 'test', `${server.url}/ts/${feed}`);
      const seen = await statsThat(({ feeds }) => (feeds[feed]?.packets ?? 0) > 50);
      expect(seen.feeds[feed]!.randomAccessPoints).to.be.above(0);
      expect(await end(child), "ffmpeg's own, 255").to.equal(255);
      await statsThat(({ feeds }) => feeds[feed]!.source === null);
    });
  }

  it('scripts/far-end.mjs writes what a destination sends', async () => {
    const before = received;
    const rule = { id: 'far', stream: 'video2', destination: `ws://127.0.0.1:${farEndPort}/in/video2` };
    relay.setDestination(rule);
    await statsThat(({ destinations }) => destinations.far!.live.state === 'open');
    const camera = start('bash', 'scripts/camera', 'test', `${server.url}/ts/video2`);
    while (received < before + 50 * 188) await delay(50);
    expect(firstByte).to.equal(0x47);
    await end(camera);
    await relay.deleteDestination('far');
  });

  it('scripts/far-end.mjs writes one link at a time, and says so', async () => {
    const child = start(process.execPath, 'scripts/far-end.mjs', '0');
    let said = '';
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    let written = '';
    child.stdout.on('data', (text: Buffer) => (written += text.toString()));
    const says = async (words: string) => {
      while (!said.includes(words)) await delay(10);
    };
    await says('is listening');
    const base = `ws://127.0.0.1:${/:(\d+)\//.exec(said)![1]!}/in/`;
    const link = async (name: string) => {
      const socket = new WebSocket(base + name);
      await once(socket, 'open');
      await says(`came to /in/${name}`);
      return socket;
    };
    const [one, two] = [await link('one'), await link('two')];
    await says('/in/two, and is not written');
    two.send('not written');
    two.close();
    await says('/in/two closed (1005) after 11 bytes');
    one.send('one.');
    one.close();
    await says('/in/one closed');
    const three = await link('three');
    three.send('three.');
    while (!written.includes('three.')) await delay(10);
    expect(written).to.equal('one.three.');
    three.close();
  });

  it('scripts/watch.mjs plays a feed', async () => {
    const camera = start('bash', 'scripts/camera', 'test', `${server.url}/ts/video3`);
    const watch = start(process.execPath, 'scripts/watch.mjs', `ws://127.0.0.1:${server.port}/ws/video3`);
    const [bytes] = (await once(watch.stdout, 'data')) as [Buffer];
    expect(bytes[0]).to.equal(0x47);
    await Promise.all([end(watch), end(camera)]);
  });

  it('scripts say how they are called when they are called wrongly', async () => {
    for (const name of ['camera', 'microphone']) {
      for (const args of [[], ['test'], ['test', 'video0'], ['', `${server.url}/ts/x`], ['test', server.url]]) {
        const { code, stdout, stderr } = await run('bash', [`scripts/${name}`, ...args]);
        expect([code, stdout], args.join(' ')).to.deep.equal([2, '']);
        expect(stderr).to.include(`usage: scripts/${name} DEVICE URL`);
      }
    }
    for (const name of ['far-end', 'watch']) {
      const { code, stderr } = await run(process.execPath, [`scripts/${name}.mjs`]);
      expect(code).to.equal(2);
      expect(stderr).to.include(`usage: node scripts/${name}.mjs`);
    }
  });

  it('scripts/camera names a device that is not there', async () => {
    const { code, stderr } = await run('bash', ['scripts/camera', '/dev/no-such-camera', `${server.url}/ts/x`]);
    expect(code).to.equal(1);
    expect(stderr).to.include('/dev/no-such-camera');
  });
});
