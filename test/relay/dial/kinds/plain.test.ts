// Over sockets: test/relay/destination, test/relay/dial/faults.test.ts.

import { expect } from 'chai';
import { plain } from '../../../../src/relay/dial/kinds/plain.js';

const address = { url: 'ws://h/in/x?key=a-key', token: null };
const failure = { wasAuthorising: false, token: null, nowMs: 0 };

describe('a plain endpoint', () => {
  it('is one without a token', () => {
    const url = new URL(address.url);
    expect([false, true].map((hasToken) => plain.recognises({ url, hasToken }))).to.deep.equal([true, false]);
    expect(plain.tokenNeed).to.equal(null);
  });

  it('is dialled at its address, and sent media at once', () => {
    const { approach } = plain;
    expect(approach.by === 'dialling' && approach.target(address)).to.deep.equal({ url: address.url });
    expect(plain.introduction).to.equal(null);
  });

  it('has the values of its query as secrets', () => {
    expect(plain.secretsOf(address)).to.deep.equal([]);
    expect(plain.secretsIn(address.url)).to.include('a-key');
    expect(plain.shownUrl(address.url)).to.equal('ws://h/in/x');
  });

  it('objects to media that it took for a token, in one form only', () => {
    const read = (text: string) => plain.readObjection(Buffer.from(text));
    expect(read('{"authorised":false,"reason":"no token"}')).to.deep.equal({
      code: 'refused',
      message: 'it took the first message for a token: no token',
    });
    expect(read('{"authorised":false}')?.message).to.contain('it gives no reason');
    for (const text of ['{"authorised":true}', '{"authorised":"false"}', ' {"authorised":false}', '{', '', '[1]', 'hi'])
      expect(read(text), text).to.equal(null);
  });

  it('that asks for authentication wants a token, however it asks', () => {
    const found = [
      plain.readUpgrade(401, ''),
      plain.readUpgrade(403, '{"detail":"token required"}'),
      plain.readClose(3000, ''),
      plain.readClose(4401, ''),
      plain.readClose(1008, 'unauthorised'),
      plain.readClose(1000, 'a token is missing'),
    ];
    for (const one of found) {
      const meant = plain.meaningOf({ ...failure, found: one });
      expect(meant.code, one.message).to.equal('token-required');
      expect(meant.message).to.contain(one.message);
    }
  });

  it('that refuses for another reason, or is lost, is reported as that', () => {
    const found = [
      plain.readUpgrade(403, ''),
      plain.readUpgrade(404, ''),
      plain.readUpgrade(503, 'come back later'),
      plain.readClose(1008, 'full'),
      plain.readClose(1006, ''),
      plain.readClose(1012, ''),
    ];
    expect(found.map(({ code }) => code)).to.deep.equal(['refused', 'wrong-path', 'other', 'refused', 'lost', 'lost']);
    for (const one of found) expect(plain.meaningOf({ ...failure, found: one })).to.deep.equal(one);
  });
});
