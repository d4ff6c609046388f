import { expect } from 'chai';
import { areSiblings, similarName } from '../../../src/relay/rules/similar-name.js';

describe('similarName', () => {
  const names = ['mic', 'video0', 'front/camera', 'a'.repeat(200)];
  for (const [given, expected] of [
    ['mci', 'mic'],
    ['mi', 'mic'],
    ['Mic', 'mic'],
    ['micc', 'mic'],
    ['vide0', 'video0'],
    ['vidoe1', 'video0'],
    ['front-camrea', 'front/camera'],
    ['cam', null],
    ['x', null],
    ['back/camera', null],
    [`${'a'.repeat(199)}b`, 'a'.repeat(200)],
    ['mic', null],
    ['camera', 'front/camera'],
    ['lab/mic', 'mic'],
  ] as const) {
    it(`finds ${expected === null ? 'nothing' : expected.slice(0, 20)} for ${given.slice(0, 20)}`, () => {
      expect(similarName(given, names)).to.equal(expected);
    });
  }

  it('gives no hint where every letter is another', () => {
    expect(similarName('a', ['b'])).to.equal(null);
    expect(similarName('ab', ['a'])).to.equal(null);
    expect(similarName('a', ['ab'])).to.equal(null);
  });

  it('takes the nearest', () => {
    expect(similarName('video01', ['video123', 'video0', 'video'])).to.equal('video0');
  });

  it('tells brothers from what is misspelt', () => {
    expect(areSiblings('video0', 'video12')).to.equal(true);
    expect(areSiblings('vidoe0', 'video0')).to.equal(false);
    expect(areSiblings('video', 'video0')).to.equal(false);
  });
});
