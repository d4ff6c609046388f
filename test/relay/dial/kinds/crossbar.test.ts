// Over sockets: test/relay/token.test.ts.

import { expect } from 'chai';
import { crossbar } from '../../../../src/relay/dial/kinds/crossbar.js';

const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJzY29wZSI6InNlY3JldCJ9.c2lnbmF0dXJl';
/** `exp` is 1000 s after 1970. */
const ENDED = `e30.${Buffer.from('{"exp":1000}').toString('base64url')}.s`;
const address = { url: 'wss://h/in/x?key=a-key', token: TOKEN };
const failure = { wasAuthorising: false, token: TOKEN, nowMs: 2_000_000 };

describe('a crossbar endpoint', () => {
  const introduction = crossbar.introduction!;

  it('is one with a token', () => {
    const url = new URL(address.url);
    expect([false, true].map((hasToken) => crossbar.recognises({ url, hasToken }))).to.deep.equal([false, true]);
  });

  it('is dialled at its address, without the token, which is its first message', () => {
    const { approach } = crossbar;
    expect(approach.by === 'dialling' && approach.target(address)).to.deep.equal({ url: address.url });
    expect(introduction.messageOf(address)).to.equal(TOKEN);
  });

  it('has token and query as secrets', () => {
    expect(crossbar.secretsOf(address)).to.deep.equal([TOKEN]);
    expect(crossbar.secretsIn(address.url)).to.include('a-key');
    expect(crossbar.shownUrl(address.url)).to.equal('wss://h/in/x');
  });

  it('accepts, refuses with its reason, or has said nothing of it', () => {
    expect(introduction.readReply('{"topic":"x","token":"t","authorised":true,"reason":"ok"}')).to.deep.equal({
      verdict: 'accepted',
    });
    for (const [reason, said] of [
      ['"token has expired"', 'token has expired'],
      ['""', 'it gives no reason'],
      ['1', 'it gives no reason'],
    ]) {
      expect(introduction.readReply(`{"authorised":false,"reason":${reason!}}`)).to.deep.equal({
        verdict: 'refused',
        fault: { code: 'refused', message: `the relay server rejected the token: ${said!}` },
      });
    }
    for (const text of ['hello', '[]', 'null', '{"authorised":"true"}', '{"authorised":1}', '{}', ''])
      expect(introduction.readReply(text), text).to.equal(null);
    expect(introduction.silenceFault(1500)).to.deep.equal({
      code: 'no-answer',
      message: 'no answer to the token within 1.5 s',
    });
  });

  it('that is open may send what it likes', () => {
    expect(crossbar.readObjection(Buffer.from('{"authorised":false}'))).to.equal(null);
  });

  it('that drops the connection instead of a reply has refused the token', () => {
    const found = crossbar.readClose(1006, '');
    expect(crossbar.meaningOf({ ...failure, found, wasAuthorising: true }).code).to.equal('refused');
    expect(crossbar.meaningOf({ ...failure, found }).code).to.equal('lost');
    const unreached = { code: 'unreachable', message: 'x' } as const;
    expect(crossbar.meaningOf({ ...failure, found: unreached, wasAuthorising: true })).to.deep.equal(unreached);
  });

  it('that refuses or drops a token after its end: it has expired', () => {
    for (const found of [crossbar.readClose(1006, ''), crossbar.readClose(1008, 'no'), crossbar.readUpgrade(401, '')]) {
      const meant = crossbar.meaningOf({ ...failure, found, token: ENDED });
      expect(meant.code, found.message).to.equal('token-expired');
      expect(meant.message).to.contain('1970-01-01T00:16:40Z').and.to.contain(found.message);
      expect(crossbar.meaningOf({ ...failure, found, token: ENDED, nowMs: 999_999 })).to.deep.equal(found);
    }
  });
});
