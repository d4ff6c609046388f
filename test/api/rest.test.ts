import { expect } from 'chai';
import { TestRelay } from '../support/relay/relay.js';
import { RawUpload } from '../support/relay/upload.js';

// Port 9 (discard): nothing listens there, which is all the same to a rule.
const FAR = 'ws://127.0.0.1:9/in/video0';
const rule = { id: '0', stream: 'video0', destination: FAR };

let vw: TestRelay;
beforeEach(async () => {
  vw = await TestRelay.start({ limits: { backoffMinMs: 5000 } });
});

describe('GET /healthcheck', () => {
  it('answers "ok"', async () => {
    expect(await vw.api('GET', '/healthcheck')).to.deep.include({ status: 200, body: 'ok' });
  });
});

describe('/api/streams', () => {
  const front = { stream: 'stream/front/large', feeds: ['video0', 'audio0'] };

  for (const method of ['POST', 'PUT']) {
    it(`${method} answers with the rule, one leading "/" of each name dropped`, async () => {
      const posted = { stream: '/stream/front/large', feeds: ['/video0', 'audio0'] };
      expect(await vw.api(method, '/api/streams', posted)).to.deep.include({ status: 200, body: front });
      expect((await vw.api('GET', '/api/streams/all')).body).to.deep.equal({ 'stream/front/large': front.feeds });
    });
  }

  it('lists all, returns one, and answers 404 for an unknown one', async () => {
    expect((await vw.api('GET', '/api/streams/all')).body).to.deep.equal({});
    await vw.api('POST', '/api/streams', front);
    expect((await vw.api('GET', '/api/streams/stream/front/large')).body).to.deep.equal(front.feeds);
    expect((await vw.api('GET', '/api/streams/stream/front')).status).to.equal(404);
  });

  for (const path of ['stream/front/large', 'stream/front/large/', 'stream%2Ffront%2Flarge', '%2Fstream/front/large']) {
    it(`DELETE takes the name as ${path}`, async () => {
      await vw.api('POST', '/api/streams', front);
      const answer = await vw.api('DELETE', `/api/streams/${path}`);
      expect(answer).to.deep.include({ status: 200, body: 'stream/front/large' });
      expect((await vw.api('DELETE', `/api/streams/${path}`)).status).to.equal(404);
    });
  }

  it('DELETE /all answers "all" and all are gone, also when asked twice', async () => {
    await vw.api('POST', '/api/streams', front);
    await vw.api('POST', '/api/streams', { stream: 'stream/back', feeds: [] });
    for (let i = 0; i < 2; i++) {
      expect(await vw.api('DELETE', '/api/streams/all')).to.deep.include({ status: 200, body: 'all' });
      expect((await vw.api('GET', '/api/streams/all')).body).to.deep.equal({});
    }
  });

  it('accepts no feeds, and refuses a feed that is named twice', async () => {
    expect((await vw.api('POST', '/api/streams', { stream: 'stream/a', feeds: [] })).status).to.equal(200);
    const twice = await vw.api('POST', '/api/streams', { stream: 'stream/a', feeds: ['x', '/x'] });
    expect(twice).to.deep.include({ status: 400 });
    expect(twice.body).to.include({ code: 'ERR_DUPLICATE_FEED' });
    expect((await vw.api('GET', '/api/streams/stream/a')).body, 'nothing has changed').to.deep.equal([]);
  });
});

