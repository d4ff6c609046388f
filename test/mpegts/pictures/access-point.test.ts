import { expect } from 'chai';
import fc from 'fast-check';
import { codecOfType } from '../../../src/mpegts/codecs/lookup.js';
import { startsAccessPoint } from '../../../src/mpegts/pictures/access-point.js';
import { Inspector } from '../../../src/mpegts/inspect/inspector.js';
import { withSetsOnce } from '../../support/media/sets-once.js';
import { packet } from '../../support/mpegts/ts.js';
import { capture, picture } from '../../support/media/captures.js';
import { pesPackets } from '../../support/mpegts/synthetic.js';

const picturesOf = (streamType: number) => codecOfType(streamType)?.pictures ?? null;
const MPEG1 = picturesOf(0x01);
const MPEG2 = picturesOf(0x02);
const MPEG4 = picturesOf(0x10);
const H264 = picturesOf(0x1b);
const HEVC = picturesOf(0x24);

const start = (...bytes: number[]) => [0, 0, 1, ...bytes]; // start code prefix and the bytes after it
const body = (bytes: number) => Array<number>(bytes).fill(0x80);

/** A picture of these bytes as packets, without random_access_indicator. */
const unit = (bytes: readonly number[], stuffing = 0) =>
  pesPackets({ pid: 0x100, streamId: 0xe0, pts: 9000, counter: 0, payload: Uint8Array.from(bytes), stuffing });

const h264 = {
  slice: start(0x41, 0x9a),
  idr: start(0x65, 0x88),
  sei: (bytes: number) => start(0x06, 0x05, ...body(bytes)),
  sps: start(0x67, 0x64),
  pps: start(0x68, 0xee),
  aud: start(0x09, 0xf0),
};
/** A HEVC NAL unit's header: nal_unit_type, nuh_layer_id 0, nuh_temporal_id_plus1 1. */
const hevc = (type: number, more = 4) => start(type << 1, 1, ...body(more));

