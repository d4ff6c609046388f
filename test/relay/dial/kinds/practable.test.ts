// Over sockets: test/relay/dial/request-access.test.ts.

import { expect } from 'chai';
import { practable } from '../../../../src/relay/dial/kinds/practable.js';
import { IS_RELAY_API, TLS_EXPECTED } from '../../../../src/relay/dial/faults.js';

const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.cHJhY3RhYmxl.c2lnbmF0dXJl';
const ENDED = `e30.${Buffer.from('{"exp":1000}').toString('base64url')}.s`;
const address = { url: 'https://h/session/topic0?x=a-key', token: TOKEN };

describe('a practable endpoint', () => {
  const approach = practable.approach;
  if (approach.by !== 'asking') throw new Error('it is asked');
  const read = (status: number, body: string, isForwarded = false) =>
    approach.readAnswer({ status, body, isForwarded });
  const faultOf = (status: number, body = '', isForwarded = false) => {
    const answer = read(status, body, isForwarded);
    return answer.verdict === 'refused' ? answer.fault : null;
  };

  it('is of no use without a token, and says so', () => {
    expect(practable.recognises({ url: new URL(address.url), hasToken: false })).to.equal(true);
    expect(practable.tokenNeed?.fault).to.contain('requires a token');
    expect(practable.tokenNeed?.exampleWithout('http://h:1/session/x?y')).to.equal('ws://h:1/session/x');
  });

  it('is asked with the bare token in a header, and nowhere else', () => {
    const asked = approach.request(address);
    expect(asked).to.deep.equal({
      url: address.url,
      method: 'POST',
      headers: { Authorization: TOKEN, Accept: 'application/json' },
    });
    expect(practable.introduction).to.equal(null);
  });

  it('has the token, and the code in what it answers, as secrets', () => {
    expect(practable.secretsOf(address)).to.deep.equal([TOKEN]);
    expect(practable.secretsIn('wss://h/session/x?code=a-code')).to.include('a-code');
    expect(practable.shownUrl(address.url)).to.equal('https://h/session/topic0');
  });

  it('grants a WebSocket, whose fragment is left out', () => {
    for (const uri of ['ws://h:1/session/x?code=c', 'wss://h/session/x?code=c'])
      expect(read(200, JSON.stringify({ uri }))).to.deep.equal({ verdict: 'accepted', target: { url: uri } });
    expect(read(201, '{"uri":"wss://h/x?code=c#there"}')).to.deep.equal({
      verdict: 'accepted',
      target: { url: 'wss://h/x?code=c' },
    });
  });

  it('that grants something else has not been understood, and what it said is not shown', () => {
    const bodies = ['', '<p>', 'null', '[]', '{}', '{"uri":1}'];
    const uris = ['http://h/x?code=c', 'file:///x?code=c', 'wss://', 'x', 'ws://h:99999/?code=c'];
    for (const body of [...bodies, ...uris.map((uri) => JSON.stringify({ uri }))]) {
      expect(faultOf(200, body), body).to.deep.equal({
        code: 'other',
        message: 'asking for access was not answered with {"uri": "wss://…"}',
      });
    }
  });

  const answers: [status: number, body: string, code: string, message: string][] = [
    [401, '{"code":401,"message":"token invalid"}', 'refused', 'HTTP 401: the token is refused (token invalid)'],
    [403, '', 'refused', 'HTTP 403: the token is refused'],
    [404, '', 'wrong-path', 'HTTP 404 (wrong path?)'],
    [429, '{"detail":"later"}', 'refused', 'HTTP 429 (later)'],
    [302, '', 'other', 'HTTP 302, a redirect'],
    [500, 'oops', 'other', 'HTTP 500'],
    [503, '', 'other', 'HTTP 503'],
  ];
  for (const [status, body, code, message] of answers) {
    it(`that answers ${status} ${body} is ${code}`, () => {
      expect(faultOf(status, body)).to.deep.equal({ code, message: `asking for access was answered with ${message}` });
    });
  }

  it('is told from a TLS server, from the API of a relay, and from a proxy that answers for it', () => {
    expect(faultOf(400, 'Client sent an HTTP request to an HTTPS server.')).to.equal(TLS_EXPECTED);
    expect(faultOf(401, '{"code": "ERR_KEY"}')).to.equal(IS_RELAY_API);
    expect(faultOf(407, '', true)?.code).to.equal('unreachable');
    expect(faultOf(502, '', true)?.message).to.contain('the proxy cannot reach the relay server');
    expect(faultOf(403, '', true)?.message).to.contain('or the proxy does not let this through');
    expect(faultOf(400, 'plain HTTP request was sent to HTTPS port', true)).to.equal(TLS_EXPECTED);
    expect(faultOf(502)?.code).to.equal('other');
  });

  it('that refuses or drops a token after its end: it has expired', () => {
    const failure = { wasAuthorising: false, nowMs: 2_000_000 };
    for (const found of [faultOf(401)!, practable.readClose(1006, ''), practable.readClose(4403, '')]) {
      expect(practable.meaningOf({ ...failure, found, token: ENDED }).code).to.equal('token-expired');
      expect(practable.meaningOf({ ...failure, found, token: TOKEN })).to.deep.equal(found);
    }
  });
});