describe('/api/destinations', () => {
  it('keeps, lists, returns and deletes rules', async () => {
    const posted = { ...rule, id: '/a/b', stream: '/video0' };
    const kept = { ...rule, id: 'a/b' };
    expect(await vw.api('POST', '/api/destinations', posted)).to.deep.include({ status: 200, body: kept });
    expect(await vw.api('PUT', '/api/destinations', posted)).to.deep.include({ status: 200, body: kept });
    expect((await vw.api('GET', '/api/destinations/all')).body).to.deep.equal({ 'a/b': kept });
    expect((await vw.api('GET', '/api/destinations/a/b')).body).to.deep.equal(kept);
    expect(await vw.api('DELETE', '/api/destinations/a%2Fb')).to.deep.include({ status: 200, body: 'a/b' });
    for (const method of ['GET', 'DELETE'])
      expect((await vw.api(method, '/api/destinations/a/b')).status).to.equal(404);
  });

  it('DELETE /all takes them all, also when asked twice', async () => {
    for (const id of ['1', '2', '3']) await vw.api('POST', '/api/destinations', { ...rule, id });
    for (let i = 0; i < 2; i++) {
      expect(await vw.api('DELETE', '/api/destinations/all')).to.deep.include({ status: 200, body: 'all' });
      expect((await vw.api('GET', '/api/destinations/all')).body).to.deep.equal({});
    }
  });

  it('never shows a token, only that there is one', async () => {
    const secret = 'hush-hush-4711';
    const shown = { ...rule, tokenSet: true };
    const answers = [
      await vw.api('POST', '/api/destinations', { ...rule, token: secret }),
      await vw.api('GET', '/api/destinations/0'),
    ];
    for (const { body } of answers) expect(body).to.deep.equal(shown);
    expect((await vw.api('GET', '/api/destinations/all')).body).to.deep.equal({ 0: shown });
    const stats = await vw.api('GET', '/api/stats');
    expect(JSON.stringify([stats.body, vw.log.lines])).not.to.contain(secret);
  });

  it('does not repeat a token that it refuses', async () => {
    const refused = await vw.api('POST', '/api/destinations', { ...rule, token: 'has a space' });
    expect(refused.body).to.include({ status: 400, code: 'ERR_BAD_TOKEN' });
    expect(JSON.stringify(refused.body)).not.to.contain('has a space');
  });

  it('keeps the token of a rule posted without one, only while its endpoint is the same', async () => {
    await vw.api('POST', '/api/destinations', { ...rule, token: 't' });
    expect((await vw.api('POST', '/api/destinations', { ...rule, stream: 'audio0' })).body).to.include({
      tokenSet: true,
    });
    const elsewhere = { ...rule, destination: 'ws://127.0.0.1:9/other' };
    expect((await vw.api('POST', '/api/destinations', elsewhere)).body).to.deep.equal(elsewhere);
    expect((await vw.api('POST', '/api/destinations', rule)).body).to.deep.equal(rule);
  });

  it('takes the token away for null', async () => {
    await vw.api('POST', '/api/destinations', { ...rule, token: 't' });
    expect((await vw.api('POST', '/api/destinations', { ...rule, token: null })).body).to.deep.equal(rule);
    expect((await vw.api('POST', '/api/destinations', rule)).body).to.deep.equal(rule);
  });

  it('takes a rule as it was shown', async () => {
    await vw.api('POST', '/api/destinations', { ...rule, token: 't' });
    const { body } = await vw.api('GET', '/api/destinations/0');
    expect((await vw.api('POST', '/api/destinations', body)).body).to.deep.equal(body);
  });

  it('keeps a rule named __proto__ like any other', async () => {
    for (const id of ['__proto__', 'constructor', 'toString']) {
      expect((await vw.api('GET', `/api/destinations/${id}`)).status, id).to.equal(404);
      expect((await vw.api('POST', '/api/destinations', { ...rule, id, stream: id })).status, id).to.equal(200);
    }
    const { body } = await vw.api('GET', '/api/destinations/all');
    expect(Object.keys(body as object)).to.include.members(['__proto__', 'constructor', 'toString']);
    expect(({} as Record<string, unknown>).id).to.be.undefined;
    expect((await vw.api('DELETE', '/api/destinations/__proto__')).body).to.equal('__proto__');
  });

  it('refuses more rules than VW_MAX_RULES, and goes on changing those it has', async () => {
    const small = await TestRelay.start({ limits: { maxRules: 2 } });
    for (const id of ['1', '2']) await small.api('POST', '/api/destinations', { ...rule, id });
    const third = await small.api('POST', '/api/destinations', { ...rule, id: '3' });
    expect(third.body).to.include({ status: 503, code: 'ERR_TOO_MANY_RULES' });
    expect((await small.api('POST', '/api/destinations', { ...rule, id: '2', stream: 'b' })).status).to.equal(200);
  });

  it('refuses a rule for more feeds than VW_MAX_FEEDS, and has changed nothing', async () => {
    const small = await TestRelay.start({ limits: { maxFeeds: 2 } });
    const refused = await small.api('POST', '/api/streams', { stream: 'stream/a', feeds: ['1', '2', '3'] });
    expect(refused.body).to.include({ status: 503, code: 'ERR_TOO_MANY_FEEDS' });
    expect(small.relay.stats()).to.deep.include({ feeds: {}, streams: {}, destinations: {} });
  });
});

describe('/api/rules', () => {
  it('lists every rule in a form that can be posted again, without tokens', async () => {
    const stream = { stream: 'stream/a', feeds: ['video0', 'audio0'], trimMs: { audio0: -40 } };
    await vw.api('POST', '/api/streams', stream);
    await vw.api('POST', '/api/destinations', { ...rule, token: 'a-token' });
    await vw.api('PUT', '/api/mutes/all', {});
    expect(await vw.api('GET', '/api/rules')).to.deep.include({
      status: 200,
      body: {
        streams: [stream],
        destinations: [{ ...rule, tokenSet: true }],
        mutes: [{ feed: 'all', tracks: 'audio' }],
      },
    });
    expect((await vw.api('POST', '/api/rules', {})).body).to.include({ code: 'ERR_METHOD' });
  });
});

