// All topics: the first client of a topic creates it, and it ends with its last one.

import { LimitError } from '../../errors.js';
import { networkOf } from '../../http/connection/network.js';
import { FairShares } from '../../fairness/fair-shares.js';
import type { Log } from '../../log/log.js';
import { CacheBudget } from '../../relay/delivery/gop-cache.js';
import { Topic } from './topic.js';
import type { TopicStats } from '../openapi/serve-schemas.js';
import type { LimitedClient } from '../clients/topic-client-limit.js';
import type { Grant } from '../auth/tokens.js';
import { TrafficCounters } from './traffic.js';
import type { ServeLimits } from '../../config/limits.js';

/** The topics of one server, by the name that `topicNameOf` returns. */
export class Topics {
  readonly #topics = new Map<string, Topic>();
  /** By the address that created them. */
  readonly #creators = new FairShares<Topic>();
  readonly #limits: ServeLimits;
  readonly #log: Log;
  /** The traffic of topics that have ended. */
  readonly #endedTraffic = new TrafficCounters();
  readonly #budget: CacheBudget | null;

  constructor(limits: ServeLimits, log: Log) {
    this.#limits = limits;
    this.#log = log;
    this.#budget = limits.cacheMb > 0 ? new CacheBudget(limits.cacheMb * 1024 * 1024) : null;
  }

  /** Admits a client to the topic of a name, which is created if there is none. Throws {@link LimitError}. */
  join(name: string, client: LimitedClient, grant: Grant, address: string): { topic: Topic; release: () => void } {
    const topic = this.#topics.get(name) ?? this.#make(name, grant, address);
    topic.clients++; // so that the topic stays, even if the client that is evicted was its last
    try {
      const leaveSeat = topic.seats.acquire(client, grant, address);
      return {
        topic,
        release: () => {
          leaveSeat();
          this.#clientLeft(topic);
        },
      };
    } catch (error) {
      this.#clientLeft(topic);
      throw error;
    }
  }

  #make(name: string, grant: Grant, address: string): Topic {
    const maker = [networkOf(address)];
    if (this.#topics.size >= this.#limits.maxTopics) this.#removeIdle(maker, grant);
    const topic = new Topic({ name, maker }, this.#budget, this.#limits, this.#log);
    this.#topics.set(name, topic);
    this.#creators.add(maker, topic);
    return topic;
  }

  /** Makes sure that one more topic is possible, ending another if need be. Throws {@link LimitError}. */
  #removeIdle(maker: readonly string[], grant: Grant): void {
    const { maxTopics } = this.#limits;
    // A token is for one topic, so whoever signs tokens decides on their number. Without tokens an address may create
    // any number.
    const most = grant.owner === '' ? this.#creators.largestFor(maker) : null;
    if (!most) throw new LimitError('ERR_TOO_MANY_TOPICS', `the limit of ${maxTopics} topics is reached`);
    const topic = most.find(({ publishers }) => publishers === 0) ?? most[0];
    topic?.seats.clear(
      `the limit of ${maxTopics} topics is reached (VW_SERVE_MAX_TOPICS): this one ended in favour of another`,
    );
  }

  /** A client has left; the topic ends with its last one. */
  #clientLeft(topic: Topic): void {
    topic.clients--;
    if (topic.clients > 0) return;
    this.#topics.delete(topic.name);
    this.#creators.delete(topic.maker, topic);
    this.#endedTraffic.add(topic.traffic);
  }

  /** Samples what is measured once a second. */
  sample(nowMs: number): void {
    for (const topic of this.#topics.values()) topic.sample(nowMs);
  }

  get(name: string): Topic | undefined {
    return this.#topics.get(name);
  }

  get names(): string[] {
    return [...this.#topics.keys()];
  }

  /** The state of each topic. */
  stats(nowMs: number): Record<string, TopicStats> {
    return Object.fromEntries([...this.#topics].map(([name, topic]) => [name, topic.stats(nowMs)]));
  }

  /** All traffic since the start. */
  total(): TrafficCounters {
    const total = new TrafficCounters();
    total.add(this.#endedTraffic);
    for (const topic of this.#topics.values()) total.add(topic.countTraffic());
    return total;
  }
}
