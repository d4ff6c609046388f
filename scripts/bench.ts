// `npm run bench`: the delay inside the relay under 20 feeds of 2 Mbit/s, and what the raw upload path saves against
// Node's. Prints, asserts nothing. Sources and endpoints are in this process, the relay in its own; it is built first.

import { once } from 'node:events';
import { closeAll } from '../test/support/cleanup.js';
import { TestEndpoint } from '../test/support/relay/test-endpoint.js';
import { ageOf, quantile, TimedSource } from '../test/support/load/load.js';
import { Program } from '../test/support/programs/program.js';
import { packets } from '../test/support/mpegts/ts.js';
import { type Framing, RawUpload } from '../test/support/relay/upload.js';
import { pause, until } from '../test/support/wait.js';

const FEEDS = 20;
const SECONDS = 10;

async function delay(): Promise<void> {
  const vw = await Program.stream();
  const endpoint = await TestEndpoint.start();
  const ages: number[] = [];
  const names = Array.from({ length: FEEDS }, (_, i) => `video${i}`);
  for (const [i, stream] of names.entries()) {
    await vw.api('POST', '/api/destinations', { id: String(i), stream, destination: endpoint.url });
  }
  await until('all links are open', () => endpoint.connections === FEEDS);
  const sources = names.map((name) => new TimedSource(vw.port, name, 2, 40));
  await pause(2000); // warm
  endpoint.onMessage = (message) => void ages.push(ageOf(message));
  const cpu = vw.cpuMs();
  await pause(SECONDS * 1000);
  for (const source of sources) source.stop();
  const share = (vw.cpuMs() - cpu) / SECONDS / 10;
  const [p50, p99] = [quantile(ages, 0.5), quantile(ages, 0.99)].map((ms) => ms.toFixed(2));
  console.log(
    `${FEEDS} feeds of 2 Mbit/s: delay p50 ${p50} ms, p99 ${p99} ms (both sockets and this process included);`,
  );
  console.log(`  ${ages.length} messages, ${share.toFixed(1)} % of a core`);
  await closeAll();
}

/** CPU milliseconds per megabyte of an upload in chunks as ffmpeg sends them. */
async function uploadCost(framing: Framing): Promise<number> {
  const vw = await Program.stream();
  const upload = RawUpload.begin(vw.port, 'video0', framing);
  const frame = packets(40);
  const push = async (count: number) => {
    for (let i = 0; i < count; i++) {
      upload.chunk(frame);
      if (i % 16 === 0) await new Promise(setImmediate); // frames come apart from each other
      if (upload.socket.writableNeedDrain) await once(upload.socket, 'drain');
    }
  };
  await push(2000); // warm
  const before = vw.cpuMs();
  const count = 20_000;
  await push(count);
  upload.endChunks();
  await upload.answer();
  const cost = (vw.cpuMs() - before) / ((count * frame.length) / 1e6);
  await closeAll();
  return cost;
}

await delay();
const [raw, node] = [await uploadCost('chunked'), await uploadCost('expect')];
console.log(
  `upload, CPU ms per MB: raw socket ${raw.toFixed(2)}, Node's HTTP ${node.toFixed(2)}: ${(node / raw).toFixed(2)}x`,
);
