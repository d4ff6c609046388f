import { expect } from 'chai';
import { byName, clean, plural, shorten, unbroken, wrap } from '../../../src/cli/terminal/text.js';
import { bytesText, durationText, kilobitsText, msText, signedMsText } from '../../../src/cli/status/units.js';

describe('text for a terminal', () => {
  it('has nothing that a terminal acts on or that turns text around', () => {
    expect(clean('a\u001b[2Jb\nc\u009bd\u202ee\u2028f')).to.equal('a?[2Jb?c?d?e?f');
    expect(clean('Prüfstand 3 – läuft')).to.equal('Prüfstand 3 – läuft');
  });

  it('is cut in its middle', () => {
    expect(shorten('stream/workshop/left', 20)).to.equal('stream/workshop/left');
    expect(shorten('stream/workshop/left', 11)).to.equal('strea…/left');
    expect([0, 1, 2].map((width) => shorten('video0', width))).to.deep.equal(['', '…', 'v…']);
  });

  it('is wrapped at spaces, and where a word is longer than a line', () => {
    expect(wrap('one two three four', 10)).to.deep.equal(['one two', 'three four']);
    expect(wrap('one twothreefourfive', 14, '  ', '    ')).to.deep.equal(['  one', '    twothreefo', '    urfive']);
    expect(wrap(`one ${unbroken('two three')}`, 10)).to.deep.equal(['one', 'two three']);
    expect(wrap('one two', Infinity)).to.deep.equal(['one two']);
    expect(wrap('', 80)).to.deep.equal(['']);
  });

  it('counts in English, and orders as people do', () => {
    expect([plural(0, 'rule'), plural(1, 'rule'), plural(2, 'try', 'tries')]).to.deep.equal([
      '0 rules',
      '1 rule',
      '2 tries',
    ]);
    expect(['video10', 'audio0', 'video2'].sort(byName)).to.deep.equal(['audio0', 'video2', 'video10']);
  });
});

describe('measured values', () => {
  it('are durations in their two largest units', () => {
    const texts = [-5, 999, 1000, 59_999, 60_000, 245_000, 11_040_000, 86_400_000, 12 * 86_400_000 + 3 * 3_600_000];
    expect(texts.map(durationText)).to.deep.equal([
      '0s', '0s', '1s', '59s', '1m00s', '4m05s', '3h04m', '1d00h', '12d03h',
    ]); // prettier-ignore
  });

  it('are rates, sizes and delays with as many digits as tell something', () => {
    expect([0, 640, 9949, 9950, 1_024_400].map(kilobitsText)).to.deep.equal(['0', '0.6', '9.9', '10', '1024']);
    expect([0, 999, 1000, 12_345, 84_000_000, 999_700_000].map(bytesText)).to.deep.equal([
      '0 B', '999 B', '1.0 kB', '12 kB', '84 MB', '1.0 GB',
    ]); // prettier-ignore
    expect([0, 0.34, 12.3, 480, 10_240].map(msText)).to.deep.equal(['0 ms', '0.3 ms', '12 ms', '480 ms', '10.2 s']);
    expect([3.2, -40, 0].map(signedMsText)).to.deep.equal(['+3.2 ms', '-40 ms', '0 ms']);
  });
});
