// Starts of sources that make several PES packets of a picture: a reader begins with the picture's first, which has its PTS.

import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { START_TIMEOUTS } from '../../src/relay/delivery/access-timeouts.js';
import { Splicer, type ProgramFacts } from '../../src/mpegts/splice/splicer.js';
import { Inspector } from '../../src/mpegts/inspect/inspector.js';
import { Remuxer } from '../../src/mpegts/remux/remuxer.js';
import { decode } from '../support/media/ffmpeg.js';
import { continuityErrors, packetsOf } from '../support/mpegts/packets-of.js';
import { withSetsOnce } from '../support/media/sets-once.js';
import { picture, tempFolder } from '../support/media/captures.js';
import { inNalUnits, type NalPes, PID } from '../support/mpegts/nal-units.js';

const H264 = 'libx264 -preset ultrafast -g 25 -sc_threshold 0';
const CODECS = {
  'H.264': [0x1b, H264],
  'H.264 in slices': [0x1b, `${H264} -slices 4`],
  HEVC: [0x24, 'libx265 -preset ultrafast -x265-params log-level=none:keyint=25:scenecut=0:bframes=0'],
} as const;
/** When readers come: so many pictures of 125, of which every 25th is a random access point. */
const JOINED = 30;

interface Case extends NalPes {
  readonly areMarked: boolean;
  readonly areSetsOnce: boolean;
}

function made(type: number, codec: string, { areMarked, areSetsOnce, ...pes }: Case): Buffer[] {
  const bytes = picture(codec);
  const pictures = inNalUnits(areSetsOnce ? withSetsOnce(bytes, PID, type) : bytes, type, pes);
  for (const one of pictures.filter((_, n) => areMarked && n % 25 === 0)) one[2 * 188 + 5]! |= 0x40; // behind the tables
  return pictures;
}

/** What readers get of feed and stream that come before the picture of number {@link JOINED}. */
function joined(pictures: readonly Buffer[], perMessage: number) {
  const all = Buffer.concat(pictures);
  const from = pictures.slice(0, JOINED).reduce((sum, { length }) => sum + length, 0);
  const inspector = new Inspector();
  const remuxers = { early: new Remuxer('owned', START_TIMEOUTS), late: new Remuxer('owned', START_TIMEOUTS) };
  remuxers.early.setInputs([{ feed: 'cam', select: 'all' }], 0);
  const got = { feed: [] as Buffer[], stream: [] as Buffer[], 'a stream that was running': [] as Buffer[] };
  const handovers = { feed: new Splicer(START_TIMEOUTS), stream: new Splicer(START_TIMEOUTS) };
  const split = (
    splicer: Splicer,
    to: Buffer[],
    data: Uint8Array,
    accessPointOffset: number,
    facts: ProgramFacts,
  ): void => {
    const { incoming } = splicer.splice(data, accessPointOffset, facts, 0);
    if (incoming) to.push(Buffer.from(incoming));
  };
  for (let at = 0, n = 0; at < all.length; at += perMessage * 188, n++) {
    const message = all.subarray(at, at + perMessage * 188);
    const accessPointOffset = inspector.inspect(message);
    const atMs = 1000 + (at / all.length) * 5000;
    const { early, late } = remuxers;
    const out = early.push('cam', { data: message, startsSource: n === 0, facts: inspector, accessPointOffset }, atMs);
    if (at < from) continue;
    const { tables } = inspector;
    if (late.feedCount === 0) late.setInputs([{ feed: 'cam', select: 'all', ...(tables ? { tables } : {}) }], atMs);
    split(handovers.feed, got.feed, message, accessPointOffset, inspector);
    if (out) {
      const { tables: own, keyPid, pids, marksAccess } = early;
      const facts = { tables: own, keyPid, pids, marksAccess, parameterSets: inspector.parameterSets };
      split(handovers.stream, got['a stream that was running'], out, early.accessPointOffset, facts);
    }
    const begun = late.push('cam', { data: message, facts: inspector, accessPointOffset }, atMs);
    if (begun) got.stream.push(Buffer.from(begun));
  }
  return { got, points: inspector.randomAccessPoints };
}

/** The first PES packet of the picture: whether it has a PTS, and the NAL unit that it begins with. */
function firstOf(bytes: Buffer): { hasPts: boolean; header: number } {
  const one = packetsOf(bytes, PID).find((packet) => packet[1]! & 0x40)!;
  const payload = one.subarray(one[3]! & 0x20 ? 5 + one[4]! : 4);
  const media = payload.subarray(9 + payload[8]!);
  return { hasPts: (payload[7]! & 0x80) !== 0, header: media[media[2] === 1 ? 3 : 4]! };
}

const isDelimiter = (type: number, header: number): boolean =>
  type === 0x1b ? (header & 0x1f) === 9 : ((header >> 1) & 0x3f) === 35;

describe('a start in a source with a PES packet for each NAL unit', () => {
  for (const [name, [type, codec]] of Object.entries(CODECS)) {
    for (const areAllStamped of [false, true]) {
      for (const areMarked of [false, true]) {
        const how = `${areAllStamped ? 'all stamped alike' : 'the first alone stamped'}${areMarked ? ', marked' : ''}`;
        it(`begins with the access unit delimiter and its PTS: ${name}, ${how}`, async () => {
          for (const areSetsOnce of [false, true]) {
            const pictures = made(type, codec, { areAllStamped, areBounded: areSetsOnce, areMarked, areSetsOnce });
            for (const perMessage of [1, 7, 348]) {
              const { got, points } = joined(pictures, perMessage);
              for (const [reader, parts] of Object.entries(got)) {
                const bytes = Buffer.concat(parts);
                const where = `${reader}, ${perMessage} packets a message, sets ${areSetsOnce ? 'once' : 'often'}`;
                const { hasPts, header } = firstOf(bytes);
                expect(hasPts, `${where}: PTS`).to.be.true;
                expect(isDelimiter(type, header), `${where}: begins with ${header.toString(16)}`).to.be.true;
                expect(continuityErrors(bytes), `${where}: counters`).to.deep.equal([]);
                if (perMessage !== 7) continue;
                const file = join(tempFolder(), 'parts.ts');
                writeFileSync(file, bytes);
                expect(await decode(file), where).to.deep.equal({ pictures: 75, complaints: '' });
              }
              expect(points, `${perMessage} packets a message: random access points`).to.equal(5);
            }
          }
        });
      }
    }
  }
});
