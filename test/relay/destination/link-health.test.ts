import { expect } from 'chai';
import type { Fault } from '../../../src/relay/events/event.js';
import { LinkHealth } from '../../../src/relay/destination/link-health.js';

const lost = (message = 'the connection broke off'): Fault => ({ code: 'lost', message: message });
const refused: Fault = { code: 'refused', message: 'no' };

describe('LinkHealth', () => {
  it('keeps a fault until the link has lasted, and reports then that it is open', () => {
    const health = new LinkHealth(5000);
    expect(health.opened(0), 'nothing is wrong yet').to.equal(true);
    expect(health.lost(lost(), 100)).to.equal(true);
    expect(health.opened(200)).to.equal(false);
    expect(health.fault).to.deep.equal(lost());
    expect(health.lasted()).to.equal(true);
    expect(health.fault).to.equal(null);
    expect(health.lost(lost(), 9000), 'told anew').to.equal(true);
  });

  it('reports nothing twice if nothing was wrong', () => {
    const health = new LinkHealth(5000);
    health.opened(0);
    expect(health.lasted()).to.equal(false);
  });

  it('reports each cause once, however often it occurs and whatever numbers it contains', () => {
    const health = new LinkHealth(5000);
    let told = 0;
    for (let i = 0; i < 1000; i++) {
      if (health.opened(i)) told += 100;
      if (health.lost(lost(i % 2 === 0 ? `closed it (4${i}: id=a${i}f)` : `no answer within ${i} s`), i)) told++;
    }
    expect(told).to.equal(102);
  });

  it('reports a limited number of causes, however many there are', () => {
    const health = new LinkHealth(5000);
    const message = Array.from({ length: 500 }, (_, i) =>
      'abcdefghijklmnopqrstuvwxyz'.slice(i % 26).repeat(1 + i / 26),
    );
    const told = message.filter((one) => health.lost(lost(one), 0));
    expect(told).to.have.lengthOf(21);
  });

  it('requires only an endpoint that refused to last longer than it did before', () => {
    const health = new LinkHealth(5000);
    health.opened(0);
    health.lost(refused, 10_000);
    expect(health.probationMs).to.equal(20_000);
    health.opened(11_000);
    health.lost(lost(), 22_000);
    expect(health.probationMs).to.equal(5000);
    health.opened(23_000);
    health.lost(refused, 3_600_000);
    expect(health.probationMs, 'a token that has ended after an hour').to.equal(60_000);
    health.lasted();
    expect(health.probationMs).to.equal(5000);
  });
});
