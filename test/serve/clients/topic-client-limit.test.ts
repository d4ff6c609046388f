// Seats of publishers and viewers: viewers never keep a board out, nor does the board's own half-open predecessor, nor a
// stranger who holds the same token.

import { expect } from 'chai';
import type { Grant } from '../../../src/serve/auth/tokens.js';
import { type LimitedClient, TopicClientLimit } from '../../../src/serve/clients/topic-client-limit.js';
import { TestClient, TestServe } from '../../support/relay/serve.js';
import { until } from '../../support/wait.js';

/** Somebody with a seat, silent for so long. */
class Guest implements LimitedClient {
  reason: string | null = null;
  #leave: () => void = () => undefined;

  constructor(
    seats: TopicClientLimit,
    readonly silence: number,
    { owner = 'token', address = '192.0.2.1', scopes = 'w' } = {},
  ) {
    const grant: Grant = { canRead: scopes.includes('r'), canWrite: scopes.includes('w'), endsMs: Infinity, owner };
    this.#leave = seats.acquire(this, grant, address);
  }

  silentMs(): number {
    return this.silence;
  }

  evict(reason: string): void {
    this.reason = reason;
    this.#leave();
  }
}

describe('the seats of a topic', () => {
  const limits = { maxTopicClients: 4, maxTopicPublishers: 3 };

  it('let a publisher in however many viewers there are, and the other way round', () => {
    const seats = new TopicClientLimit(limits);
    for (let i = 0; i < 4; i++) new Guest(seats, 0, { scopes: 'r', owner: `viewer${i}` });
    expect(() => new Guest(seats, 0, { scopes: 'r', owner: 'late' })).to.throw('limit of 4 viewers');
    for (let i = 0; i < 3; i++) new Guest(seats, 0);
    expect(seats.inUse).to.equal(7);
  });

  it('have the publisher give way that was silent longest: a half-open predecessor', () => {
    const seats = new TopicClientLimit(limits);
    const [standingBy, gone, sending] = [new Guest(seats, 20), new Guest(seats, 8000), new Guest(seats, 10)];
    const newest = new Guest(seats, 0);
    expect([standingBy, gone, sending, newest].map(({ reason }) => reason !== null)).to.deep.equal([
      false,
      true,
      false,
      false,
    ]);
    expect(gone.reason).to.match(/a newer publisher took this place: .*VW_SERVE_MAX_PUBLISHERS/);
  });

  it('have a stranger give way who took most of them, not a silent board: same token elsewhere, and another token', () => {
    for (const stranger of [{ address: '198.51.100.9' }, { owner: 'other token' }]) {
      const seats = new TopicClientLimit(limits);
      const board = new Guest(seats, 100_000);
      const strangers = Array.from({ length: 20 }, () => new Guest(seats, 0, stranger));
      expect(board.reason).to.equal(null);
      expect(strangers.filter(({ reason }) => reason === null)).to.have.length(2);
      expect(strangers.at(-1)!.reason).to.equal(null);
      const again = new Guest(seats, 0);
      expect([board.reason, again.reason], 'the board comes back').to.deep.equal([null, null]);
    }
  });

  it('let in who may do both as a viewer, and where viewers have taken all, as a publisher', () => {
    const seats = new TopicClientLimit(limits);
    for (let i = 0; i < 4; i++) new Guest(seats, 0, { scopes: 'rw', owner: `class${i}` });
    const silent = Array.from(
      { length: 3 },
      (_, i) => new Guest(seats, 5000 + i, { scopes: 'rw', owner: `class${i}` }),
    );
    const board = new Guest(seats, 0, { scopes: 'rw', owner: 'board' });
    expect(silent.map(({ reason }) => reason !== null)).to.deep.equal([false, false, true]);
    expect(board.reason).to.equal(null);
  });

  it('evict a viewer in favour of a token or an address with fewer of them', () => {
    const seats = new TopicClientLimit(limits);
    const flood = Array.from({ length: 4 }, (_, i) => new Guest(seats, 100 - i, { scopes: 'r', owner: 'flood' }));
    new Guest(seats, 0, { scopes: 'r', owner: 'a' });
    expect(flood[0]!.reason).to.match(/VW_SERVE_MAX_CLIENTS/);
    expect(() => new Guest(seats, 0, { scopes: 'r', owner: 'flood' })).to.throw('limit of 4 viewers');
    for (const owner of ['b', 'c']) new Guest(seats, 0, { scopes: 'r', owner });
    expect(() => new Guest(seats, 0, { scopes: 'r', owner: 'd' }), 'each has one').to.throw('limit of 4 viewers');
  });
});

