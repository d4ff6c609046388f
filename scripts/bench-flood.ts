// `npm run bench:flood`: how long another peer waits while peers flood the relay with tiny frames: messages of an innocent
// publisher to its destination or viewer, and /healthcheck. Floods from an endpoint, from a local WebSocket client, from a
// publisher and a viewer of `vw serve`; each message of a flood goes to 10 readers where it goes anywhere. Prints, asserts
// nothing. Arguments: a part of a way's name, a kind, how many flood; without them all. Peers that flood are in a process of
// their own, the relay in its own; it is built first.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { closeAll } from '../test/support/cleanup.js';
import { TestEndpoint } from '../test/support/relay/test-endpoint.js';
import { type Flood, FLOODS } from '../test/support/load/flood.js';
import { quantile } from '../test/support/load/load.js';
import { Program } from '../test/support/programs/program.js';
import { pause, until } from '../test/support/wait.js';
import type { Task } from './flood-peer.js';

const MS = Number(process.env.FLOOD_MS ?? 3000);
const READERS = 10;
const EVERY_MS = 20;
const WAYS = ['endpoint', 'local client', 'publisher', 'viewer'] as const;
type Way = (typeof WAYS)[number];

const [wantedWay = '', wantedKind = '', wantedCount = ''] = process.argv.slice(2);

class Peers {
  readonly child: ChildProcess = fork(fileURLToPath(new URL('./flood-peer.ts', import.meta.url)));
  async do(task: Task): Promise<number> {
    this.child.send(task);
    return Number((await once(this.child, 'message'))[0]);
  }
}

/** What an innocent peer saw. */
interface Seen {
  readonly sent: number;
  readonly ages: number[];
  readonly health: number[];
}

async function set(vw: Program, id: string, stream: string, destination: string): Promise<void> {
  const { status } = await vw.api('POST', '/api/destinations', { id, stream, destination });
  if (status !== 200) throw new Error(`rule ${id}: ${status}`);
}

/** Sends time stamps into `publish` until `ms` have passed; `heard` is told of each that arrives. */
async function watch(publish: WebSocket, seen: Seen, vw: Program): Promise<Seen> {
  const { url } = vw;
  let sent = 0;
  const health = (async () => {
    const end = performance.now() + MS;
    while (performance.now() < end) {
      const before = performance.now();
      // A connection that was closed, by a server that had no time for it, is an answer that never comes: Infinity.
      const isAnswered = await fetch(`${url}/healthcheck`).then(
        (answer) => answer.ok,
        () => false,
      );
      seen.health.push(isAnswered ? performance.now() - before : Infinity);
      await pause(50);
    }
  })();
  const timer = setInterval(() => {
    publish.send(String(performance.now()));
    sent++;
  }, EVERY_MS);
  await pause(MS);
  clearInterval(timer);
  await Promise.race([health, pause(5000)]);
  const end = performance.now() + 5000;
  while (seen.ages.length < sent && performance.now() < end) await pause(20);
  if (vw.child.exitCode !== null) throw new Error(`the relay has ended: ${vw.stderr}`);
  return { ...seen, sent };
}

async function open(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  socket.on('error', () => undefined);
  await once(socket, 'open');
  return socket;
}

async function ofStream(way: Way, kind: Flood, count: number, peers: Peers): Promise<Seen> {
  const vw = await Program.stream({ VW_LOG_LEVEL: 'error' }).catch(() => Program.stream());
  const base = vw.url.replace(/^http/, 'ws');
  const seen: Seen = { sent: 0, ages: [], health: [] };
  const endpoint = await TestEndpoint.start();
  endpoint.onMessage = (data) => void seen.ages.push(performance.now() - Number(data.toString()));
  await vw.connect('probe', endpoint.url, 'probe');
  const publish = await open(`${base}/ws/probe`);
  const port = await peers.do({ do: 'listen', kind });
  for (let i = 0; i < READERS; i++) {
    // What an endpoint sends goes to local clients, what a local client sends goes to endpoints.
    if (way === 'endpoint') await peers.do({ do: 'dial', url: `${base}/ws/flood0`, kind: 'nothing' });
    else await set(vw, `sink${i}`, 'flood0', `ws://127.0.0.1:${port}/sink`);
  }
  await pause(500);
  for (let i = 0; i < count; i++) {
    if (way === 'endpoint') await set(vw, `flood${i}`, `flood${i}`, `ws://127.0.0.1:${port}/flood`);
    else await peers.do({ do: 'dial', url: `${base}/ws/flood${i}`, kind });
  }
  await pause(500);
  return watch(publish, seen, vw);
}

async function ofServe(way: Way, kind: Flood, count: number, peers: Peers): Promise<Seen> {
  const vw = await Program.serve();
  const base = vw.url.replace(/^http/, 'ws');
  const seen: Seen = { sent: 0, ages: [], health: [] };
  const viewer = await open(`${base}/out/probe`);
  viewer.on('message', (data: Buffer) => void seen.ages.push(performance.now() - Number(data.toString())));
  const publish = await open(`${base}/in/probe`);
  for (let i = 0; i < READERS; i++) await peers.do({ do: 'dial', url: `${base}/out/flood0`, kind: 'nothing' });
  for (let i = 0; i < count; i++) {
    await peers.do({ do: 'dial', url: `${base}/${way === 'viewer' ? 'out' : 'in'}/flood${i}`, kind });
  }
  await pause(500);
  return watch(publish, seen, vw);
}

const ms = (values: readonly number[], share: number) => quantile(values, share).toFixed(0).padStart(5);
console.log('way           kind       peers  arrived    delay p50   p99   max   /healthcheck p50   max  answers  (ms)');
for (const way of WAYS.filter((one) => one.includes(wantedWay))) {
  for (const kind of FLOODS.filter((one) => one.includes(wantedKind))) {
    for (const count of [1, 5].filter((one) => wantedCount === '' || String(one) === wantedCount)) {
      const peers = new Peers();
      const run = way === 'endpoint' || way === 'local client' ? ofStream : ofServe;
      const seen = await run(way, kind, count, peers).catch((error: unknown) => {
        console.log(`${way} ${kind} ${count}: ${String(error)}`);
        return null;
      });
      if (seen) {
        console.log(
          `${way.padEnd(13)} ${kind.padEnd(10)} ${String(count).padStart(5)}  ${String(seen.ages.length).padStart(4)}/${String(seen.sent).padEnd(4)}` +
            `     ${ms(seen.ages, 0.5)} ${ms(seen.ages, 0.99)} ${ms(seen.ages, 1)}              ${ms(seen.health, 0.5)} ${ms(seen.health, 1)}  ${String(seen.health.length).padStart(5)}`,
        );
      }
      peers.child.kill();
      await closeAll();
    }
  }
}
await until('nothing is left', () => true);
process.exit(0);
