// Names within src: no file, class, interface or type is called as another, so that a name in a search or a stack trace
// leads to one place.

import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from 'chai';

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .map((path) => join('src', path))
  .filter((path) => path.endsWith('.ts'));

/** The names that stand more than once in `named`, with where. */
function repeated(named: readonly { name: string; path: string }[]): string[] {
  const paths = new Map<string, string[]>();
  for (const { name, path } of named) paths.set(name, [...(paths.get(name) ?? []), path]);
  return [...paths].filter(([, all]) => all.length > 1).map(([name, all]) => `${name}: ${all.join(', ')}`);
}

describe('names within src', () => {
  it('of files are there once', () => {
    expect(files.length).to.be.greaterThan(200);
    expect(repeated(files.map((path) => ({ name: basename(path), path })))).to.deep.equal([]);
  });

  it('of classes, interfaces and types are there once', () => {
    const declared = files.flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(/^(?:export )?(?:abstract )?(?:class|interface|type) (\w+)/gm)].map(
        ([, name]) => ({ name: name!, path }),
      ),
    );
    expect(declared.length).to.be.greaterThan(200);
    expect(repeated(declared)).to.deep.equal([]);
  });
});
