// Real ffmpegs of all kinds, each alone in a stream rule: what became of their units, and how the PCR stands to them.
// Prints a table, asserts nothing. Run: npm run build && node --import=tsx scripts/sweep-clock.ts [REGEX of names] [seconds]

import { closeAll } from '../test/support/cleanup.js';
import { judgeFeed } from '../test/support/media/clock-judge.js';
import { runFeed } from '../test/support/media/clock-run.js';
import { Program } from '../test/support/programs/program.js';

const [pattern = '.', seconds = '8'] = process.argv.slice(2);
const AT_ONCE = 8;

const PAIRS: Record<string, string> = {
  'mpeg1video+mp2': '-c:v mpeg1video -b:v 500k -c:a mp2 -b:a 128k',
  'h264+aac': '-c:v libx264 -preset ultrafast -g 25 -c:a aac -b:a 24k',
  'hevc+aac': '-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=25 -c:a aac -b:a 96k',
  'h264+mp2': '-c:v libx264 -preset ultrafast -g 25 -c:a mp2 -b:a 64k',
  'mpeg2+ac3': '-c:v mpeg2video -b:v 800k -c:a ac3 -b:a 96k',
  'h264+opus': '-c:v libx264 -preset ultrafast -g 25 -c:a libopus -b:a 48k',
};

function inputs(rate: string, fps = 25): string {
  const video = `-readrate ${rate} -f lavfi -i testsrc=s=160x120:r=${fps}`;
  return `${video} -readrate ${rate} -f lavfi -i sine=f=440:r=48000 -t ${Number(seconds) * Number(rate)} -threads 1`;
}

const lines: [string, string][] = [];
for (const [pair, codecs] of Object.entries(PAIRS)) {
  for (const delay of ['0', '0.5', '1', '1.5', '2', '2.5', '3']) {
    lines.push([`${pair} muxdelay ${delay}`, `${inputs('1')} ${codecs} -muxdelay ${delay}`]);
  }
}
for (const depth of [0, 1, 2, 4, 8]) {
  for (const delay of ['0', '0.7', '3']) {
    const codecs = `-c:v libx264 -preset veryfast -g 50 -bf ${depth} -c:a aac -b:a 24k`;
    lines.push([`h264+aac bf ${depth} muxdelay ${delay}`, `${inputs('1')} ${codecs} -muxdelay ${delay}`]);
  }
}
for (const rate of ['0.5', '0.6', '0.7', '0.8', '0.9']) {
  lines.push([`h264+aac rate ${rate}`, `${inputs(rate)} ${PAIRS['h264+aac']!}`]);
  lines.push([`h264+aac rate ${rate} muxdelay 2`, `${inputs(rate)} ${PAIRS['h264+aac']!} -muxdelay 2`]);
}
lines.push(['h264+aac 5 fps rate 0.9', `${inputs('0.9', 5)} ${PAIRS['h264+aac']!}`]);
lines.push(['h264+aac 2 fps', `${inputs('1', 2)} ${PAIRS['h264+aac']!} -muxdelay 0`]);
lines.push(['h264+aac muxpreload 2', `${inputs('1')} ${PAIRS['h264+aac']!} -muxpreload 2`]);
lines.push(['h264+aac pcr 5000 ms', `${inputs('1')} ${PAIRS['h264+aac']!} -pcr_period 5000`]);
lines.push(['h264+aac cbr', `${inputs('1')} ${PAIRS['h264+aac']!} -muxrate 1500k`]);
lines.push(['h264+aac cbr pcr 20 ms', `${inputs('1')} ${PAIRS['h264+aac']!} -muxrate 1500k -pcr_period 20`]);
lines.push(['h264+aac pts 0.4 s after dts', `${inputs('1')} ${PAIRS['h264+aac']!} -bsf:v setts=pts=PTS+0.4/TB`]);
lines.push(['h264+aac sound 1 s behind', `${inputs('1')} ${PAIRS['h264+aac']!} -bsf:a setts=ts=TS-1/TB`]);
lines.push(['h264+aac sound 1 s ahead', `${inputs('1')} ${PAIRS['h264+aac']!} -bsf:a setts=ts=TS+1/TB`]);
lines.push(['sound alone', `-re -f lavfi -i sine=f=440:r=48000 -t ${seconds} -c:a aac -b:a 24k -muxdelay 2`]);
lines.push([
  'pictures alone',
  `-re -f lavfi -i testsrc=s=160x120:r=25 -t ${seconds} -c:v mpeg2video -bf 2 -muxdelay 0`,
]);
lines.push(['flat out', `-f lavfi -i testsrc=s=160x120:r=25 -f lavfi -i sine=r=48000 -t 60 ${PAIRS['h264+aac']!}`]);

const vw = await Program.stream();
const wanted = lines.filter(([name]) => new RegExp(pattern).test(name));
const rows: Record<string, unknown>[] = [];
async function work(): Promise<void> {
  for (let line = wanted.shift(); line; line = wanted.shift()) {
    const [name, args] = line;
    const { input, output, stats } = await runFeed(vw, `f${rows.length}-${wanted.length}`, args.split(' '));
    const tracks = judgeFeed(input, output);
    const moved = tracks.flatMap(({ movedMs }) => movedMs);
    rows.push({
      name,
      out: tracks.map(({ unitsIn, unitsOut }) => `${unitsOut}/${unitsIn}`).join(' '),
      'A/V off ms': (Math.max(...moved) - Math.min(...moved)).toFixed(2),
      'PTS-DTS off': Math.max(...tracks.map(({ leadOffMs }) => leadOffMs)).toFixed(2),
      late: tracks
        .map(({ late, lastLate, unitsOut }) => (late ? `${late} (..${lastLate} of ${unitsOut})` : '0'))
        .join(' '),
      'DTS-PCR least, median': tracks.map(({ aheadMs }) => aheadMs.map((ms) => ms.toFixed(0)).join('..')).join(' '),
      'in the input': judgeFeed(input, input)
        .map(({ aheadMs }) => aheadMs.map((ms) => ms.toFixed(0)).join('..'))
        .join(' '),
      'PCR step ms': `${Math.min(...output.pcrSteps).toFixed(2)}..${Math.max(...output.pcrSteps).toFixed(0)}`,
      timing: Object.values(stats.timing).join(' '),
      fault: stats.fault?.message ?? '',
    });
    console.log(Object.values(rows.at(-1)!).join(' | '));
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, work));
await closeAll();
process.exit(0);
