// The media parameters that an Inspector finds, compared with ffprobe's.

import { expect } from 'chai';
import fc from 'fast-check';
import { Inspector } from '../../../src/mpegts/inspect/inspector.js';
import { capture } from '../../support/media/captures.js';
import { inspected, probed, shownParameters } from '../../support/media/parameters.js';
import { type Es, pesPackets, tablesOf } from '../../support/mpegts/synthetic.js';

/** Pictures for over two seconds, in which their rate is known by timestamps too; large ones tell it in their headers. */
const video = (size: string, rate: string, ...codec: string[]) => {
  const seconds = size === '1920x1080' ? 0.6 : 2.2;
  return capture('-f', 'lavfi', '-i', `testsrc=s=${size}:r=${rate}:d=${seconds}`, ...codec, '-threads', '1');
};
const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast'];
const x265 = (more = '') => `-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=10${more}`.split(' ');
const audio = (channels: number, rate: number, ...codec: string[]) => {
  const made = ['-f', 'lavfi', '-i', 'sine=f=440:r=48000:d=1'];
  return capture(...made, '-ac', String(channels), '-ar', String(rate), ...codec);
};

const pictures: [string, () => Buffer, object][] = [
  ['mpeg1video', () => video('640x480', '25', '-c:v', 'mpeg1video'), { width: 640, frameRate: 25 }],
  ['mpeg1video, 59.94', () => video('352x240', '60000/1001', '-c:v', 'mpeg1video'), { frameRate: 59.94 }],
  ['mpeg2video', () => video('720x480', '30000/1001', '-c:v', 'mpeg2video', '-bf', '2'), { codec: 'mpeg2video' }],
  [
    'mpeg2video, interlaced',
    () => video('720x576', '25', '-c:v', 'mpeg2video', '-flags', '+ilme+ildct'),
    { height: 576, frameRate: 25 },
  ],
  ['H.264 of an odd size', () => video('322x182', '30', ...x264, '-g', '10'), { width: 322, height: 182 }],
  ['H.264, 1080p, 29.97', () => video('1920x1080', '30000/1001', ...x264), { height: 1080, frameRate: 29.97 }],
  [
    'H.264, interlaced',
    () => video('720x576', '25', '-c:v', 'libx264', '-flags', '+ilme+ildct', '-g', '25'),
    { height: 576, frameRate: 25 },
  ],
  ['H.264, 4:4:4', () => video('321x181', '24', ...x264, '-pix_fmt', 'yuv444p'), { width: 321, height: 181 }],
  ['H.264 for live', () => video('640x360', '15', ...x264, '-tune', 'zerolatency', '-g', '30'), { frameRate: 15 }],
  ['HEVC of an odd size', () => video('322x182', '50', ...x265()), { width: 322, height: 182, frameRate: 50 }],
  ['HEVC, 1080p, 23.976', () => video('1920x1080', '24000/1001', ...x265()), { height: 1080, frameRate: 23.976 }],
  ['HEVC, fields', () => video('720x576', '25', ...x265(':interlace=tff')), { height: 576 }],
  ['MPEG-4 part 2', () => video('352x288', '30000/1001', '-c:v', 'mpeg4'), { codec: 'mpeg4', frameRate: 29.97 }],
  ['HEVC without a rate', () => video('640x360', '30', ...x265(':no-vui-timing-info=1')), { frameRate: 30 }],
];

