// Everybody who is here: all visitors with what they share, counted by address, looked at once a second.

import type { Log } from '../log.js';
import { TalliedWarning } from '../log-tally.js';
import { LimitError } from '../errors.js';
import type { GateObserver } from '../relay/gate.js';
import type { Entrance } from './entrance.js';
import type { ServeLimits } from './limits.js';
import type { Rooms } from './rooms.js';
import type { Tokens } from './tokens.js';
import type { Place } from './topic.js';
import type { Visitor } from './visitor.js';

const LOOK_MS = 1000;

/** The visitors of one server. */
export class Hall {
  readonly #visitors = new Set<Visitor>();
  readonly #strangers = new Set<Visitor>(); // oldest first
  readonly #counts = new Map<string, number>();
  readonly #refusals: TalliedWarning;
  readonly #stuck: TalliedWarning;
  readonly #slow: TalliedWarning;
  readonly #ticker: NodeJS.Timeout;

  /** @param tokens null: no secret is set. */
  constructor(
    readonly rooms: Rooms,
    readonly tokens: Tokens | null,
    readonly entrance: Entrance,
    readonly limits: ServeLimits,
    readonly log: Log,
  ) {
    this.#refusals = new TalliedWarning(log, 'token refused');
    this.#stuck = new TalliedWarning(log, 'viewer takes nothing: closed');
    this.#slow = new TalliedWarning(log, 'viewer is slow: dropping messages');
    this.#ticker = setInterval(() => this.#look(), Math.min(LOOK_MS, limits.stuckAfterMs / 3)).unref();
  }

  get size(): number {
    return this.#visitors.size;
  }

  /** Throws {@link LimitError} if one more from there is too many. */
  checkRoomFor(address: string): void {
    const { maxAddressClients } = this.limits;
    if ((this.#counts.get(address) ?? 0) < maxAddressClients) return;
    throw new LimitError(
      'ERR_TOO_MANY_CONNECTIONS',
      `${maxAddressClients} WebSockets from one address at most (VW_SERVE_MAX_ADDRESS_CLIENTS)`,
    );
  }

  /** One more; if too many strangers wait with their tokens, the oldest of them gives way. */
  came(visitor: Visitor, address: string): void {
    this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1);
    this.#visitors.add(visitor);
    this.#strangers.add(visitor);
    if (this.#strangers.size <= this.limits.maxUnauthorised) return;
    const [oldest] = this.#strangers as unknown as [Visitor]; // there is one: it was just put there
    oldest.giveWay();
  }

  /** It is no stranger any more. */
  settled(visitor: Visitor): void {
    this.#strangers.delete(visitor);
  }

  /** One less. */
  left(visitor: Visitor, address: string): void {
    if (!this.#visitors.delete(visitor)) return;
    this.#strangers.delete(visitor);
    const left = (this.#counts.get(address) ?? 1) - 1;
    if (left > 0) this.#counts.set(address, left);
    else this.#counts.delete(address);
  }

  /** A token or a code was refused. */
  noteRefusal(place: Place, address: string, reason: string): void {
    this.entrance.noteRefusal(address, Date.now());
    this.#refusals.tell({ topic: place.path, from: address, reason });
  }

  /** Media came where a token was to come: counted and told, but no try to guess one. */
  noteMissingToken(place: Place, address: string): void {
    this.entrance.refusals++;
    this.#refusals.tell({ topic: place.path, from: address, reason: 'media came, and no token' });
  }

  tellStuck(place: Place, address: string): void {
    this.#stuck.tell({ topic: place.path, from: address, ms: this.limits.stuckAfterMs });
  }

  /** What is said of a slow viewer of a place. */
  dropsOf(place: Place): GateObserver {
    return {
      dropsBegan: () => this.#slow.tell({ topic: place.path }),
      dropsEnded: (messages, bytes) => this.log.debug('viewer keeps up again', { topic: place.path, messages, bytes }),
    };
  }

  /** Tells everybody that the server stops. */
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
