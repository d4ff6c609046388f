import { expect } from 'chai';
import { ReadProgress } from '../../../src/relay/delivery/read-progress.js';

describe('ReadProgress', () => {
  it('finds a reader stuck that reads not one byte of what waits for as long as it may', () => {
    const progress = new ReadProgress(1000);
    progress.restart(0, 0);
    expect(progress.check(0, 500, 999)).to.be.false;
    expect(progress.check(0, 500, 1000)).to.be.true;
  });

  it('starts again with each byte that is read, and with none that is only added', () => {
    const progress = new ReadProgress(1000);
    progress.restart(0, 0);
    expect(progress.check(1, 499, 999)).to.be.false;
    expect(progress.check(1, 499, 1998)).to.be.false;
    expect(progress.check(1, 501, 1999), 'a ping was added').to.be.true;
  });

  it('finds no reader stuck for which nothing waits', () => {
    const progress = new ReadProgress(1000);
    for (const atMs of [0, 1000, 5000]) expect(progress.check(0, 0, atMs)).to.be.false;
    expect(progress.check(0, 1, 5001), 'its time starts with what waits').to.be.false;
    expect(progress.check(0, 1, 6000)).to.be.true;
  });
});
