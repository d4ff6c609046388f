// Limits the clients of each feed or stream, over any protocol. If it is full, a new client replaces the oldest one of the
// address that has most, provided that its own has fewer.

import { LimitError } from '../../errors.js';
import { FairShares } from '../../fairness/fair-shares.js';

/** Disconnects a client. */
type Evict = () => void;

/** Counts the clients of each name. */
export class ClientLimit {
  readonly #inUse = new Map<string, FairShares<Evict>>();

  constructor(private readonly most: number) {}

  /** Throws {@link LimitError} if there is no room for one more client from `network`, the owner of an address. */
  check(name: string, network: string): void {
    const seats = this.#inUse.get(name);
    const count = seats?.size ?? 0;
    if (count < this.most || seats?.largestFor([network])) return;
    throw new LimitError('ERR_TOO_MANY_CLIENTS', `"${name}" has ${count} clients already (VW_MAX_CLIENTS)`);
  }

  /**
   * Adds a client until the returned function is called. `giveWay` is called when another client replaces it. Throws
   * {@link LimitError}.
   */
  acquire(name: string, network: string, giveWay: Evict): () => void {
    this.check(name, network);
    const share = [network];
    let seats = this.#inUse.get(name);
    const [oldest] = seats && seats.size >= this.most ? (seats.largestFor(share) ?? []) : [];
    oldest?.();
    seats = this.#inUse.get(name);
    if (!seats) this.#inUse.set(name, (seats = new FairShares()));
    const own = () => {
      leave();
      giveWay();
    };
    const leave = () => {
      const all = this.#inUse.get(name);
      all?.delete(share, own);
      if (all?.size === 0) this.#inUse.delete(name);
    };
    seats.add(share, own);
    return leave;
  }
}
