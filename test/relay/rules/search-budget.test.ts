import { expect } from 'chai';
import { SearchBudget } from '../../../src/relay/rules/search-budget.js';

describe('Searches', () => {
  it('searches again only when the names have changed', () => {
    const searches = new SearchBudget();
    let count = 0;
    const search = () => `found${++count}`;
    for (let i = 0; i < 5; i++) expect(searches.find('a', 1, 3, search)).to.equal('found1');
    expect(searches.find('a', 2, 3, search)).to.equal('found2');
  });

  it('compares a limited number of names in a second, and keeps what it has found', () => {
    const searches = new SearchBudget();
    expect(searches.find('a', 1, 1e6, () => 'b')).to.equal('b');
    expect(searches.find('a', 2, 1, () => 'c')).to.equal('b');
    expect(searches.find('x', 2, 1, () => 'y')).to.equal(null);
    searches.refill();
    expect(searches.find('a', 2, 1, () => 'c')).to.equal('c');
  });
});
