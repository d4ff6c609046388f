// All topics: who comes in finds or makes his, the last to leave takes it down.

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

/** The topics of one server, by room name: see `roomOf`. */
export class Rooms {
  readonly #rooms = new Map<string, Room>();
  /** By the address that had them made. */
  readonly #makers = new Shares<Room>();
  readonly #limits: ServeLimits;
  readonly #log: Log;
  /** What went through topics that are gone. */
  readonly #past = new Traffic();
  readonly #budget: CacheBudget | null;

  constructor(limits: ServeLimits, log: Log) {
    this.#limits = limits;
    this.#log = log;
    this.#budget = limits.cacheMb > 0 ? new CacheBudget(limits.cacheMb * 1024 * 1024) : null;
  }

  /** Takes a seat in the room of a name, which is made if there is none. Throws {@link LimitError}. */
  enter(name: string, client: Seated, grant: Grant, address: string): { room: Room; leave: () => void } {
    const room = this.#rooms.get(name) ?? this.#make(name, grant, address);
    room.clients++; // it stays, though who gives way may be the last
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

  /** There is room for one topic more when this returns. Throws {@link LimitError}. */
  #makeRoom(maker: readonly string[], grant: Grant): void {
    const { maxTopics } = this.#limits;
    // A token is for one topic, and whoever signs tokens decides how many there are. Without, an address takes any number.
    const most = grant.owner === '' ? this.#makers.ofMostFor(maker) : null;
    if (!most) throw new LimitError('ERR_TOO_MANY_TOPICS', `there are ${maxTopics} topics already`);
    const room = most.find(({ publishers }) => publishers === 0) ?? most[0]!; // there are two at least
    room.seats.clear(`another has this topic's place: there are ${maxTopics} (VW_SERVE_MAX_TOPICS)`);
  }

  /** A client has left; without any the room is gone. */
  #leave(room: Room): void {
    room.clients--;
    if (room.clients > 0) return;
    this.#rooms.delete(room.name);
    this.#makers.delete(room.maker, room);
    this.#past.add(room.traffic);
  }

  /** Takes what is measured by the second. */
  sample(nowMs: number): void {
    for (const room of this.#rooms.values()) room.sample(nowMs);
  }

  get(name: string): Room | undefined {
    return this.#rooms.get(name);
  }

  get names(): string[] {
    return [...this.#rooms.keys()];
  }

  /** What each topic is doing. */
  stats(nowMs: number): Record<string, RoomStats> {
    return Object.fromEntries([...this.#rooms].map(([name, room]) => [name, room.stats(nowMs)]));
  }

  /** Everything that went through since the start. */
  total(): Traffic {
    const total = new Traffic();
    total.add(this.#past);
    for (const { traffic } of this.#rooms.values()) total.add(traffic);
    return total;
  }
}
