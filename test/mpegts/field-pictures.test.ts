// Interlaced pictures coded as two fields: they are one frame, in however many PES packets they come. Made by hand, for no encoder
// at hand makes any. ISO/IEC 14496-10 §7.3.3 (field_pic_flag), ISO/IEC 13818-2 §6.3.10 (picture_structure).

import { expect } from 'chai';
import { START_TIMEOUTS } from '../../src/relay/delivery/access-timeouts.js';
import { Splicer } from '../../src/mpegts/splice/splicer.js';
import { Inspector } from '../../src/mpegts/inspect/inspector.js';
import { Remuxer } from '../../src/mpegts/remux/remuxer.js';
import { continuityErrors, packetsOf } from '../support/mpegts/packets-of.js';
import { bytesOf, nal, u, ue } from '../support/mpegts/bits.js';
import { checkTs, type Sent } from '../support/mpegts/check-ts.js';
import { PID, withoutStamps } from '../support/mpegts/nal-units.js';
import { pesPackets, tablesOf } from '../support/mpegts/synthetic.js';

const FRAME = 3600; // ticks, 25 a second
const FRAMES = 100;
const GROUP = 25;

type Part = 'frame' | 'top' | 'bottom';

/** How the second field of a frame comes. */
const LAYOUTS = {
  'both fields in a PES packet': 'together',
  'a PES packet a field, the second without stamps': 'none',
  'a PES packet a field, the second with those of the first': 'same',
  'a PES packet a field, the second half a frame later': 'own',
} as const;
type Layout = (typeof LAYOUTS)[keyof typeof LAYOUTS];

const filler = Array<number>(250).fill(0x5a);

/** vui_parameters() that say 25 frames a second. */
const VUI = '0000' + '1' + u(32, 1) + u(32, 50) + '1' + '0000';

function h264(n: number, part: Part, vui: string | null): number[] {
  const isIdr = n % GROUP === 0 && part !== 'bottom';
  const sps = nal(
    [0x67],
    ...[u(8, 77), u(8, 0), u(8, 30), ue(0), ue(0), ue(2), ue(1), '0'], // log2_max_frame_num_minus4 0
    ...[ue(19), ue(7), '0', '0', '1', '0'], // 320x256; frame_mbs_only_flag 0, mb_adaptive_frame_field_flag 0
    vui === null ? '0' : '1' + vui,
  );
  const field = part === 'frame' ? '0' : part === 'top' ? '10' : '11'; // field_pic_flag, bottom_field_flag
  return [
    ...nal([0x09], '111'),
    ...(isIdr ? [...sps, ...nal([0x68], ue(0), ue(0))] : []),
    ...nal([isIdr ? 0x65 : 0x41], ue(0), ue(7), ue(0), u(4, (n % GROUP) & 15), field, u(8, 0x55)),
    ...filler,
  ];
}

function mpeg2(n: number, part: Part): number[] {
  const isFirst = n % GROUP === 0 && part !== 'bottom';
  const sequence = [
    ...[0, 0, 1, 0xb3, ...bytesOf(u(12, 320), u(12, 256), u(4, 1), u(4, 3), u(18, 2500), '1', u(10, 20), '000')],
    ...[0, 0, 1, 0xb5, ...bytesOf(u(4, 1), u(8, 0x48), '0', '01', u(4, 0), u(12, 0), '1', u(8, 0), u(8, 0))],
    ...[0, 0, 1, 0xb8, 0, 8, 0, 0x40],
  ];
  const structure = part === 'top' ? 1 : part === 'bottom' ? 2 : 3;
  return [
    ...(isFirst ? sequence : []),
    ...[0, 0, 1, 0, ...bytesOf(u(10, n % GROUP), u(3, isFirst ? 1 : 2), u(16, 0xffff), u(8, 0))],
    ...[0, 0, 1, 0xb5, ...bytesOf(u(4, 8), u(16, 0xffff), u(2, 0), u(2, structure), u(10, 0))], // picture_structure
    ...[0, 0, 1, 1, ...filler],
  ];
}

type Coder = (n: number, part: Part) => number[];
const CODERS: Readonly<Record<string, readonly [number, Coder, number]>> = {
  'H.264 whose VUI has a rate': [0x1b, (n, part) => h264(n, part, VUI), 1],
  'H.264 without VUI': [0x1b, (n, part) => h264(n, part, null), 1],
  'H.264 of which every third is a frame, without VUI': [0x1b, (n, part) => h264(n, part, null), 3],
  'H.264 of which every third is a frame': [0x1b, (n, part) => h264(n, part, VUI), 3],
  'MPEG-2 video': [0x02, mpeg2, 1],
  'MPEG-2 video of which every third is a frame': [0x02, mpeg2, 3],
};

