import { expect } from 'chai';
import { NO_RULES } from '../../src/relay/rules/rule-set.js';
import { TestEndpoint } from '../support/relay/test-endpoint.js';
import { TestRelay } from '../support/relay/relay.js';
import { until } from '../support/wait.js';

describe('a relay that is restored', () => {
  it('has all rules at once, and dials its destinations spread over a second', async () => {
    const [vw, endpoint] = [await TestRelay.start(), await TestEndpoint.start()];
    const ids = Array.from({ length: 10 }, (_, i) => String(i));
    const destinations = ids.map((id) => ({ id, stream: 'stream/a', destination: endpoint.url }));
    const startedMs = Date.now();
    vw.relay.restore({
      ...NO_RULES,
      streams: [{ stream: 'stream/a', feeds: ['a'] }],
      destinations,
      mutes: [{ feed: 'a', tracks: 'audio' }],
    });
    expect(vw.relay.rules().destinations).to.deep.equal(destinations);
    expect(vw.relay.stats().feeds.a?.muted).to.equal('audio');
    const open = () => ids.filter((id) => vw.link(id).state === 'open');
    await until('the first is open', () => open().includes('0'));
    await until('all are open', () => open().length === ids.length);
    expect(vw.link('9').sinceMs - startedMs).to.be.at.least(890);
    expect(vw.link('5').sinceMs - startedMs).to.be.at.least(490);
  });

  it('closes destinations that are not dialled yet', async () => {
    const [vw, endpoint] = [await TestRelay.start(), await TestEndpoint.start()];
    const destinations = ['0', '1'].map((id) => ({ id, stream: 'a', destination: endpoint.url }));
    vw.relay.restore({ ...NO_RULES, destinations });
    await vw.relay.deleteDestination('1');
    await vw.isOpen('0');
    expect(vw.relay.rules().destinations.map(({ id }) => id)).to.deep.equal(['0']);
  });
});
