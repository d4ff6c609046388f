import { expect } from 'chai';
import { H264_PICTURES } from '../../../../src/mpegts/codecs/video/h264-pictures.js';
import { HEVC_PICTURES } from '../../../../src/mpegts/codecs/video/hevc-pictures.js';
import { AccessUnitJoiner } from '../../../../src/web/player/mse/whole-pictures.js';
import { picture } from '../../../support/media/captures.js';
import { inNalUnits, nalUnits, picturesOf, PID } from '../../../support/mpegts/nal-units.js';

const H264 = 'libx264 -preset ultrafast -g 25 -sc_threshold 0';
const CODECS = {
  'H.264': [0x1b, H264_PICTURES, `${H264} -x264-params aud=1`],
  'H.264 without delimiters': [0x1b, H264_PICTURES, H264],
  'H.264 in slices': [0x1b, H264_PICTURES, `${H264} -slices 4`],
  HEVC: [0x24, HEVC_PICTURES, 'libx265 -preset ultrafast -x265-params log-level=none:keyint=25:bframes=0'],
} as const;

/** The track's packets alone. */
const trackOf = (bytes: Buffer): Buffer => {
  const packets = Array.from({ length: bytes.length / 188 }, (_, i) => bytes.subarray(i * 188, (i + 1) * 188));
  return Buffer.concat(packets.filter((packet) => (packet.readUInt16BE(1) & 0x1fff) === PID));
};
const lengths = (bytes: Buffer): number[] => {
  const found: number[] = [];
  for (let at = 0; at < bytes.length; at += 188) {
    if (bytes[at + 1]! & 0x40)
      found.push(bytes.readUInt16BE((bytes[at + 3]! & 0x20 ? at + 5 + bytes[at + 4]! : at + 4) + 4));
  }
  return found;
};

describe('WholePictures', () => {
  for (const [name, [type, syntax, codec]] of Object.entries(CODECS)) {
    for (const areAllStamped of [true, false]) {
      for (const areBounded of [true, false]) {
        const how = `${areAllStamped ? 'all stamped' : 'the first stamped'}, ${areBounded ? 'of a length' : 'of no length'}`;
        it(`makes one PES packet of each picture of ${name}: ${how}`, () => {
          const whole = picture(codec);
          const packets = trackOf(Buffer.concat(inNalUnits(whole, type, { areAllStamped, areBounded })));
          const messages = new AccessUnitJoiner(syntax);
          for (let at = 0; at < packets.length; at += 7 * 188) messages.join(packets.subarray(at, at + 7 * 188));
          const joined = picturesOf(packets);
          const wanted = picturesOf(whole);
          expect(joined.length).to.equal(wanted.length);
          joined.forEach(({ pts, dts, es }, i) => {
            const { es: all, ...stamps } = wanted[i]!;
            expect({ pts, dts }, `picture ${i}`).to.deep.equal(stamps);
            expect(es.equals(all), `picture ${i}`).to.be.true;
          });
          const stated = lengths(packets).filter((length) => length !== 0);
          if (nalUnits(wanted[0]!.es).length > 1)
            expect(stated.length, 'PES_packet_length where more comes').to.equal(0);
        });
      }
    }
  }

  it('leaves pictures alone that have a PES packet each', () => {
    for (const more of [[], ['-omit_video_pes_length', '0']]) {
      const packets = trackOf(picture(H264, ...more));
      const joined = Buffer.from(packets);
      new AccessUnitJoiner(H264_PICTURES).join(joined);
      expect(lengths(joined).filter((length, i) => length !== lengths(packets)[i]).length).to.be.at.most(5); // of 125
      expect(picturesOf(joined).map(({ es }) => es.length)).to.deep.equal(
        picturesOf(packets).map(({ es }) => es.length),
      );
    }
  });

  it('joins no picture without a time to the one before, where a delimiter says that it is another', () => {
    const all = inNalUnits(picture(CODECS['H.264'][2]), 0x1b, { areAllStamped: false, areBounded: false });
    const packets = trackOf(Buffer.concat(all));
    let units = 0;
    for (let at = 0; at < packets.length; at += 188) {
      if (!(packets[at + 1]! & 0x40) || units++ === 0) continue;
      const pes = packets[at + 3]! & 0x20 ? at + 5 + packets[at + 4]! : at + 4;
      packets[pes + 7] = 0; // PTS_DTS_flags
      packets.fill(0xff, pes + 9, pes + 9 + packets[pes + 8]!);
    }
    new AccessUnitJoiner(H264_PICTURES).join(packets);
    expect(lengths(packets).length).to.be.at.least(all.length);
  });
});
