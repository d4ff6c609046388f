import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { readTokens } from '../../../src/cli/rules/token-files.js';
import { ConfigError } from '../../../src/config/read-settings.js';
import { scratch } from '../../support/media/ffmpeg.js';

function file(text: string): string {
  const path = join(scratch(), 'tokens.json');
  writeFileSync(path, text);
  return path;
}

describe('readTokens', () => {
  it('reads a file and single ones, which win', () => {
    const path = file('{"1": "one", "lab/2": "two"}');
    expect([...readTokens(['1=a=b', '3=three'], path)]).to.deep.equal([
      ['1', 'a=b'],
      ['lab/2', 'two'],
      ['3', 'three'],
    ]);
    expect(readTokens([], undefined).size).to.equal(0);
  });

  for (const text of [
    '{"1": "topsecret',
    '["topsecret"]',
    '{"1": ["topsecret"]}',
    '{"1": "topsecret x"}',
    '{"..": "topsecret"}',
    'null',
  ]) {
    it(`refuses ${text} and does not show it`, () => {
      const path = file(text);
      expect(() => readTokens([], path))
        .to.throw(ConfigError, /accepted/)
        .with.property('message')
        .that.does.not.contain('topsecret');
    });
  }

  it('refuses what is no ID=TOKEN, and a file that is not there', () => {
    for (const text of ['topsecret', '=topsecret']) {
      expect(() => readTokens([text], undefined)).to.throw(ConfigError, '--token cannot be used; accepted: ID=TOKEN');
    }
    expect(() => readTokens([], '/nowhere.json')).to.throw(ConfigError, 'no such file');
  });
});
