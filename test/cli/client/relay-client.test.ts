import { expect } from 'chai';
import type { RelayAddress } from '../../../src/cli/client/relay-address.js';
import { jsonLine, fetchStats, parseStats } from '../../../src/cli/client/fetch-stats.js';
import { NotServedError, RefusedError, RelayClient } from '../../../src/cli/client/relay-client.js';
import { certificateFor, testAuthority } from '../../support/relay/certificates.js';
import { Answers } from '../../support/relay/answers.js';
import { afterTest } from '../../support/cleanup.js';
import { stats } from '../../support/relay/stats.js';

function clientOf(url: string, more: Partial<RelayAddress> = {}, timeoutMs = 5000): RelayClient {
  const client = new RelayClient({ url, key: null, ca: null, isPinned: false, ...more }, timeoutMs);
  afterTest(() => client.close());
  return client;
}

/** Why a relay does not serve us. */
async function refusal(client: RelayClient): Promise<NotServedError> {
  const error: unknown = await fetchStats(client).then(
    () => null,
    (e: unknown) => e,
  );
  expect(error).to.be.instanceOf(NotServedError);
  return error as NotServedError;
}

const problem =
  (status: number, code: string, detail = 'why') =>
  () => ({ status, body: { status, code, detail } });

describe('RelayClient', () => {
  it('asks, and shows its key', async () => {
    const keys: (string | undefined)[] = [];
    const relay = await Answers.start(({ headers, url }) => {
      keys.push(headers.authorization);
      return { body: url === '/api/stats' ? stats() : {} };
    });
    const seen = await fetchStats(clientOf(relay.url, { key: 'k1' }));
    expect(seen).to.deep.equal({ url: relay.url, stats: stats() });
    expect(keys).to.deep.equal(['Bearer k1']);
  });

  it('asks again when the connection that was kept has just been closed', async () => {
    const relay = await Answers.start(() => ({ body: ['ok'] }));
    const client = clientOf(relay.url);
    await client.request('GET', '/a');
    const { port } = relay;
    await relay.stop();
    const again = await Answers.start(() => ({ body: ['again'] }), null, port);
    expect(await client.request('GET', '/b')).to.deep.equal(['again']);
    expect(again.asked).to.deep.equal(['GET /b']);
  });

  it('distinguishes a refused request from a relay that refuses us', async () => {
    const relay = await Answers.start(problem(400, 'ERR_BAD_URL', 'no\u001b[2J URL'));
    const error: unknown = await clientOf(relay.url)
      .request('POST', '/api/destinations', {})
      .catch((e: unknown) => e);
    expect(error).to.be.instanceOf(RefusedError);
    expect(error).to.include({ status: 400, code: 'ERR_BAD_URL', message: 'no?[2J URL' });
  });

  it('says what to do about a key', async () => {
    const relay = await Answers.start(problem(401, 'ERR_KEY'));
    expect((await refusal(clientOf(relay.url))).message).to.contain(
      'it requires a key; give its VW_API_KEY as --api-key',
    );
    expect((await refusal(clientOf(relay.url, { key: 'x' }))).message).to.contain('the key is wrong');
    relay.reply = problem(429, 'ERR_TOO_MANY_KEYS');
    expect((await refusal(clientOf(relay.url))).message).to.contain('wait a minute');
  });

  it('distinguishes temporary errors from others', async () => {
    const relay = await Answers.start(problem(503, 'ERR_STOPPING', 'vw is stopping'));
    expect(await refusal(clientOf(relay.url))).to.include({ mayPass: true });
    relay.reply = () => ({ status: 502, body: '<html>Bad Gateway</html>' });
    expect(await refusal(clientOf(relay.url))).to.include({ mayPass: true });
    relay.reply = problem(401, 'ERR_KEY');
    expect(await refusal(clientOf(relay.url))).to.include({ mayPass: false });
    await relay.stop();
    const gone = await refusal(clientOf(relay.url));
    expect(gone).to.include({ mayPass: true });
    expect(gone.message).to.contain(`${relay.url} is not reached: nothing listens there; is vw stream running`);
  });

  it('says that a name has no address', async () => {
    const { message } = await refusal(clientOf('http://no-such-board.invalid:8888'));
    expect(message).to.contain('the name no-such-board.invalid has no address here');
  });

  it('does not wait for ever', async () => {
    const relay = await Answers.start(() => null);
    expect((await refusal(clientOf(relay.url, {}, 100))).message).to.contain('it did not answer in time');
  });

  it('distinguishes http from https', async () => {
    const plain = await Answers.start(() => ({ body: {} }));
    const tls = await Answers.start(() => ({ body: {} }), await certificateFor(['127.0.0.1']));
    const tooPlain = await refusal(clientOf(tls.url));
    expect(tooPlain.message).to.contain(`https://127.0.0.1:${tls.port}?`);
    const tooSafe = await refusal(clientOf(`https://127.0.0.1:${plain.port}`));
    expect(tooSafe.message).to.contain(`it does not speak TLS there; is it http://127.0.0.1:${plain.port}?`);
  });

  it('trusts the given authority', async () => {
    const [own, ca] = [await certificateFor(['127.0.0.1']), await testAuthority()];
    const tls = await Answers.start(() => ({ body: ['ok'] }), own);
    const url = `https://127.0.0.1:${tls.port}`;
    const { message, mayPass } = await refusal(clientOf(url));
    expect(message).to.contain('its certificate is not trusted').and.contain('--ca FILE');
    expect(mayPass).to.equal(false);
    expect(await clientOf(url, { ca: [ca.cert] }).request('GET', '/')).to.deep.equal(['ok']);
  });

  it('knows the own certificate of its machine, whatever name that is for, and no other', async () => {
    const own = await certificateFor(['board.lab.example']);
    const tls = await Answers.start(() => ({ body: ['ok'] }), own);
    const url = `https://127.0.0.1:${tls.port}`;
    expect(await clientOf(url, { ca: [own.cert], isPinned: true }).request('GET', '/')).to.deep.equal(['ok']);
    const other = await certificateFor(['board.lab.example']);
    expect((await refusal(clientOf(url, { ca: [other.cert], isPinned: true }))).message).to.contain('not trusted');
  });
});

