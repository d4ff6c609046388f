// Holds the documents and the program together.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { WebSocket, WebSocketServer } from 'ws';
import { startServer } from '../../src/api/server.js';
import type { RunningServer } from '../../src/http/server/http-server.js';
import { relayPages } from '../../src/web/server/relay-pages.js';
import { anchor } from '../../scripts/reference/markdown.js';
import { referencePages } from '../../scripts/reference/pages.js';
import { loadConfig, settings } from '../../src/config/stream-config.js';
import { createLog } from '../../src/log/log.js';
import { EVENT_TYPES, FAULTS } from '../../src/relay/events/event.js';
import { Relay, type RelayStats } from '../../src/relay/relay.js';
import { serveSettings } from '../../src/config/serve-config.js';
import { DOCUMENTS, Machine, readDocument, ROOT, run } from '../support/programs/documents.js';
import { scratch } from '../support/media/ffmpeg.js';

const MANIFEST = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly scripts: Record<string, string>;
  readonly files: readonly string[];
};

const README = readDocument('README.md');

/** The links and pictures of a document. */
function targetsIn(text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)|src="([^"]+)"/g)].map(([, link, source]) => link ?? source!);
}

/** The anchors of a document's headings, those of repeated headings with their numbers. */
function anchorsIn(text: string): string[] {
  const seen = new Map<string, number>();
  const outsideCode = text.replace(/^```[^]*?^```$/gm, '');
  return [...outsideCode.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => {
    const own = anchor(heading!);
    const before = seen.get(own) ?? 0;
    seen.set(own, before + 1);
    return before === 0 ? own : `${own}-${before}`;
  });
}

