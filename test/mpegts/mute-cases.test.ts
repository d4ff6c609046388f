// What passes an audio mute, packet by packet, for input that ffmpeg does not produce. Literal bytes.

import { expect } from 'chai';
import { START_TIMEOUTS } from '../../src/relay/delivery/access-timeouts.js';
import { filteredFacts } from '../../src/mpegts/mute/filtered-facts.js';
import { Inspector } from '../../src/mpegts/inspect/inspector.js';
import { Remuxer, type RemuxInput } from '../../src/mpegts/remux/remuxer.js';
import { MuteFilter } from '../../src/mpegts/mute/mute-filter.js';
import { continuityErrors, packetsOf } from '../support/mpegts/packets-of.js';
import { type Entry, packet, patSection, pmtSection, section, sectionPackets } from '../support/mpegts/ts.js';

const PMT = 0x1000;
const PID = 0x100;
const OTHER = 0x101;
const SECRET = 0x5e; // the fill byte of a track's payload
const format = (name: string) => [0x05, 4, ...Buffer.from(name)];
const HDMV = format('HDMV');

function tables(entries: readonly Entry[], version = 0, programDescriptors: readonly number[] = []): Buffer {
  const made = pmtSection(entries, version);
  const body = [...made.subarray(3, 10), 0xf0, programDescriptors.length, ...programDescriptors];
  const all = section(0x02, [...body, ...made.subarray(12, -4)]);
  return Buffer.concat([sectionPackets(0, patSection(PMT), version), sectionPackets(PMT, all, version)]);
}

/** A PES packet with a PTS, in one transport packet, or in two with `isLong`. */
function unit(streamId: number, counter = 0, pid = PID): Buffer {
  const header = Buffer.from([0, 0, 1, streamId, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0, 1]);
  return Buffer.concat([
    packet({ pid, counter: counter & 15, startsUnit: true, randomAccess: true, fill: SECRET, payload: header }),
    packet({ pid, counter: (counter + 1) & 15, fill: SECRET }),
  ]);
}

/** How many payload bytes of `PID` pass a mute as the feed, and as a stream without its audio. */
function passes(before: Buffer, ...messages: Buffer[]): { feed: number; stream: number } {
  const [inspector, filter, remuxer] = [new Inspector(), new MuteFilter(), new Remuxer('owned', START_TIMEOUTS)];
  inspector.inspect(before);
  filter.mute('audio', inspector);
  const inputs: RemuxInput[] = [{ feed: 'cam', select: 'other-than-audio' }];
  remuxer.setInputs(inputs, 0);
  const streamed: Buffer[] = [];
  const fed: Buffer[] = [];
  [before, ...messages].forEach((message, i) => {
    const accessPointOffset = i === 0 ? -1 : inspector.inspect(message);
    if (i > 0) fed.push(Buffer.from(filter.apply(message, accessPointOffset) ?? []));
    streamed.push(Buffer.from(remuxer.push('cam', { data: message, startsSource: i === 0 }, 4000 + i) ?? []));
  });
  const sent = Buffer.concat(fed);
  expect(continuityErrors(sent)).to.deep.equal([]);
  return { feed: secrets(sent), stream: secrets(Buffer.concat(streamed)) };
}

const secrets = (bytes: Buffer) => bytes.filter((byte) => byte === SECRET).length;

const ANY = [0xbd, 0xbe, 0xbf, 0xf0, 0xf1, 0xf2, 0xf8, 0xfa, 0xfc, 0xfd, 0xfe, 0xff];
const SOUND_IDS = [0xc0, 0xcf, 0xd0, 0xdf];
const PICTURE_IDS = [0xe0, 0xe7, 0xef];

type Case = readonly [what: string, streamType: number, descriptors: readonly number[], program?: readonly number[]];