describe('startsAccessPoint', () => {
  for (const [what, type, bytes, expected] of [
    ['an MPEG-1 sequence header', MPEG1, start(0xb3, 0x14), true],
    ['an MPEG-1 picture', MPEG1, start(0x00, 0x01), false],
    ['an MPEG-2 sequence header', MPEG2, start(0xb3, 0x14), true],
    ['an MPEG-2 group without a sequence header', MPEG2, start(0xb8, 0x00), false],
    ['an MPEG-2 picture whose slice has the value of a sequence header', MPEG2, [...start(0), 0xb3, 0xb3], false],
    ['a H.264 SPS', H264, [...h264.sps, ...h264.pps, ...h264.idr], true],
    ['a H.264 SPS behind an AUD', H264, [0, ...h264.aud, 0, ...h264.sps], true],
    ['a H.264 IDR picture behind AUD and SEI', H264, [...h264.aud, ...h264.sei(20), ...h264.idr], true],
    ['a H.264 picture that is no IDR', H264, [...h264.aud, ...h264.slice], false],
    ['a H.264 picture that is no IDR, behind SEI', H264, [...h264.aud, ...h264.sei(20), ...h264.slice], false],
    ['a H.264 picture, a SPS behind it', H264, [...h264.slice, ...h264.sps], false],
    ['a H.264 PPS alone', H264, [...h264.pps, ...h264.slice], false],
    ['a HEVC VPS behind an AUD', HEVC, [...hevc(35, 1), ...hevc(32)], true],
    ['a HEVC SPS', HEVC, hevc(33), true],
    ['a HEVC IDR picture behind AUD and SEI', HEVC, [...hevc(35, 1), ...hevc(39, 20), ...hevc(19)], true],
    ['a HEVC CRA picture', HEVC, hevc(21), true],
    ['a HEVC BLA picture', HEVC, hevc(16), true],
    ['a HEVC trailing picture', HEVC, [...hevc(35, 1), ...hevc(1)], false],
    ['a HEVC leading picture', HEVC, hevc(9), false],
    ['a H.264 IDR picture behind AUD and PPS', H264, [...h264.aud, ...h264.pps, ...h264.idr], true],
    ['a HEVC PPS alone', HEVC, [...hevc(34), ...hevc(1)], false],
    ['a picture of an unknown type', picturesOf(0xd1), h264.sps, false],
    ['bytes without a start code', H264, body(300), false],
    ['an MPEG-4 picture behind its headers', MPEG4, [...start(0xb0, 1), ...start(0x20), ...start(0xb6, 0x10)], true],
    ['an MPEG-4 picture without them', MPEG4, start(0xb6, 0x10), false],
    ['an MPEG-4 group without them', MPEG4, [...start(0xb3, 0, 0), ...start(0xb6, 0x10)], false],
  ] as const) {
    it(`says ${expected ? 'yes' : 'no'} to ${what}`, () => {
      expect(startsAccessPoint(type, unit(bytes), 0)).to.equal(expected);
    });
  }

  it('says yes to a picture that an earlier header makes decodable', () => {
    expect(startsAccessPoint(MPEG2, unit(start(0xb8, 0)), 0, 'known')).to.be.true;
    expect(startsAccessPoint(MPEG2, unit(start(0x00, 1)), 0, 'known')).to.be.false;
    expect(startsAccessPoint(MPEG4, unit([...start(0xb3, 0, 0), ...start(0xb6, 0x10)]), 0, 'known')).to.be.true;
    expect(startsAccessPoint(MPEG4, unit(start(0xb6, 0x50)), 0, 'known')).to.be.false;
  });

  it('says yes to an H.264 recovery point if parameter sets are known, at any position among SEI', () => {
    const point = [6, 1, 0xc0];
    const timing = [1, 3, 0, 0, 3, 0x10]; // with an emulation_prevention_three_byte
    const user = (bytes: number) => [
      5,
      ...Array<number>(Math.floor(bytes / 255)).fill(255),
      bytes % 255,
      ...body(bytes),
    ];
    const cases = [[point], [timing, point], [user(20), point], [user(300), timing, point], [user(3000), point]];
    for (const messages of cases) {
      for (const [sei, expected] of [
        [start(6, ...messages.flat(), 0x80), true],
        [messages.flatMap((message) => start(6, ...message, 0x80)), true],
        [start(6, ...messages.slice(0, -1).flat(), 0x80), false],
      ] as const) {
        const key = unit([...h264.aud, ...sei, ...h264.slice, ...body(500)]);
        expect(startsAccessPoint(H264, key, 0, 'known'), `${sei.length} bytes`).to.equal(expected);
        expect(startsAccessPoint(H264, key, 0, 'unknown'), 'no parameter sets').to.be.false;
      }
    }
    expect(
      startsAccessPoint(H264, unit([...start(6, 1, 200, 6, 1), ...h264.slice, ...body(500)]), 0, 'known'),
      'damaged',
    ).to.be.false;
  });

  it('reads on after an SEI that spans several packets, past packets of other PIDs', () => {
    for (const bytes of [150, 160, 165, 170, 175, 400, 700, 3000]) {
      const key = unit([...h264.aud, ...h264.sei(bytes), ...h264.idr, ...body(500)]);
      const other = unit([...h264.aud, ...h264.sei(bytes), ...h264.slice, ...body(500)]);
      const between = [packet({ pid: 0x101, startsUnit: true }), packet({ pid: 0x100, hasPayload: false })];
      const spread = Buffer.concat([...between, key.subarray(0, 188), ...between, key.subarray(188)]);
      expect(startsAccessPoint(H264, key, 0), `${bytes} bytes`).to.be.true;
      expect(startsAccessPoint(H264, spread, 376), `${bytes} bytes, spread`).to.be.true;
      expect(startsAccessPoint(H264, other, 0), `${bytes} bytes, no IDR`).to.be.false;
    }
  });

  it('reads neither into the next unit nor without limit', () => {
    const sei = unit([...h264.aud, ...h264.sei(400)]);
    const next = pesPackets({
      pid: 0x100,
      streamId: 0xe0,
      pts: 12_600,
      counter: 0,
      payload: Uint8Array.from(h264.sps),
    });
    expect(startsAccessPoint(H264, Buffer.concat([sei, next]), 0)).to.be.false;
    expect(startsAccessPoint(H264, unit([...h264.sei(9000), ...h264.idr]), 0)).to.be.false;
  });

  it('finds it wherever the first packet ends after the fixed part of the PES header', () => {
    for (let stuffing = 0; stuffing <= 175; stuffing++) {
      const data = unit([...h264.aud, ...h264.idr, ...body(400)], stuffing);
      expect(startsAccessPoint(H264, data, 0), `${stuffing} bytes of stuffing`).to.equal(stuffing <= 174);
    }
  });

  it('returns undefined for a truncated unit', () => {
    const whole = unit([...h264.aud, ...h264.sei(400), ...h264.idr]);
    expect(startsAccessPoint(H264, whole.subarray(0, 188), 0)).to.be.undefined;
    expect(startsAccessPoint(H264, unit([]), 0)).to.be.undefined;
  });

  it('does not throw, whatever the input', () => {
    const noise = fc.uint8Array({ minLength: 188, maxLength: 188 });
    const head = fc.constantFrom(0x10, 0x20, 0x30, 0x00);
    fc.assert(
      fc.property(fc.array(fc.tuple(noise, head), { minLength: 1, maxLength: 4 }), fc.boolean(), (made, isPes) => {
        const data = Buffer.concat(made.map(([bytes]) => bytes));
        made.forEach(([, control], i) => data.set([0x47, 0x41, 0, control], i * 188));
        if (isPes) data.set([0x47, 0x41, 0, 0x10, 0, 0, 1, 0xe0], 0);
        for (const type of [MPEG1, MPEG2, H264, HEVC]) {
          for (let at = 0; at < data.length; at += 188) startsAccessPoint(type, data, at, isPes ? 'known' : 'unknown');
        }
      }),
    );
  });
});

