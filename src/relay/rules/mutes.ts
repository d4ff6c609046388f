// The mutes in force, and their combined effect on a feed. Plain data: applies nothing itself.

import type { Stats } from '../stats-schema.js';
import { EVERY_FEED, isSameMute, type MutedBinary, type MutedTracks, type MuteRule } from './mute-rule.js';

/** The combined effect of mutes on a feed. */
export interface FeedMute {
  readonly tracks: MutedTracks;
  readonly binary: MutedBinary;
}

export class Mutes {
  readonly #rules = new Map<string, MuteRule>();
  /** It is unknown what was muted: the sound of every feed is withheld, as by a mute of `all` that is no rule. */
  isUnknown = false;

  get size(): number {
    return this.#rules.size;
  }

  /** The rule of a feed, or of `all`. */
  get(name: string): MuteRule | undefined {
    return this.#rules.get(name);
  }

  list(): MuteRule[] {
    return [...this.#rules.values()];
  }

  /** Stores a rule; false if an equal one exists. */
  set(rule: MuteRule): boolean {
    const before = this.#rules.get(rule.feed);
    if (before && isSameMute(before, rule)) return false;
    if (rule.feed === EVERY_FEED) this.isUnknown = false;
    this.#rules.set(rule.feed, rule);
    return true;
  }

  delete(name: string): void {
    this.#rules.delete(name);
  }

  /** What of a feed is muted, by its own mute and by that of all feeds: the stricter one applies. `null`: nothing. */
  of(name: string): FeedMute | null {
    const rules = [this.#rules.get(name), this.#ofAll()].filter((rule) => rule !== undefined);
    if (rules.length === 0) return null;
    const tracks = rules.some((rule) => rule.tracks === 'all') ? 'all' : 'audio';
    return { tracks, binary: rules.every((rule) => rule.binary === 'pass') ? 'pass' : 'drop' };
  }

  #ofAll(): MuteRule | undefined {
    return this.#rules.get(EVERY_FEED) ?? (this.isUnknown ? { feed: EVERY_FEED, tracks: 'audio' } : undefined);
  }

  /** The mutes for stats. `knownFeeds` is called only if there are any. */
  stats(knownFeeds: () => ReadonlySet<string>): Stats['mutes'] {
    const known = this.size === 0 ? null : knownFeeds();
    const stats: Stats['mutes'] = {};
    for (const { feed, tracks, binary = 'drop' } of this.list()) {
      stats[feed] = { tracks, binary, known: feed === EVERY_FEED || known?.has(feed) === true };
    }
    return stats;
  }
}
