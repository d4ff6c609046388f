// Streams whose pictures and PES packets do not match: one PES packet for each NAL unit, or several pictures in one.

import { expect } from 'chai';
import { START_TIMEOUTS } from '../../../src/relay/delivery/access-timeouts.js';
import { Inspector } from '../../../src/mpegts/inspect/inspector.js';
import { Remuxer } from '../../../src/mpegts/remux/remuxer.js';
import { picture } from '../../support/media/captures.js';
import { checkTs, type Sent } from '../../support/mpegts/check-ts.js';
import { inNalUnits, type Picture, picturesOf, PID, withoutStamps } from '../../support/mpegts/nal-units.js';
import { pesPackets, tablesOf } from '../../support/mpegts/synthetic.js';

/** PES packets of these parts: the first of each list has the picture's timestamps, the others have none. */
function media(
  type: number,
  pictures: readonly { readonly one: Picture; readonly parts: readonly Buffer[] }[],
  perMessage = 7,
) {
  let counter = 0;
  const packets = pictures.flatMap(({ one, parts }) =>
    parts.map((es, i) => {
      const pes = pesPackets({ pid: PID, streamId: 0xe0, pts: one.pts, dts: one.dts, counter, payload: es });
      if (i > 0) withoutStamps(pes);
      counter += pes.length / 188;
      return pes;
    }),
  );
  const bytes = Buffer.concat([tablesOf([{ pid: PID, type }], PID), ...packets]);
  const inspector = new Inspector();
  for (let at = 0; at < bytes.length; at += perMessage * 188)
    inspector.inspect(bytes.subarray(at, at + perMessage * 188));
  const { codec, width, height, frameRate } = inspector.media[0]!;
  return { reported: { codec, width, height, frameRate }, inspector };
}

const H264 = 'libx264 -preset ultrafast -g 25 -sc_threshold 0';
const CODECS = {
  'H.264': [0x1b, H264, 'h264'],
  'H.264 in slices': [0x1b, `${H264} -slices 4`, 'h264'],
  HEVC: [0x24, 'libx265 -preset ultrafast -x265-params log-level=none:keyint=25:bframes=0', 'hevc'],
  'MPEG-2 video': [0x02, 'mpeg2video -g 25', 'mpeg2video'],
  'MPEG-1 video': [0x02, 'mpeg1video -g 25', 'mpeg1video'],
  'MPEG-4 part 2': [0x10, 'mpeg4 -g 25', 'mpeg4'],
} as const;

describe('picture statistics', () => {
  for (const [name, [type, codec, named]] of Object.entries(CODECS)) {
    const wanted = { codec: named, width: 160, height: 120, frameRate: 25 };
    // MPEG-4 part 2 may omit the picture rate: then nothing shows that a unit contains several pictures.
    for (const count of type === 0x10 ? [1] : [1, 2, 5]) {
      it(`are correct for ${name} with ${count} in a PES packet`, () => {
        const all = picturesOf(picture(codec));
        const groups = all.flatMap((one, i) => {
          if (i % count !== 0) return [];
          return [{ one, parts: [Buffer.concat(all.slice(i, i + count).map(({ es }) => es))] }];
        });
        expect(media(type, groups).reported).to.deep.equal(wanted);
        expect(media(type, groups, 1).reported, 'a packet a message').to.deep.equal(wanted);
      });
    }
  }

  for (const name of ['H.264', 'H.264 in slices', 'HEVC'] as const) {
    for (const areAllStamped of [false, true]) {
      const how = areAllStamped ? ', each with the stamps of its picture' : '';
      it(`are correct for ${name} with a PES packet for each NAL unit${how}, whose parameter sets are kept`, () => {
        const [type, codec, named] = CODECS[name];
        const packets = Buffer.concat(inNalUnits(picture(codec), type, { areAllStamped, areBounded: false }));
        const inspector = new Inspector();
        for (let at = 0; at < packets.length; at += 7 * 188) inspector.inspect(packets.subarray(at, at + 7 * 188));
        const { codec: reported, width, height, frameRate } = inspector.media[0]!;
        expect({ reported, width, height, frameRate }).to.deep.equal({
          reported: named,
          width: 160,
          height: 120,
          frameRate: 25,
        });
        expect(inspector.gopMs).to.equal(1000);
        expect(inspector.parameterSets.isEmpty).to.be.false;
      });
    }
  }

  it('follow the timestamps if a camera makes half the pictures that its media signals', () => {
    const [type, codec] = CODECS['MPEG-2 video'];
    const all = picturesOf(picture(codec));
    const slow = all.map((one, i) => ({
      one: { ...one, pts: all[0]!.pts + i * 7200, dts: all[0]!.dts + i * 7200 },
      parts: [one.es],
    }));
    expect(media(type, slow).reported.frameRate).to.equal(12.5);
  });

  it('are correct for VC-2', () => {
    const all = picturesOf(picture('vc2 -strict -1'));
    const groups = all.slice(0, 60).map((one) => ({ one, parts: [one.es] }));
    expect(media(0xd1, groups).reported).to.deep.equal({ codec: 'dirac', width: 160, height: 120, frameRate: 25 });
  });
});