describe('documents', () => {
  for (const name of DOCUMENTS) {
    it(`${name} links to files and headings that are there`, () => {
      const isThere = (target: string) => {
        if (/^https?:/.test(target)) return true;
        const [path, heading] = target.split('#') as [string, string?];
        const file = path === '' ? name : join(dirname(name), path);
        if (!existsSync(join(ROOT, file))) return false;
        return heading === undefined || anchorsIn(readDocument(file)).includes(heading);
      };
      expect(targetsIn(readDocument(name)).filter((target) => !isThere(target))).to.deep.equal([]);
    });
  }

  it('are all reached from README', () => {
    const reached = new Set(['README.md']);
    for (const name of reached) {
      for (const target of targetsIn(readDocument(name))) {
        const file = join(dirname(name), target.split('#')[0]!);
        if (DOCUMENTS.includes(file)) reached.add(file);
      }
    }
    expect(DOCUMENTS.filter((name) => !reached.has(name))).to.deep.equal([]);
  });

  it('name npm scripts that are there', () => {
    const names = DOCUMENTS.flatMap((name) =>
      [...readDocument(name).matchAll(/(?:^|`|&& |sudo )npm (?:run (?:--silent )?)?([a-z:]+)/gm)].map(
        ([, one]) => one!,
      ),
    );
    const missing = [...new Set(names)].filter((name) => name !== 'ci' && !(name in MANIFEST.scripts));
    expect(missing).to.deep.equal([]);
    expect(names).to.include.members(['ci', 'start', 'test', 'build', 'check', 'docs']);
  });

  it('use the terms of the glossary', () => {
    const others = /\bfar ends?\b|\bprogrammes?\b|\bvisitors?\b|parted by|begun at|\bwho(?:ever)? watch(?:es)?\b/gi;
    const found = DOCUMENTS.flatMap((name) =>
      [...readDocument(name).matchAll(others)].map(([words]) => `${name}: ${words}`),
    );
    expect(found).to.deep.equal([]);
  });

  it('are in the package', () => {
    expect(MANIFEST.files).to.include.members(['docs', 'img', 'README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md']);
  });
});

describe('README', () => {
  it('has at most 200 lines', () => {
    expect(README.trimEnd().split('\n')).to.have.lengthOf.at.most(200);
  });

  it('names what `npm run demo` and `npm start` do first', () => {
    for (const name of ['demo', 'start'])
      expect(MANIFEST.scripts[name]).to.match(/^echo 'building…' >&2 && npm run --silent build &&/);
  });

  it('installs Node.js with commands that check what they have fetched', async () => {
    const folder = scratch();
    const block = /^```sh\n(curl [^]*?)^```/m.exec(README.slice(README.indexOf('## Node.js')))![1]!;
    const machine = new Machine(folder, {});
    const archive = 'node-v22.99.1-linux-arm64.tar.xz';
    const commands = [
      'mkdir -p www/a/bin local',
      "printf '#!/bin/sh\\necho v22.99.1' > www/a/bin/node && chmod +x www/a/bin/node",
      `tar -C www -cJf www/${archive} a`,
      `(cd www && sha256sum ${archive} | tee SHASUMS256.txt && echo "0  node-v22.99.1-linux-x64.tar.xz" >> SHASUMS256.txt)`,
    ];
    const typed = block.replaceAll('/usr/local', `${folder}/local`);
    machine.stand('curl', `for last; do :; done; cp "${folder}/www/\${last##*/}" .`);
    const script = ['set -e', `cd ${folder}`, ...commands, `PATH=${folder}/local/bin:$PATH`, typed].join('\n');
    const { code, stdout, stderr } = await run('bash', ['-c', script], machine.env);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/: OK\nv22\.99\.1\n$/);
  });
});

describe('docs/reference', () => {
  let pages: Readonly<Record<string, string>>;
  before(async () => {
    pages = await referencePages();
  });

  it('is what the code says: run npm run docs', () => {
    const stale = Object.entries(pages).filter(([name, text]) => {
      const file = join(ROOT, 'docs/reference', name);
      return !existsSync(file) || readFileSync(file, 'utf8') !== text;
    });
    expect(
      stale.map(([name]) => name),
      'stale: run npm run docs',
    ).to.deep.equal([]);
    expect(readdirSync(join(ROOT, 'docs/reference')).sort()).to.deep.equal(Object.keys(pages).sort());
  });

  it('has each setting', () => {
    const missing = [...settings(), ...serveSettings()].filter(({ env, option }) => {
      return !pages['settings.md']!.includes(`| \`${env}\` | \`--${option}\` |`);
    });
    expect(missing).to.deep.equal([]);
  });

  it('has each error code', () => {
    const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
    const codes = files
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => readFileSync(join(ROOT, 'src', name), 'utf8').match(/(?<=')ERR_[A-Z_]+(?=')/g) ?? []);
    const ofNode = ['ERR_HTTP_REQUEST_TIMEOUT', 'ERR_TLS_CERT_ALTNAME_INVALID'];
    const documented = pages['errors.md']!;
    const missing = [...new Set(codes)].filter(
      (code) => !ofNode.includes(code) && !documented.includes(`| \`${code}\` |`),
    );
    expect(missing, 'scripts/reference/errors.ts has no row for these').to.deep.equal([]);
  });

  it('has each path, event type and metric', () => {
    expect(pages['rest.md']!.match(/^### [A-Z, ]+ \/.*$/gm)).to.have.lengthOf.above(30);
    expect([...pages['events.md']!.matchAll(/^## (.*)$/gm)].map(([, type]) => type)).to.deep.equal([
      ...EVENT_TYPES,
      'history-lost',
    ]);
    expect(pages['metrics.md']!.match(/^\| `(?:vw|process|nodejs)_/gm)).to.have.lengthOf.above(70);
  });
});

describe('docs/troubleshooting.md', () => {
  const text = readDocument('docs/troubleshooting.md');
  const section = (heading: string) => new RegExp(`^## ${heading}\n([^]*?)(?=^## |(?![^]))`, 'm').exec(text)![1]!;

  it('explains each fault', () => {
    const rows = [...section('Faults').matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, code]) => code);
    expect(rows.sort()).to.deep.equal([...FAULTS].sort());
  });

  it('answers questions with links', () => {
    const rows = section('Questions')
      .match(/^\| .*\?? \| .*\|$/gm)!
      .slice(1);
    expect(rows).to.have.lengthOf.at.least(20);
    expect(rows.filter((row) => !/\]\(/.test(row))).to.deep.equal([]);
  });
});

describe('the ready-made scripts', () => {
  let relay: Relay;
  let server: RunningServer;
  let endpointPort: string;
  let received = 0;
  let firstByte = -1;
  const children: ChildProcess[] = [];

  /** Starts something that runs until it is stopped. */
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
    const log = createLog('error', 'json');
    relay = new Relay(config.limits, log);
    server = await startServer(relay, config, relayPages(), log);
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
    it(`scripts/${name} test publishes with ${environment}, and ends when it is stopped`, async () => {
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
      'watch: closed (1008) no token within 10 s: it must be the first message; it requires a token: set VW_TOKEN=TOKEN\n',
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

  it("scripts/camera passes a camera's own H.264 on as it is, and needs a camera for it", async () => {
    const machine = new Machine(scratch(), {});
    machine.stand('ffmpeg', 'printf "%s " "$@"');
    const url = 'http://127.0.0.1:8888/ts/video0';
    const { stdout } = await machine.type(`CODEC=copy RATE=30 bash scripts/camera /dev/null ${url}`);
    const input = '-f v4l2 -framerate 30 -video_size 640x480 -input_format h264 -i /dev/null';
    expect(stdout).to.include(`${input} -an -codec:v copy -f mpegts ${url}`);
    const test = await machine.type(`CODEC=copy bash scripts/camera test ${url}`);
    expect([test.code, test.stderr]).to.deep.equal([
      2,
      'camera: CODEC=copy needs a camera; the test picture takes CODEC=mpeg1video or h264\n',
    ]);
  });
});
