// What is installed with the program may be used by anybody: permissive licences only.

import { readFileSync } from 'node:fs';
import { expect } from 'chai';

const ACCEPTED = new Set(['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'Apache-2.0']);

interface Locked {
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly license?: string;
}

const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as {
  packages: Readonly<Record<string, Locked>>;
};
const production = Object.entries(lock.packages).filter(([path, { dev }]) => path !== '' && !dev);

/** The licence that a package's own manifest names. */
function licenceOf(path: string): string {
  const text = readFileSync(new URL(`../../${path}/package.json`, import.meta.url), 'utf8');
  const { license } = JSON.parse(text) as { license?: string | { type: string } };
  return typeof license === 'object' ? license.type : (license ?? 'none');
}

/** "(MIT OR X)" is fine when one of its parts is; "A AND B" when all are. */
function isAccepted(licence: string): boolean {
  const parts = licence.replace(/[()]/g, '').split(' OR ');
  return parts.some((part) => part.split(' AND ').every((name) => ACCEPTED.has(name)));
}

describe('production dependencies', () => {
  it('are known', () => {
    expect(production.map(([path]) => path)).to.include.members(['node_modules/ws', 'node_modules/express']);
  });

  it('have permissive licences', () => {
    const wrong = production
      .map(([path]) => ({ path, licence: licenceOf(path) }))
      .filter(({ licence }) => !isAccepted(licence));
    expect(wrong).to.deep.equal([]);
  });
});
