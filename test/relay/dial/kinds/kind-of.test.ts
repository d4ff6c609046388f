import { expect } from 'chai';
import { KINDS, kindOf, shownUrl } from '../../../../src/relay/dial/kinds/kind-of.js';
import {
  ACCEPTED_URLS,
  DOCUMENTED_URLS,
  endpointUrlFault,
  missingToken,
  SCHEMES_WITHOUT_TOKEN,
  URLS_WITHOUT_TOKEN,
} from '../../../../src/relay/rules/endpoint-url.js';

describe('the kind of an endpoint', () => {
  const addresses: [url: string, token: string | null, kind: string | undefined][] = [
    ['ws://h/in/x', null, 'plain'],
    ['wss://h/in/x', null, 'plain'],
    ['WSS://h/in/x', null, 'plain'],
    ['ws://h/in/x', 't', 'crossbar'],
    ['wss://h:1/in/x?y', 't', 'crossbar'],
    ['wss://h/in/x', '', 'crossbar'], // a token that is not shown
    ['http://h/session/x', 't', 'practable'],
    ['HTTPS://h/session/x', 't', 'practable'],
    ['https://h/session/x', null, 'practable'], // which needs one
    ['ftp://h/x', null, undefined],
    ['srt://h:1', 't', undefined],
    ['nonsense', null, undefined],
    ['', 't', undefined],
  ];
  for (const [url, token, kind] of addresses) {
    it(`of ${url || 'nothing'} ${token === null ? 'without' : 'with'} a token is ${kind ?? 'none'}`, () => {
      expect(kindOf(url, token)?.name).to.equal(kind);
      expect(endpointUrlFault(url) === null).to.equal(kind !== undefined);
    });
  }

  it('is a value without state', () => {
    expect(KINDS.map(({ name }) => name)).to.have.length(new Set(KINDS.map(({ name }) => name)).size);
    for (const { precedence, schemes } of KINDS) {
      expect(precedence).to.be.a('number');
      for (const scheme of schemes) expect(scheme).to.match(/^[a-z][a-z0-9+.-]*:$/);
    }
  });

  it('gives the words about addresses, those of further kinds among them', () => {
    const ws = ['ws://host[:port]/path', 'wss://host[:port]/path'];
    const [accepted, documented, withoutToken] = [ACCEPTED_URLS, DOCUMENTED_URLS, URLS_WITHOUT_TOKEN].map((words) =>
      words.split(/, or |, | or (?=ws|wss)/),
    );
    expect(accepted).to.include.members([...ws, 'https://host[:port]/session/topic with a token']);
    expect(documented).to.include.members([...ws, 'http:// or https:// with a token']);
    expect(withoutToken).to.include.members(ws).and.not.to.include('https://host[:port]/session/topic with a token');
    expect(SCHEMES_WITHOUT_TOKEN.split(/, or |, | or /)).to.include.members(['ws://', 'wss://']);
    expect(accepted).to.include.members(KINDS.flatMap(({ forms }) => forms));
  });

  it('says whether a token is missing, and what would do without', () => {
    expect(missingToken('ws://h/x')).to.equal(null);
    expect(missingToken('nonsense')).to.equal(null);
    const missing = missingToken('https://h:1/session/x?code=c')!;
    expect(missing.fault).to.equal('an http:// or https:// address requires a token');
    expect(missing.exampleWithout('https://h:1/session/x?code=c')).to.equal('wss://h:1/session/x');
  });

  it('says how an address is shown: without what may be secret', () => {
    for (const token of [null, 't']) {
      expect(shownUrl('wss://u:p@h:1/in/x?code=c#f', token)).to.equal('wss://h:1/in/x');
      expect(shownUrl('nonsense', token)).to.equal('(not a URL)');
      expect(shownUrl('ftp://u:p@h/x?y', token)).to.equal('ftp://h/x');
    }
    expect(shownUrl('https://u:p@h/session/x?code=c', 't')).to.equal('https://h/session/x');
  });
});
