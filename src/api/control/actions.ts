// The operations of a relay, each as one function: parse, one call, and the result as plain data. REST and the command
// link both use them, so that they cannot disagree.

import { ConflictError } from '../../errors.js';
import type { Relay } from '../../relay/relay.js';
import { noSuchRule } from '../../relay/rules/no-such-rule.js';
import { feedsOf } from '../../relay/rules/rule-limits.js';
import { RuleDraft } from '../../state/rule-draft.js';
import type { Kept, RuleStore } from '../../state/rule-store.js';
import { LooserMutes } from './looser-mutes.js';
import {
  EVERY_FEED,
  type MuteRule,
  type MutedBinary,
  type MutedTracks,
  muteStrictness,
  parseMuteRule,
} from '../../relay/rules/mute-rule.js';
import {
  type DestinationRule,
  isStreamName,
  parseDestinationRule,
  parseStreamRule,
  resolveDestination,
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
  /** It is unknown what was muted before the restart: the sound of every feed is withheld. */
  readonly mutesUnknown?: true;
}

/** Whether a rule outlasts a restart; only in answers where it should and does not. */
interface Unsaved {
  readonly saved?: false;
}

/** A mute as the API returns it. */
export interface MuteAnswer extends Unsaved {
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
export type StreamAnswer = StreamRule &
  Unsaved & {
    /** For the first feed of the rule that has no source: a feed with a similar name that has one. */
    readonly similar?: string;
  };

/** A destination rule as the API returns it. */
export type DestinationAnswer = ShownDestination &
  Unsaved & {
    /** If what the rule sends has neither a source nor a rule: a feed or stream with a similar name that has. */
    readonly similar?: string;
  };

/** The operations behind REST and the command link. Every method throws what {@link Relay} and the rules throw. */
export class RelayOperations {
  /** Statistics of the link of `VW_API`; null: there is none. */
  reservedStats: (() => LinkStats) | null = null;
  readonly #loosened = new LooserMutes();

  /** @param standing the reserved rule of `VW_API`: it is listed and cannot be deleted. */
  constructor(
    private readonly relay: Relay,
    private readonly store: RuleStore,
    private readonly standing: DestinationRule | null = null,
  ) {}

  /** Every rule except the reserved one (`VW_API`), which comes from the settings. */
  rules(): AllRules {
    const { streams, destinations, mutes, mutesUnknown } = this.relay.rules();
    const shown = { streams, destinations: destinations.map(shownDestination), mutes };
    return mutesUnknown ? { ...shown, mutesUnknown } : shown;
  }

  /** What is wrong with what is saved; null: nothing. */
  rulesFault(): string | null {
    return this.store.fault?.message ?? null;
  }

  /** `ok`, or what is wrong with what is saved. */
  health(): string {
    return this.rulesFault() ?? 'ok';
  }

  /** Returns the stored rule; if a feed has no source, with the closest name that has one. */
  async setStream(body: unknown): Promise<StreamAnswer> {
    const rule = parseStreamRule(body);
    const { value, kept } = await this.store.change({
      edit: (draft) => {
        this.relay.checkStream(rule, draft);
        draft.streams.set(rule.stream, rule);
      },
      apply: () => this.relay.setStream(rule),
      mustBeSaved: false,
    });
    for (const feed of feedsOf(rule)) {
      const similar = this.relay.names.likelyMeant(feed);
      if (similar !== null) return { ...value, similar, ...unsaved(kept) };
    }
    return { ...value, ...unsaved(kept) };
  }

  feedsByStream(): Record<string, readonly string[]> {
    return Object.fromEntries(this.relay.streamRules().map(({ stream, feeds }) => [stream, feeds]));
  }

  /** The feeds of a stream. */
  stream(name: string): readonly string[] {
    return this.relay.streamRule(trimName(name)).feeds;
  }

  /** Returns the name deleted. */
  async deleteStream(name: string): Promise<string> {
    const trimmed = trimName(name);
    await this.store.change({
      edit: ({ streams }) => {
        if (!streams.delete(trimmed)) throw noSuchRule('stream', trimmed);
      },
      apply: () => this.relay.deleteStream(trimmed),
      mustBeSaved: false,
    });
    return trimmed;
  }

  async deleteAllStreams(): Promise<string> {
    await this.store.change({
      edit: ({ streams }) => streams.clear(),
      apply: () => this.relay.streamRules().forEach(({ stream }) => this.relay.deleteStream(stream)),
      mustBeSaved: false,
    });
    return 'all';
  }

  /** Returns the stored rule; if what it sends has no source, with the closest name that has one. */
  async setDestination(body: unknown): Promise<DestinationAnswer> {
    const request = parseDestinationRule(body);
    const { value, kept } = await this.store.change({
      edit: (draft) => {
        const rule = resolveDestination(request, draft.destinations.get(request.id));
        this.relay.checkDestination(rule, draft);
        draft.destinations.set(rule.id, rule);
      },
      apply: () => this.relay.setDestination(request),
      mustBeSaved: false,
    });
    const shown = { ...shownDestination(value), ...unsaved(kept) };
    const similar = this.relay.names.likelyMeant(shown.stream);
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
    await this.store.change({
      edit: ({ destinations }) => {
        if (!destinations.delete(trimmed)) throw noSuchRule('destination', trimmed);
      },
      apply: () => this.relay.deleteDestination(trimmed),
      mustBeSaved: false,
    });
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
    await this.store.change({
      edit: ({ destinations }) => destinations.clear(),
      apply: () => Promise.all(this.relay.destinationRules().map(({ id }) => this.relay.deleteDestination(id))),
      mustBeSaved: false,
    });
    return 'all';
  }

