// What mutes withhold of a program, by what they leave its inputs.

import { expect } from 'chai';
import { type TrackSelection, withheldPart } from '../../../src/mpegts/remux/track-selection.js';

/** Selections of a program's inputs, what is muted of a program with tracks, and what of one without. */
const CASES: readonly [selections: readonly TrackSelection[], muted: string | null, mutedIfEmpty: string | null][] = [
  [[], null, null],
  [['all', 'video', 'audio'], null, null],
  [['other-than-audio'], 'audio', 'audio'],
  [['muted-audio'], 'audio', 'audio'],
  [['video', 'muted-audio'], 'audio', 'audio'],
  [['none'], 'audio', 'all'],
  [['none', 'audio'], 'audio', 'audio'],
  [['none', 'other-than-audio'], 'audio', 'all'],
  [['none', 'muted-audio'], 'audio', 'all'],
];

describe('what mutes withhold of a program', () => {
  for (const [selections, muted, mutedIfEmpty] of CASES) {
    it(`with ${selections.join(' and ') || 'no inputs'} is ${muted}; if that leaves no tracks, ${mutedIfEmpty}`, () => {
      const inputs = selections.map((select) => ({ select }));
      expect([withheldPart(inputs, 'tracks'), withheldPart(inputs, 'nothing')]).to.deep.equal([muted, mutedIfEmpty]);
    });
  }
});
