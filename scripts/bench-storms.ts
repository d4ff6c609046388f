// `npm run bench:storms`: how long other peers wait while peers flood `vw stream` and `vw serve` with requests, chunks,
// TLS records, handshakes and connections, with and without TLS: messages of an innocent publisher to its destination or
// viewer, /healthcheck on a connection that is open, and on a new one from the flood's address and from another. Beside it what bench:flood does, over TLS. Prints,
// asserts nothing. Arguments: a part of a server's name, of a kind, how many flood (5). Who floods is a process of its own
// that gives way to the others, so that what is measured is the server; it is built first.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { Agent, get as getSecurely } from 'node:https';
import { join } from 'node:path';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { certificateFor } from '../test/support/relay/certificates.js';
import { closeAll } from '../test/support/cleanup.js';
import { TestEndpoint } from '../test/support/relay/test-endpoint.js';
import { scratch } from '../test/support/media/ffmpeg.js';
import { FLOODS } from '../test/support/load/flood.js';
import { REQUEST_FLOODS, STORMS } from '../test/support/load/flood-http.js';
import { quantile } from '../test/support/load/load.js';
import { Program } from '../test/support/programs/program.js';
import { makeToken, SECRET, soon } from '../test/support/relay/serve.js';
import { pause } from '../test/support/wait.js';
import type { Task } from './flood-peer.js';
import { freePort } from '../test/support/programs/command.js';

const MS = Number(process.env.FLOOD_MS ?? 3000);
const SERVERS = ['stream', 'serve', 'stream tls', 'serve tls'] as const;
const ALL = ['nothing', ...REQUEST_FLOODS, ...STORMS, 'closes at once', 'records', ...FLOODS] as const;
type Server = (typeof SERVERS)[number];
type Kind = (typeof ALL)[number];
/** Dials that each peer of a storm has under way. */
const WIDTH = 20;

const [wantedServer = '', wantedKind = '', wantedCount = '5'] = process.argv.slice(2);
const COUNT = Number(wantedCount);

/** What can be had at a server. */
function kindsOf(server: Server): readonly Kind[] {
  const isSecure = server.endsWith('tls');
  return ALL.filter((kind) => {
    if (kind === 'half handshake' || kind === 'records' || isOneOf(FLOODS, kind)) return isSecure;
    if (kind === 'closes at once') return server === 'stream';
    if (kind === 'wrong key') return server === 'stream';
    if (kind === 'wrong token') return server === 'serve';
    return true;
  });
}

function isOneOf<T extends string>(list: readonly T[], one: string): one is T {
  return (list as readonly string[]).includes(one);
}

/** What innocent peers saw, in milliseconds. */
interface Seen {
  readonly ages: number[];
  readonly kept: number[];
  readonly fresh: number[];
  readonly others: number[];
  sent: number;
}

const pair = await certificateFor(['localhost', '127.0.0.1']);

/** The server's certificate as files, until this row is over. */
function certificateFiles(): { cert: string; key: string } {
  const files = { cert: join(scratch(), 'cert.pem'), key: join(scratch(), 'key.pem') };
  writeFileSync(files.cert, pair.cert);
  writeFileSync(files.key, pair.key);
  return files;
}

const KEY = 'a-key-of-thirty-two-characters-or-more';

interface Running {
  readonly vw: Program;
  readonly url: string;
  /** Where a WebSocket of the innocent publishes, and with what. */
  publish(): Promise<WebSocket>;
  /** Where it may be watched, if not at a destination. */
  watch(seen: Seen): Promise<void>;
}

