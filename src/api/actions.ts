// What can be asked of a relay, each as one function: parse, one call, and the answer as plain data. REST and the admin
// feed both come through here, so that they cannot disagree.

import { ConflictError } from '../errors.js';
import type { Relay } from '../relay/relay.js';
import { EVERY_FEED, type MuteRule, type MutedBinary, type MutedTracks, parseMuteRule } from '../relay/mute-rule.js';
import {
  type DestinationRule,
  isStreamName,
  parseDestinationRule,
  parseStreamRule,
  readFeedEntry,
  RuleError,
  type ShownDestination,
  shownDestination,
  type StreamRule,
  trimName,
} from '../relay/rules.js';
import { clip } from '../relay/rule-words.js';
import type { LinkStats, Stats } from '../relay/stats-schema.js';

/** The id of the destination over which commands come (`VW_API`). */
export const STANDING_ID = 'apiRule';

/** Every rule there is, each as it may be posted again. */
export interface AllRules {
  readonly streams: readonly StreamRule[];
  readonly destinations: readonly ShownDestination[];
  readonly mutes: readonly MuteRule[];
}

/** A mute as it is answered. */
export interface MuteAnswer {
  readonly feed: string;
  readonly tracks: MutedTracks;
  /** What becomes of binary messages. */
  readonly binary: MutedBinary;
  /** Whether there is such a feed now, or a rule names it; otherwise it will be muted when it comes. */
  readonly known: boolean;
  /** The known feed that may have been meant. */
  readonly similar?: string;
}

/** A stream rule as it is answered. */
export type StreamAnswer = StreamRule & {
  /** A feed that has a source, where the given rule names one that has none; of the first such. */
  readonly similar?: string;
};

/** A destination rule as it is answered. */
export type DestinationAnswer = ShownDestination & {
  /** A feed that has a source, or a stream that has a rule, where the given rule names one that is neither. */
  readonly similar?: string;
};

/** What REST and the admin feed do. Every method throws what {@link Relay} and the rules throw. */
export class Actions {
  /** What the link of `VW_API` has done; null: there is none. */
  standingStats: (() => LinkStats) | null = null;

  /** @param standing the rule of `VW_API`; it is listed and cannot be deleted. */
  constructor(
    private readonly relay: Relay,
    private readonly standing: DestinationRule | null = null,
  ) {}

  /** Every rule but the relay's own (`VW_API`), which its settings make. */
  rules(): AllRules {
    return {
      streams: this.relay.streamRules(),
      destinations: this.relay.destinationRules().map(shownDestination),
      mutes: this.relay.muteRules(),
    };
  }

  /** The rule as it is kept; where a feed has no source, with the name that was probably meant. */
  setStream(body: unknown): StreamAnswer {
    const rule = this.relay.setStream(parseStreamRule(body));
    for (const entry of rule.feeds) {
      const similar = this.relay.likelyMeant(readFeedEntry(entry).feed);
      if (similar !== null) return { ...rule, similar };
    }
    return rule;
  }

  streams(): Record<string, readonly string[]> {
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

  /** The rule as it is kept; where what it names has no source, with the name that was probably meant. */
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

  /** Resolves to the id deleted, once its link is closed. */
  async deleteDestination(id: string): Promise<string> {
    const trimmed = trimName(id);
    if (this.standing?.id === trimmed) {
      throw new ConflictError('ERR_STANDING', `"${trimmed}" is the relay's own (VW_API) and cannot be deleted`);
    }
    await this.relay.deleteDestination(trimmed);
    return trimmed;
  }

  /** What the relay is doing, its own link included. */
  stats(): Stats {
    const stats = this.relay.stats();
    if (!this.standing || !this.standingStats) return stats;
    const live = this.standingStats();
    const { attempts, opens, sentMessages, sentBytes, droppedMessages, droppedBytes } = live;
    const { receivedMessages, throttledReads } = live;
    const sent = { attempts, opens, sentMessages, sentBytes, droppedMessages, droppedBytes };
    const total = { ...sent, receivedMessages, throttledReads };
    const own = { stream: this.standing.stream, live, total, coming: null };
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

  /** What is muted, by feed. */
  mutes(): Record<string, MutedTracks> {
    return Object.fromEntries(this.relay.muteRules().map(({ feed, tracks }) => [feed, tracks]));
  }

  mute(name: string): MutedTracks {
    return this.relay.muteRule(trimName(name)).tracks;
  }

  /** Unmutes a feed; `all`: takes every mute away. Returns the name. */
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
    const words = `mute: "${clip(name)}" is a stream, and feeds are muted; accepted: ${accepted}, or all for every feed`;
    throw new RuleError('ERR_BAD_MUTE', words);
  }
}