/** One buffer a frame; every `mixed`-th one is coded as a frame where that is more than 1. */
function frames([type, coder, mixed]: readonly [number, Coder, number], layout: Layout): Buffer[] {
  let counter = 0;
  return Array.from({ length: FRAMES }, (_, n) => {
    const isFrame = mixed > 1 && n % mixed === 1;
    const [first, second] = isFrame ? [coder(n, 'frame'), []] : [coder(n, 'top'), coder(n, 'bottom')];
    const dts = 900_000 + n * FRAME;
    const parts = layout === 'together' || isFrame ? [[...first, ...second]] : [first, second];
    const packets = parts.map((es, i) => {
      const at = dts + (i > 0 && layout === 'own' ? FRAME / 2 : 0);
      const pcr = i === 0 ? { pcr: dts - 63_000 } : {};
      const pes = pesPackets({
        ...{ pid: PID, streamId: 0xe0, pts: at + FRAME, dts: at, ...pcr, counter, payload: Uint8Array.from(es) },
      });
      if (i > 0 && layout === 'none') withoutStamps(pes);
      counter += pes.length / 188;
      return pes;
    });
    return Buffer.concat([tablesOf([{ pid: PID, type }], PID, n), ...packets]);
  });
}

/** The elementary stream, all PES headers left out. */
function elementary(bytes: Buffer): Buffer {
  const parts = packetsOf(bytes, PID).map((one) => {
    const payload = one.subarray(one[3]! & 0x20 ? 5 + one[4]! : 4);
    return one[1]! & 0x40 ? payload.subarray(9 + payload[8]!) : payload;
  });
  return Buffer.concat(parts);
}

describe('two fields that are one frame', () => {
  for (const [name, coded] of Object.entries(CODERS)) {
    for (const [how, layout] of Object.entries(LAYOUTS)) {
      it(`count as one, and a start is the first: ${name}, ${how}`, () => {
        const made = frames(coded, layout);
        const all = Buffer.concat(made);
        const from = made.slice(0, 30).reduce((sum, { length }) => sum + length, 0);
        const whole = Buffer.from(made.slice(50).flatMap((_, i) => elementaryOf(coded, 50 + i)));
        for (const perMessage of [1, 7, 30]) {
          const inspector = new Inspector();
          const remuxer = new Remuxer('owned', START_TIMEOUTS);
          remuxer.setInputs([{ feed: 'cam', select: 'all' }], 0);
          const handovers = [new Splicer(START_TIMEOUTS), new Splicer(START_TIMEOUTS)] as const;
          const got: [Buffer[], Buffer[]] = [[], []];
          const sent: Sent[] = [];
          for (let at = 0, n = 0; at < all.length; at += perMessage * 188, n++) {
            const message = all.subarray(at, at + perMessage * 188);
            const atMs = 1000 + (at / all.length) * FRAMES * 40;
            const accessPointOffset = inspector.inspect(message);
            const out = remuxer.push(
              'cam',
              { data: message, startsSource: n === 0, facts: inspector, accessPointOffset },
              atMs,
            );
            if (out) sent.push({ data: Buffer.from(out), atMs });
            if (at < from) continue;
            const { incoming } = handovers[0].splice(message, accessPointOffset, inspector, 0);
            if (incoming) got[0].push(Buffer.from(incoming));
            const begun = out && handovers[1].splice(out, remuxer.accessPointOffset, remuxer, 0).incoming;
            if (begun) got[1].push(Buffer.from(begun));
          }
          const where = `${perMessage} packets a message`;
          const [media] = inspector.media;
          expect(media?.frameRate, where).to.equal(25);
          expect(inspector.gopMs, where).to.equal(1000);
          expect(inspector.randomAccessPoints, where).to.equal(FRAMES / GROUP);
          expect(remuxer.timing).to.deep.equal({ heldUnits: 0, lateUnits: 0, jumps: 0 });
          const { errors } = checkTs(sent, { pcrMs: 1000, tablesMs: 1000 });
          expect(
            errors.filter((error) => /continuity|goes back:.* after (?!NaN)/.test(error) && layout === 'own'),
            where,
          ).to.deep.equal([]);
          for (const reader of got) {
            const bytes = Buffer.concat(reader);
            expect(continuityErrors(bytes), where).to.deep.equal([]);
            expect(elementary(bytes).equals(whole), where).to.be.true;
          }
        }
      });
    }
  }
});

function elementaryOf([, coder, mixed]: readonly [number, Coder, number], n: number): number[] {
  const isFrame = mixed > 1 && n % mixed === 1;
  return isFrame ? coder(n, 'frame') : [...coder(n, 'top'), ...coder(n, 'bottom')];
}
