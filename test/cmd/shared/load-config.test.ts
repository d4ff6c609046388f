// What the configuration needs of other parts is said before the program starts.

import { expect } from 'chai';
import { loadStream } from '../../../cmd/shared/load-config.js';
import { SCHEMES_WITHOUT_TOKEN, URLS_WITHOUT_TOKEN } from '../../../src/relay/rules/endpoint-url.js';

describe('the endpoint that commands come from', () => {
  const errorOf = (env: NodeJS.ProcessEnv, options: Readonly<Record<string, string>> = {}) => {
    try {
      loadStream(options, env);
      return null;
    } catch (error) {
      return (error as Error).message;
    }
  };
  const accepted = `cannot be used; accepted: ${URLS_WITHOUT_TOKEN}`;

  it('is an address of an endpoint; the value, which may hold a key, is not shown', () => {
    for (const VW_API of ['ftp://x/a-key', 'x', 'wss://u:a-key@x', 'ws://x/#a-key', 'ws://x:0'])
      expect(errorOf({ VW_API }), VW_API).to.equal(`VW_API=(secret) ${accepted}`);
    expect(errorOf({ VW_API: 'ws://x' }, { api: 'ftp://x' })).to.equal(`--api=(secret) ${accepted}`);
    expect(errorOf({ VW_API: 'ftp://x' }, { api: 'wss://x/bi/board' })).to.equal(null);
  });

  it('has a token if its kind needs one', () => {
    for (const VW_API of ['https://x/session/board', 'HTTP://x/session/board']) {
      expect(errorOf({ VW_API })).to.equal(
        'VW_API is an http address, which is asked for access with VW_API_TOKEN; ' +
          `accepted: both, or ${SCHEMES_WITHOUT_TOKEN} in VW_API`,
      );
      expect(errorOf({ VW_API, VW_API_TOKEN: 't' })).to.equal(null);
    }
    expect(errorOf({ VW_API: 'wss://x/bi/board' })).to.equal(null);
    expect(errorOf({})).to.equal(null);
    expect(errorOf({ VW_API_TOKEN: 't' })).to.contain('VW_API_TOKEN is set without VW_API');
  });
});