const sounds: [string, () => Buffer, object][] = [
  ['mp2, mono', () => audio(1, 44100, '-c:a', 'mp2'), { codec: 'mp2', sampleRate: 44100, channels: 1 }],
  ['mp2 of low rate', () => audio(2, 22050, '-c:a', 'mp2'), { sampleRate: 22050 }],
  ['mp3', () => audio(2, 48000, '-c:a', 'libmp3lame'), { codec: 'mp3' }],
  ['AAC, mono', () => audio(1, 44100, '-c:a', 'aac'), { codec: 'aac', sampleRate: 44100, channels: 1 }],
  ['AAC, stereo', () => audio(2, 48000, '-c:a', 'aac'), { channels: 2 }],
  ['AAC, 5.1', () => audio(6, 48000, '-c:a', 'aac'), { channels: 6 }],
  ['AAC in LATM', () => audio(2, 48000, '-c:a', 'aac', '-mpegts_flags', 'latm'), { codec: 'aac_latm', channels: 2 }],
  ['AAC, 2.1', () => audio(3, 48000, '-c:a', 'aac'), { channels: 3 }],
  ['AAC in LATM, 2.1', () => audio(3, 48000, '-c:a', 'aac', '-mpegts_flags', 'latm'), { channels: 3 }],
  ['AAC in LATM, 5.1', () => audio(6, 44100, '-c:a', 'aac', '-mpegts_flags', 'latm'), { channels: 6 }],
  ['AC-3, 5.1', () => audio(6, 48000, '-c:a', 'ac3'), { codec: 'ac3', channels: 6 }],
  ['AC-3 as DVB has it', () => audio(1, 44100, '-c:a', 'ac3', '-mpegts_flags', 'system_b'), { sampleRate: 44100 }],
  ['E-AC-3', () => audio(2, 48000, '-c:a', 'eac3'), { codec: 'eac3', channels: 2 }],
  ['E-AC-3, 5.1', () => audio(6, 44100, '-c:a', 'eac3'), { channels: 6 }],
  ['DTS, 5.1', () => audio(6, 48000, '-c:a', 'dca', '-strict', '-2'), { codec: 'dts', sampleRate: 48000, channels: 6 }],
  ['DTS', () => audio(2, 44100, '-c:a', 'dca', '-strict', '-2'), { sampleRate: 44100, channels: 2 }],
  ['TrueHD, 5.1', () => audio(6, 96000, '-c:a', 'truehd', '-strict', '-2'), { codec: 'truehd', channels: 6 }],
  ['SMPTE 302M', () => audio(4, 48000, '-c:a', 's302m', '-strict', '-2'), { codec: 's302m', channels: 4 }],
  ['Opus', () => audio(2, 48000, '-c:a', 'libopus'), { codec: 'opus', sampleRate: 48000, channels: 2 }],
  ['Opus, mono', () => audio(1, 24000, '-c:a', 'libopus'), { sampleRate: 48000, channels: 1 }],
  ['Opus, 5.1', () => audio(6, 48000, '-c:a', 'libopus'), { channels: 6 }],
];

/** Video and audio in one. */
const both = () =>
  capture(
    ...['-f', 'lavfi', '-i', 'testsrc=s=322x182:r=25:d=3', '-f', 'lavfi', '-i', 'sine=r=44100:d=3', '-threads', '1'],
    ...[...x264, '-g', '25', '-c:a', 'aac', '-ac', '2', '-muxdelay', '0.001'],
  );

