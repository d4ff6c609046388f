// Who watches each feed or stream, over whatever protocol: there is room for so many and no more. Where it is full, the
// address with most seats gives one up to another that has fewer.

import { LimitError } from '../errors.js';
import { Shares } from '../shares.js';

/** Who has a seat: ends, and leaves it by that. */
type GiveWay = () => void;

/** Counts who is there, by name. */
export class Seats {
  readonly #taken = new Map<string, Shares<GiveWay>>();

  constructor(private readonly most: number) {}

  /** Throws {@link LimitError} if there is no room for one more from `network`: who an address belongs to. */
  check(name: string, network: string): void {
    const seats = this.#taken.get(name);
    const count = seats?.size ?? 0;
    if (count < this.most || seats?.ofMostFor([network])) return;
    throw new LimitError('ERR_TOO_MANY_CLIENTS', `"${name}" has ${count} clients already (VW_MAX_CLIENTS)`);
  }

  /**
   * Takes a seat, until the returned function is called. `giveWay` is called where it is to be another's, which has it from
   * then on. Throws {@link LimitError}.
   */
  take(name: string, network: string, giveWay: GiveWay): () => void {
    this.check(name, network);
    const share = [network];
    let seats = this.#taken.get(name);
    const [oldest] = seats && seats.size >= this.most ? (seats.ofMostFor(share) ?? []) : [];
    oldest?.();
    seats = this.#taken.get(name);
    if (!seats) this.#taken.set(name, (seats = new Shares()));
    const own = () => {
      leave();
      giveWay();
    };
    const leave = () => {
      const all = this.#taken.get(name);
      all?.delete(share, own);
      if (all?.size === 0) this.#taken.delete(name);
    };
    seats.add(share, own);
    return leave;
  }
}
