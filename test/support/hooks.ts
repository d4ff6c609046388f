// What Mocha runs around every test, in each of its processes: see .mocharc.json.

import { closeAll } from './cleanup.js';
import { takeSeedNote } from './random.js';

export const mochaHooks = {
  async afterEach(this: Mocha.Context): Promise<void> {
    const note = takeSeedNote();
    const { currentTest } = this;
    if (note !== null && currentTest?.state === 'failed') console.error(`${currentTest.fullTitle()}: ${note}`);
    await closeAll();
  },
};