const SOUND: readonly Case[] = [
  ...[0x03, 0x04, 0x0f, 0x11, 0x1c, 0x2d, 0x2e, 0x81, 0x82, 0x83, 0x84, 0x85, 0x87, 0x8a, 0x90, 0x91].map(
    (type): Case => [`stream_type 0x${type.toString(16)}`, type, []],
  ),
  ...[0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0xa1, 0xa2].map((type): Case => [
    `stream_type 0x${type.toString(16)} under HDMV`,
    type,
    [],
    HDMV,
  ]),
  ...['Opus', 'AC-3', 'EAC3', 'AC-4', 'DTS1', 'DTS2', 'DTS3', 'dtsh', 'BSSD', 'mlpa'].map((name): Case => [
    `registration ${name}`,
    0x06,
    format(name),
  ]),
  ['0x86 with registration DTS', 0x86, format('DTS2')],
  ['AC-3 descriptor', 0x06, [0x6a, 1, 0]],
  ['enhanced AC-3 descriptor', 0x06, [0x7a, 1, 0]],
  ['DTS descriptor', 0x06, [0x7b, 1, 0]],
  ['AAC descriptor', 0x06, [0x7c, 1, 0]],
  ['AC-4 descriptor', 0x06, [0x7f, 1, 0x15]],
  ['DTS-UHD descriptor', 0x06, [0x7f, 1, 0x21]],
  ['supplementary audio (audio description)', 0x06, [0x7f, 2, 0x06, 0]],
  ['subtitles and sound in one entry', 0x06, [0x59, 0, 0x6a, 1, 0]],
  ['a picture type with a descriptor of sound', 0x1b, [0x6a, 1, 0]],
  ['sections with a registration of sound', 0x05, format('AC-3')],
];
const UNKNOWN: readonly Case[] = [
  ...[0x00, 0x06, 0x07, 0x09, 0x0e, 0x12, 0x13, 0x1a, 0x80, 0x88, 0xa0, 0xa1, 0xf0, 0xff].map((type): Case => [
    `stream_type 0x${type.toString(16)}`,
    type,
    [],
  ]),
  ['a registration that nobody knows', 0x06, format('ABCD')],
  ['a language', 0x06, [0x0a, 4, 0x65, 0x6e, 0x67, 0]],
  ['a descriptor that is cut short', 0x06, [0x05, 200, 0x4b]],
];
const PICTURES: readonly Case[] = [
  ...[0x01, 0x02, 0x10, 0x1b, 0x20, 0x21, 0x24, 0x33, 0x42, 0xd1, 0xea].map((type): Case => [
    `stream_type 0x${type.toString(16)}`,
    type,
    [],
  ]),
  ...['VC-1', 'drac', 'AV01', 'HEVC'].map((name): Case => [`registration ${name}`, 0x06, format(name)]),
];
const DATA: readonly Case[] = [
  ['metadata (KLV, ID3)', 0x15, []],
  ['registration KLVA', 0x06, format('KLVA')],
  ['registration ID3', 0x06, format('ID3 ')],
  [
    'metadata descriptor of ID3',
    0x06,
    [0x26, 13, 0xff, 0xff, ...Buffer.from('ID3 '), 0xff, ...Buffer.from('ID3 '), 0, 0],
  ],
  ['DVB subtitles', 0x06, [0x59, 8, 0x65, 0x6e, 0x67, 0x10, 0, 1, 0, 1]],
  ['teletext', 0x06, [0x56, 5, 0x65, 0x6e, 0x67, 0x09, 0]],
  ['TTML subtitles', 0x06, [0x7f, 1, 0x20]],
  ['ARIB captions', 0x06, [0xfd, 3, 0x00, 0x08, 0x3d]],
  ...[0x90, 0x91, 0x92].map((type): Case => [`0x${type.toString(16)} under HDMV`, type, [], HDMV]),
];

