// Prints what an Inspector costs a packet, on what ffmpeg makes and sends.
// Run: npx tsx scripts/bench-inspector.ts [<inspector.ts of another checkout> ...]; those are measured in turns with this one.

import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { Inspector } from '../src/mpegts/inspect/inspector.js';

const ROUNDS = 150;
const PACKET_BYTES = 188;

type Make = () => Pick<Inspector, 'inspect' | 'randomAccessPoints'>;

const makers: [string, Make][] = [['this', () => new Inspector()]];
for (const path of process.argv.slice(2)) {
  const other = (await import(resolve(path))) as { Inspector: new () => Inspector };
  makers.push([path, () => new other.Inspector()]);
}

/** What ffmpeg makes, in messages as it sends them: each begins with a PES packet, tables before it go along. */
function messages(...args: string[]): Uint8Array[] {
  const all = execFileSync('ffmpeg', ['-v', 'error', ...args, '-threads', '1', '-f', 'mpegts', '-'], {
    maxBuffer: 2 ** 28,
  });
  const cuts = [0];
  for (let at = PACKET_BYTES; at < all.length; at += PACKET_BYTES) {
    const isTable = all.readUInt16BE(at + 1) & 0x1000 || (all.readUInt16BE(at + 1) & 0x1fff) < 0x20;
    if (all[at + 1]! & 0x40 && !isTable) cuts.push(at);
  }
  return cuts.map((from, i) => all.subarray(from, cuts[i + 1] ?? all.length));
}

const picture = ['-f', 'lavfi', '-i', 'testsrc2=s=640x480:r=25:d=60'];
const sound = ['-f', 'lavfi', '-i', 'sine=r=48000:d=60'];
const loads: [string, string[]][] = [
  ['mpeg1video, 2 Mbit/s, 25 pictures a second', [...picture, '-c:v', 'mpeg1video', '-b:v', '2M', '-bf', '0']],
  [
    'H.264 and AAC, 2 Mbit/s',
    [...picture, ...sound, '-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '2M', '-g', '50', '-c:a', 'aac'],
  ],
  ['mp2, 128 kbit/s, a frame a PES packet', [...sound, '-c:a', 'mp2', '-b:a', '128k', '-muxdelay', '0.001']],
];

for (const [load, args] of loads) {
  const made = messages(...args);
  const packets = made.reduce((sum, { length }) => sum + length / PACKET_BYTES, 0);
  const least = makers.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round++) {
    makers.forEach(([, make], i) => {
      const inspector = make();
      const from = process.hrtime.bigint();
      for (const data of made) inspector.inspect(data);
      least[i] = Math.min(least[i]!, Number(process.hrtime.bigint() - from) / packets);
    });
  }
  console.log(`${load} (${packets} packets, ${made.length} messages)`);
  makers.forEach(([name], i) => console.log(`  ${name}: ${least[i]!.toFixed(1)} ns a packet`));
}
