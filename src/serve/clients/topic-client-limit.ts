// Limits the clients of a topic. Publishers and viewers have separate limits, so that viewers never keep a board out.
//
//   may only publish (/in, /session with "write")  counts as a publisher
//   may only view (/out, /session with "read")     counts as a viewer
//   may do both (/bi, /session)                    counts as a viewer; if those are at their limit, as a publisher: a board
//                                                  must get in, and its token does not distinguish it from a viewer
//
// A publisher is always admitted: at the limit another one is evicted. The choice must be safe against an attacker who
// holds the same token, or a token for the same topic, and opens link after link; and it must be the half-open
// predecessor of a board whose line broke, if there is one. So it is a connection of the token and address with most
// connections, the one that has been silent longest. A predecessor is silent, because nothing arrives from it, not even
// pongs; an attacker who takes all places is the one with most; a board that sends, or is on standby, keeps its place.
// A viewer is refused at the limit, unless another token or address has more connections than the newcomer's would
// have.

import { LimitError } from '../../errors.js';
import { networkOf } from '../../http/connection/network.js';
import { FairShares } from '../../fairness/fair-shares.js';
import type { ServeLimits } from '../../config/limits.js';
import type { Grant } from '../auth/tokens.js';

/** A client that can be evicted. */
export interface LimitedClient {
  /** How long nothing has arrived from it. */
  silentMs(nowMs: number): number;
  /** Evicts it: closes it with the reason, and removes it before this returns. */
  evict(reason: string): void;
}

/** The client limits of one topic. */
export class TopicClientLimit {
  readonly #publishers = new FairShares<LimitedClient>();
  readonly #viewers = new FairShares<LimitedClient>();

  constructor(private readonly limits: Pick<ServeLimits, 'maxTopicClients' | 'maxTopicPublishers'>) {}

  /** The number of clients. */
  get inUse(): number {
    return this.#publishers.size + this.#viewers.size;
  }

  /** Admits a client until the returned function is called. Throws {@link LimitError}. */
  acquire(one: LimitedClient, grant: Grant, address: string): () => void {
    const path = [grant.owner, networkOf(address)];
    const hasRoom = this.#viewers.size < this.limits.maxTopicClients;
    const isPublisher = grant.canWrite && !(grant.canRead && hasRoom);
    const seats = isPublisher ? this.#publishers : this.#viewers;
    if (isPublisher) this.#makeRoomForPublisher();
    else if (!hasRoom) this.#makeRoomForViewer(path);
    seats.add(path, one);
    return () => seats.delete(path, one);
  }

  /** Evicts every client. */
  clear(reason: string): void {
    for (const seats of [this.#publishers, this.#viewers]) {
      for (let one = seats.oldestOfLargest(); one; one = seats.oldestOfLargest()) one.evict(reason);
    }
  }

  #makeRoomForPublisher(): void {
    const { maxTopicPublishers } = this.limits;
    if (this.#publishers.size < maxTopicPublishers) return;
    longestSilent(this.#publishers.largest()).evict(
      `a newer publisher took this place: the topic has at most ${maxTopicPublishers} (VW_SERVE_MAX_PUBLISHERS)`,
    );
  }

  #makeRoomForViewer(path: readonly string[]): void {
    const { maxTopicClients } = this.limits;
    const most = this.#viewers.largestFor(path);
    if (!most)
      throw new LimitError('ERR_TOO_MANY_CLIENTS', `the topic has reached its limit of ${maxTopicClients} viewers`);
    longestSilent(most).evict(
      `another viewer took this place: the topic has at most ${maxTopicClients} (VW_SERVE_MAX_CLIENTS)`,
    );
  }
}

/** The client that has been silent longest; the first of several. */
function longestSilent(seated: readonly LimitedClient[]): LimitedClient {
  const now = performance.now();
  return seated.reduce((found, one) => (one.silentMs(now) > found.silentMs(now) ? one : found));
}
