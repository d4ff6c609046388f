// `npm run soak:tour`: the demo's tour, received for minutes by clients at the relay and at both relay servers, which
// check each packet. Defaults: MINUTES=10 EVERY=5 (seconds between two steps). Exits with 1 if anything was wrong.

import { DemoProgram } from '../test/support/programs/demo.js';
import { closeAll } from '../test/support/cleanup.js';
import { pause } from '../test/support/wait.js';
import { StreamWitness } from '../test/support/media/witness-of-stream.js';

const minutes = Number(process.env.MINUTES ?? 10);
const every = process.env.EVERY ?? '5';

const demo = await DemoProgram.start(['--tour', '--every', every]);
const witnesses = {
  'the relay': await StreamWitness.open(`${demo.relay.replace('http', 'ws')}/ws/stream/demo`),
  'relay server 1': await StreamWitness.open(demo.watchUrl(0)),
  'relay server 2': await StreamWitness.open(demo.watchUrl(1)),
};
const memoryMb = demo.program.memoryMb();
for (let left = minutes; left > 0; left--) {
  await pause(Math.min(left, 1) * 60_000);
  const told = demo.said.trimEnd().split('\n').at(-1)!;
  console.log(`${demo.program.memoryMb().toFixed(0)} MB; ${told}`);
}
demo.program.child.kill('SIGINT');
const code = await demo.program.exit();
const steps = [...demo.said.matchAll(/^\d+\. /gm)].length;
console.log(`${steps} steps in ${minutes} min; ended with ${code}; memory at the beginning ${memoryMb.toFixed(0)} MB`);
let failures = code === 0 ? 0 : 1;
for (const [name, witness] of Object.entries(witnesses)) {
  const judged = witness.judge();
  const packets = judged.reduce((sum, one) => sum + one.packets, 0);
  const problems = witness.problems();
  failures += problems.length;
  console.log(`${name}: ${witness.runs} runs, ${packets} packets, ${problems.length} problems`);
  for (const text of problems.slice(0, 10)) console.log(`  ${text}`);
}
const complaints = [...demo.said.matchAll(/continuity errors (\d+) · dropped (\d+)/g)].filter(
  ([, errors, dropped]) => errors !== '0' || dropped !== '0',
);
console.log(`steps after which the stats told of an error or a drop: ${complaints.length}`);
await closeAll();
process.exitCode = failures + complaints.length > 0 ? 1 : 0;
