// Real ffmpegs of many codecs and multiplexer delays, each alone in a stream rule: a sweep of what test/system/clock.test.ts
// has one of each kind of. scripts/sweep-clock.ts prints the figures.

import { expect } from 'chai';
import { judgeFeed } from '../support/media/clock-judge.js';
import { runFeed } from '../support/media/clock-run.js';
import { Program } from '../support/programs/program.js';

const CODECS = {
  'MPEG-1 video and MP2': '-c:v mpeg1video -b:v 500k -c:a mp2 -b:a 128k',
  'H.264 and AAC': '-c:v libx264 -preset ultrafast -g 25 -c:a aac -b:a 24k',
  'H.264 with B pictures and AAC': '-c:v libx264 -preset veryfast -g 50 -bf 4 -c:a aac -b:a 24k',
  'HEVC and AAC': '-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=25 -c:a aac -b:a 96k',
  'H.264 and MP2': '-c:v libx264 -preset ultrafast -g 25 -c:a mp2 -b:a 64k',
  'MPEG-2 video and AC-3': '-c:v mpeg2video -b:v 800k -c:a ac3 -b:a 96k',
  'H.264 and Opus': '-c:v libx264 -preset ultrafast -g 25 -c:a libopus -b:a 48k',
};
const INPUTS = '-re -f lavfi -i testsrc=s=160x120:r=25 -re -f lavfi -i sine=f=440:r=48000 -t 8 -threads 1';

describe('a stream of one ffmpeg', () => {
  for (const [codecs, args] of Object.entries(CODECS)) {
    it(`has every unit, moved by one constant, whatever the multiplexer's delay: ${codecs}`, async () => {
      const vw = await Program.stream();
      for (const delays of [
        ['0', '0.5', '1', '1.5'],
        ['2', '2.5', '3'],
      ]) {
        await Promise.all(
          delays.map(async (delay) => {
            const line = `${INPUTS} ${args} -muxdelay ${delay}`;
            const { input, output } = await runFeed(vw, `f${delay}`, line.split(' '));
            const tracks = judgeFeed(input, output);
            expect(tracks, delay).to.have.length(2);
            for (const { unitsIn, unitsOut } of tracks) expect(unitsOut, delay).to.equal(unitsIn);
            const moved = tracks.flatMap(({ movedMs }) => movedMs);
            expect(Math.max(...moved) - Math.min(...moved), delay).to.be.below(0.1);
          }),
        );
      }
    });
  }
});
