// What --check-config says of saved rules: the same as a start.

import { existsSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { checkState, restoreRules, StateError } from '../../cmd/shared/saved-rules.js';
import { DEFAULT_LIMITS, type Limits } from '../../src/config/limits.js';
import { NO_RULES } from '../../src/relay/rules/rule-set.js';
import { StateFile } from '../../src/state/state-file.js';
import { encodeState } from '../../src/state/state-text.js';
import { scratch } from '../support/media/ffmpeg.js';
import { TestRelay } from '../support/relay/relay.js';

/** A state file with a previous version. */
async function saved(): Promise<string> {
  const path = join(scratch(), 'rules');
  for (const one of [path, `${path}.previous`]) writeFileSync(one, await encodeState(NO_RULES));
  return path;
}

const check = (path: string, limits: Partial<Limits> = {}) =>
  checkState({ path, isOptional: false }, { ...DEFAULT_LIMITS, ...limits });

const REFUSED: Record<string, [make: (path: string) => void, message: RegExp]> = {
  'a lock that is a folder': [(path) => mkdirSync(`${path}.lock`), /its lock .*rules\.lock is a folder, so another vw/],
  'a folder in the place of the next version': [
    (path) => mkdirSync(`${path}.new`),
    /vw needs the name .*rules\.new, which is a folder/,
  ],
  'a previous version of a newer vw, if it is needed': [
    (path) => {
      truncateSync(path, 9);
      writeFileSync(`${path}.previous`, '{"format":"vw rules","version":2}\n');
    },
    /it is of version 2, which a newer vw has written/,
  ],
};

describe('saved rules', () => {
  for (const [what, [make, message]] of Object.entries(REFUSED)) {
    it(`with ${what} are refused by --check-config as by the start`, async () => {
      const path = await saved();
      make(path);
      const { relay, log } = await TestRelay.start();
      const error = await restoreRules(relay, { path, isOptional: false }, log).catch((e: unknown) => e);
      expect(error).to.be.instanceOf(StateError);
      expect((error as Error).message).to.match(message);
      expect(await check(path)).to.deep.equal({
        fault: (error as Error).message,
        warnings: [],
      });
    });
  }

  it('that another process uses are refused by both', async () => {
    const path = await saved();
    const file = await StateFile.at(path);
    await file.lock();
    const { fault } = await check(path);
    expect(fault).to.include(`another vw uses it: process ${process.pid}; accepted: `);
    await file.close();
    expect((await check(path)).fault).to.equal(null);
  });

  it('that are more than the limits allow are refused by --check-config too', async () => {
    const path = await saved();
    const mutes = ['a', 'b'].map((feed) => ({ feed, tracks: 'all' as const }));
    writeFileSync(path, await encodeState({ ...NO_RULES, mutes }));
    expect((await check(path, { maxRules: 1 })).fault).to.match(/^2 mutes are saved, and VW_MAX_RULES=1 has room/);
    expect((await check(path, { maxRules: 2 })).fault).to.equal(null);
  });

  it('that are damaged are a warning: the start goes on', async () => {
    const path = await saved();
    truncateSync(path, 9);
    const reason = 'its first line is not that of saved rules';
    expect(await check(path)).to.deep.equal({
      fault: null,
      warnings: [{ message: 'saved rules cannot be read', facts: { path, reason } }],
    });
    expect(existsSync(path)).to.equal(true);
  });
});
