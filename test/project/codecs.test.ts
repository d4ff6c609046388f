// What is particular to a codec is in one place, src/mpegts/codecs: its stream_types, descriptors, registrations and name in
// the registry's row, the rest in files that the row names. CONTRIBUTING.md, "Add a codec".

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { CODECS } from '../../src/mpegts/codecs/registry.js';

const REGISTRY = 'src/mpegts/codecs/registry.ts';
/** Where a codec's files are: they may name it. */
const CODEC_FILES = 'src/mpegts/codecs/';
/** Where a word is no codec's name. */
const OTHER_MEANING: Readonly<Record<string, readonly string[]>> = {
  'src/mpegts/pictures/picture-rate.ts': ['dts'], // a decoding time stamp
};

interface CodeLine {
  readonly path: string;
  /** Without comments. */
  readonly text: string;
}

const lines = ['src', 'cmd']
  .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)))
  .filter((path) => path.endsWith('.ts') && path !== REGISTRY)
  .flatMap(linesOf);

function linesOf(path: string): CodeLine[] {
  const code = readFileSync(path, 'utf8').replace(/\/\*.*?\*\//gs, ' ');
  return code.split('\n').map((line) => ({ path, text: line.replace(/(^|\s)\/\/ .*$/, '') }));
}

const where = (found: readonly CodeLine[]) => found.map(({ path, text }) => `${path}: ${text.trim()}`);
const types = new Set(CODECS.flatMap((row) => [...row.types, ...row.hdmvTypes]));
const withoutStrings = (text: string) => text.replace(/'[^']*'|"[^"]*"|`[^`]*`/g, '""');
const numbersIn = (text: string) => [...text.matchAll(/\b0x[0-9a-f]+\b/gi)].map(([number]) => Number(number));

describe('codecs', () => {
  it('are read in the code of src and cmd, without comments', () => {
    expect(lines.length).to.be.greaterThan(10_000);
    expect(lines.some(({ text }) => text.includes('codecOfType('))).to.equal(true);
  });

  it('have their stream_types in the registry only: nothing compares one with a number', () => {
    const found = lines.filter(({ text }) => {
      const code = withoutStrings(text);
      return /stream_?type/i.test(code) && /\b0x[0-9a-f]{1,2}\b/i.test(code);
    });
    expect(where(found)).to.deep.equal([]);
  });

  it('have no table of stream_types beside it', () => {
    const found = lines.filter(({ text }) => {
      const isTable =
        /new (?:Set|Map)\b.*\[/.test(text) || /^\s*(?:\.\.\.\[|(?:case )?\[?0x[0-9a-f]+\]?\s*:)/i.test(text);
      return isTable && numbersIn(text).some((number) => types.has(number));
    });
    expect(where(found)).to.deep.equal([]);
  });

  it('have their registrations in the registry only', () => {
    const formats = CODECS.flatMap((row) => row.formats);
    const found = lines.filter(({ text }) => formats.some((format) => text.includes(`'${format}'`)));
    expect(where(found)).to.deep.equal([]);
  });

  it('are named in their own files only: what depends on a codec is in its row', () => {
    const names = new Set(CODECS.flatMap(({ name }) => name ?? []));
    const found = lines.filter(({ path, text }) => {
      if (path.startsWith(CODEC_FILES)) return false;
      const words = [...text.matchAll(/'([a-z0-9_]+)'/g)].map(([, word]) => word!);
      return words.some((word) => names.has(word) && OTHER_MEANING[path]?.includes(word) !== true);
    });
    expect(where(found)).to.deep.equal([]);
  });

  it('have each descriptor tag in one constant', () => {
    const tags = lines.flatMap(({ path, text }) => {
      const match = /\b([A-Z0-9_]+_DESCRIPTOR) = (0x[0-9a-f]+)/.exec(text);
      return match === null ? [] : [{ path, name: match[1]!, tag: Number(match[2]) }];
    });
    expect(tags.length).to.be.greaterThan(3);
    const again = tags.filter(
      (one, i) => tags.findIndex(({ tag, name }) => tag === one.tag || name === one.name) !== i,
    );
    expect(again).to.deep.equal([]);
  });
});
