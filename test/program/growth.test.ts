// What is read from outside takes time in proportion to its length, whatever it is made of: a stranger's bytes meet these
// patterns before any key is asked for. This test alone asserts a time: processor time of a process of its own.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type Growth, MOST_TIMES } from '../support/growth/measure.js';
import { TestRelay } from '../support/relay/relay.js';
import { Wire } from '../support/relay/wire.js';

const CHILD = fileURLToPath(new URL('../support/growth/child.ts', import.meta.url));
const GROUPS: Readonly<Record<string, string>> = {
  heads: 'request heads',
  targets: 'paths, queries and request lines',
  texts: 'names, addresses, tokens and answers of endpoints',
  settings: 'settings',
  bodies: 'JSON, forms and commands',
};

describe('twice the input takes at most three times the processor time', () => {
  const found = new Map<string, Growth[]>();
  let child: ChildProcess;

  before(async function () {
    this.timeout(240_000);
    child = spawn(process.execPath, ['--import=tsx', CHILD, 'slow', ...Object.keys(GROUPS)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    createInterface(child.stdout!).on('line', (line) => {
      const { group, found: cases } = JSON.parse(line) as { group: string; found: Growth[] };
      found.set(group, cases);
    });
    await once(child, 'close');
  });
  after(() => child.kill());

  for (const [group, what] of Object.entries(GROUPS)) {
    it(`for ${what}`, () => {
      const cases = found.get(group)!;
      expect(cases.length).to.be.greaterThan(20);
      const tooMuch = cases.filter(({ times }) => !(times <= MOST_TIMES));
      expect(tooMuch).to.deep.equal([]);
    });
  }

  it('and a pattern that takes the square of its input is noticed', () => {
    expect(found.get('slow')![0]!.times).to.be.greaterThan(MOST_TIMES);
  });
});

describe('a request head of thousands of spaces', () => {
  for (const spaces of [3000, 16_000]) {
    it(`is refused: ${spaces}`, async () => {
      const relay = await TestRelay.start();
      const wire = new Wire(relay.port).write(`POST / HTTP/1.1\r\nA:${' '.repeat(spaces)}\x7f\r\n\r\n`);
      expect(await wire.status()).to.equal(400);
    });
  }
});
