// All connections of a server and what they share; counted by address, checked once a second.

import type { IncomingMessage } from 'node:http';
import type { HttpGuard } from '../../http/request/http-guard.js';
import type { Log } from '../../log/log.js';
import { RateLimitedWarning } from '../../log/rate-limited-warning.js';
import { LimitError } from '../../errors.js';
import type { DropObserver } from '../../relay/delivery/drop-policy.js';
import { networkOf } from '../../http/connection/network.js';
import { FairShares } from '../../fairness/fair-shares.js';
import type { TopicPolicy, ServeRequest } from '../topic-policy.js';
import type { ServeLimits } from '../../config/limits.js';
import type { Topics } from '../topics/topics.js';
import type { Grant, Tokens } from '../auth/tokens.js';
import type { TopicPath } from '../topics/topic-path.js';
import type { TrafficCounters } from '../topics/traffic.js';

const CHECK_INTERVAL_MS = 1000;

/** What the registry does to a connection. (An interface, because connections know their registry.) */
export interface RegisteredClient {
  /** Closes it, because a limit is reached; `reason` is sent. */
  evict(reason: string): void;
  /** Closes it if it has read nothing for too long; `nowMs` is monotonic. */
  checkStuck(nowMs: number): void;
  /** Closes it, because the server stops. */
  closeForShutdown(): void;
}

/** Who is admitted, and to what. */
export interface AccessParts {
  readonly topics: Topics;
  /** null: no secret is configured. */
  readonly tokens: Tokens | null;
  readonly policy: TopicPolicy;
  readonly guard: HttpGuard<ServeRequest>;
}

/** The connections of one server. */
export class ClientRegistry {
  readonly #connections = new Set<RegisteredClient>();
  readonly #unauthorised = new FairShares<RegisteredClient>(); // by address
  readonly #authorised = new Map<string, FairShares<RegisteredClient>>(); // by address, then by token
  readonly #owners = new Map<RegisteredClient, string>();
  readonly #refusals: RateLimitedWarning;
  readonly #stuck: RateLimitedWarning;
  readonly #slow: RateLimitedWarning;
  readonly #floods: RateLimitedWarning;
  readonly #uploads: RateLimitedWarning;
  readonly #ticker: NodeJS.Timeout;

  readonly topics: Topics;
  readonly tokens: Tokens | null;
  readonly policy: TopicPolicy;
  readonly #guard: HttpGuard<ServeRequest>;

  constructor(
    { topics, tokens, policy, guard }: AccessParts,
    readonly limits: ServeLimits,
    readonly log: Log,
  ) {
    this.topics = topics;
    this.tokens = tokens;
    this.policy = policy;
    this.#guard = guard;
    this.#refusals = new RateLimitedWarning(log, 'token refused');
    this.#stuck = new RateLimitedWarning(log, 'viewer reads nothing: closed');
    this.#floods = new RateLimitedWarning(log, 'client floods tiny messages: throttled');
    this.#uploads = new RateLimitedWarning(log, 'upload refused');
    this.#slow = new RateLimitedWarning(log, 'viewer is slow: dropping messages');
    this.#ticker = setInterval(() => this.#checkAll(), Math.min(CHECK_INTERVAL_MS, limits.stuckAfterMs / 3)).unref();
  }

  /** The address of a request's client. Throws the {@link HttpError} that answers a refused request. */
  admit(request: IncomingMessage): string {
    const info = this.policy.requestInfo(request);
    this.#guard.admit(info);
    return info.address;
  }

  get size(): number {
    return this.#connections.size;
  }

  /**
   * Adds a connection; beyond the limit of connections without a token, the oldest of the address with most is closed.
   */
  add(connection: RegisteredClient, address: string): void {
    this.#connections.add(connection);
    this.#unauthorised.add([networkOf(address)], connection);
    if (this.#unauthorised.size > this.limits.maxUnauthorised) {
      this.#unauthorised.oldestOfLargest()?.evict('too many connections have not sent their token');
    }
  }

  /**
   * Marks a connection as authorised. If its address has reached its limit, the token with most connections loses one.
   * Throws {@link LimitError} if that is its own token.
   */
  authorize(connection: RegisteredClient, { owner }: Grant, address: string): void {
    const { maxAddressClients } = this.limits;
    const network = networkOf(address);
    let members = this.#authorised.get(network);
    if (members && members.size >= maxAddressClients) {
      const message = `at most ${maxAddressClients} WebSockets from one address (VW_SERVE_MAX_ADDRESS_CLIENTS)`;
      const [oldest] = members.largestFor([owner]) ?? [];
      if (!oldest) throw new LimitError('ERR_TOO_MANY_CONNECTIONS', message);
      oldest.evict(message);
      members = this.#authorised.get(network);
    }
    this.#unauthorised.delete([network], connection);
    if (!members) this.#authorised.set(network, (members = new FairShares()));
    members.add([owner], connection);
    this.#owners.set(connection, owner);
  }

  /** Removes a connection. */
  remove(connection: RegisteredClient, address: string): void {
    if (!this.#connections.delete(connection)) return;
    const network = networkOf(address);
    this.#unauthorised.delete([network], connection);
    const members = this.#authorised.get(network);
    members?.delete([this.#owners.get(connection) ?? ''], connection);
    if (members?.size === 0) this.#authorised.delete(network);
    this.#owners.delete(connection);
  }

  /** Counts and logs a refused token or code. Returns the reason for its sender. */
  countRefusal(path: TopicPath, address: string, reason: string): string {
    const now = performance.now();
    const isTooOften = this.policy.hasTooManyRefusals(address, now);
    this.policy.countRefusal(address, now);
    this.#refusals.warn({ topic: path.path, from: address, reason });
    return isTooOften ? 'too many refused tokens from this address; wait a minute' : reason;
  }

  /** Media arrived in place of a token: counted and logged, but not as an attempt to guess one. */
  countMissingToken(path: TopicPath, address: string): void {
    this.policy.refusals++;
    this.#refusals.warn({ topic: path.path, from: address, reason: 'media arrived in place of a token' });
  }

  /** Logs an upload of media by HTTP, which no path accepts. */
  logUpload(path: string, address: string, reason: string): void {
    this.#uploads.warn({ path: path.slice(0, 200), from: address, reason });
  }

  logStuck(path: TopicPath, address: string): void {
    this.#stuck.warn({ topic: path.path, from: address, ms: this.limits.stuckAfterMs });
  }

  /**
   * A read of a client of `place` was throttled (a flood of tiny messages); `traffic` is its topic's, null before it is
   * admitted.
   */
  countThrottledRead(path: TopicPath, address: string, traffic: TrafficCounters | null): void {
    if (traffic === null || traffic.throttledReads++ === 0) this.#floods.warn({ topic: path.path, from: address });
  }

  /** Logs that messages are dropped for a slow viewer of a path. */
  dropObserver(path: TopicPath): DropObserver {
    return {
      droppingStarted: () => this.#slow.warn({ topic: path.path }),
      droppingEnded: (messages, bytes) =>
        this.log.debug('viewer is no longer slow', { topic: path.path, messages, bytes }),
    };
  }

  /** Closes every connection: the server is stopping. */
  close(): void {
    clearInterval(this.#ticker);
    for (const connection of [...this.#connections]) connection.closeForShutdown();
  }

  #checkAll(): void {
    const now = performance.now();
    this.topics.sample(now);
    for (const connection of [...this.#connections]) connection.checkStuck(now);
  }
}