  /** Mutes a feed, or every feed (`all`): in force at once, and then saved. One that withholds less is saved first. */
  async setMute(name: string, body: unknown): Promise<MuteAnswer> {
    this.#refuseStream(trimName(name));
    const rule = parseMuteRule(name, body);
    this.#loosened.muted(rule.feed); // what waits to end or loosen a mute of it came before
    const kept = this.#isLooser(rule) ? await this.#loosenMute(rule) : await this.#tightenMute(rule);
    const { feed, tracks, binary = 'drop' } = rule;
    const known = feed === EVERY_FEED || this.relay.names.knownFeeds().has(feed);
    const similar = known ? null : this.relay.names.similarFeed(feed);
    return { feed, tracks, binary, known, ...(similar === null ? {} : { similar }), ...unsaved(kept) };
  }

  /** The muted tracks, by feed. */
  mutes(): Record<string, MutedTracks> {
    return Object.fromEntries(this.relay.muteRules().map(({ feed, tracks }) => [feed, tracks]));
  }

  mute(name: string): MutedTracks {
    return this.relay.muteRule(trimName(name)).tracks;
  }

  /** Unmutes a feed; `all`: deletes every mute. Returns the name. Refused, with the sound withheld, if it cannot be saved. */
  async deleteMute(name: string): Promise<string> {
    const trimmed = trimName(name);
    if (trimmed === EVERY_FEED) {
      await this.#deleteMutes((draft) => [EVERY_FEED, ...draft.mutes.keys()]);
    } else {
      await this.#deleteMutes((draft) => {
        if (!draft.mutes.has(trimmed)) throw noSuchRule('mute', trimmed);
        return [trimmed];
      });
    }
    return trimmed;
  }

  /** Deletes the mute of every feed, and leaves those of single feeds. */
  async deleteMuteOfAll(): Promise<string> {
    await this.#deleteMutes(({ mutes, mutesUnknown }) => {
      if (!mutes.has(EVERY_FEED) && !mutesUnknown) throw noSuchRule('mute', EVERY_FEED);
      return [EVERY_FEED];
    });
    return EVERY_FEED;
  }

  /** Whether a mute withholds less than the one that it replaces. */
  #isLooser(rule: MuteRule): boolean {
    const { mutes, mutesUnknown } = this.relay.rules();
    const before = mutes.find(({ feed }) => feed === rule.feed);
    const unknown: MuteRule | undefined = mutesUnknown && rule.feed === EVERY_FEED ? UNKNOWN_MUTE : undefined;
    const replaced = before ?? unknown;
    return replaced !== undefined && muteStrictness(rule) < muteStrictness(replaced);
  }

  async #tightenMute(rule: MuteRule): Promise<Kept> {
    this.relay.setMute(rule);
    return await this.store.keep();
  }

  async #loosenMute(rule: MuteRule): Promise<Kept> {
    const { feed } = rule;
    const { kept } = await this.#loosened.during((isMutedSince) =>
      this.store.change({
        edit: (draft) => {
          if (isMutedSince(feed)) return;
          draft.mutes.set(feed, rule);
          if (feed === EVERY_FEED) draft.mutesUnknown = false;
        },
        apply: () => {
          if (!isMutedSince(feed)) this.relay.setMute(rule);
        },
        mustBeSaved: true,
      }),
    );
    return kept;
  }

  /** Deletes the mutes that `namesIn` says, but for those that are set while this is being written. */
  async #deleteMutes(namesIn: (draft: RuleDraft) => readonly string[]): Promise<void> {
    await this.#loosened.during((isMutedSince) => {
      const meantIn = (draft: RuleDraft) => namesIn(draft).filter((name) => !isMutedSince(name));
      return this.store.change({
        edit: (draft) => {
          const names = meantIn(draft);
          for (const name of names) draft.mutes.delete(name);
          if (names.includes(EVERY_FEED)) draft.mutesUnknown = false;
        },
        apply: () => this.relay.deleteMutes(meantIn(new RuleDraft(this.relay.rules()))),
        mustBeSaved: true,
      });
    });
  }

  /** Throws {@link RuleError} for a mute of a stream; names its feeds. */
  #refuseStream(name: string): void {
    if (!isStreamName(name)) return;
    const rule = this.relay.streamRules().find(({ stream }) => stream === name);
    const feeds = [...new Set(rule ? feedsOf(rule) : [])];
    const accepted = feeds.length === 0 ? 'a feed' : `a feed (it is made of ${feeds.join(', ')})`;
    const message = `mute: "${clip(name)}" is a stream, and feeds are muted; accepted: ${accepted}, or all for every feed`;
    throw new RuleError('ERR_BAD_MUTE', message);
  }
}

/** What is withheld of every feed while it is unknown what was muted. */
const UNKNOWN_MUTE: MuteRule = { feed: EVERY_FEED, tracks: 'audio' };

/** The field of an answer about a rule that should outlast a restart and does not. */
function unsaved(kept: Kept): Unsaved {
  return kept === 'unsaved' ? { saved: false } : {};
}
