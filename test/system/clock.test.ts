// One ffmpeg with picture and sound in a stream rule, through the whole relay: nothing is left out, nothing moved apart.

import { expect } from 'chai';
import { judgeFeed } from '../support/media/clock-judge.js';
import { runFeed } from '../support/media/clock-run.js';
import { Program } from '../support/programs/program.js';

const CODECS = '-c:v libx264 -preset ultrafast -g 25 -c:a aac -b:a 24k -threads 1';
const live = (rate: number, seconds: number): string =>
  `-readrate ${rate} -f lavfi -i testsrc=s=160x120:r=25 -readrate ${rate} -f lavfi -i sine=r=48000 -t ${seconds * rate}`;

const LINES = {
  'sound in PES packets of a second': `${live(1, 4)} ${CODECS} -muxdelay 2`,
  'B pictures and 3 s': `${live(1, 4)} ${CODECS} -preset veryfast -bf 4 -muxdelay 3`,
  'no delay': `${live(1, 4)} ${CODECS} -muxdelay 0`,
  'half of real time': `${live(0.5, 8)} ${CODECS}`,
  'a PCR every 5 s': `${live(1, 4)} ${CODECS} -pcr_period 5000`,
  'PTS long after DTS': `${live(1, 4)} ${CODECS} -bsf:v setts=pts=PTS+0.4/TB`,
  'flat out': `-f lavfi -i testsrc=s=160x120:r=25 -f lavfi -i sine=r=48000 -t 20 ${CODECS}`,
};

describe('a stream of one ffmpeg', () => {
  it('has every unit, moved by one constant, with its DTS not before the PCR', async () => {
    const vw = await Program.stream();
    await Promise.all(
      Object.entries(LINES).map(async ([name, line], i) => {
        const { input, output, stats } = await runFeed(vw, `f${i}`, line.split(' '));
        const tracks = judgeFeed(input, output);
        expect(tracks, name).to.have.length(2);
        for (const { unitsIn, unitsOut, late } of tracks) {
          expect({ unitsOut, late }, name).to.deep.equal({ unitsOut: unitsIn, late: 0 });
        }
        const moved = tracks.flatMap(({ movedMs }) => movedMs);
        expect(Math.max(...moved) - Math.min(...moved), name).to.be.below(0.1);
        expect(stats.timing, name).to.deep.equal({ heldUnits: 0, lateUnits: 0, jumps: 0 });
        expect(Math.min(...output.pcrSteps), name).to.be.at.least(0);
        const picture = tracks.find(({ unitsIn }) => unitsIn === Math.max(...tracks.map((one) => one.unitsIn)))!;
        if (name === 'no delay') expect(picture.aheadMs[1], 'DTS - PCR').to.be.within(0, 150);
        else expect(picture.aheadMs[1], `${name}: DTS - PCR`).to.be.at.least(690);
      }),
    );
  }).timeout(60_000);
});
