// A link that takes over at a picture recognized late: each of its packets goes to exactly one link, however it is split.

import { expect } from 'chai';
import { Splicer } from '../../src/mpegts/splice/splicer.js';
import { Inspector } from '../../src/mpegts/inspect/inspector.js';
import { continuityErrors, packetsOf } from '../support/mpegts/packets-of.js';
import { withSetsOnce } from '../support/media/sets-once.js';
import { sharedMedia } from '../support/media/shared-media.js';
import { picture } from '../support/media/captures.js';
import { pesPackets, tablesOf } from '../support/mpegts/synthetic.js';

const PATIENCE = { markedMs: 15_000, unmarkedMs: 15_000, tailMs: 5000 };

/** A capture without random_access_indicator. */
function withoutMarks(bytes: Buffer): Buffer {
  const out = Buffer.from(bytes);
  for (let at = 0; at < out.length; at += 188) {
    if (out[at + 3]! & 0x20 && out[at + 4]! > 0) out[at + 5] = out[at + 5]! & ~0x40; // random_access_indicator
  }
  return out;
}

/** The PIDs of the tracks. */
function tracksIn(bytes: Buffer): readonly number[] {
  const inspector = new Inspector();
  inspector.inspect(bytes);
  return inspector.pids;
}

/** The data for both links if the incoming one opens before packet number `from`. */
function takeOver(bytes: Buffer, packets: number, from: number) {
  const inspector = new Inspector();
  const splicer = Splicer.takeOver(PATIENCE);
  const stays: Buffer[] = [];
  const goes: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += packets * 188) {
    const message = bytes.subarray(at, at + packets * 188);
    const accessPointOffset = inspector.inspect(message);
    if (at < from * 188) {
      stays.push(message);
      continue;
    }
    const { outgoing, incoming } = splicer.splice(message, accessPointOffset, inspector, 0);
    if (outgoing) stays.push(Buffer.from(outgoing));
    if (incoming) goes.push(Buffer.from(incoming));
  }
  return { outgoing: Buffer.concat(stays), incoming: Buffer.concat(goes), held: splicer.takeHeld(), handover: splicer };
}

/** 50 synthetic pictures, each with an SEI message of four packets before its slice; every fifth is an IDR picture. */
function withLongSei(): Buffer {
  const delimiter = [0, 0, 0, 1, 9, 0xf0];
  const sets = [0, 0, 1, 0x67, 0x42, 0, 0x1e, 0x95, 0, 0, 1, 0x68, 0xce, 0x38, 0x80];
  const sei = [0, 0, 1, 6, 5, ...Array<number>(700).fill(0x55), 0x80];
  let counter = 0;
  const pictures = Array.from({ length: 50 }, (_, n) => {
    const slice = [0, 0, 1, n % 5 === 0 ? 0x65 : 0x41, ...Array<number>(500).fill(0x77 + n)];
    const payload = Uint8Array.from([...delimiter, ...(n === 0 ? sets : []), ...sei, ...slice]);
    const unit = pesPackets({ pid: 0x100, streamId: 0xe0, pts: n * 3600, counter, payload });
    counter = (counter + unit.length / 188) & 0x0f;
    const sound = pesPackets({ pid: 0x101, streamId: 0xc0, pts: n * 3600, counter: n, payload: new Uint8Array(90) });
    return Buffer.concat([unit.subarray(0, 188), sound, unit.subarray(188)]); // with other packets between
  });
  const tables = tablesOf(
    [
      { pid: 0x100, type: 0x1b },
      { pid: 0x101, type: 0x03 },
    ],
    0x100,
  );
  return Buffer.concat([tables, ...pictures]);
}

const CASES: readonly (readonly [string, () => Buffer])[] = [
  ['parameter sets once', () => withSetsOnce(picture('libx264 -preset ultrafast -g 25 -sc_threshold 0'), 0x100, 0x1b)],
  ['a long SEI and no marks', () => sharedMedia('h264-first-key-behind-sei.ts')],
  ['a long SEI in each picture', withLongSei],
  ['no marks, MPEG-2', () => withoutMarks(picture('mpeg2video -g 25 -sc_threshold 1000000000'))],
];

describe('a handover at a picture that is recognized late', () => {
  for (const [what, make] of CASES) {
    it(`loses and repeats no packet: ${what}`, () => {
      const bytes = make();
      const tracks = tracksIn(bytes);
      const count = bytes.length / 188;
      for (const packets of [1, 7]) {
        for (let from = packets; from < count * 0.6; from += Math.ceil(count / 23)) {
          const { outgoing, incoming, handover } = takeOver(bytes, packets, from);
          const where = `${packets} packets a message, open at ${from}`;
          expect(handover.hasStarted, where).to.be.true;
          expect(continuityErrors(outgoing), where).to.deep.equal([]);
          expect(continuityErrors(incoming), where).to.deep.equal([]);
          for (const pid of tracks) {
            const sent = packetsOf(bytes, pid);
            const [first, second] = [packetsOf(outgoing, pid), packetsOf(incoming, pid)];
            expect(Buffer.concat(first).equals(Buffer.concat(sent.slice(0, first.length))), where).to.be.true;
            // The first packets of the incoming link's first picture may have become more.
            const rest = sent.slice(first.length);
            const added = second.length - rest.length;
            expect(added, `${where}, PID ${pid}`).to.be.within(0, 2);
            const last = Buffer.concat(rest.slice(12));
            expect(Buffer.concat(second.slice(12 + added)).equals(last), where).to.be.true;
          }
        }
      }
    });
  }

  it('sends held packets to the outgoing link if no more of the picture arrives', () => {
    const bytes = withLongSei();
    let heldSome = 0;
    for (let end = 50; end < bytes.length / 188; end++) {
      const sent = bytes.subarray(0, end * 188);
      const { outgoing, incoming, held } = takeOver(sent, 1, 45); // in the fifth picture
      if (incoming.length > 0) break;
      if (held) heldSome++;
      const all = Buffer.concat([outgoing, held ?? Buffer.alloc(0)]);
      for (const pid of [0, 0x1000, 0x100, 0x101]) {
        const got = Buffer.concat(packetsOf(all, pid));
        expect(got.equals(Buffer.concat(packetsOf(sent, pid))), `PID ${pid} of ${end} packets`).to.be.true;
      }
    }
    expect(heldSome, 'times that something was held back').to.be.above(0);
  });
});