async function start(server: Server, kind: Kind): Promise<Running> {
  const isSecure = server.endsWith('tls');
  const certificate = certificateFiles();
  if (server.startsWith('stream')) {
    const keyed = kind === 'wrong key' ? { VW_API_KEY: KEY } : {};
    const vw = await Program.stream({
      ...keyed,
      ...(isSecure ? { VW_CERT: certificate.cert, VW_KEY: certificate.key } : {}),
    });
    const headers: Record<string, string> = kind === 'wrong key' ? { Authorization: `Bearer ${KEY}` } : {};
    const url = vw.url;
    return {
      vw,
      url,
      publish: () => open(`${url.replace(/^http/, 'ws')}/ws/probe`, headers),
      watch: async (seen) => {
        const endpoint = await TestEndpoint.start();
        endpoint.onMessage = (data) => void seen.ages.push(performance.now() - Number(data.toString()));
        await set(url, { id: 'probe', stream: 'probe', destination: endpoint.url }, headers);
        await pause(300);
      },
    };
  }
  const port = await freePort();
  const audience = `${isSecure ? 'wss' : 'ws'}://127.0.0.1:${port}`;
  const hasTokens = kind === 'wrong token';
  const vw = await Program.serve({
    VW_SERVE_PORT: String(port),
    ...(hasTokens ? { VW_SERVE_SECRET: SECRET, VW_SERVE_AUDIENCE: audience } : {}),
    ...(isSecure ? { VW_SERVE_CERT: certificate.cert, VW_SERVE_KEY: certificate.key } : {}),
  });
  const member = async (path: string) => {
    const socket = await open(audience + path);
    if (hasTokens) {
      socket.send(makeToken({ ...soon(), aud: audience + path }));
      await once(socket, 'message');
    }
    return socket;
  };
  return {
    vw,
    url: vw.url,
    publish: () => member('/in/probe'),
    watch: async (seen) => {
      const viewer = await member('/out/probe');
      viewer.on('message', (data: Buffer) => void seen.ages.push(performance.now() - Number(data.toString())));
    },
  };
}

async function set(url: string, rule: object, headers: Record<string, string>): Promise<void> {
  const answer = await fetch(`${url}/api/destinations`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(rule),
  });
  if (!answer.ok) throw new Error(`rule: ${answer.status} ${await answer.text()}`);
}

async function open(url: string, headers: Record<string, string> = {}): Promise<WebSocket> {
  const socket = new WebSocket(url, { perMessageDeflate: false, rejectUnauthorized: false, headers });
  socket.on('error', () => undefined);
  await once(socket, 'open');
  return socket;
}

/** On a connection that is kept, or a new one each time, from the address of those who flood or from another. */
type Asked = 'kept' | 'fresh' | 'fresh by another';

/** Asks again and again how it goes; a connection that was closed is an answer that never comes: Infinity. */
async function askHealth(url: string, asked: Asked, into: number[], ended: AbortSignal): Promise<void> {
  const isKept = asked === 'kept';
  const localAddress = asked === 'fresh by another' ? '127.0.0.2' : '127.0.0.1';
  const agent = isKept ? new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false }) : undefined;
  const isSecure = url.startsWith('https:');
  let isFirst = isKept; // which opens the connection that is kept
  while (!ended.aborted) {
    const before = performance.now();
    const isAnswered = await new Promise<boolean>((resolve) => {
      const options = isSecure ? { rejectUnauthorized: false, agent: agent ?? false } : {};
      const ask = isSecure ? getSecurely : get;
      const request = ask(
        `${url}/healthcheck`,
        { ...options, localAddress, ...(isKept ? {} : { agent: false as const }) },
        (answer) => {
          answer.resume().once('end', () => resolve(answer.statusCode === 200));
        },
      );
      request.setTimeout(5000, () => request.destroy());
      request.on('error', () => resolve(false));
    });
    if (!isFirst) into.push(isAnswered ? performance.now() - before : Infinity);
    isFirst = false;
    await pause(isKept ? 50 : 100);
  }
}

