// What may be asked for as a mute, checked and put in one form. Plain data; knows nothing of what carries it out.

import * as z from 'zod';
import { acceptedFields, clip } from './rule-words.js';
import { ANSWERED, checkRule, feedFault, nameSchema, RuleError, trimName } from './rules.js';

/** What can be muted of a feed. */
export type MutedTracks = 'audio' | 'all';
/** What a mute of the sound does with binary messages, which may be sound. */
export type MutedBinary = 'drop' | 'pass';

const mutedTracks = z
  .enum(['audio', 'all'], { message: '"audio" or "all"' })
  .describe('What goes nowhere: the sound with all that may be sound, or everything.');

const mutedBinary = z
  .enum(['drop', 'pass'], { message: '"drop" or "pass"' })
  .optional()
  .describe(
    'What becomes of binary messages while the sound is muted: they may be sound, so without this they are dropped. Text passes.',
  );

const muteSchema = z.strictObject({
  feed: nameSchema(muteFault),
  tracks: mutedTracks.default('audio'),
  binary: mutedBinary,
  known: ANSWERED,
  similar: ANSWERED,
});

/** What may be sent to mute; the path says whom. */
export const muteBodySchema = z.strictObject({
  tracks: mutedTracks.default('audio'),
  binary: mutedBinary,
  feed: z.unknown().optional().describe('Not looked at: the path says which feed.'),
  known: ANSWERED,
  similar: ANSWERED,
});

/** The name that stands for every feed, also those that come later. */
export const EVERY_FEED = 'all';

function muteFault(value: string): string | null {
  return value === EVERY_FEED ? null : feedFault(value);
}

/** A feed (or `all`) whose sound, or all of it, goes nowhere. */
export interface MuteRule {
  readonly feed: string;
  readonly tracks: MutedTracks;
  /** Whether binary messages pass a mute of the sound; they are dropped without this. */
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
 * Checks a mute: the feed's name (or `all`) and what was sent with it; `undefined`: nothing was. Throws
 * {@link RuleError}.
 */
export function parseMuteRule(feed: unknown, body: unknown): MuteRule {
  // The path's name is at fault, not the body: what a body may hold would be no help. What is no text is the schema's.
  const name = typeof feed === 'string' ? trimName(feed) : null;
  const fault = name === null ? null : muteFault(name);
  if (name !== null && fault !== null) throw new RuleError('ERR_BAD_MUTE', `mute: feed "${clip(name)}": ${fault}`);
  // What is no object stays what it is, and is refused: the answer to "all" must not be that the sound is muted.
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  const given: unknown = body === undefined ? { feed } : isObject ? { ...body, feed } : body;
  const rule = checkRule(muteSchema, given, 'ERR_BAD_MUTE', 'mute', ACCEPTED);
  if (rule.binary !== 'pass') return { feed: rule.feed, tracks: rule.tracks };
  if (rule.tracks === 'all') {
    throw new RuleError('ERR_BAD_MUTE', `mute: nothing passes "all", no binary either. Accepted: ${ACCEPTED}`);
  }
  return { feed: rule.feed, tracks: rule.tracks, binary: 'pass' };
}

/** Whether two mutes withhold the same. */
export function isSameMute(a: MuteRule, b: MuteRule): boolean {
  return a.tracks === b.tracks && a.binary === b.binary;
}
