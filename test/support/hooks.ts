// What Mocha runs around every test, in each of its processes: see .mocharc.json.

import { closeAll } from './cleanup.js';

export const mochaHooks = { afterEach: closeAll };
