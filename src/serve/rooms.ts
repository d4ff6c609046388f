// All topics: who comes in finds or makes his, the last to leave takes it down.

import { LimitError } from '../errors.js';
import type { Log } from '../log.js';
import { CacheBudget } from '../relay/gop-cache.js';
import { Room, type RoomStats } from './room.js';
import { Traffic } from './traffic.js';
import type { ServeLimits } from './limits.js';

/** The topics of one server, by room name: see `roomOf`. */
export class Rooms {
  readonly #rooms = new Map<string, Room>();
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

  /** One more client in the room of a name, until `leave`. Throws {@link LimitError}. */
  enter(name: string): Room {
    const { maxTopics, maxTopicClients } = this.#limits;
    let room = this.#rooms.get(name);
    if (room && room.clients >= maxTopicClients) {
      throw new LimitError('ERR_TOO_MANY_CLIENTS', `the topic has ${maxTopicClients} clients already`);
    }
    if (!room) {
      if (this.#rooms.size >= maxTopics) {
        throw new LimitError('ERR_TOO_MANY_TOPICS', `there are ${maxTopics} topics already`);
      }
      room = new Room(name, this.#budget, this.#log);
      this.#rooms.set(name, room);
    }
    room.clients++;
    return room;
  }

  /** A client has left; without any the room is gone. */
  leave(room: Room): void {
    room.clients--;
    if (room.clients > 0) return;
    this.#rooms.delete(room.name);
    this.#past.add(room.traffic);
  }

  /** Takes what is measured by the second. */
  sample(nowMs: number): void {
    for (const { traffic, feed } of this.#rooms.values()) {
      traffic.sample(nowMs);
      feed.look(nowMs);
    }
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
