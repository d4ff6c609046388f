// All connections of a server and what they share; counted by address, checked once a second.

import type { Log } from '../log.js';
import { TalliedWarning } from '../log-tally.js';
import { LimitError } from '../errors.js';
import type { DropObserver } from '../relay/gate.js';
import { networkOf } from '../http/network.js';
import { Shares } from '../shares.js';
import type { Entrance } from './entrance.js';
import type { ServeLimits } from './limits.js';
import type { Rooms } from './rooms.js';
import type { Grant, Tokens } from './tokens.js';
import type { Place } from './topic.js';
import type { Traffic } from './traffic.js';
import type { Visitor } from './visitor.js';

const LOOK_MS = 1000;

/** The connections of one server. */
export class Hall {
  readonly #visitors = new Set<Visitor>();
  readonly #strangers = new Shares<Visitor>(); // by address
  readonly #members = new Map<string, Shares<Visitor>>(); // by address, then by token
  readonly #owners = new Map<Visitor, string>();
  readonly #refusals: TalliedWarning;
  readonly #stuck: TalliedWarning;
  readonly #slow: TalliedWarning;
  readonly #floods: TalliedWarning;
  readonly #uploads: TalliedWarning;
  readonly #ticker: NodeJS.Timeout;

  /** @param tokens null: no secret is configured. */
  constructor(
    readonly rooms: Rooms,
    readonly tokens: Tokens | null,
    readonly entrance: Entrance,
    readonly limits: ServeLimits,
    readonly log: Log,
  ) {
    this.#refusals = new TalliedWarning(log, 'token refused');
    this.#stuck = new TalliedWarning(log, 'viewer reads nothing: closed');
    this.#floods = new TalliedWarning(log, 'client floods tiny messages: throttled');
    this.#uploads = new TalliedWarning(log, 'upload refused');
    this.#slow = new TalliedWarning(log, 'viewer is slow: dropping messages');
    this.#ticker = setInterval(() => this.#look(), Math.min(LOOK_MS, limits.stuckAfterMs / 3)).unref();
  }

  get size(): number {
    return this.#visitors.size;
  }

  /**
   * Adds a connection; beyond the limit of connections without a token, the oldest of the address with most is closed.
   */
  came(visitor: Visitor, address: string): void {
    this.#visitors.add(visitor);
    this.#strangers.add([networkOf(address)], visitor);
    if (this.#strangers.size > this.limits.maxUnauthorised) {
      this.#strangers.oldestOfMost()!.giveWay('too many connections have not sent their token'); // never null: the new one is in it
    }
  }

  /**
   * Marks a connection as authorised. If its address has reached its limit, the token with most connections loses one.
   * Throws {@link LimitError} if that is its own token.
   */
  settle(visitor: Visitor, { owner }: Grant, address: string): void {
    const { maxAddressClients } = this.limits;
    const network = networkOf(address);
    let members = this.#members.get(network);
    if (members && members.size >= maxAddressClients) {
      const words = `at most ${maxAddressClients} WebSockets from one address (VW_SERVE_MAX_ADDRESS_CLIENTS)`;
      const [oldest] = members.ofMostFor([owner]) ?? [];
      if (!oldest) throw new LimitError('ERR_TOO_MANY_CONNECTIONS', words);
      oldest.giveWay(words);
      members = this.#members.get(network);
    }
    this.#strangers.delete([network], visitor);
    if (!members) this.#members.set(network, (members = new Shares()));
    members.add([owner], visitor);
    this.#owners.set(visitor, owner);
  }

  /** Removes a connection. */
  left(visitor: Visitor, address: string): void {
    if (!this.#visitors.delete(visitor)) return;
    const network = networkOf(address);
    this.#strangers.delete([network], visitor);
    const members = this.#members.get(network);
    members?.delete([this.#owners.get(visitor) ?? ''], visitor);
    if (members?.size === 0) this.#members.delete(network);
    this.#owners.delete(visitor);
  }

  /** Counts and logs a refused token or code. Returns the reason for its sender. */
  noteRefusal(place: Place, address: string, reason: string): string {
    const now = performance.now();
    const isTooOften = this.entrance.hasTriedTooOften(address, now);
    this.entrance.noteRefusal(address, now);
    this.#refusals.tell({ topic: place.path, from: address, reason });
    return isTooOften ? 'too many refused tokens from this address; wait a minute' : reason;
  }

  /** Media arrived in place of a token: counted and logged, but not as an attempt to guess one. */
  noteMissingToken(place: Place, address: string): void {
    this.entrance.refusals++;
    this.#refusals.tell({ topic: place.path, from: address, reason: 'media arrived in place of a token' });
  }

  /** Logs an upload of media by HTTP, which no path accepts. */
  noteUpload(path: string, address: string, reason: string): void {
    this.#uploads.tell({ path: path.slice(0, 200), from: address, reason });
  }

  tellStuck(place: Place, address: string): void {
    this.#stuck.tell({ topic: place.path, from: address, ms: this.limits.stuckAfterMs });
  }

  /**
   * A read of a client of `place` was throttled (a flood of tiny messages); `traffic` is its topic's, null before it is
   * admitted.
   */
  noteThrottledRead(place: Place, address: string, traffic: Traffic | null): void {
    if (traffic === null || traffic.throttledReads++ === 0) this.#floods.tell({ topic: place.path, from: address });
  }

  /** Logs that messages are dropped for a slow viewer of a path. */
  dropsOf(place: Place): DropObserver {
    return {
      droppingStarted: () => this.#slow.tell({ topic: place.path }),
      droppingEnded: (messages, bytes) =>
        this.log.debug('viewer is no longer slow', { topic: place.path, messages, bytes }),
    };
  }

  /** Closes every connection: the server is stopping. */
  close(): void {
    clearInterval(this.#ticker);
    for (const visitor of [...this.#visitors]) visitor.sendAway();
  }

  #look(): void {
    const now = performance.now();
    this.rooms.sample(now);
    for (const visitor of [...this.#visitors]) visitor.look(now);
  }
}
