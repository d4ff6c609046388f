// `npm run soak [ROUNDS]`: rules, uploads and endpoints come and go for a long time; descriptors, memory and feeds must
// return to their initial values, idling must cost next to nothing, and an endpoint that stops reading must not affect
// others. Exits with 1 and names what failed.

import { closeAll } from '../test/support/cleanup.js';
import { TestEndpoint } from '../test/support/relay/test-endpoint.js';
import { ageOf, quantile, TimedSource } from '../test/support/load/load.js';
import { Program } from '../test/support/programs/program.js';
import { packets } from '../test/support/mpegts/ts.js';
import { RawUpload } from '../test/support/relay/upload.js';
import { pause, until } from '../test/support/wait.js';

const rounds = Number(process.argv[2] ?? 5);
const NOBODY = 'ws://127.0.0.1:9/';
let failures = 0;

function hold(what: string, is: number, most: number): void {
  const holds = is <= most;
  if (!holds) failures++;
  console.log(`${holds ? 'ok  ' : 'FAIL'} ${what}: ${is.toFixed(1)} (at most ${most})`);
}

async function churn(vw: Program): Promise<void> {
  for (let i = 0; i < 2000; i++) {
    await vw.api('POST', '/api/destinations', { id: `r${i}`, stream: `f${i}`, destination: NOBODY });
    await vw.api('DELETE', `/api/destinations/r${i}`);
  }
  const silent = await TestEndpoint.start({ isSilent: true });
  for (let i = 0; i < 300; i++) {
    const destination = i % 2 ? NOBODY : `${silent.url}/${i}`;
    await vw.api('POST', '/api/destinations', { id: 'replaced', stream: 'video0', destination });
  }
  await vw.api('DELETE', '/api/destinations/replaced');
  await silent.stop();
  for (let i = 0; i < 150; i++) {
    const upload = RawUpload.begin(vw.port, `video${i % 10}`, i % 2 ? 'chunked' : 'expect');
    upload.chunk(packets(200));
    await new Promise((resolve) => upload.socket.write('', resolve));
    if (i % 3) upload.socket.destroy();
    else upload.socket.resetAndDestroy();
  }
  const closing = await TestEndpoint.start({ closesAtOnce: true });
  await vw.api('POST', '/api/destinations', { id: 'closing', stream: 'video0', destination: closing.url });
  await pause(3000);
  hold('dials in 3 s of an endpoint that closes at once', closing.dials, 4);
  await vw.api('DELETE', '/api/destinations/all');
  await closing.stop();
}

async function leaks(): Promise<void> {
  const vw = await Program.stream({ VW_FORGET_AFTER_MS: '500', VW_LOG_LEVEL: 'info' });
  await churn(vw); // memory is measured from a warm start
  await pause(3000);
  const [descriptors, memory] = [vw.descriptors(), vw.memoryMb()];
  for (let round = 0; round < rounds; round++) await churn(vw);
  await pause(6000); // our keep-alive connections close after 5 s
  const { body } = await vw.api('GET', '/api/stats');
  hold('feeds not forgotten', Object.keys((body as { feeds: object }).feeds).length, 0);
  hold('descriptors more than before', vw.descriptors() - descriptors, 2);
  hold(`MB more than before, after ${rounds} rounds`, vw.memoryMb() - memory, 20);
  const cpu = vw.cpuMs();
  await pause(10_000);
  hold('idle, percent of a core', (vw.cpuMs() - cpu) / 100, 1.5);
  await closeAll();
}

async function slowFarEnd(): Promise<void> {
  const vw = await Program.stream();
  const [slow, quick] = [await TestEndpoint.start(), await TestEndpoint.start()];
  for (const [id, endpoint] of [
    ['slow', slow],
    ['quick', quick],
  ] as const) {
    await vw.api('POST', '/api/destinations', { id, stream: 'video0', destination: endpoint.url });
    await until(`${id} is open`, () => endpoint.client !== null);
  }
  let slowAge = NaN;
  let ages: number[] = [];
  slow.onMessage = (message) => (slowAge = ageOf(message));
  quick.onMessage = (message) => void ages.push(ageOf(message));
  const source = new TimedSource(vw.port, 'video0', 80, 5);
  await pause(3000);
  const memory = vw.memoryMb();
  slow.pause();
  ages = [];
  let most = 0;
  for (let i = 0; i < 100; i++) {
    await pause(100);
    most = Math.max(most, vw.memoryMb() - memory);
  }
  hold("the other's delay, ms, 99th percentile", quantile(ages, 0.99), 100);
  hold('MB more while it does not read', most, 64);
  slow.resume();
  const resumed = performance.now();
  slowAge = NaN;
  await until('it is live again', () => slowAge < 100).catch(() => undefined);
  hold('ms until it is live again', performance.now() - resumed, 1500);
  source.stop();
  await closeAll();
}

await leaks();
await slowFarEnd();
process.exitCode = failures > 0 ? 1 : 0;