describe('readStats', () => {
  const said = async (reply: unknown, status = 200) => {
    const relay = await Answers.start(() => ({ status, body: reply }));
    return (await refusal(clientOf(relay.url))).message;
  };

  it('refuses politely what is no relay', async () => {
    expect(await said('<h1>It works!</h1>')).to.contain(
      'is not a vw stream: it answers /api/stats with HTTP 200, text/html',
    );
    expect(await said('<h1>?</h1>', 404)).to.contain('HTTP 404, text/html');
    for (const other of [{ hello: 1 }, [], 'null', 7, null]) {
      expect(await said(typeof other === 'string' ? null : other)).to.contain('is not a vw stream');
    }
    expect(await said({ code: 'ERR_X', detail: 'no' }, 404)).to.contain('refuses /api/stats with HTTP 404: no (ERR_X)');
    expect(await said({ error: 'not here' }, 404)).to.contain('HTTP 404, application/json');
  });

  it('recognises vw serve', async () => {
    expect(await said({ version: '0.1.0', topics: {} })).to.contain('is a vw serve; vw status shows relays');
  });

  it('knows a relay of another version', async () => {
    expect(await said({ ...stats(), nowMs: undefined })).to.match(
      /is a vw stream of another version: its stats differ at nowMs \(.+\); use the vw/,
    );
  });

  it('takes what a newer relay says beside it', () => {
    const newer = { ...stats(), more: 1 };
    expect(parseStats(newer, 'http://x')).to.equal(newer);
  });

  it('lets nothing through that moves the cursor', async () => {
    const wild = stats();
    const [name, feed] = ['vid\u001b]0;x\u0007eo', wild.feeds.video0!];
    const relay = await Answers.start(({ url }) => ({
      body: url === '/api/stats' ? { ...wild, feeds: { [name]: { ...feed, source: 'a\u009b2Jb' } } } : {},
    }));
    const seen = await fetchStats(clientOf(relay.url));
    expect(Object.entries(seen.stats.feeds)).to.deep.equal([['vid?]0;x?eo', { ...feed, source: 'a?2Jb' }]]);
    expect(jsonLine({ a: 'ü\u009b\u001b\u007f' })).to.equal('{"a":"\\u00fc\\u009b\\u001b\\u007f"}');
  });
});
