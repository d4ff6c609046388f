// Holds the documentation and the program together: what README.md says is tried.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { WebSocket, WebSocketServer } from 'ws';
import { type RunningServer, startServer } from '../src/api/server.js';
import { loadConfig, type Setting, settings } from '../src/config.js';
import { createLog } from '../src/log.js';
import { problemOf } from '../src/http/problem.js';
import { parseDestinationRule } from '../src/relay/rules.js';
import { Relay, type RelayStats } from '../src/relay/relay.js';
import { serveSettings } from '../src/serve-config.js';
import { README, ROOT, run } from './support/readme.js';

const MANIFEST = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

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

  it('shows an error as it is answered', () => {
    const [, shown] = /\n## Errors\n[^]*?^```json\n(.*)\n```$/m.exec(README)!;
    const [, destination] = /A destination `(http:[^`]+)` without a token/.exec(README)!;
    const relay = new Relay(loadConfig({}, {}).limits, createLog('error', false, false));
    const answer = (() => {
      try {
        return relay.setDestination(parseDestinationRule({ id: '1', stream: 'stream/front', destination }));
      } catch (error) {
        return problemOf(error);
      }
    })();
    expect(JSON.parse(shown!)).to.deep.equal(answer);
  });

  it('names npm scripts that are there', () => {
    const names = [...README.matchAll(/npm (?:run )?([a-z:]+)/g)].map(([, name]) => name!);
    const ofNpm = ['ci', 'and', 'scripts'];
    const missing = [...new Set(names)].filter((name) => !ofNpm.includes(name) && !(name in MANIFEST.scripts));
    expect(missing).to.deep.equal([]);
    expect(names).to.include.members(['ci', 'start', 'test', 'build', 'check']);
  });

  it('is preceded by a note that it builds first', () => {
    for (const name of ['demo', 'start'])
      expect(MANIFEST.scripts[name]).to.match(/^echo 'building…' >&2 && npm run --silent build &&/);
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

describe("README's commands and the ready-made scripts", () => {
  let relay: Relay;
  let server: RunningServer;
  let endpointPort: string;
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
    const endpoint = start(process.execPath, 'scripts/endpoint.mjs', '0');
    endpoint.stdout.on('data', (bytes: Buffer) => {
      if (received === 0) firstByte = bytes[0]!;
      received += bytes.length;
    });
    const [line] = (await once(endpoint.stderr, 'data')) as [Buffer];
    endpointPort = /:(\d+)\//.exec(line.toString())![1]!;
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

  it('scripts/endpoint.mjs writes what a destination sends', async () => {
    const before = received;
    const rule = { id: 'far', stream: 'video2', destination: `ws://127.0.0.1:${endpointPort}/in/video2` };
    relay.setDestination(rule);
    await statsThat(({ destinations }) => destinations.far!.live.state === 'open');
    const camera = start('bash', 'scripts/camera', 'test', `${server.url}/ts/video2`);
    while (received < before + 50 * 188) await delay(50);
    expect(firstByte).to.equal(0x47);
    await end(camera);
    await relay.deleteDestination('far');
  });

  it('scripts/endpoint.mjs writes one link at a time, and says so', async () => {
    const child = start(process.execPath, 'scripts/endpoint.mjs', '0');
    let said = '';
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    let written = '';
    child.stdout.on('data', (text: Buffer) => (written += text.toString()));
    const says = async (message: string) => {
      while (!said.includes(message)) await delay(10);
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

  it('scripts/watch.mjs names VW_TOKEN where a token is wanted', async () => {
    const endpoint = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    endpoint.on('connection', (socket) => socket.close(1008, 'no token within 10 s: it must be the first message'));
    await once(endpoint, 'listening');
    const { port } = endpoint.address() as AddressInfo;
    const { code, stderr } = await run(process.execPath, ['scripts/watch.mjs', `ws://127.0.0.1:${port}/out/x`]);
    endpoint.close();
    expect(code).to.equal(1);
    expect(stderr).to.equal(
      'watch: closed (1008) no token within 10 s: it must be the first message; it wants a token: set VW_TOKEN=TOKEN\n',
    );
  });

  it('scripts say how they are called when they are called wrongly', async () => {
    for (const name of ['camera', 'microphone']) {
      for (const args of [[], ['test'], ['test', 'video0'], ['', `${server.url}/ts/x`], ['test', server.url]]) {
        const { code, stdout, stderr } = await run('bash', [`scripts/${name}`, ...args]);
        expect([code, stdout], args.join(' ')).to.deep.equal([2, '']);
        expect(stderr).to.include(`usage: scripts/${name} DEVICE URL`);
      }
    }
    for (const name of ['endpoint', 'watch']) {
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
