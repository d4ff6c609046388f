import { expect } from 'chai';
import { knownVariables } from '../src/config/stream-config.js';
import { closestName } from '../src/closest.js';

describe('closestName', () => {
  it('finds what was meant', () => {
    const meant = (name: string) => closestName(name, knownVariables());
    expect(meant('VW_APIKEY')).to.equal('VW_API_KEY');
    expect(meant('VW_SERVE_SECRETS')).to.equal('VW_SERVE_SECRET');
    expect(meant('VW_PROT')).to.equal('VW_PORT');
    expect(meant('vw_log-level')).to.equal('VW_LOG_LEVEL');
  });

  it('finds nothing where nothing is like it', () => {
    expect(closestName('VW_SOMETHING_ELSE_ALTOGETHER', knownVariables())).to.equal(null);
    expect(closestName('x'.repeat(100_000), knownVariables())).to.equal(null);
    expect(closestName('', [])).to.equal(null);
  });
});
