// All topics: the first client of a topic creates it, and it ends with its last one.

import { LimitError } from '../errors.js';
import { networkOf } from '../http/network.js';
import { Shares } from '../shares.js';
import type { Log } from '../log.js';
import { CacheBudget } from '../relay/gop-cache.js';
import { Room, type RoomStats } from './room.js';
import type { Seated } from './topic-seats.js';
import type { Grant } from './tokens.js';
import { Traffic } from './traffic.js';
import type { ServeLimits } from './limits.js';

/** The topics of one server, by the name that `roomOf` returns. */
export class Rooms {
  readonly #rooms = new Map<string, Room>();
  /** By the address that created them. */
  readonly #makers = new Shares<Room>();
  readonly #limits: ServeLimits;
  readonly #log: Log;
  /** The traffic of topics that have ended. */
  readonly #past = new Traffic();
  readonly #budget: CacheBudget | null;

  constructor(limits: ServeLimits, log: Log) {
    this.#limits = limits;
    this.#log = log;
    this.#budget = limits.cacheMb > 0 ? new CacheBudget(limits.cacheMb * 1024 * 1024) : null;
  }

  /** Admits a client to the topic of a name, which is created if there is none. Throws {@link LimitError}. */
  enter(name: string, client: Seated, grant: Grant, address: string): { room: Room; leave: () => void } {
    const room = this.#rooms.get(name) ?? this.#make(name, grant, address);
    room.clients++; // so that the topic stays, even if the client that is evicted was its last
    try {
      const leaveSeat = room.seats.take(client, grant, address);
      return {
        room,
        leave: () => {
          leaveSeat();
          this.#leave(room);
        },
      };
    } catch (error) {
      this.#leave(room);
      throw error;
    }
  }

  #make(name: string, grant: Grant, address: string): Room {
    const maker = [networkOf(address)];
    if (this.#rooms.size >= this.#limits.maxTopics) this.#makeRoom(maker, grant);
    const room = new Room(name, maker, this.#budget, this.#limits, this.#log);
    this.#rooms.set(name, room);
    this.#makers.add(maker, room);
    return room;
  }

  /** Makes sure that one more topic is possible, ending another if need be. Throws {@link LimitError}. */
  #makeRoom(maker: readonly string[], grant: Grant): void {
    const { maxTopics } = this.#limits;
    // A token is for one topic, so whoever signs tokens decides on their number. Without tokens an address may create
    // any number.
    const most = grant.owner === '' ? this.#makers.ofMostFor(maker) : null;
    if (!most) throw new LimitError('ERR_TOO_MANY_TOPICS', `the limit of ${maxTopics} topics is reached`);
    const room = most.find(({ publishers }) => publishers === 0) ?? most[0]!; // it holds two at least
    room.seats.clear(
      `the limit of ${maxTopics} topics is reached (VW_SERVE_MAX_TOPICS): this one ended in favour of another`,
    );
  }

  /** A client has left; the topic ends with its last one. */
  #leave(room: Room): void {
    room.clients--;
    if (room.clients > 0) return;
    this.#rooms.delete(room.name);
    this.#makers.delete(room.maker, room);
    this.#past.add(room.traffic);
  }

  /** Samples what is measured once a second. */
  sample(nowMs: number): void {
    for (const room of this.#rooms.values()) room.sample(nowMs);
  }

  get(name: string): Room | undefined {
    return this.#rooms.get(name);
  }

  get names(): string[] {
    return [...this.#rooms.keys()];
  }

  /** The state of each topic. */
  stats(nowMs: number): Record<string, RoomStats> {
    return Object.fromEntries([...this.#rooms].map(([name, room]) => [name, room.stats(nowMs)]));
  }

  /** All traffic since the start. */
  total(): Traffic {
    const total = new Traffic();
    total.add(this.#past);
    for (const { traffic } of this.#rooms.values()) total.add(traffic);
    return total;
  }
}
