// Streams whose pictures and PES packets do not match: one PES packet for each NAL unit, or several pictures in one.

import { expect } from 'chai';
import { Inspector } from '../../src/mpegts/inspector.js';
import { picture } from './captures.js';
import { inNalUnits, type Picture, picturesOf, PID, withoutStamps } from './nal-units.js';
import { pesPackets, tablesOf } from './synthetic.js';

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
    const wanted = { codec: named, width: 320, height: 240, frameRate: 25 };
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
          width: 320,
          height: 240,
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
    expect(media(0xd1, groups).reported).to.deep.equal({ codec: 'dirac', width: 320, height: 240, frameRate: 25 });
  });
});
