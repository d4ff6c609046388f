// The client limit of vw stream's feeds: one address does not exclude the others.

import { expect } from 'chai';
import { LimitError } from '../../../src/errors.js';
import { ClientLimit } from '../../../src/relay/delivery/client-limit.js';

describe('the seats of a feed', () => {
  const take = (seats: ClientLimit, address: string, name = 'video0') => {
    const seat = { isGone: false, leave: (): void => undefined };
    seat.leave = seats.acquire(name, address, () => (seat.isGone = true));
    return seat;
  };

  it('are so many each, and free again when somebody leaves, once', () => {
    const seats = new ClientLimit(2);
    const first = take(seats, '192.0.2.1');
    take(seats, '192.0.2.1');
    take(seats, '192.0.2.1', 'video1');
    expect(() => take(seats, '192.0.2.1')).to.throw(LimitError, 'has 2 clients already');
    first.leave();
    first.leave();
    take(seats, '192.0.2.1');
    expect(() => take(seats, '192.0.2.1')).to.throw(LimitError);
  });

  it('go from the address that has most to one that has fewer', () => {
    const seats = new ClientLimit(4);
    const flood = Array.from({ length: 4 }, () => take(seats, '192.0.2.1'));
    const others = ['198.51.100.1', '198.51.100.2', '198.51.100.3'].map((address) => take(seats, address));
    expect(flood.map(({ isGone }) => isGone)).to.deep.equal([true, true, true, false]);
    expect(() => take(seats, '198.51.100.4'), 'each has one').to.throw(LimitError);
    for (const one of flood) one.leave(); // those that were replaced have already left
    take(seats, '192.0.2.1');
    expect(() => take(seats, '192.0.2.1')).to.throw(LimitError);
    expect(others.some(({ isGone }) => isGone)).to.equal(false);
  });

  it('of none are refused', () => {
    expect(() => new ClientLimit(0).check('video0', '192.0.2.1')).to.throw(LimitError);
  });
});
