// Which names are known (feeds that have a source, streams that have a rule), and which of them was probably meant by an
// unknown one.

import type { Destination } from '../destination/destination.js';
import type { Fault } from '../events/event.js';
import type { Feed } from '../feed/feed.js';
import type { FeedOwner } from '../events/feed-events.js';
import type { FormerFeeds } from './former-feeds.js';
import { isStreamName, readFeedEntry, type StreamRule } from './rules.js';
import { SearchBudget } from './search-budget.js';
import { areSiblings, similarName } from './similar-name.js';

export class NameSuggestions {
  readonly #searches = new SearchBudget();
  #changes = 0;
  #known: ReadonlySet<string> | null = null; // since the last check began

  /** @param feeds this map and the others are the relay's own, and change. */
  constructor(
    private readonly feeds: ReadonlyMap<string, Feed>,
    private readonly formerFeeds: FormerFeeds,
    private readonly streamRules: ReadonlyMap<string, StreamRule>,
    private readonly destinations: ReadonlyMap<string, Destination>,
  ) {}

  /** A source has started, or a stream rule was added or deleted. */
  changed(): void {
    this.#changes++;
  }

  /** To be called once a second, before feeds are checked. */
  startCheck(): void {
    this.#searches.refill();
    this.#known = null;
  }

  /** Whether a feed was known at some time since the last check began. */
  isKnownNow(feed: string): boolean {
    return (this.#known ??= this.knownFeeds()).has(feed);
  }

  /** The feeds that were published to or that a rule names; not those that exist for a viewer only. */
  knownFeeds(): Set<string> {
    const published = [...this.feeds].filter(([, feed]) => feed.hasPublished).map(([name]) => name);
    return new Set([...published, ...this.#feedsInRules(), ...this.formerFeeds]);
  }

  /** The known feed that was probably meant by an unknown name; `null`: no name is similar. */
  similarFeed(name: string): string | null {
    return similarName(name, this.knownFeeds());
  }

  /**
   * The feed with a source, or the stream with a rule, that was probably meant by an unknown name; `null`: none. A feed
   * whose name differs only in a number counts only if no rule names it.
   */
  likelyMeant(name: string): string | null {
    const isStream = isStreamName(name);
    if (isStream ? this.streamRules.has(name) : this.#hasHadSource(name)) return null;
    const cost = this.feeds.size + this.streamRules.size + this.destinations.size;
    return this.#searches.find(name, this.#changes, cost, () => {
      if (isStream) return similarName(name, this.streamRules.keys());
      const inRules = this.#feedsInRules();
      const live = [...this.feeds.values()].filter((feed) => feed.hasSource).map((feed) => feed.name);
      return similarName(
        name,
        live.filter((other) => !(areSiblings(name, other) && inRules.has(other))),
      );
    });
  }

  /** The observer of a feed of that name; `unused` has what is called when it has no source, reader or rule left. */
  ownerOf(name: string, unused: Pick<FeedOwner, 'idle' | 'abandoned'>): FeedOwner {
    return {
      ...unused,
      sourceStarted: () => this.changed(),
      isKnown: () => this.isKnownNow(name),
      likelyMeant: () => this.likelyMeant(name),
    };
  }

  /** Why a stream can send nothing: it has no rule. */
  streamFault(name: string): Fault | null {
    if (!isStreamName(name) || this.streamRules.has(name)) return null;
    const meant = this.likelyMeant(name);
    const question = meant === null ? '' : `; did you mean ${meant}?`;
    const help = 'POST /api/streams sets one; GET /api/streams/all lists those there are';
    return {
      code: 'no-rule',
      message: `there is no stream rule "${name}"${question === '' ? `: ${help}` : `${question} (${help})`}`,
    };
  }

  #feedsInRules(): Set<string> {
    const entries = [...this.streamRules.values()].flatMap(({ feeds }) => feeds);
    const joined = entries.map((entry) => readFeedEntry(entry).feed);
    const sent = [...this.destinations.values()].map(({ rule }) => rule.stream).filter((name) => !isStreamName(name));
    return new Set([...joined, ...sent]);
  }

  #hasHadSource(name: string): boolean {
    return this.feeds.get(name)?.hasPublished === true || this.formerFeeds.has(name);
  }
}
