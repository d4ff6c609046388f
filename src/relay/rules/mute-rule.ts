// Mute rules: validated and normalised. Plain data; independent of the code that applies them.

import * as z from 'zod';
import { acceptedFields, clip } from './rule-messages.js';
import { SHOWN_IN_ANSWERS, checkRule, feedNameFault, nameSchema, trimName } from './rules.js';
import { RuleError } from '../../errors.js';

/** What of a feed is muted. */
export type MutedTracks = 'audio' | 'all';
/** What a mute of the sound does with binary messages, which may be sound. */
export type MutedBinary = 'drop' | 'pass';

const mutedTracks = z
  .enum(['audio', 'all'], { message: '"audio" or "all"' })
  .describe('What is withheld: the sound with everything that may be sound, or everything.');

const mutedBinary = z
  .enum(['drop', 'pass'], { message: '"drop" or "pass"' })
  .optional()
  .describe(
    'What happens to binary messages while the sound is muted: they may be sound, so the default is drop. Text passes.',
  );

const muteSchema = z.strictObject({
  feed: nameSchema(muteFault),
  tracks: mutedTracks.default('audio'),
  binary: mutedBinary,
  known: SHOWN_IN_ANSWERS,
  similar: SHOWN_IN_ANSWERS,
});

/** The body of a mute request; the path names the feed. */
export const muteBodySchema = z.strictObject({
  tracks: mutedTracks.default('audio'),
  binary: mutedBinary,
  feed: z.unknown().optional().describe('Ignored: the path names the feed.'),
  known: SHOWN_IN_ANSWERS,
  similar: SHOWN_IN_ANSWERS,
});

/** The name that means every feed, including future ones. */
export const EVERY_FEED = 'all';

function muteFault(value: string): string | null {
  return value === EVERY_FEED ? null : feedNameFault(value);
}

/** A feed (or `all`) whose sound, or everything, is withheld. */
export interface MuteRule {
  readonly feed: string;
  readonly tracks: MutedTracks;
  /** Binary messages pass a mute of the sound; without this they are dropped. */
  readonly binary?: 'pass';
}

const ACCEPTED = acceptedFields(muteBodySchema, {
  tracks: '"audio" or "all"',
  binary: '"drop" or "pass"',
  feed: null,
  known: null,
  similar: null,
});

/**
 * Validates a mute: the feed's name (or `all`) and the request's body; `undefined`: there was none. Throws
 * {@link RuleError}.
 */
export function parseMuteRule(feed: unknown, body: unknown): MuteRule {
  // The name in the path is wrong, not the body: listing the body's fields would not help. The schema rejects a non-string.
  const name = typeof feed === 'string' ? trimName(feed) : null;
  const fault = name === null ? null : muteFault(name);
  if (name !== null && fault !== null) throw new RuleError('ERR_BAD_MUTE', `mute: feed "${clip(name)}": ${fault}`);
  // A body that is no object is passed to the schema and rejected: "all" must not be answered with a mute of the sound.
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  const given: unknown = body === undefined ? { feed } : isObject ? { ...body, feed } : body;
  const rule = checkRule(muteSchema, given, { code: 'ERR_BAD_MUTE', what: 'mute', example: ACCEPTED });
  if (rule.binary !== 'pass') return { feed: rule.feed, tracks: rule.tracks };
  if (rule.tracks === 'all') {
    throw new RuleError('ERR_BAD_MUTE', `mute: nothing passes "all", not even binary messages. Accepted: ${ACCEPTED}`);
  }
  return { feed: rule.feed, tracks: rule.tracks, binary: 'pass' };
}

/** How much a mute withholds, for comparison: higher is more. */
export function muteStrictness({ tracks, binary }: MuteRule): number {
  return tracks === 'all' ? 2 : binary === 'pass' ? 0 : 1;
}

/** Whether two mutes withhold the same. */
export function isSameMute(a: MuteRule, b: MuteRule): boolean {
  return a.tracks === b.tracks && a.binary === b.binary;
}
