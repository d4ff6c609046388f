// The operations of a relay, each as one function: parse, one call, and the result as plain data. REST and the command
// link both use them, so that they cannot disagree.

import { ConflictError } from '../../errors.js';
import type { Relay } from '../../relay/relay.js';
import {
  EVERY_FEED,
  type MuteRule,
  type MutedBinary,
  type MutedTracks,
  parseMuteRule,
} from '../../relay/rules/mute-rule.js';
import {
  type DestinationRule,
  isStreamName,
  parseDestinationRule,
  parseStreamRule,
  readFeedEntry,
  type ShownDestination,
  shownDestination,
  type StreamRule,
  trimName,
} from '../../relay/rules/rules.js';
import { RuleError } from '../../errors.js';
import { clip } from '../../relay/rules/rule-messages.js';
import type { LinkStats, Stats } from '../../relay/stats-schema.js';

/** The id of the destination over which commands arrive (`VW_API`). */
export const RESERVED_ID = 'apiRule';

/** Every rule, each in the form in which it can be posted again. */
export interface AllRules {
  readonly streams: readonly StreamRule[];
  readonly destinations: readonly ShownDestination[];
  readonly mutes: readonly MuteRule[];
}

/** A mute as the API returns it. */
export interface MuteAnswer {
  readonly feed: string;
  readonly tracks: MutedTracks;
  /** How binary messages are treated. */
  readonly binary: MutedBinary;
  /** Whether the feed exists now or a rule names it; otherwise it is muted as soon as it appears. */
  readonly known: boolean;
  /** The known feed whose name is closest. */
  readonly similar?: string;
}

/** A stream rule as the API returns it. */
export type StreamAnswer = StreamRule & {
  /** For the first feed of the rule that has no source: a feed with a similar name that has one. */
  readonly similar?: string;
};

/** A destination rule as the API returns it. */
export type DestinationAnswer = ShownDestination & {
  /** If what the rule sends has neither a source nor a rule: a feed or stream with a similar name that has. */
  readonly similar?: string;
};

/** The operations behind REST and the command link. Every method throws what {@link Relay} and the rules throw. */
export class RelayOperations {
  /** Statistics of the link of `VW_API`; null: there is none. */
  reservedStats: (() => LinkStats) | null = null;

  /** @param standing the reserved rule of `VW_API`: it is listed and cannot be deleted. */
  constructor(
    private readonly relay: Relay,
    private readonly standing: DestinationRule | null = null,
  ) {}

  /** Every rule except the reserved one (`VW_API`), which comes from the settings. */
  rules(): AllRules {
    return {
      streams: this.relay.streamRules(),
      destinations: this.relay.destinationRules().map(shownDestination),
      mutes: this.relay.muteRules(),
    };
  }

  /** Returns the stored rule; if a feed has no source, with the closest name that has one. */
  setStream(body: unknown): StreamAnswer {
    const rule = this.relay.setStream(parseStreamRule(body));
    for (const entry of rule.feeds) {
      const similar = this.relay.likelyMeant(readFeedEntry(entry).feed);
      if (similar !== null) return { ...rule, similar };
    }
    return rule;
  }

  feedsByStream(): Record<string, readonly string[]> {
    return Object.fromEntries(this.relay.streamRules().map(({ stream, feeds }) => [stream, feeds]));
  }

  /** The feeds of a stream. */
  stream(name: string): readonly string[] {
    return this.relay.streamRule(trimName(name)).feeds;
  }

  /** Returns the name deleted. */
  deleteStream(name: string): string {
    const trimmed = trimName(name);
    this.relay.deleteStream(trimmed);
    return trimmed;
  }

  deleteAllStreams(): string {
    this.relay.deleteAllStreams();
    return 'all';
  }

  /** Returns the stored rule; if what it sends has no source, with the closest name that has one. */
  setDestination(body: unknown): DestinationAnswer {
    const shown = shownDestination(this.relay.setDestination(parseDestinationRule(body)));
    const similar = this.relay.likelyMeant(shown.stream);
    return similar === null ? shown : { ...shown, similar };
  }

  destinations(): Record<string, ShownDestination> {
    const rules = this.standing ? [this.standing, ...this.relay.destinationRules()] : this.relay.destinationRules();
    return Object.fromEntries(rules.map((rule) => [rule.id, shownDestination(rule)]));
  }

  destination(id: string): ShownDestination {
    const trimmed = trimName(id);
    return shownDestination(this.standing?.id === trimmed ? this.standing : this.relay.destinationRule(trimmed));
  }

  /** Resolves to the deleted id once its link is closed. */
  async deleteDestination(id: string): Promise<string> {
    const trimmed = trimName(id);
    if (this.standing?.id === trimmed) {
      throw new ConflictError('ERR_RESERVED', `"${trimmed}" is reserved (VW_API) and cannot be deleted`);
    }
    await this.relay.deleteDestination(trimmed);
    return trimmed;
  }

  /** The relay's statistics, the command link included. */
  stats(): Stats {
    const stats = this.relay.stats();
    if (!this.standing || !this.reservedStats) return stats;
    const live = this.reservedStats();
    const { attempts, opens, sentMessages, sentBytes, droppedMessages, droppedBytes } = live;
    const { receivedMessages, throttledReads } = live;
    const sent = { attempts, opens, sentMessages, sentBytes, droppedMessages, droppedBytes };
    const total = { ...sent, receivedMessages, throttledReads };
    const own = { stream: this.standing.stream, live, total, pending: null };
    return { ...stats, destinations: { [this.standing.id]: own, ...stats.destinations } };
  }

  async deleteAllDestinations(): Promise<string> {
    await this.relay.deleteAllDestinations();
    return 'all';
  }

  /** Mutes a feed, or every feed (`all`). */
  setMute(name: string, body: unknown): MuteAnswer {
    this.#refuseStream(trimName(name));
    const { feed, tracks, binary = 'drop' } = this.relay.setMute(parseMuteRule(name, body));
    const known = this.relay.isKnown(feed);
    const similar = known ? null : this.relay.similarFeed(feed);
    return { feed, tracks, binary, known, ...(similar === null ? {} : { similar }) };
  }

  /** The muted tracks, by feed. */
  mutes(): Record<string, MutedTracks> {
    return Object.fromEntries(this.relay.muteRules().map(({ feed, tracks }) => [feed, tracks]));
  }

  mute(name: string): MutedTracks {
    return this.relay.muteRule(trimName(name)).tracks;
  }

  /** Unmutes a feed; `all`: deletes every mute. Returns the name. */
  deleteMute(name: string): string {
    const trimmed = trimName(name);
    if (trimmed === EVERY_FEED) this.relay.deleteAllMutes();
    else this.relay.deleteMute(trimmed);
    return trimmed;
  }

  /** Throws {@link RuleError} for a mute of a stream; names its feeds. */
  #refuseStream(name: string): void {
    if (!isStreamName(name)) return;
    const rule = this.relay.streamRules().find(({ stream }) => stream === name);
    const feeds = [...new Set((rule?.feeds ?? []).map((entry) => readFeedEntry(entry).feed))];
    const accepted = feeds.length === 0 ? 'a feed' : `a feed (it is made of ${feeds.join(', ')})`;
    const message = `mute: "${clip(name)}" is a stream, and feeds are muted; accepted: ${accepted}, or all for every feed`;
    throw new RuleError('ERR_BAD_MUTE', message);
  }
}
