// `npm run bench:start`: what `vw stream` and `vw serve` cost to start, processor time until /healthcheck is answered against
// that of `node -e 0`, and their memory after 1.5 s without anything to do. Rounds of all take turns; prints medians,
// asserts nothing. Reads /proc: Linux alone.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { quantile } from '../test/support/load/load.js';
import { pause } from '../test/support/wait.js';
import { freePort } from '../test/support/programs/command.js';

const ROUNDS = Number(process.argv[2] ?? 9);
const IDLE_MS = 1500;
const COMMANDS = ['stream', 'serve'] as const;

interface Start {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly idleMB: number;
}

/** Processor time of a process so far, all its threads, ms. */
function cpuMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const used = threads.map((id) => Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]));
  return used.reduce((sum, ns) => sum + ns, 0) / 1e6;
}

function residentMB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}

/** The same of `node -e 0`, from its start to its end. */
function bareMs(): number {
  const script = 'TIMEFORMAT="%U %S"; time "$0" -e 0';
  const { stderr } = spawnSync('bash', ['-c', script, process.execPath], { encoding: 'utf8' });
  const [user, system] = stderr.trim().split(' ').map(Number);
  return (user! + system!) * 1000;
}

async function start(command: string): Promise<Start> {
  const port = String(await freePort());
  const env = { ...process.env, VW_PORT: port, VW_SERVE_PORT: port, VW_LOG_LEVEL: 'error' };
  const begun = performance.now();
  const child = spawn(process.execPath, ['dist/cmd/vw.js', command], { env, stdio: 'ignore' });
  const pid = child.pid!;
  const isUp = () =>
    fetch(`http://127.0.0.1:${port}/healthcheck`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isUp())) await pause(5);
  const wallMs = performance.now() - begun;
  const used = cpuMs(pid);
  await pause(IDLE_MS);
  const idleMB = residentMB(pid);
  child.kill('SIGKILL');
  await once(child, 'exit');
  return { cpuMs: used, wallMs, idleMB };
}

function median(values: number[]): number {
  return quantile(values, 0.5);
}

const bare: number[] = [];
const starts = new Map<string, Start[]>(COMMANDS.map((command) => [command, []]));
for (let round = 0; round < ROUNDS; round++) {
  bare.push(bareMs());
  for (const [command, list] of starts) list.push(await start(command));
}
console.log(`node -e 0: ${median(bare).toFixed(0)} ms`);
for (const [command, list] of starts) {
  const cpu = median(list.map((one) => one.cpuMs));
  const wall = median(list.map((one) => one.wallMs));
  const idle = median(list.map((one) => one.idleMB));
  const ratio = (cpu / median(bare)).toFixed(1);
  console.log(
    `vw ${command}: ${cpu.toFixed(0)} ms (${ratio} times), up in ${wall.toFixed(0)} ms, ${idle.toFixed(0)} MB idle`,
  );
}
