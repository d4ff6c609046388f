import { expect } from 'chai';
import fc from 'fast-check';
import { START_TIMEOUTS } from '../../../src/relay/delivery/access-timeouts.js';
import { Splicer } from '../../../src/mpegts/splice/splicer.js';
import { filteredFacts } from '../../../src/mpegts/mute/filtered-facts.js';
import { Inspector } from '../../../src/mpegts/inspect/inspector.js';
import { MuteFilter } from '../../../src/mpegts/mute/mute-filter.js';
import { continuityErrors, packetsOf } from '../../support/mpegts/packets-of.js';
import { packet, patSection, pmtSection, sectionPackets } from '../../support/mpegts/ts.js';
import { pesPackets } from '../../support/mpegts/synthetic.js';

const VIDEO = 0x100;
const AUDIO = 0x101;
const start = (...bytes: number[]) => [0, 0, 1, ...bytes];
const filler = (bytes: number) => Array<number>(bytes).fill(0x80);
const AUD = start(0x09, 0xf0);
const SPS = start(0x67, 0x42, 0xc0, 0x0a, 0xda, 0x0f, 0x88); // seq_parameter_set_id 0
const PPS = start(0x68, 0xce, 0x3c, 0x80); // pic_parameter_set_id 0
const IDR = start(0x65, 0x88, ...filler(300));
const SLICE = start(0x41, 0x9a, ...filler(300));
const sei = (bytes: number) => start(0x06, 0x05, ...filler(bytes));

const tables = Buffer.concat([
  sectionPackets(0, patSection(0x1000)),
  sectionPackets(
    0x1000,
    pmtSection([
      { streamType: 0x1b, pid: VIDEO },
      { streamType: 0x0f, pid: AUDIO },
    ]),
  ),
]);

/** Pictures as packets, with an audio packet after every packet; the first picture comes after the tables. */
function program(pictures: readonly { bytes: readonly number[]; isMarked?: boolean }[]): Buffer {
  const parts: Uint8Array[] = [tables];
  let counter = 0;
  let sound = 0;
  pictures.forEach(({ bytes, isMarked = false }, i) => {
    const unit = pesPackets({
      ...{
        pid: VIDEO,
        streamId: 0xe0,
        pts: 9000 + 3600 * i,
        counter,
        access: isMarked,
        payload: Uint8Array.from(bytes),
      },
    });
    counter += unit.length / 188;
    for (const one of packetsOf(unit)) parts.push(one, packet({ pid: AUDIO, counter: sound++ & 0x0f }));
  });
  return Buffer.concat(parts);
}

/** Messages of these numbers of packets, cyclically. */
function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const end = at + sizes[i % sizes.length]! * 188;
    messages.push(bytes.subarray(at, end));
    at = end;
  }
  return messages;
}

