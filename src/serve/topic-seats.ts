// Who has a seat on a topic. Publishers have seats of their own, so that viewers never keep a board out.
//
//   may only publish (/in, /session with "write")  a publisher's seat
//   may only watch (/out, /session with "read")    a viewer's seat
//   may do both (/bi, /session)                    a viewer's seat; where those are taken, a publisher's: a board must get in,
//                                                  and what somebody may do does not tell a board from a viewer
//
// A publisher is always let in: where the seats are taken, one gives way. Which one must be safe against a stranger who
// holds the same token, or a token for the same topic, and opens link after link; and must be the half-open predecessor of
// a board whose line broke, if there is one. So the token and address that hold most seats give way, and of theirs the
// connection that has been silent longest. A predecessor is silent, because nothing comes from it, not even pongs; a
// stranger who takes all seats is the one that holds most; a board that sends, or stands by, keeps its seat.
// A viewer is refused where the seats are taken, unless somebody holds more of them than he would.

import { LimitError } from '../errors.js';
import { networkOf } from '../http/network.js';
import { Shares } from '../shares.js';
import type { ServeLimits } from './limits.js';
import type { Grant } from './tokens.js';

/** Who can have a seat. */
export interface Seated {
  /** How long nothing has come from it. */
  silentMs(nowMs: number): number;
  /** Its seat is another's now: it is told why, closed, and leaves the seat before this returns. */
  giveWay(reason: string): void;
}

/** The seats of one topic. */
export class TopicSeats {
  readonly #publishers = new Shares<Seated>();
  readonly #viewers = new Shares<Seated>();

  constructor(private readonly limits: Pick<ServeLimits, 'maxTopicClients' | 'maxTopicPublishers'>) {}

  /** How many seats are taken. */
  get taken(): number {
    return this.#publishers.size + this.#viewers.size;
  }

  /** Takes a seat until the returned function is called. Throws {@link LimitError}. */
  take(one: Seated, grant: Grant, address: string): () => void {
    const path = [grant.owner, networkOf(address)];
    const hasRoom = this.#viewers.size < this.limits.maxTopicClients;
    const isPublisher = grant.canWrite && !(grant.canRead && hasRoom);
    const seats = isPublisher ? this.#publishers : this.#viewers;
    if (isPublisher) this.#makeRoomForPublisher();
    else if (!hasRoom) this.#makeRoomForViewer(path);
    seats.add(path, one);
    return () => seats.delete(path, one);
  }

  /** Everybody gives way. */
  clear(reason: string): void {
    for (const seats of [this.#publishers, this.#viewers]) {
      for (let one = seats.oldestOfMost(); one; one = seats.oldestOfMost()) one.giveWay(reason);
    }
  }

  #makeRoomForPublisher(): void {
    const { maxTopicPublishers } = this.limits;
    if (this.#publishers.size < maxTopicPublishers) return;
    mostSilent(this.#publishers.ofMost()).giveWay(
      `a newer publisher has this place: the topic has ${maxTopicPublishers} (VW_SERVE_MAX_PUBLISHERS)`,
    );
  }

  #makeRoomForViewer(path: readonly string[]): void {
    const { maxTopicClients } = this.limits;
    const most = this.#viewers.ofMostFor(path);
    if (!most) throw new LimitError('ERR_TOO_MANY_CLIENTS', `the topic has ${maxTopicClients} viewers already`);
    mostSilent(most).giveWay(`another has this place: the topic has ${maxTopicClients} viewers (VW_SERVE_MAX_CLIENTS)`);
  }
}

/** Of several the one from which nothing has come for longest; of those the first. */
function mostSilent(seated: readonly Seated[]): Seated {
  const now = performance.now();
  return seated.reduce((found, one) => (one.silentMs(now) > found.silentMs(now) ? one : found));
}
