// The limits of rules and of the feeds that they name, checked before anything changes.

import type { Limits } from '../../config/limits.js';
import { LimitError } from '../../errors.js';
import { EVERY_FEED } from './mute-rule.js';
import type { RuleSet } from './rule-set.js';
import { type DestinationRule, isStreamName, readFeedEntry, type StreamRule } from './rules.js';

/** Checks against the limits of a relay. All throw {@link LimitError}. */
export class RuleLimits {
  constructor(
    private readonly limits: Pick<Limits, 'maxRules' | 'maxFeeds'>,
    private readonly feeds: ReadonlyMap<string, unknown>,
  ) {}

  /** That there is room for one more rule of a kind. */
  checkRoom(count: number, what: 'stream' | 'destination' | 'mute'): void {
    if (count < this.limits.maxRules) return;
    throw new LimitError(
      'ERR_TOO_MANY_RULES',
      `there are ${this.limits.maxRules} ${what} rules already (VW_MAX_RULES)`,
    );
  }

  /** The same where `rules` do not have it already. */
  checkRoomFor(name: string, rules: ReadonlyMap<string, unknown>, what: 'stream' | 'destination'): void {
    if (!rules.has(name)) this.checkRoom(rules.size, what);
  }

  /** That there is room for one more feed. */
  checkFeed(): void {
    if (this.feeds.size < this.limits.maxFeeds) return;
    throw new LimitError('ERR_TOO_MANY_FEEDS', `there are ${this.limits.maxFeeds} feeds already (VW_MAX_FEEDS)`);
  }

  /** That there is room for the feeds that rules would create; names of streams create none. */
  checkFeeds(names: readonly string[]): void {
    const created = new Set(names.filter((name) => !isStreamName(name) && !this.feeds.has(name)));
    const more = created.size;
    if (this.feeds.size + more <= this.limits.maxFeeds) return;
    throw new LimitError('ERR_TOO_MANY_FEEDS', `there are ${this.feeds.size} feeds already (VW_MAX_FEEDS)`);
  }

  /** That a relay without rules has room for all of these. */
  checkAll({ streams, destinations, mutes }: RuleSet): void {
    const named = mutes.filter(({ feed }) => feed !== EVERY_FEED);
    for (const [what, { length }] of Object.entries({ streams, destinations, mutes: named })) {
      if (length <= this.limits.maxRules) continue;
      throw new LimitError(
        'ERR_TOO_MANY_RULES',
        `${length} ${what} are saved, and VW_MAX_RULES=${this.limits.maxRules} has room for fewer; accepted: VW_MAX_RULES=${length} or more`,
      );
    }
    const feeds = new Set(namesIn(streams, destinations).filter((name) => !isStreamName(name)));
    if (feeds.size <= this.limits.maxFeeds) return;
    throw new LimitError(
      'ERR_TOO_MANY_FEEDS',
      `the saved rules name ${feeds.size} feeds, and VW_MAX_FEEDS=${this.limits.maxFeeds} has room for fewer; accepted: VW_MAX_FEEDS=${feeds.size} or more`,
    );
  }
}

/** Rules that will be in force together, by name; some are not yet. */
export interface PlannedRules {
  readonly streams: ReadonlyMap<string, StreamRule>;
  readonly destinations: ReadonlyMap<string, DestinationRule>;
}

/** The feeds and streams that they name. */
export function plannedNames({ streams, destinations }: PlannedRules): string[] {
  return namesIn([...streams.values()], [...destinations.values()]);
}

function namesIn(streams: readonly StreamRule[], destinations: readonly DestinationRule[]): string[] {
  return [...streams.flatMap(feedsOf), ...destinations.map(({ stream }) => stream)];
}

/** The feeds of a stream rule. */
export function feedsOf({ feeds }: StreamRule): string[] {
  return feeds.map((entry) => readFeedEntry(entry).feed);
}
