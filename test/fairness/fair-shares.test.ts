// Who holds most gives way first.

import { expect } from 'chai';
import { FairShares } from '../../src/fairness/fair-shares.js';

describe('shares', () => {
  it('name the oldest of who holds most: by the first key, then by the second', () => {
    const shares = new FairShares<string>();
    shares.add(['a', '1'], 'a1');
    for (let i = 0; i < 3; i++) shares.add(['b', '1'], `b1.${i}`);
    for (let i = 0; i < 4; i++) shares.add(['b', '2'], `b2.${i}`);
    for (let i = 0; i < 5; i++) shares.add(['c', '1'], `c1.${i}`);
    const order: string[] = [];
    for (let one = shares.oldestOfLargest(); one && shares.size > 3; one = shares.oldestOfLargest()) {
      order.push(one);
      shares.delete([one[0]!, one[1]!], one);
    }
    expect(order.slice(0, 4)).to.deep.equal(['b2.0', 'b1.0', 'b2.1', 'c1.0']);
    expect(order).not.to.include('a1');
    expect(shares.size).to.equal(3);
  });

  it('have nobody give way to a newcomer who would have more then', () => {
    const shares = new FairShares<number>();
    shares.add(['a'], 1);
    shares.add(['a'], 2);
    shares.add(['b'], 3);
    expect(shares.largestFor(['a'])).to.equal(null);
    expect(shares.largestFor(['b'])).to.equal(null);
    expect([...shares.largestFor(['c'])!]).to.deep.equal([1, 2]);
  });

  it('forget who holds nothing any more', () => {
    const shares = new FairShares<number>();
    shares.delete(['a', 'b'], 1);
    shares.add(['a', 'b'], 1);
    shares.delete(['a', 'b'], 2);
    expect(shares.size).to.equal(1);
    shares.delete(['a', 'b'], 1);
    expect([shares.size, shares.oldestOfLargest()]).to.deep.equal([0, null]);
  });
});
