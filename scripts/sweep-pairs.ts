// Pairs of separate ffmpegs at once, one with a picture and one with sound: how late each beep is to its flash, and what
// a relay could have known. Prints a table, asserts nothing.
// Run: npm run build && node --import=tsx scripts/sweep-pairs.ts [pairs] [seconds] [CPU burners]

import { spawn } from 'node:child_process';
import { afterTest, closeAll } from '../test/support/cleanup.js';
import { judgePair, type Pair, runPair } from '../test/support/media/pair-run.js';
import { Program } from '../test/support/programs/program.js';

const [count = 10, seconds = 10, burners = 0] = process.argv.slice(2).map(Number);

const CODECS = [
  ['mpeg1video -b:v 500k -bf 0', 'mp2 -b:a 128k'],
  ['libx264 -preset ultrafast -tune zerolatency -g 25', 'aac -b:a 96k'],
] as const;
const MUX = ['-muxdelay 0.001', '', '-muxdelay 2'] as const;
const APART_S = [0, 2.3, 0.1, 5, 1, 10, 0.5, 3.1, 0.02, 7] as const;

const pairs = Array.from({ length: count }, (_, i): Pair => {
  const [video, audio] = CODECS[i % 2]!;
  const [one, other] = [MUX[(i >> 1) % 3]!, MUX[i % 5 === 4 ? 2 : 0]];
  return {
    ...{ video, audio, first: (i >> 1) % 2 === 0 ? 'video' : 'audio', apartS: APART_S[i % 10]!, bothS: seconds },
    ...{ videoMux: one, audioMux: i % 5 === 4 ? other : one },
  };
});
for (let i = 0; i < burners; i++) {
  const burner = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
  afterTest(() => burner.kill('SIGKILL'));
}

const isIn = (ms: number): boolean => ms >= -40 && ms <= 60;
const show = (values: readonly number[]): string =>
  values.map((ms) => `${Math.round(ms)}${isIn(ms) ? '' : '!'}`).join(' ');
const vw = await Program.stream();
const runs = await Promise.all(pairs.map((pair, i) => runPair(vw, `p${i}`, pair)));
const totals = { wrong: 0, relay: 0 };
for (const [i, run] of runs.entries()) {
  const { timing } = (await vw.stats()).streams[`stream/p${i}`]!;
  const judged = await judgePair(run);
  const wrong = judged.filter(({ lateMs }) => !isIn(lateMs));
  const relays = wrong.filter(({ knowableMs }) => isIn(knowableMs));
  totals.wrong += Number(wrong.length > 0);
  totals.relay += Number(relays.length > 0);
  const { video, first, apartS, videoMux, audioMux } = run.pair;
  console.log(`${i} ${video.slice(0, 8)} [${videoMux}|${audioMux}] ${first} first by ${apartS} s`, timing);
  console.log(`   at        ${judged.map(({ s }) => s.toFixed(1)).join(' ')}`);
  console.log(`   late      ${show(judged.map(({ lateMs }) => lateMs))}`);
  console.log(`   knowable  ${show(judged.map(({ knowableMs }) => knowableMs))}`);
  console.log(`   finally   ${show(judged.map(({ finallyMs }) => finallyMs))}`);
}
console.log(
  `${pairs.length} pairs: ${totals.wrong} with a second out of time, ${totals.relay} of them where it was knowable`,
);
await closeAll();
process.exit(0);
