// Random waits and inputs of tests. All come from one seed, which hooks.ts prints when a test fails that has used it;
// VW_TEST_SEED repeats a run of the same tests.

import { randomInt } from 'node:crypto';

const SEED = Number(process.env.VW_TEST_SEED ?? randomInt(2 ** 32));
let wasUsed = false;

export interface Random {
  /** From 0 up to, but not including, 1. */
  number(): number;
  /** Whole, from 0 up to, but not including, `end`. */
  integer(end: number): number;
  bytes(length: number): Buffer;
}

/** Numbers that depend on the seed and `label` only, in the order in which they are drawn. */
export function seeded(label: string): Random {
  let state = SEED | 0;
  for (const letter of label) state = Math.imul(state ^ letter.codePointAt(0)!, 0x01000193); // as FNV-1a mixes
  /** A Weyl sequence, its bits mixed by multiplying and shifting; 32 bits. */
  const next = (): number => {
    wasUsed = true;
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
  const number = () => next() / 2 ** 32;
  return {
    number,
    integer: (end) => Math.floor(number() * end),
    bytes: (length) => Buffer.from(Array.from({ length }, () => next() & 0xff)),
  };
}

/** The line that repeats the test that has ended, if it drew anything; the next test starts afresh. */
export function takeSeedNote(): string | null {
  const note = wasUsed ? `its random values come back with VW_TEST_SEED=${SEED}` : null;
  wasUsed = false;
  return note;
}