async function attack(server: Server, kind: Kind, { url }: Running, peers: Peers): Promise<void> {
  const ways = url.replace(/^http/, 'ws') + (server.startsWith('stream') ? '/ws/' : '/in/');
  for (let i = 0; i < COUNT; i++) {
    if (isOneOf(REQUEST_FLOODS, kind) || kind === 'records') await peers.do({ do: 'fill', url, kind });
    else if (isOneOf(STORMS, kind)) {
      await peers.do({
        do: 'storm',
        url: kind === 'upgrade' || kind === 'wrong token' ? `${ways}storm${i}` : url,
        kind,
        width: WIDTH,
      });
    } else if (isOneOf(FLOODS, kind)) await peers.do({ do: 'dial', url: `${ways}flood${i}`, kind });
    else if (kind === 'closes at once') {
      const port = await peers.do({ do: 'listen', kind: 'text' });
      for (let j = 0; j < WIDTH; j++) {
        await set(url, { id: `${i}.${j}`, stream: `flood${i}`, destination: `ws://127.0.0.1:${port}/close` }, {});
      }
    }
  }
}

class Peers {
  readonly child: ChildProcess = fork(fileURLToPath(new URL('./flood-peer.ts', import.meta.url)));
  constructor() {
    setPriority(this.child.pid!, 10);
  }
  async do(task: Task): Promise<number> {
    this.child.send(task);
    return Number((await once(this.child, 'message'))[0]);
  }
}

async function measure(server: Server, kind: Kind, peers: Peers): Promise<Seen & { cpu: number }> {
  const seen: Seen = { ages: [], kept: [], fresh: [], others: [], sent: 0 };
  const running = await start(server, kind);
  await running.watch(seen);
  const publish = await running.publish();
  await attack(server, kind, running, peers);
  await pause(500);
  const cpuBefore = running.vw.cpuMs();
  const before = performance.now();
  const ended = new AbortController();
  const asking = [
    askHealth(running.url, 'kept', seen.kept, ended.signal),
    askHealth(running.url, 'fresh', seen.fresh, ended.signal),
    askHealth(running.url, 'fresh by another', seen.others, ended.signal),
  ];
  const timer = setInterval(() => {
    publish.send(String(performance.now()));
    seen.sent++;
  }, 20);
  await pause(MS);
  clearInterval(timer);
  ended.abort();
  await Promise.all(asking);
  const cpu = (running.vw.cpuMs() - cpuBefore) / (performance.now() - before);
  const end = performance.now() + 5000;
  while (seen.ages.length < seen.sent && performance.now() < end) await pause(20);
  if (running.vw.child.exitCode !== null) throw new Error(`the server has ended: ${running.vw.stderr}`);
  return { ...seen, cpu };
}

const ms = (values: readonly number[], share: number) => quantile(values, share).toFixed(0).padStart(5);
console.log(
  `${COUNT} peers, ms                  arrived   delay p50   p99   max   /healthcheck p50   max  (new connection p50   max)  (from another address p50   max)  answers  CPU`,
);
for (const server of SERVERS.filter((one) => one.includes(wantedServer))) {
  for (const kind of kindsOf(server).filter((one) => one.includes(wantedKind))) {
    const peers = new Peers();
    const seen = await measure(server, kind, peers).catch((error: unknown) => {
      console.log(`${server} ${kind}: ${String(error)}`);
      return null;
    });
    if (seen) {
      const { ages, kept, fresh, others, sent, cpu } = seen;
      console.log(
        `${server.padEnd(11)} ${kind.padEnd(15)} ${String(ages.length).padStart(4)}/${String(sent).padEnd(4)}` +
          `     ${ms(ages, 0.5)} ${ms(ages, 0.99)} ${ms(ages, 1)}              ${ms(kept, 0.5)} ${ms(kept, 1)}` +
          `                  ${ms(fresh, 0.5)} ${ms(fresh, 1)}                        ${ms(others, 0.5)} ${ms(others, 1)}   ${String(kept.length + fresh.length + others.length).padStart(4)}   ${(100 * cpu).toFixed(0)} %`,
      );
    }
    peers.child.kill();
    await closeAll();
  }
}
process.exit(0);
