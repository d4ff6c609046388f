// What thousands of rules leave behind. A few hundred are in test/program/original-faults.test.ts.

import { Program } from '../support/programs/program.js';
import { until } from '../support/wait.js';

const AT_ONCE = 50;
const UNREACHABLE = 'ws://127.0.0.1:1/x';

describe('7: leaks of the original', () => {
  it('2,000 rules added and deleted leave nothing', async () => {
    const vw = await Program.streamQuietly({ VW_FORGET_AFTER_MS: '200', VW_LOG_LEVEL: 'error' });
    await vw.api('GET', '/healthcheck');
    const before = vw.descriptors();
    for (let from = 0; from < 1000; from += AT_ONCE) {
      const some = Array.from({ length: AT_ONCE }, (_, i) => String(from + i));
      await Promise.all(
        some.map(async (id) => {
          const stream = `stream/${id}`;
          await vw.api('POST', '/api/streams', { stream, feeds: [`v${id}`, `a${id}`] });
          await vw.api('POST', '/api/destinations', { id, stream, destination: UNREACHABLE });
          await vw.api('DELETE', `/api/destinations/${id}`);
          await vw.api('DELETE', `/api/streams/${stream}`);
        }),
      );
    }
    await until('descriptors have returned', () => vw.descriptors() <= before + AT_ONCE + 5); // our keep-alive connections
    await until('feeds are forgotten', async () => {
      const { feeds, streams, destinations } = await vw.stats();
      return [feeds, streams, destinations].every((all) => Object.keys(all).length === 0);
    });
  });
});