describe('media parameters from an Inspector', () => {
  for (const [what, made, expected] of [...pictures, ...sounds]) {
    it(`are the same as from ffprobe: ${what}`, () => {
      const bytes = made();
      const { media } = inspected(bytes);
      expect(media.map(shownParameters)).to.deep.equal(probed(bytes));
      expect(media[0]).to.include(expected);
    });
  }

  it('are reported for each track, with its PID, stream_type and kind', () => {
    const bytes = both();
    const { media } = inspected(bytes);
    expect(media.map(shownParameters)).to.deep.equal(probed(bytes));
    expect(media[0]).to.include({ pid: 0x100, streamType: 0x1b, kind: 'video', sampleRate: null });
    expect(media[1]).to.include({ pid: 0x101, streamType: 0x0f, kind: 'audio', width: null, frameRate: null });
  });

  it('are the same however the packets are split into messages, and so is the length of a group', () => {
    const bytes = both();
    const whole = inspected(bytes, 1e6);
    expect(whole).to.include({ gopMs: 1000, mediaVersion: 3 }); // tracks, video, audio
    const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(cuts, (lengths) => {
        const inspector = new Inspector();
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const end = at + 188 * lengths[i % lengths.length]!;
          inspector.inspect(bytes.subarray(at, end));
          at = end;
        }
        expect(inspector.media).to.deep.equal(whole.media);
        expect(inspector).to.include({ gopMs: 1000, mediaVersion: 3, continuityErrors: 0 });
      }),
      { numRuns: 30 },
    );
  });

  it('have no length of a group for audio only', () => {
    expect(inspected(audio(2, 48000, '-c:a', 'mp2')).gopMs).to.be.null;
  });

  it('have a rate by timestamps within two seconds if the coded data is not read', () => {
    const vc1 = Buffer.from(video('320x240', '12', '-c:v', 'vc2', '-pix_fmt', 'yuv422p'));
    for (let at = 0; at < vc1.length; at += 188) {
      if ((vc1.readUInt16BE(at + 1) & 0x1fff) !== 0x1000) continue;
      const pmt = tablesOf([{ pid: 0x100, type: 0xea }], 0x100, vc1[at + 3]! & 15).subarray(188);
      pmt.copy(vc1, at); // its video as another stream_type
    }
    expect(inspected(vc1).media[0]).to.include({ codec: 'vc1', width: null, frameRate: 12 });
  });

  it("have the timestamps' rate if the media's differs", () => {
    const filter = ['-bsf:v', 'h264_metadata=tick_rate=120'];
    const [media] = inspected(video('320x240', '25', ...x264, '-g', '10', ...filter)).media;
    expect(media).to.include({ frameRate: 25 });
  });

  it('follow a change of picture size, and of audio format', () => {
    const small = video('320x240', '25', ...x264, '-g', '25');
    const large = video('640x480', '25', ...x264, '-g', '25');
    const inspector = inspected(small);
    expect(inspector).to.include({ mediaVersion: 2 });
    inspector.inspect(large);
    expect(inspector.media[0]).to.include({ width: 640, height: 480 });
    expect(inspector).to.include({ mediaVersion: 3 });
    inspector.inspect(large);
    expect(inspector).to.include({ mediaVersion: 3 });

    const mono = audio(1, 44100, '-c:a', 'mp2', '-muxdelay', '0.001');
    const stereo = audio(2, 48000, '-c:a', 'mp2', '-muxdelay', '0.001');
    const sound = inspected(mono);
    sound.inspect(stereo);
    expect(sound.media[0]).to.include({ sampleRate: 48000, channels: 2 });
    expect(sound).to.include({ mediaVersion: 3 });
  });

  it('start again with a new source', () => {
    const inspector = inspected(both());
    inspector.restart();
    expect(inspector.media).to.deep.equal([]);
    expect(inspector).to.include({ gopMs: null, mediaVersion: 4 });
    inspector.restart();
    expect(inspector.mediaVersion).to.equal(4);
    inspector.inspect(audio(2, 48000, '-c:a', 'libopus'));
    expect(inspector.media.map(shownParameters)).to.deep.include({
      ...{ codec: 'opus', width: null, height: null, frameRate: null, sampleRate: 48000, channels: 2 },
    });
  });
});