describe('a random access point, however the upload is split', () => {
  const kinds = {
    key: [...AUD, ...SPS, ...PPS, ...IDR],
    late: [...AUD, ...sei(900), ...SPS, ...PPS, ...sei(500), ...IDR],
    bare: [...AUD, ...sei(700), ...IDR],
    far: [...AUD, ...sei(6000), ...SPS, ...PPS, ...IDR],
    bareFar: [...AUD, ...sei(7900), ...IDR],
    plain: [...AUD, ...SLICE],
    long: [...AUD, ...sei(800), ...SLICE],
  };
  const pictures = fc.array(
    fc.record({
      kind: fc.constantFrom('key', 'late', 'bare', 'far', 'bareFar', 'plain', 'long'),
      isMarked: fc.boolean(),
    }),
    { minLength: 2, maxLength: 8 },
  );
  const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(7, 348)), {
    minLength: 1,
    maxLength: 5,
  });
  const starting = fc.constantFrom('key', 'late', 'bare', 'far', 'bareFar');
  const isKey = (kind: string) => kind !== 'plain' && kind !== 'long';

  /** The contents of a start's picture: pictures without parameter sets get them. */
  const withSets = (kind: 'key' | 'late' | 'bare' | 'far' | 'bareFar'): number[] => {
    const lacksSets = kind === 'bare' || kind === 'bareFar';
    return lacksSets ? [...AUD, 0, ...SPS, 0, ...PPS, ...kinds[kind].slice(AUD.length)] : kinds[kind];
  };

  it('is detected, and nothing else is', () => {
    fc.assert(
      fc.property(pictures, sizes, (made, cuts) => {
        const all = program(
          made.map(({ kind, isMarked }) => ({ bytes: kinds[kind], isMarked: isMarked && isKey(kind) })),
        );
        const closed = Buffer.concat([all, program([{ bytes: kinds.plain }]).subarray(tables.length)]);
        const inspector = new Inspector();
        for (const message of cut(closed, cuts)) inspector.inspect(message);
        expect(inspector.randomAccessPoints).to.equal(made.filter(({ kind }) => isKey(kind)).length);
      }),
    );
  });

  it('is sent from its first packet at a start, with missing parameter sets', () => {
    fc.assert(
      fc.property(starting, fc.boolean(), sizes, (kind, isMarked, cuts) => {
        const before = program([{ bytes: kinds.key }, { bytes: kinds.plain }]);
        const all = program([
          ...[{ bytes: kinds.key }, { bytes: kinds.plain }, { bytes: kinds[kind], isMarked }],
          { bytes: kinds.plain },
        ]);
        const inspector = new Inspector();
        const splicer = new Splicer(START_TIMEOUTS);
        const got: Buffer[] = [];
        inspector.inspect(before);
        for (const message of cut(all.subarray(before.length), cuts)) {
          const accessPointOffset = inspector.inspect(message);
          const { incoming } = splicer.splice(message, accessPointOffset, inspector, 0);
          if (incoming) got.push(Buffer.from(incoming));
        }
        const bytes = Buffer.concat(got);
        expect(continuityErrors(bytes)).to.deep.equal([]);
        expect(bytes.subarray(0, tables.length).equals(tables), 'tables').to.be.true;
        const es = elementary(bytes);
        const whole = withSets(kind);
        expect(es.equals(Buffer.from([...whole, ...kinds.plain])), es.toString('hex', 0, 40)).to.be.true;
      }),
    );
  });

  it('is sent so under an audio mute too, whatever packet a message starts with', () => {
    fc.assert(
      fc.property(starting, fc.boolean(), sizes, (kind, isMarked, cuts) => {
        const before = program([{ bytes: kinds.key }, { bytes: kinds.plain }]);
        const all = program([
          ...[{ bytes: kinds.key }, { bytes: kinds.plain }, { bytes: kinds[kind], isMarked }],
          { bytes: kinds.plain },
        ]);
        const inspector = new Inspector();
        const filter = new MuteFilter();
        const facts = filteredFacts(inspector, filter);
        const splicer = new Splicer(START_TIMEOUTS);
        const got: Buffer[] = [];
        filter.mute('audio', null);
        filter.apply(before, inspector.inspect(before), inspector.opening);
        for (const message of cut(all.subarray(before.length), cuts)) {
          const passed = filter.apply(message, inspector.inspect(message), inspector.opening);
          const { incoming } = passed ? splicer.splice(passed, filter.accessPointOffset, facts, 0) : { incoming: null };
          if (incoming) got.push(Buffer.from(incoming));
        }
        const bytes = Buffer.concat(got);
        expect(continuityErrors(bytes)).to.deep.equal([]);
        expect(packetsOf(bytes, AUDIO)).to.deep.equal([]);
        const whole = withSets(kind);
        expect(elementary(bytes).equals(Buffer.from([...whole, ...kinds.plain]))).to.be.true;
      }),
    );
  });

  it('that started while everything was muted is no start if it is detected afterwards', () => {
    const all = cut(program([{ bytes: kinds.late }, { bytes: kinds.plain }]), [1]);
    const inspector = new Inspector();
    const filter = new MuteFilter();
    filter.mute('all', null);
    const passed = all.map((message, i) => {
      if (i === 5) filter.mute(null, inspector);
      filter.apply(message, inspector.inspect(message), inspector.opening);
      return filter.accessPointOffset;
    });
    expect(inspector.randomAccessPoints).to.equal(1);
    expect(passed.every((accessPointOffset) => accessPointOffset === -1)).to.be.true;
  });

  /** The payload of the video's PES packets. */
  function elementary(bytes: Buffer): Buffer {
    return Buffer.concat(
      packetsOf(bytes, VIDEO).map((one) => {
        const payload = one.subarray(one[3]! & 0x20 ? 5 + one[4]! : 4);
        return one[1]! & 0x40 ? payload.subarray(9 + payload[8]!) : payload;
      }),
    );
  }

  it('is abandoned when one of its packets is lost, unless it is signalled', () => {
    for (const isMarked of [false, true]) {
      const all = packetsOf(program([{ bytes: kinds.key }, { bytes: kinds.bare, isMarked }, { bytes: kinds.plain }]));
      const inspector = new Inspector();
      const second = all.findIndex((one, i) => i > 4 && (one.readUInt16BE(1) & 0x5fff) === (0x4000 | VIDEO));
      all.splice(second + 2, 1);
      for (const one of all) inspector.inspect(one);
      expect(inspector.randomAccessPoints).to.equal(isMarked ? 2 : 1);
    }
  });
});
