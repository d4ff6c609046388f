import { expect } from 'chai';
import { painter, type Tone } from '../src/paint.js';

describe('a painter', () => {
  const tones: [Tone, number, number][] = [
    ['good', 32, 39],
    ['notice', 33, 39],
    ['wrong', 31, 39],
    ['quiet', 90, 39],
    ['technical', 36, 39],
    ['head', 1, 22],
  ];
  for (const [tone, on, off] of tones) {
    it(`paints what is ${tone} with ${on}, and ends it`, () => {
      expect(painter('coloured')('text', tone)).to.equal(`\u001b[${on}mtext\u001b[${off}m`);
      expect(painter('plain')('text', tone)).to.equal('text');
    });
  }

  it('paints neither what is plain nor what is empty', () => {
    expect(painter('coloured')('text', 'plain')).to.equal('text');
    expect(painter('coloured')('', 'wrong')).to.equal('');
  });
});
