import { expect } from 'chai';
import fc from 'fast-check';
import { TimeMap } from '../../../src/mpegts/clock/time-map.js';

/** Lengths and slopes of the pieces of a line. */
const pieces = fc.array(
  fc.record({
    length: fc.integer({ min: 1, max: 50_000 }),
    slope: fc.constantFrom(0.02, 0.5, 0.95, 0.99, 1, 1.01, 2, 40),
  }),
  { minLength: 1, maxLength: 400 },
);

describe('TimeMap', () => {
  it('maps earlier times as the line was there, over hundreds of knots', () => {
    const map = new TimeMap(0, 1000);
    const found: number[] = [];
    for (let i = 1; i <= 2000; i++) {
      map.extend(i * 10, i % 2 ? 0.95 : 1.05);
      found[i] = map.at(i * 10);
    }
    for (let i = 1700; i <= 2000; i++) expect(map.at(i * 10)).to.be.closeTo(found[i]!, 1e-6);
  });

  it('shifts the whole line at once', () => {
    const map = new TimeMap(0, 1000);
    map.extend(100, 1);
    map.extend(200, 0.5);
    const before = [50, 100, 150, 200, 300].map((at) => map.at(at));
    map.shift(900);
    expect([50, 100, 150, 200, 300].map((at) => map.at(at))).to.deep.equal(before.map((at) => at + 900));
  });

  it('has the slope it was extended with, piece by piece, wherever it starts', () => {
    fc.assert(
      fc.property(pieces, fc.integer({ min: -(2 ** 34), max: 2 ** 34 }), (made, from) => {
        const map = new TimeMap(from, 900_000);
        const ends: [number, number][] = [[from, 900_000]];
        for (const { length, slope } of made) {
          const [input, output] = ends.at(-1)!;
          map.extend(input + length, slope);
          ends.push([input + length, output + length * slope]);
        }
        expect(map.endInput).to.equal(ends.at(-1)![0]);
        for (const [i, [input, output]] of ends.entries()) {
          expect(map.at(input)).to.be.closeTo(output, 1e-3);
          const [next, nextOutput] = ends[i + 1] ?? [input, output];
          expect(map.at((input + next) / 2), 'in the middle of a piece').to.be.closeTo((output + nextOutput) / 2, 1e-3);
        }
      }),
    );
  });

  it('never decreases, also between times asked for in any order', () => {
    fc.assert(
      fc.property(
        pieces,
        fc.array(fc.double({ min: -0.2, max: 1.2, noNaN: true }), { maxLength: 40 }),
        (made, asked) => {
          const map = new TimeMap(0, 0);
          for (const { length, slope } of made) map.extend(map.endInput + length, slope);
          const inputs = asked.map((share) => share * map.endInput);
          const outputs = inputs.map((input) => ({ input, output: map.at(input) })).sort((a, b) => a.input - b.input);
          outputs.slice(1).forEach(({ output }, i) => expect(output).to.be.at.least(outputs[i]!.output - 1e-6));
        },
      ),
    );
  });

  it('fixes nothing beyond its end by being asked', () => {
    const map = new TimeMap(0, 0);
    map.extend(100, 0.5);
    expect(map.at(300)).to.equal(250);
    expect([map.endInput, map.endOutput]).to.deep.equal([100, 50]);
    map.extend(300, 2);
    expect(map.at(300)).to.equal(450);
  });

  it('has slope 1 before what it remembers: its memory is limited', () => {
    const map = new TimeMap(0, 0);
    map.extend(100, 3);
    for (let i = 1; i <= 5000; i++) map.extend(100 + i, i % 2 ? 0.5 : 1.5);
    expect(map.at(5100), 'the end').to.equal(5300);
    expect(map.at(4800), 'what is remembered').to.be.closeTo(5000, 1);
    expect(map.at(1) - map.at(0), 'what is forgotten').to.equal(1);
  });
});
