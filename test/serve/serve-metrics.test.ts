// GET /metrics of `vw serve`.

import { expect } from 'chai';
import { checkMetrics } from '../support/programs/promtool.js';
import { TestServe } from '../support/relay/serve.js';
import { until } from '../support/wait.js';

describe('metrics of a server', () => {
  it('are what promtool finds nothing wrong with; those of a topic are gone with it', async () => {
    const serve = await TestServe.start();
    const headers = { Authorization: serve.token('', ['stats']) };
    const text = async () => (await fetch(`${serve.url}/metrics`, { headers })).text();
    const publisher = await serve.member('/in/lab/a');
    const viewer = await serve.member('/out/lab/a');
    publisher.socket.send('hello');
    await viewer.hears(1);
    const there = await text();
    expect(await checkMetrics(there)).to.equal('');
    expect(there).to.contain('vw_serve_topic_received_bytes_total{topic="lab/a"} 5\n');
    expect(there).to.contain('vw_serve_topic_viewers{topic="lab/a"} 1\n');
    publisher.socket.close();
    viewer.socket.close();
    await until('the topic is gone', async () => !(await text()).includes('topic='));
    const gone = await text();
    expect(await checkMetrics(gone)).to.equal('');
    expect(gone, 'the sum stays').to.contain('vw_serve_received_bytes_total 5\n');
  });
});
