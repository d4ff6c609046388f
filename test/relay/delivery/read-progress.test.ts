import { expect } from 'chai';
import { ReadProgress } from '../../../src/relay/delivery/read-progress.js';

describe('ReadProgress', () => {
  it('finds a reader stuck that reads not one byte of what waits for as long as it may', () => {
    const progress = new ReadProgress(1000);
    expect(progress.isStuck(500, 0)).to.be.false;
    expect(progress.isStuck(500, 999)).to.be.false;
    expect(progress.isStuck(500, 1000)).to.be.true;
  });

  it('starts again with each byte that is read, or added', () => {
    const progress = new ReadProgress(1000);
    progress.isStuck(500, 0);
    expect(progress.isStuck(499, 999)).to.be.false;
    expect(progress.isStuck(499, 1998)).to.be.false;
    expect(progress.isStuck(600, 1999)).to.be.false;
    expect(progress.isStuck(600, 2999)).to.be.true;
  });

  it('finds no reader stuck for which nothing waits', () => {
    const progress = new ReadProgress(1000);
    for (const atMs of [0, 1000, 5000]) expect(progress.isStuck(0, atMs)).to.be.false;
    expect(progress.isStuck(1, 5001), 'its time starts with what waits').to.be.false;
    expect(progress.isStuck(1, 6001)).to.be.true;
  });
});
