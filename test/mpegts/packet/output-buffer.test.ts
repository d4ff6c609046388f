import { expect } from 'chai';
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

describe('OutputBuffer', () => {
  for (const lifetime of ['owned', 'lent'] as const) {
    it(`inserts packets that no room was reserved for, ${lifetime} memory`, () => {
      const buffer = new OutputBuffer(lifetime);
      for (const count of [1, 3, 40, 700, 1]) {
        const made = Buffer.from(withInserted(buffer, count));
        expect(made.equals(packets(1, ...new Array<number>(count).fill(9), 2)), `${count} packets`).to.equal(true);
      }
    });
  }

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
