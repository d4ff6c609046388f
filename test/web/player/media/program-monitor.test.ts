import { expect } from 'chai';
import { writeTimestamp } from '../../../../src/mpegts/packet/timestamp.js';
import { ProgramMonitor } from '../../../../src/web/player/media/program-monitor.js';
import { packet, patSection, pmtSection, sectionPackets } from '../../../support/mpegts/ts.js';

const [PICTURE, SOUND] = [0x100, 0x101];
const TABLES = Buffer.concat([
  sectionPackets(0, patSection(0x1000)),
  sectionPackets(
    0x1000,
    pmtSection([
      { streamType: 0x02, pid: PICTURE },
      { streamType: 0x04, pid: SOUND },
    ]),
  ),
]);

/** A PES packet of one transport packet, `atMs` by its PTS. */
function unit(pid: number, counter: number, atMs: number): Buffer {
  const payload = Uint8Array.from([0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0, 1]);
  writeTimestamp(payload, 9, atMs * 90);
  return packet({ pid, counter, startsUnit: true, randomAccess: pid === PICTURE, payload });
}

/** One that has seen a picture and a sound, both with counter 0. */
function started(): ProgramMonitor {
  const watch = new ProgramMonitor();
  watch.push(Buffer.concat([TABLES, unit(PICTURE, 0, 1000), unit(SOUND, 0, 1000)]), 1000);
  return watch;
}

describe('what the player counts as lost', () => {
  it('is what the counters say is missing', () => {
    const watch = started();
    watch.push(unit(PICTURE, 3, 1040), 1040);
    watch.push(unit(SOUND, 2, 1040), 1041);
    expect(watch.lostPackets).to.equal(3);
  });

  it('is nothing where another run begins, also of sound that begins a message later', () => {
    // The sound's jump came after the picture's, and counted: "1 lost" after each swap of an endpoint.
    const watch = started();
    expect(watch.push(Buffer.concat([TABLES, unit(PICTURE, 9, 21_000)]), 2000).isRestart).to.equal(true);
    watch.push(unit(SOUND, 7, 21_000), 2010);
    expect(watch.lostPackets).to.equal(0);
    watch.push(unit(SOUND, 9, 21_050), 2060);
    expect(watch.lostPackets).to.equal(1);
  });

  it('is nothing after a long pause, after which the picture goes on', () => {
    const watch = started();
    expect(watch.push(Buffer.concat([TABLES, unit(PICTURE, 9, 21_000)]), 21_000).isRestart).to.equal(false);
    watch.push(unit(SOUND, 7, 21_000), 21_010);
    expect(watch.lostPackets).to.equal(0);
  });

  it('is nothing of a track that ends and comes back, also where its last packets and the PMT without it are one message', () => {
    // A page that is late gets a mute of the sound in one message with the sound before it: "6 lost" after the unmute.
    const pictureAlone = Buffer.concat([
      sectionPackets(0, patSection(0x1000), 1),
      sectionPackets(0x1000, pmtSection([{ streamType: 0x02, pid: PICTURE }], 1), 1),
    ]);
    const watch = started();
    const last = [unit(PICTURE, 1, 1040), unit(SOUND, 1, 1040), unit(SOUND, 2, 1060)];
    watch.push(Buffer.concat([...last, pictureAlone, unit(PICTURE, 2, 1080)]), 1080);
    expect(watch.tracks).to.have.length(1);
    watch.push(Buffer.concat([TABLES, unit(PICTURE, 3, 1120), unit(SOUND, 3, 1120)]), 1120);
    expect(watch.tracks).to.have.length(2);
    expect(watch.lostPackets).to.equal(0);
    watch.push(Buffer.concat([unit(PICTURE, 4, 1160), unit(SOUND, 6, 1160)]), 1160);
    expect(watch.lostPackets, 'it counts again').to.equal(2);
  });
});
