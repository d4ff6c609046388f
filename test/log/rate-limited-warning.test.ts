import { expect } from 'chai';
import { RateLimitedWarning } from '../../src/log/rate-limited-warning.js';
import { keptLog } from '../support/relay/relay.js';

describe('TalliedWarning', () => {
  it('logs a cause once, however long it lasts, and again after it was over', () => {
    const log = keptLog();
    const warning = new RateLimitedWarning(log, 'token refused');
    for (let at = 0; at < 3_600_000; at += 10_000) warning.warn({ topic: '/in/x' }, at);
    expect(log.lines).to.have.lengthOf(1);
    warning.warn({ topic: '/in/x' }, 7_200_000);
    expect(log.lines[1]!.facts).to.deep.equal({ topic: '/in/x', suppressed: 359 });
  });

  it('logs one a second of many causes, with the number of suppressed ones', () => {
    const log = keptLog();
    const warning = new RateLimitedWarning(log, 'token refused');
    for (let i = 0; i < 10_000; i++) warning.warn({ topic: `/in/${i}` }, i);
    expect(log.lines).to.have.lengthOf(10);
    const suppressed = log.lines.reduce((sum, { facts }) => sum + Number(facts.suppressed ?? 0), 0);
    expect(suppressed + log.lines.length).to.equal(9001);
  });
});
