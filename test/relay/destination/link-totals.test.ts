import { expect } from 'chai';
import { TestEndpoint } from '../../support/relay/test-endpoint.js';
import { TestRelay } from '../../support/relay/relay.js';
import { packets } from '../../support/mpegts/ts.js';
import { RawUpload } from '../../support/relay/upload.js';
import { until } from '../../support/wait.js';

describe('totals of a destination', () => {
  it('include what was sent to previous endpoints', async () => {
    const vw = await TestRelay.start();
    const [one, other] = [await TestEndpoint.start(), await TestEndpoint.start()];
    await vw.connect('video0', one.url);
    const upload = RawUpload.begin(vw.port, 'video0');
    upload.chunk(packets(7));
    await until('the first has it', () => one.bytes.length === 7 * 188);
    const total = () => vw.relay.stats().destinations['0']!.total;
    expect(total()).to.deep.include({ opens: 1, sentBytes: 7 * 188 });
    await vw.api('POST', '/api/destinations', { id: '0', stream: 'video0', destination: other.url, swap: 'break' });
    await until('the second is open', () => vw.link().state === 'open' && other.connections === 1);
    expect(vw.link().sentBytes).to.equal(0);
    expect(total()).to.deep.include({ opens: 2, attempts: 2, sentBytes: 7 * 188 });
    await until('the first is gone', () => one.openSockets === 0);
    expect(total()).to.deep.include({ opens: 2, attempts: 2, sentBytes: 7 * 188 });
  });
});