describe('access points without random_access_indicator', () => {
  /** Clears random_access_indicator in all packets of a PID. */
  function unmarked(bytes: Buffer, pid: number): Buffer {
    const copy = Buffer.from(bytes);
    for (let at = 0; at < copy.length; at += 188) {
      const isOfPid = (copy.readUInt16BE(at + 1) & 0x1fff) === pid;
      if (isOfPid && copy[at + 3]! & 0x20 && copy[at + 4]! > 0) copy[at + 5]! &= ~0x40;
    }
    return copy;
  }

  /** The offsets of the random access points. */
  function accessPoints(bytes: Buffer): number[] {
    const inspector = new Inspector();
    const found: number[] = [];
    // A message starts with a unit and ends before the next one.
    const starts = [0];
    for (let at = 188; at < bytes.length; at += 188) if (bytes[at + 1]! & 0x40) starts.push(at);
    starts.forEach((from, i) => {
      const accessPointOffset = inspector.inspect(bytes.subarray(from, starts[i + 1] ?? bytes.length));
      if (accessPointOffset >= 0) found.push(from + accessPointOffset);
    });
    expect(inspector.marksAccess).to.equal(found.length > 0);
    return found;
  }

  for (const [what, bytes] of [
    ['mpeg1video', () => picture('mpeg1video -g 25')],
    ['mpeg2video with B pictures', () => picture('mpeg2video -g 25 -bf 2')],
    ['H.264', () => picture('libx264 -g 25 -preset veryfast')],
    ['H.264 for live, without B pictures', () => picture('libx264 -g 50 -tune zerolatency -preset ultrafast')],
    ['HEVC', () => picture('libx265 -g 25 -preset ultrafast -x265-params log-level=none')],
    [
      'H.264 with sound',
      () =>
        capture(
          ...['-f', 'lavfi', '-i', 'testsrc=s=320x240:r=25:d=4', '-f', 'lavfi', '-i', 'sine=r=48000:d=4'],
          ...['-c:v', 'libx264', '-g', '25', '-threads', '1', '-c:a', 'aac'],
        ),
    ],
  ] as const) {
    it(`are found where ffmpeg signals them: ${what}`, () => {
      const marked = bytes();
      const wanted = accessPoints(marked);
      expect(wanted.length).to.be.greaterThan(1);
      expect(accessPoints(unmarked(marked, 0x100))).to.deep.equal(wanted);
    });
  }

  for (const params of [
    'open-gop=1:bframes=3:scenecut=0',
    'intra-refresh=1',
    'intra-refresh=1:bframes=0:nal-hrd=vbr',
  ]) {
    it(`are found in H.264 of ${params} whose parameter sets are sent once, however it is split`, () => {
      const more = ['-g', '25', '-x264-params', params, '-maxrate', '900k', '-bufsize', '900k'];
      const marked = withSetsOnce(picture('libx264 -preset veryfast', ...more), 0x100, 0x1b);
      const wanted = accessPoints(marked);
      expect(wanted.length).to.equal(5);
      const bytes = unmarked(marked, 0x100);
      expect(accessPoints(bytes)).to.deep.equal(wanted);
      for (const packets of [1, 3, 7]) {
        const inspector = new Inspector();
        const found: number[] = [];
        for (let at = 0; at < bytes.length; at += packets * 188) {
          const accessPointOffset = inspector.inspect(bytes.subarray(at, at + packets * 188));
          if (accessPointOffset >= 0) found.push(at + accessPointOffset - (inspector.opening?.length ?? 0));
        }
        expect(found.length, `${packets} packets a message`).to.equal(5);
      }
    });
  }
});
