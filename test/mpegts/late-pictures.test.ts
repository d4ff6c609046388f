// Pictures that come seconds later than the sound of their feed, beside another feed that was there before: the feed is put in
// time by its pictures, and its sound goes with them.

import { expect } from 'chai';
import { START_TIMEOUTS } from '../../src/relay/delivery/access-timeouts.js';
import { Remuxer } from '../../src/mpegts/remux/remuxer.js';
import { after, readProgram } from '../support/media/clock-judge.js';
import { inOrder, pesPackets, source, type SourceMessage, tablesOf } from '../support/mpegts/synthetic.js';

const VIDEO_PID = 0x100;
const SOUND_PID = 0x101;
const PICTURE_MS = 40;
const SOUND_MS = 24;
const LENGTH_MS = 9000;
const FIRST = 9e6;

/** A feed from 5 s on whose pictures come later than its sound of the same time. */
function* camera(lateMs: number): Generator<SourceMessage> {
  const units = [];
  for (let ms = 0; ms < LENGTH_MS; ms += PICTURE_MS) units.push({ pid: VIDEO_PID, ms, atMs: ms + lateMs });
  for (let ms = 0; ms < LENGTH_MS; ms += SOUND_MS) units.push({ pid: SOUND_PID, ms, atMs: ms + SOUND_MS });
  units.sort((a, b) => a.atMs - b.atMs);
  const entries = [
    { pid: VIDEO_PID, type: 0x1b },
    { pid: SOUND_PID, type: 0x0f },
  ];
  const counters = new Map<number, number>();
  for (const [i, { pid, ms, atMs }] of units.entries()) {
    const counter = counters.get(pid) ?? 0;
    const isPicture = pid === VIDEO_PID;
    const dts = FIRST + ms * 90;
    const payload = Buffer.from(`${pid} ${ms}`.padEnd(60));
    const more = isPicture ? { pcr: dts - 9000, access: ms % 1000 === 0 } : {};
    const pes = pesPackets({ pid, streamId: isPicture ? 0xe0 : 0xc0, pts: dts, counter, payload, ...more });
    counters.set(pid, counter + pes.length / 188);
    const data = i === 0 ? Buffer.concat([tablesOf(entries, VIDEO_PID), pes]) : pes;
    const kind = isPicture ? 'video' : 'audio';
    yield { feed: 'cam', kind, data, atMs: 5000 + atMs, begins: i === 0, capturedMs: 5000 + ms };
  }
}

describe('pictures that come later than the sound of their feed, beside another', () => {
  for (const lateMs of [1000, 2000, 2500, 3000, 3500]) {
    it(`are moved as that sound is: by ${lateMs} ms`, () => {
      const remuxer = new Remuxer('owned', START_TIMEOUTS);
      remuxer.setInputs(
        ['tone', 'cam'].map((feed) => ({ feed, select: 'all' as const })),
        0,
      );
      const tone = source({ feed: 'tone', kind: 'audio', fromMs: 1000, lengthMs: 16_000, unitMs: SOUND_MS, pcrMs: 0 });
      const out: Buffer[] = [];
      for (const { feed, data, begins, atMs } of inOrder(tone, camera(lateMs))) {
        const sent = remuxer.push(feed, { data, startsSource: begins }, atMs);
        if (sent) out.push(Buffer.from(sent));
      }
      const moved = new Map<number, Map<number, number>>([
        [VIDEO_PID, new Map()],
        [SOUND_PID, new Map()],
      ]);
      for (const { media, dts } of readProgram(Buffer.concat(out)).units) {
        const [pid, ms] = Buffer.from(media, 'base64').toString().trim().split(' ').map(Number) as [number, number];
        moved.get(pid)?.set(ms, after(dts, FIRST + ms * 90) / 90);
      }
      const [pictures, sound] = [moved.get(VIDEO_PID)!, moved.get(SOUND_PID)!];
      expect([pictures.size, sound.size], 'units').to.deep.equal([LENGTH_MS / PICTURE_MS, LENGTH_MS / SOUND_MS]);
      for (const [ms, byMs] of pictures) {
        if (sound.has(ms)) expect(sound.get(ms), `of ${ms} ms`).to.be.closeTo(byMs, 5);
      }
    });
  }
});