describe('a board', () => {
  it('comes back to a topic that is full of viewers, at /in and at /session, with a token for both too', async () => {
    const serve = await TestServe.start({ limits: { maxTopicClients: 2, maxTopicPublishers: 1 } });
    const viewer = await serve.member('/out/x');
    await serve.client('/out/x', serve.token('x', ['read'], { booking_id: 'other' }));
    for (const [i, scopes] of [['write'], ['read', 'write']].entries()) {
      const before = viewer.heard.length;
      const { uri } = await serve.access('x', serve.token('x', scopes));
      for (const board of [await serve.member('/in/x'), new TestClient(uri)]) {
        await board.opened();
        board.socket.send(`reading ${i}`);
        await until('it is heard', () => viewer.heard.length > before);
      }
    }
  });

  it('keeps its place, and viewers their limit, where no token is required', async () => {
    const serve = await TestServe.start({ secret: null, limits: { maxTopicClients: 2, maxTopicPublishers: 2 } });
    const board = await serve.client('/in/x');
    const viewers = [await serve.client('/out/x'), await serve.client('/out/x')];
    const { code, reason } = await (await serve.client('/out/x')).isClosed();
    expect({ code, reason }).to.deep.equal({ code: 1013, reason: 'the topic has reached its limit of 2 viewers' });
    board.socket.send('reading');
    await Promise.all(viewers.map((viewer) => viewer.hears(1)));
    expect(await serve.topic('x')).to.include({ publishers: 1, viewers: 2 });
  });

  it('does not wait for its half-open predecessor, which is told why when it wakes up', async () => {
    const serve = await TestServe.start({ limits: { maxTopicPublishers: 1 } });
    const viewer = await serve.member('/out/x');
    const predecessor = await serve.member('/in/x');
    predecessor.socket.send('first');
    await viewer.hears(1);
    predecessor.socket.pause();
    const board = await serve.member('/in/x');
    board.socket.send('second');
    await viewer.hears(2);
    predecessor.socket.resume();
    const { code, reason } = await predecessor.isClosed();
    expect([code === 1013 || code === 1006, reason === '' || reason.includes('newer publisher')]).to.deep.equal([
      true,
      true,
    ]);
    expect(await serve.topic('x')).to.include({ publishers: 1, viewers: 1 });
  });

  it('gets in where its topic was the last that there is room for, and its predecessor its only client', async () => {
    const serve = await TestServe.start({ limits: { maxTopics: 1, maxTopicPublishers: 1 } });
    await serve.member('/in/x');
    const board = await serve.member('/in/x');
    board.socket.send('x');
    await until('it counts', async () => (await serve.topic('x')).receivedMessages === 1);
    await serve.member('/out/x');
  });
});

describe('one of many', () => {
  it('topics of an address gives way to another address where nothing is asked for; one without a publisher first', async () => {
    const serve = await TestServe.start({
      secret: null,
      isOpen: true,
      trustedProxies: ['127.0.0.1'],
      limits: { maxTopics: 3 },
    });
    const from = (address: string) => ({ headers: { 'X-Forwarded-For': address } });
    const board = await serve.client('/in/a', undefined, from('192.0.2.1'));
    const idle = await serve.client('/out/b', undefined, from('192.0.2.1'));
    await serve.client('/in/c', undefined, from('192.0.2.1'));
    const refused = await serve.client('/in/d', undefined, from('192.0.2.1'));
    expect((await refused.isClosed()).reason).to.equal('the limit of 3 topics is reached');
    const other = await serve.client('/in/d', undefined, from('192.0.2.2'));
    expect((await idle.isClosed()).reason).to.match(/VW_SERVE_MAX_TOPICS/);
    await other.flushed();
    expect([board.closed, other.closed]).to.deep.equal([null, null]);
  });

  it('strangers of an address gives way, not a stranger from elsewhere that is about to show its token', async () => {
    const serve = await TestServe.start({ trustedProxies: ['127.0.0.1'], limits: { maxUnauthorised: 3 } });
    const from = (address: string) => ({ headers: { 'X-Forwarded-For': address } });
    const one = await serve.client('/out/x', undefined, from('192.0.2.2'));
    for (let i = 0; i < 6; i++) await serve.client('/out/x', undefined, from('192.0.2.1'));
    one.socket.send(serve.pathToken('/out/x'));
    await one.hears(1);
    expect(one.texts[0]).to.include('"authorised":true');
  });

  it('WebSockets of a token gives way where their address has all that it may, to another token behind it', async () => {
    const serve = await TestServe.start({ limits: { maxAddressClients: 3 } });
    const flood = await Promise.all(Array.from({ length: 3 }, () => serve.member('/out/x')));
    const other = await serve.member('/out/y');
    await until('one of the flood is closed', () => flood.some(({ closed }) => closed !== null));
    expect(other.closed).to.equal(null);
    expect(flood.filter(({ closed }) => closed !== null)).to.have.length(1);
  });
});