describe('track parameters from an Inspector', () => {
  const PICTURE: Es = { pid: 0x100, type: 0x02 };
  const SOUND: Es = { pid: 0x101, type: 0x03 };
  const sequence = Buffer.from('000001b3' + '140 0f0 13 ffffe0 80 000001b8 00080000'.replace(/ /g, ''), 'hex'); // 320x240, 25
  const frame = Buffer.concat([Buffer.from('fffd8004', 'hex'), Buffer.alloc(60, 1)]); // layer II, 128 kbit/s, 44.1 kHz
  const counters = new Map<number, number>();
  const unit = (pid: number, payload: Buffer, access = false, pts = 9000) => {
    const counter = counters.get(pid) ?? 0;
    const made = pesPackets({ pid, streamId: pid === 0x100 ? 0xe0 : 0xc0, pts, counter, payload, access });
    counters.set(pid, (counter + made.length / 188) & 15);
    return made;
  };
  beforeEach(() => counters.clear());
  const of = (inspector: Inspector) => inspector.media.map(({ pid, codec, width }) => [pid, codec, width]);

  it('are kept for tracks that another PMT lists too', () => {
    const inspector = new Inspector();
    inspector.inspect(Buffer.concat([tablesOf([PICTURE], 0x100), unit(0x100, sequence, true)]));
    expect(of(inspector)).to.deep.equal([[0x100, 'mpeg1video', 320]]);
    const before = inspector.mediaVersion;
    inspector.inspect(tablesOf([SOUND, PICTURE], 0x100, 1, 1));
    expect(of(inspector)).to.deep.equal([
      [0x101, 'mp2', null],
      [0x100, 'mpeg1video', 320],
    ]);
    expect(inspector.mediaVersion).to.equal(before + 1);
    inspector.inspect(tablesOf([SOUND, { ...PICTURE, type: 0x1b }], 0x100, 2, 2));
    expect(of(inspector)).to.deep.equal([
      [0x101, 'mp2', null],
      [0x100, 'h264', null],
    ]);
  });

  it('are read at random access points that are not signalled, too', () => {
    const inspector = new Inspector();
    inspector.inspect(Buffer.concat([tablesOf([PICTURE], 0x100), unit(0x100, sequence)]));
    expect(of(inspector)).to.deep.equal([[0x100, 'mpeg1video', 320]]);
  });

  it('are read from a second video track, where no reader starts', () => {
    const second: Es = { pid: 0x102, type: 0x02 };
    const inspector = new Inspector();
    inspector.inspect(tablesOf([PICTURE, second], 0x100));
    inspector.inspect(unit(0x102, sequence));
    expect(of(inspector)).to.deep.equal([
      [0x100, 'mpegvideo', null],
      [0x102, 'mpeg1video', 320],
    ]);
    expect(inspector.randomAccessPoints).to.equal(0);
  });

  it('are read from video and audio whose packets are interleaved', () => {
    const inspector = new Inspector();
    inspector.inspect(tablesOf([PICTURE, SOUND], 0x100));
    const padded = Buffer.concat([sequence.subarray(0, 12), Buffer.alloc(500), sequence.subarray(12)]);
    const late = Buffer.concat([Buffer.alloc(300, 0x22), frame, Buffer.alloc(353, 3), frame, Buffer.alloc(100, 4)]);
    for (let round = 0; round < 2; round++) {
      const [one, other] = [unit(0x101, late), unit(0x100, padded, true)];
      for (let at = 0; at < Math.max(one.length, other.length); at += 188) {
        for (const each of [one, other]) if (at < each.length) inspector.inspect(each.subarray(at, at + 188));
      }
    }
    inspector.inspect(unit(0x101, late)); // the previous picture is over: this is the first without packets in between
    expect(of(inspector)).to.deep.equal([
      [0x100, 'mpeg1video', 320],
      [0x101, 'mp2', null],
    ]);
    expect(inspector.media[1]).to.include({ sampleRate: 44100, channels: 2 });
  });

  it('are not read from a unit that lost a packet', () => {
    const inspector = new Inspector();
    const padded = Buffer.concat([sequence.subarray(0, 12), Buffer.alloc(500), sequence.subarray(12)]);
    const data = unit(0x100, padded, true);
    inspector.inspect(tablesOf([PICTURE], 0x100));
    inspector.inspect(Buffer.concat([data.subarray(0, 188), data.subarray(2 * 188)]));
    expect(of(inspector)).to.deep.equal([[0x100, 'mpegvideo', null]]);
  });

  it('distinguish fields from a wrong rate', () => {
    const extension = (progressive: number) =>
      Buffer.from([0, 0, 1, 0xb5, 0x14, 0x82 | (progressive << 3), 0, 1, 0, 0, 0, 0, 1, 0, 0, 0]);
    for (const [progressive, expected] of [
      [0, 25], // fifty fields
      [1, 50], // fifty pictures, despite the header
    ] as const) {
      counters.clear();
      const inspector = new Inspector();
      inspector.inspect(tablesOf([PICTURE], 0x100));
      for (let i = 0; i <= 50; i++) {
        const header = Buffer.concat([sequence.subarray(0, 12), extension(progressive)]);
        const payload = i % 50 === 0 ? header : Buffer.from([0, 0, 1, 0, 0, 0]);
        inspector.inspect(unit(0x100, payload, i % 50 === 0, 9000 + i * 1800));
      }
      expect(inspector.media[0]).to.include({ codec: 'mpeg2video', frameRate: expected });
    }
  });

  it('include the channels of Opus from its descriptor', () => {
    const opus = [0x05, 4, 0x4f, 0x70, 0x75, 0x73];
    const channels = (...code: number[]) => {
      const inspector = new Inspector();
      inspector.inspect(
        tablesOf([{ pid: 0x100, type: 0x06, descriptors: [...opus, 0x7f, 1 + code.length, 0x80, ...code] }], 0x100),
      );
      return inspector.media[0]!.channels;
    };
    expect([channels(0), channels(1), channels(6), channels(0x81, 9, 0), channels(0x84)]).to.deep.equal([
      2, 1, 6, 9, 4,
    ]);
    expect([channels(), channels(9), channels(0x80), channels(0x81), channels(0xff)]).to.deep.equal(
      Array(5).fill(null), // prettier-ignore
    );
  });
});

