// What players ask of the board, for each thing that can be said.

import { expect } from 'chai';
import { TestRelay } from '../../support/relay/relay.js';
import { RawUpload } from '../../support/relay/upload.js';
import { packets } from '../../support/mpegts/ts.js';
import { until } from '../../support/wait.js';

describe('GET /api/play/<name>', () => {
  it('says of feeds and streams what stats say', async () => {
    const vw = await TestRelay.start({ limits: { silentAfterMs: 300 } });
    const ask = async (name: string) => (await vw.api('GET', `/api/play/${name}`)).body;
    expect(await ask('video0')).to.deep.equal({ state: 'absent', fault: null, muted: null });
    await vw.api('POST', '/api/streams', { stream: 'stream/lab/1', feeds: ['video0', 'audio0'] });
    RawUpload.begin(vw.port, 'video0').chunk(packets(2));
    await until('the feed is silent', () => vw.relay.stats().feeds.video0?.fault?.code === 'silent');
    await until('the answer is as new', async () => ((await ask('video0')) as { fault: unknown }).fault !== null);
    const { feeds, streams } = vw.relay.stats();
    expect(await ask('video0')).to.deep.equal({ state: 'silent', fault: feeds.video0!.fault, muted: null });
    expect(await ask('stream/lab/1')).to.deep.equal({
      state: 'silent',
      fault: streams['stream/lab/1']!.fault,
      muted: null,
    });
  });

  it('says what is muted', async () => {
    const vw = await TestRelay.start();
    await vw.api('POST', '/api/streams', { stream: 'stream/lab', feeds: ['video0', 'audio0'] });
    const muted = async (name: string) => {
      return ((await vw.api('GET', `/api/play/${name}`)).body as { muted: unknown }).muted;
    };
    await vw.api('PUT', '/api/mutes/audio0', { tracks: 'all' });
    await until('a stream is muted in part', async () => (await muted('stream/lab')) === 'audio');
    await vw.api('PUT', '/api/mutes/all', { tracks: 'all' });
    await until('a stream is muted', async () => (await muted('stream/lab')) === 'all');
    expect(await muted('video0')).to.equal('all');
    expect(vw.relay.stats().streams['stream/lab']!.muted).to.equal('all');
    await vw.api('PUT', '/api/mutes/all', { tracks: 'audio' });
    await vw.api('DELETE', '/api/mutes/audio0');
    expect(vw.relay.stats().streams['stream/lab']!.muted).to.equal('audio');
    await vw.api('POST', '/api/streams', { stream: 'stream/lab', feeds: ['video0#video'] });
    expect(vw.relay.stats().streams['stream/lab']!.muted, 'of the picture alone').to.equal(null);
  });
});
