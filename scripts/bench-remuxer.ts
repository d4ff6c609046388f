// Prints what a Remuxer costs a packet: one video feed, and a picture and a sound joined.
// Run: npx tsx scripts/bench-remuxer.ts

import { START_TIMEOUTS } from '../src/relay/delivery/access-timeouts.js';
import { Remuxer, type RemuxInput } from '../src/mpegts/remux/remuxer.js';
import { inOrder, source, type SourceMessage } from '../test/support/mpegts/synthetic.js';

const ROUNDS = 15;

function run(name: string, inputs: RemuxInput[], messages: readonly SourceMessage[]): void {
  const packets = messages.reduce((sum, { data }) => sum + data.length / 188, 0);
  const figures: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const remuxer = new Remuxer('lent', START_TIMEOUTS); // as a stream has it
    remuxer.setInputs(inputs, 0);
    const from = process.hrtime.bigint();
    for (const { feed, data, begins, atMs } of messages) remuxer.push(feed, { data, startsSource: begins }, atMs);
    figures.push(Number(process.hrtime.bigint() - from) / packets);
  }
  const per = Math.min(...figures).toFixed(0);
  console.log(
    `${name}: ${per} ns a packet, ${(Number(per) * packets) / messages.length / 1000} us a message (${packets} packets)`,
  );
}

// 2 Mbit/s: 53 packets a picture.
const pictures = { feed: 'video0', kind: 'video', fromMs: 0, lengthMs: 120_000, packets: 53 } as const;
const sounds = { feed: 'audio0', kind: 'audio', fromMs: 0, lengthMs: 120_000, unitMs: 24, packets: 3 } as const;
const video: RemuxInput = { feed: 'video0', select: 'all' };
run('one video feed', [video], [...source(pictures)]);
run('picture and sound', [video, { feed: 'audio0', select: 'all' }], [...inOrder(source(pictures), source(sounds))]);