describe('parameters of damaged media from an Inspector', () => {
  const plausible = (inspector: Inspector) => {
    for (const { width, height, frameRate, sampleRate, channels } of inspector.media) {
      for (const size of [width, height]) if (size !== null) expect(size).to.be.within(1, 16384);
      if (frameRate !== null) expect(frameRate).to.be.within(0.01, 1000);
      if (sampleRate !== null) expect(sampleRate).to.be.within(7350, 192_000);
      if (channels !== null) expect(channels).to.be.within(1, 24);
    }
    if (inspector.gopMs !== null) expect(inspector.gopMs).to.be.within(1, 600_000);
  };

  for (const [what, made] of [pictures[0]!, pictures[2]!, pictures[4]!, pictures[9]!, ...sounds.slice(3, 11)]) {
    it(`are plausible and do not throw: ${what}`, () => {
      const bytes = made().subarray(0, 188 * 200);
      const places = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 400 });
      fc.assert(
        fc.property(places, fc.integer({ min: 1, max: 30 }), (damage, packets) => {
          const copy = Buffer.from(bytes);
          for (const [at, value] of damage) if (at % 188 !== 0) copy[at] = value;
          plausible(inspected(copy, packets));
        }),
        { numRuns: 40 },
      );
    });
  }

  it('are plausible and do not throw: headers with flipped bits after intact tables', () => {
    for (const [, made] of [...pictures, ...sounds]) {
      const bytes = made().subarray(0, 188 * 40);
      for (let round = 0; round < 60; round++) {
        const copy = Buffer.from(bytes);
        for (let i = 0; i < 6; i++) {
          const at = 4 * 188 + ((round * 7919 + i * 104_729) % (6 * 188));
          if (at % 188 > 20) copy[at]! ^= 1 << ((round + i) % 8);
        }
        plausible(inspected(copy));
      }
    }
  });

  it('do not throw for units of any bytes', () => {
    const types = [0x01, 0x02, 0x03, 0x0f, 0x11, 0x1b, 0x24, 0x81, 0x87];
    const starts = [
      [],
      [0, 0, 1, 0xb3],
      [0, 0, 1, 0x67, 100],
      [0, 0, 1, 0x42, 1],
      [0, 0, 1, 0x40, 1],
      [0x56, 0xe1, 0],
      [0x0b, 0x77],
    ];
    const bytes = fc.uint8Array({ maxLength: 700 });
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.constantFrom(...starts), bytes, bytes, (type, start, one, other) => {
        const inspector = new Inspector();
        inspector.inspect(tablesOf([{ pid: 0x100, type }], 0x100));
        let counter = 0;
        for (const rest of [one, other]) {
          const payload = Buffer.from([...start, ...rest]);
          const data = pesPackets({ pid: 0x100, streamId: 0xe0, pts: 0, counter, payload, access: true });
          counter = (counter + data.length / 188) & 15;
          inspector.inspect(data);
        }
        plausible(inspector);
      }),
      { numRuns: 500 },
    );
  });
});