describe('an audio mute', () => {
  const ofCase = ([, streamType, descriptors, program]: Case, streamId: number) =>
    passes(tables([{ streamType, pid: PID, descriptors }], 0, program), unit(streamId, 0), unit(streamId, 2));

  for (const one of SOUND) {
    it(`withholds ${one[0]}, whatever its stream_id`, () => {
      for (const id of [...ANY, ...SOUND_IDS, ...PICTURE_IDS]) {
        expect(ofCase(one, id), id.toString(16)).to.deep.equal({ feed: 0, stream: 0 });
      }
    });
  }

  for (const one of UNKNOWN) {
    it(`withholds tracks of unknown kind (${one[0]}), unless their stream_id is video`, () => {
      for (const id of [...ANY, ...SOUND_IDS]) {
        expect(ofCase(one, id), id.toString(16)).to.deep.equal({ feed: 0, stream: 0 });
      }
      for (const id of PICTURE_IDS) expect(ofCase(one, id).feed).to.be.greaterThan(600);
      for (const id of PICTURE_IDS) expect(ofCase(one, id).stream).to.be.greaterThan(600);
    });
  }

  for (const [kind, cases] of [
    ['pictures', PICTURES],
    ['data', DATA],
  ] as const) {
    for (const one of cases) {
      it(`passes ${kind} (${one[0]}), unless the stream_id is audio`, () => {
        for (const id of [0xbd, 0xfc, 0xfd, ...PICTURE_IDS]) {
          expect(ofCase(one, id).feed, id.toString(16)).to.be.greaterThan(600);
          expect(ofCase(one, id).stream, id.toString(16)).to.be.greaterThan(600);
        }
        for (const id of SOUND_IDS) expect(ofCase(one, id), id.toString(16)).to.deep.equal({ feed: 0, stream: 0 });
      });
    }
  }

  it('judges each PES packet separately', () => {
    const h264 = tables([{ streamType: 0x1b, pid: PID }]);
    const one = passes(h264, unit(0xe0, 0));
    const both = passes(h264, unit(0xc0, 0), unit(0xe0, 2), unit(0xd1, 4));
    expect(both.feed).to.equal(one.feed);
  });

  for (const [what, streamType] of [
    ['SCTE-35', 0x86],
    ['private sections (AIT)', 0x05],
    ['DSM-CC', 0x0b],
  ] as const) {
    it(`passes ${what}, and no PES packets in its place`, () => {
      const before = tables([{ streamType, pid: PID }]);
      const good = sectionPackets(PID, section(0xfc, Array<number>(100).fill(SECRET)));
      expect(passes(before, good).feed).to.be.greaterThan(90);
      for (const id of [0xbd, 0xc0, 0xe0]) {
        expect(passes(before, unit(id)), id.toString(16)).to.deep.equal({ feed: 0, stream: 0 });
      }
    });
  }

  it('withholds PES packets on the PIDs of tables', () => {
    const before = tables([{ streamType: 0x1b, pid: PID }]);
    for (const pid of [0x00, 0x01, 0x11, 0x1f, PMT]) {
      expect(passes(before, unit(0xbd, 1, pid)).feed, pid.toString(16)).to.equal(0);
    }
  });

  it('withholds everything except tables before the first PMT, and all PIDs that it does not list', () => {
    const pat = sectionPackets(0, patSection(PMT));
    const sdt = sectionPackets(0x11, section(0x42, Array<number>(50).fill(SECRET)));
    expect(passes(Buffer.alloc(0), pat, unit(0xe0), sdt).feed).to.equal(secrets(sdt));
    const before = tables([{ streamType: 0x1b, pid: PID }]);
    expect(passes(before, unit(0xe0, 0, OTHER))).to.deep.equal({ feed: 0, stream: 0 });
  });

  it('applies the PMT in packet order, also within a message', () => {
    const before = tables([{ streamType: 0x81, pid: PID }]);
    const picture = tables([{ streamType: 0x1b, pid: PID }], 1);
    expect(passes(before, Buffer.concat([unit(0xbd), picture])), 'sound, then a PMT').to.deep.equal({
      feed: 0,
      stream: 0,
    });
    const began = packet({ pid: PID, counter: 2, fill: SECRET });
    const mixed = passes(before, unit(0xbd), Buffer.concat([picture, began]));
    expect(mixed, 'a unit that began as sound').to.deep.equal({ feed: 0, stream: 0 });
    expect(passes(picture, Buffer.concat([tables([{ streamType: 0x81, pid: PID }], 2), unit(0xbd)]))).to.deep.equal({
      feed: 0,
      stream: 0,
    });
  });

  it('applies changed descriptors, even if stream_type is the same', () => {
    const klv = tables([{ streamType: 0x06, pid: PID, descriptors: format('KLVA') }]);
    const opus = tables([{ streamType: 0x06, pid: PID, descriptors: format('Opus') }], 1);
    const klvOnly = passes(klv, unit(0xbd));
    expect(passes(klv, unit(0xbd), opus, unit(0xbd, 2))).to.deep.equal(klvOnly);
  });

  it('waits for the PMT that a new PAT lists', () => {
    const before = tables([{ streamType: 0x1b, pid: PID }]);
    const moved = sectionPackets(0, patSection(0x1200, 2, 1), 1);
    for (const id of [0xe0, 0xbd]) {
      expect(passes(before, moved, unit(id)), id.toString(16)).to.deep.equal({ feed: 0, stream: 0 });
      const begun = passes(before, Buffer.concat([unit(id), moved]), packet({ pid: PID, counter: 2, fill: SECRET }));
      expect(begun, 'a unit that is being sent').to.deep.equal(passes(before, unit(id)));
    }
    const picture = tables([{ streamType: 0x1b, pid: PID }], 1);
    const back = sectionPackets(0, patSection(PMT, 1, 2), 2);
    expect(
      passes(before, moved, unit(0xe0), back, picture.subarray(188), unit(0xe0, 2)),
      'and it goes on',
    ).to.deep.equal(passes(before, unit(0xe0)));
  });

  it('withholds a PID that the PMT lists with two kinds', () => {
    for (const types of [
      [0x1b, 0x81],
      [0x81, 0x15],
      [0x15, 0x06],
    ]) {
      const before = tables(types.map((streamType) => ({ streamType, pid: PID })));
      expect(passes(before, unit(0xbd)), String(types)).to.deep.equal({ feed: 0, stream: 0 });
    }
  });

  it('withholds scrambled and damaged packets', () => {
    const before = tables([{ streamType: 0x1b, pid: PID }]);
    for (const [at, bits] of [
      [3, 0x80],
      [3, 0xc0],
      [1, 0x80],
    ] as const) {
      const all = unit(0xe0);
      for (const packetAt of [0, 188]) all[packetAt + at]! |= bits;
      expect(passes(before, all), String([at, bits])).to.deep.equal({ feed: 0, stream: 0 });
    }
  });

  it('reads a stream_id in the next packet', () => {
    const before = tables([{ streamType: 0x06, pid: PID }]);
    const spread = (streamId: number) => {
      const first = Buffer.alloc(188, 0xff);
      first.set([0x47, 0x40 | (PID >> 8), PID & 0xff, 0x30, 180, 0x00]); // three bytes of payload
      first.set([0, 0, 1], 185);
      const rest = [streamId, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0, 1];
      return Buffer.concat([first, packet({ pid: PID, counter: 1, fill: SECRET, payload: Buffer.from(rest) })]);
    };
    expect(passes(before, spread(0xe0)).feed).to.be.greaterThan(100);
    expect(passes(before, spread(0xbd))).to.deep.equal({ feed: 0, stream: 0 });
    expect(passes(before, spread(0xe0).subarray(0, 188), spread(0xe0).subarray(188)).feed, 'not there yet').to.equal(0);
  });

  it('clears null packets', () => {
    const before = tables([{ streamType: 0x1b, pid: PID }]);
    const filter = new MuteFilter();
    const inspector = new Inspector();
    inspector.inspect(before);
    filter.mute('audio', inspector);
    const passed = Buffer.from(filter.apply(packet({ pid: 0x1fff, fill: SECRET })) ?? []);
    expect(passed.readUInt16BE(1)).to.equal(0x1fff);
    expect(secrets(passed)).to.equal(0);
    expect(passed).to.have.length(188);
  });

  it('removes private data from adaptation fields, and keeps the rest of them', () => {
    const one = Buffer.alloc(188, SECRET);
    const field = [30, 0x40 | 0x10 | 0x02 | 0x01, 1, 2, 3, 4, 0x7e, 6, 8, ...Array<number>(8).fill(SECRET), 1, 0x1f];
    one.set([0x47, 0x40 | (PID >> 8), PID & 0xff, 0x30, ...field, ...Array<number>(35).fill(0xff)]);
    one.set([0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0, 1], 35);
    const before = tables([{ streamType: 0x1b, pid: PID }]);
    const inspector = new Inspector();
    const filter = new MuteFilter();
    inspector.inspect(before);
    filter.mute('audio', inspector);
    const passed = Buffer.from(filter.apply(one) ?? []);
    expect([...passed.subarray(4, 14)]).to.deep.equal([30, 0x40 | 0x10 | 0x01, 1, 2, 3, 4, 0x7e, 6, 1, 0x1f]);
    expect(secrets(passed.subarray(0, 35))).to.equal(0);
    expect(passed.subarray(35).equals(one.subarray(35))).to.be.true;
    expect(passes(before, one).stream).to.equal(secrets(one.subarray(35)));
  });

  it("removes private data from a picture's packets in earlier messages, too", () => {
    const inspector = new Inspector();
    const filter = new MuteFilter();
    inspector.inspect(tables([{ streamType: 0x1b, pid: PID }]));
    filter.mute('audio', inspector);
    const begins = Buffer.alloc(188, 0xff);
    begins.set([0x47, 0x40 | (PID >> 8), PID & 0xff, 0x30, 163, 0x02, 24, ...Array<number>(24).fill(SECRET)]);
    begins.set([0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0, 1, 0, 0, 0, 1, 0x09, 0xf0], 168); // a delimiter
    const slice = packet({ pid: PID, counter: 1, fill: 0x88, payload: Buffer.from([0, 0, 0, 1, 0x65]) }); // IDR picture
    for (const message of [begins, slice]) filter.apply(message, inspector.inspect(message), inspector.opening);
    const opening = Buffer.from(filteredFacts(inspector, filter).opening!);
    expect(opening.subarray(168).equals(begins.subarray(168))).to.be.true;
    expect(secrets(opening)).to.equal(0);
  });

  describe('of a program whose PCR is on the audio PID', () => {
    const clocked = (counter: number, ms: number) => {
      const one = Buffer.alloc(188, SECRET);
      one.set([0x47, 0x40 | (OTHER >> 8), OTHER & 0xff, 0x30 | (counter & 15), 17, 0x92]);
      one.writeUInt32BE((ms * 90) >> 1, 6);
      one.set([0x7e, 0, 9], 10);
      one.set([0, 0, 1, 0xc0, 0, 0, 0x80, 0, 0], 22);
      return one;
    };
    const entries = [
      { streamType: 0x1b, pid: PID },
      { streamType: 0x03, pid: OTHER },
    ];
    const before = (() => {
      const made = tables(entries);
      const pmt = pmtSection(entries);
      pmt.writeUInt16BE(0xe000 | OTHER, 8); // PCR_PID
      const all = section(0x02, [...pmt.subarray(3, -4)]);
      return Buffer.concat([made.subarray(0, 188), sectionPackets(PMT, all)]);
    })();

    it('sends it in packets without payload, which do not increment the counter', () => {
      const inspector = new Inspector();
      const filter = new MuteFilter();
      inspector.inspect(before);
      filter.mute('audio', inspector);
      const sent: Buffer[] = [];
      const send = (message: Buffer) => sent.push(Buffer.from(filter.apply(message, -1) ?? []));
      for (let i = 0; i < 40; i++)
        send(Buffer.concat([clocked(2 * i, 40 * i), packet({ pid: OTHER, counter: (2 * i + 1) & 15 })]));
      const muted = Buffer.concat(sent);
      expect(muted).to.have.length(40 * 188);
      expect(secrets(muted)).to.equal(0);
      for (let at = 0; at < muted.length; at += 188) {
        expect([muted[at + 3], muted[at + 4], muted[at + 5]]).to.deep.equal([0x20 | 15, 183, 0x90]);
        expect(muted.readUInt32BE(at + 6)).to.equal((40 * (at / 188) * 90) >> 1);
      }
      filter.mute(null, inspector);
      send(clocked(80, 1600));
      expect(secrets(sent.at(-1)!), 'it is back').to.be.greaterThan(100);
      expect(continuityErrors(Buffer.concat(sent))).to.deep.equal([]);
    });

    it('reports why packets are withheld', () => {
      const inspector = new Inspector();
      const filter = new MuteFilter();
      inspector.inspect(before);
      filter.mute('audio', inspector);
      filter.apply(Buffer.concat([unit(0xc0), clocked(0, 0), unit(0xbd, 0, 0x1ab)]));
      expect(filter.withheld).to.deep.equal([
        {
          pid: PID,
          streamType: 0x1b,
          reason: 'its PES packets say that they are sound (stream_id 0xC0 to 0xDF)',
          packets: 2,
        },
        { pid: OTHER, streamType: 0x03, reason: 'the PMT says that it is sound', packets: 1 },
        { pid: 0x1ab, streamType: null, reason: 'no PMT lists it', packets: 2 },
      ]);
    });
  });

  it('has counters that continue, whatever was lost meanwhile', () => {
    const before = tables([
      { streamType: 0x1b, pid: PID },
      { streamType: 0x03, pid: OTHER },
    ]);
    const inspector = new Inspector();
    const filter = new MuteFilter();
    inspector.inspect(before);
    const sent: Buffer[] = [];
    const send = (message: Buffer) => sent.push(Buffer.from(filter.apply(message, inspector.inspect(message)) ?? []));
    send(unit(0xc0, 0, OTHER));
    filter.mute('audio', inspector);
    for (const counter of [2, 4, 9, 14, 3]) send(Buffer.concat([unit(0xc0, counter, OTHER), unit(0xe0, counter)]));
    filter.mute(null, inspector);
    send(packet({ pid: OTHER, counter: 5 })); // the rest of a unit that started before: it is not sent
    send(unit(0xc0, 6, OTHER));
    const sound = Buffer.concat(packetsOf(Buffer.concat(sent), OTHER));
    expect(sound).to.have.length(4 * 188);
    expect(continuityErrors(sound)).to.deep.equal([]);
  });
});