describe('the parts of a picture that are stamped alike, each in a PES packet of its own', () => {
  const SOUND = 0x101;

  /** 50 pictures of four parts, 25 a second, that come `lateMs` after sound of the same time, which begins 1 s before them. */
  function run(lateMs: number) {
    const remuxer = new Remuxer('owned', START_TIMEOUTS);
    remuxer.setInputs([{ feed: 'cam', select: 'all' }], 0);
    const sent: Sent[] = [];
    const entries = [
      { pid: PID, type: 0x1b },
      { pid: SOUND, type: 0x03 },
    ];
    for (let n = 0; n < 75; n++) {
      const time = 900_000 + n * 3600;
      const dts = time - lateMs * 90;
      const sound = { pid: SOUND, streamId: 0xc0, pts: time, pcr: time, counter: n, payload: new Uint8Array(9) };
      const messages: Uint8Array[] = [Buffer.concat([tablesOf(entries, SOUND, n), pesPackets(sound)])];
      for (let part = 0; part < 4 && n >= 25; part++) {
        messages.push(
          pesPackets({
            ...{
              pid: PID,
              streamId: 0xe0,
              pts: dts + 3600,
              dts,
              counter: n * 4 + part,
              access: n === 25 && part === 0,
            },
            payload: Uint8Array.of(0, 0, 1, n === 25 ? 0x65 : 0x41, part === 0 ? 0x88 : 0x18),
          }),
        );
      }
      for (const data of messages) {
        const out = remuxer.push('cam', { data, startsSource: sent.length === 0 }, 1000 + n * 40);
        if (out) sent.push({ data: out, atMs: 1000 + n * 40 });
      }
    }
    const { tracks } = checkTs(sent, { pcrMs: Infinity, tablesMs: Infinity });
    const { units } = [...tracks.values()].find(({ streamType }) => streamType === 0x1b)!;
    return { units, timing: remuxer.timing };
  }

  it('keep one PTS and DTS, and none is held up', () => {
    const { units, timing } = run(0);
    expect(timing).to.deep.equal({ heldUnits: 0, lateUnits: 0, jumps: 0 });
    expect(units.map(({ pts, dts }) => pts - dts)).to.deep.equal(Array<number>(200).fill(3600));
    const first = units[0]!.dts;
    expect(units.map(({ dts }) => dts - first)).to.deep.equal(units.map((_, i) => (i >> 2) * 3600));
  });

  it('count as one unit that is late', () => {
    const { units, timing } = run(500);
    const late = units.filter(({ dts, pcr }) => dts < pcr).length;
    expect(late % 4).to.equal(0);
    expect(timing.lateUnits).to.equal(late / 4);
    expect(late).to.be.above(0);
  });
});
