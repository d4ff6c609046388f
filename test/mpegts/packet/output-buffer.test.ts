import { expect } from 'chai';
import fc from 'fast-check';
import { OutputBuffer } from '../../../src/mpegts/packet/output-buffer.js';

const PACKET = 188;
const packets = (...firsts: number[]): Buffer => Buffer.concat(firsts.map((first) => Buffer.alloc(PACKET, first)));

/** Writes a message with `count` packets inserted before its second one. */
function withInserted(buffer: OutputBuffer, count: number, more = 0): Uint8Array {
  buffer.open(packets(1, 2), 0);
  buffer.keep();
  const at = buffer.insert(count * PACKET);
  buffer.bytes.fill(9, at, at + count * PACKET);
  for (let i = 0; i < more; i++) buffer.insert(PACKET);
  buffer.keep();
  return buffer.close()!;
}

/** What is done to a message, and packets before its next one: `k` keeps it, `s` omits it, `r` rewrites and keeps it, a number inserts. */
type Step = 'k' | 's' | 'r' | number;

/** Does so; returns the result, and what it must be. */
function perform(
  buffer: OutputBuffer,
  steps: readonly Step[],
  room: number,
): { got: Uint8Array | null; wanted: Buffer } {
  const count = steps.filter((step) => typeof step === 'string').length;
  const message = packets(...Array.from({ length: count }, (_, i) => 1 + (i % 200)));
  const wanted: Buffer[] = [];
  let next = 0;
  buffer.open(message, room);
  for (const step of steps) {
    expect(buffer.length, 'so far').to.equal(wanted.reduce((sum, { length }) => sum + length, 0));
    if (typeof step === 'number') {
      const at = buffer.insert(step * PACKET);
      buffer.bytes.fill(0xee, at, at + step * PACKET);
      wanted.push(Buffer.alloc(step * PACKET, 0xee));
      continue;
    }
    if (step === 's') buffer.skip();
    else {
      if (step === 'r') buffer.bytes[buffer.nextAt + 1] = 0xdd;
      buffer.keep();
      const one = Buffer.from(message.subarray(next, next + PACKET));
      if (step === 'r') one[1] = 0xdd;
      wanted.push(one);
    }
    next += PACKET;
  }
  return { got: buffer.close(), wanted: Buffer.concat(wanted) };
}

const step = fc.oneof(fc.constantFrom<Step>('k', 'k', 's', 'r'), fc.integer({ min: 1, max: 30 }));
const anySteps = fc.array(step, { maxLength: 40 });

describe('OutputBuffer', () => {
  for (const lifetime of ['owned', 'lent'] as const) {
    it(`inserts packets that no room was reserved for, ${lifetime} memory`, () => {
      const buffer = new OutputBuffer(lifetime);
      for (const count of [1, 3, 40, 700, 1]) {
        const made = Buffer.from(withInserted(buffer, count));
        expect(made.equals(packets(1, ...new Array<number>(count).fill(9), 2)), `${count} packets`).to.equal(true);
      }
    });

    it(`holds what was kept, rewritten and inserted, in order, ${lifetime} memory`, () => {
      const buffer = new OutputBuffer(lifetime);
      fc.assert(
        fc.property(anySteps, fc.constantFrom(0, PACKET, 5 * PACKET), (steps, room) => {
          const { got, wanted } = perform(buffer, steps, room);
          expect(Buffer.from(got ?? []).equals(wanted)).to.equal(true);
          expect(got === null, 'null if there is nothing').to.equal(wanted.length === 0);
          expect([buffer.length, buffer.nextAt], 'released').to.deep.equal([0, 0]);
        }),
      );
    });
  }

  it('leaves the message as it is', () => {
    const message = packets(1, 2, 3);
    const buffer = new OutputBuffer('lent');
    buffer.open(message, 0);
    buffer.bytes[buffer.nextAt] = 9;
    buffer.insert(PACKET);
    buffer.keep(3 * PACKET);
    buffer.close();
    expect(message.equals(packets(1, 2, 3))).to.equal(true);
  });

  it('gives owned results memory of their own, small and large ones', () => {
    const buffer = new OutputBuffer('owned');
    const made = [['k', 3, 'k'], ['r'], [400, 'k', 's', 'k'], [1200, 'k'], ['k', 'k', 7]].map((steps) =>
      perform(buffer, steps as Step[], 0),
    );
    for (let i = 0; i < 500; i++) perform(buffer, ['s', 40, 'k'], 0);
    for (const [i, { got, wanted }] of made.entries())
      expect(Buffer.from(got!).equals(wanted), `result ${i}`).to.equal(true);
  });

  // Each of a hundred streams allocated an array of 128 KiB for every picture, so that the garbage collector ran
  // constantly.
  it('allocates nothing for a message that needs more room than reserved, once it knows the need', () => {
    for (const count of [1, 30, 400]) {
      const one = new OutputBuffer('lent');
      withInserted(one, count, 5);
      const { buffer } = withInserted(one, count, 5);
      expect(withInserted(one, count, 5).buffer, `${count} packets`).to.equal(buffer);
      expect(withInserted(new OutputBuffer('lent'), count, 5).buffer, 'another stream').to.equal(buffer);
    }
  });
});