describe('errors of the API', () => {
  const problems: [string, string, string, unknown, number, string][] = [
    ['bad JSON', 'POST', '/api/streams', '{"stream":', 400, 'ERR_BAD_JSON'],
    ['a body that is no object', 'POST', '/api/streams', 'null', 400, 'ERR_BAD_STREAM_RULE'],
    ['an empty body', 'POST', '/api/streams', '', 400, 'ERR_BAD_STREAM_RULE'],
    ['a rule without feeds', 'POST', '/api/streams', { stream: 'stream/a' }, 400, 'ERR_BAD_STREAM_RULE'],
    ['a bad endpoint', 'POST', '/api/destinations', { ...rule, destination: 'ftp://x/' }, 400, 'ERR_BAD_URL'],
    ['a body over 64 KiB', 'POST', '/api/streams', { stream: 'x'.repeat(70_000) }, 413, 'ERR_TOO_LARGE'],
    ['an unknown path', 'GET', '/api/nothing', undefined, 404, 'ERR_NO_SUCH_PATH'],
    ['an unknown stream', 'GET', '/api/streams/stream/x', undefined, 404, 'ERR_NOT_FOUND'],
    ['an unknown destination', 'DELETE', '/api/destinations/x', undefined, 404, 'ERR_NOT_FOUND'],
    ['a path that cannot be decoded', 'GET', '/api/streams/%zz', undefined, 400, 'ERR_BAD_PATH'],
  ];
  for (const [what, method, path, body, status, code] of problems) {
    it(`answers ${what} with ${status} ${code}`, async () => {
      const answer = await vw.api(method, path, body);
      expect(answer.status).to.equal(status);
      expect(answer.type).to.match(/^application\/problem\+json/);
      expect(answer.body).to.include({ status, code });
      expect((answer.body as { detail: string }).detail).to.be.a('string').that.is.not.empty;
    });
  }

  const methods: [string, string, string][] = [
    ['GET', '/api/streams', 'POST, PUT'],
    ['POST', '/api/streams/all', 'GET, DELETE, HEAD'],
    ['PATCH', '/api/streams/stream/a', 'GET, DELETE, HEAD'],
    ['DELETE', '/api/destinations', 'POST, PUT'],
    ['PUT', '/api/destinations/0', 'GET, DELETE, HEAD'],
    ['POST', '/healthcheck', 'GET, HEAD'],
    ['DELETE', '/ts/video0', 'GET, POST, PUT, HEAD'],
  ];
  for (const [method, path, allowed] of methods) {
    it(`answers ${method} ${path} with 405 and what is allowed`, async () => {
      const answer = await vw.api(method, path);
      expect(answer.body).to.include({ status: 405, code: 'ERR_METHOD' });
      expect(answer.headers.get('allow')).to.equal(allowed);
    });
  }

  for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
    it(`answers a body of ${type} with 415`, async () => {
      const headers = { 'Content-Type': type };
      const response = await fetch(`${vw.url}/api/streams`, { method: 'POST', body: '{}', headers });
      expect(response.status).to.equal(415);
      expect(((await response.json()) as { detail: string }).detail).to.contain('application/json');
    });
  }

  it('answers a POST that says JSON and brings no body with 400, not 415', async () => {
    // It was told that "application/json" is not accepted; accepted: application/json.
    const upload = RawUpload.bare(vw.port);
    upload.write('POST /api/streams HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\r\n');
    expect((await upload.answer()).status).to.equal(400);
  });

  it('answers what is not HTTP with 400', async () => {
    const upload = RawUpload.bare(vw.port);
    upload.write('HELLO\r\n\r\n');
    expect((await upload.answer()).body).to.include({ status: 400, code: 'ERR_BAD_HTTP' });
  });

  it('cuts a request whose head does not come', async () => {
    const impatient = await TestRelay.start({ headersTimeoutMs: 300 });
    const upload = RawUpload.bare(impatient.port);
    const half = RawUpload.bare(impatient.port);
    half.write('POST /ts/video0 HTTP/1.1\r\nHost:');
    await Promise.all([closed(upload), closed(half)]);
  });
});

function closed(upload: RawUpload): Promise<void> {
  return new Promise((resolve) => upload.socket.once('close', () => resolve()));
}
