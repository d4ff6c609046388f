// Schemas of the API's answers about rules, for its document and its tests. Schemas of requests are in relay/rules.ts.

import * as z from 'zod';

export const mutedTracksSchema = z.enum(['audio', 'all']).describe('what is withheld: the sound, or everything');

const saved = z.literal(false).optional().describe('it is in force, but could not be saved: a restart loses it');

export const storedStreamSchema = z
  .strictObject({
    stream: z.string(),
    feeds: z.array(z.string()).describe('feeds, or their #video or #audio'),
    trimMs: z.record(z.string(), z.number()).optional(),
  })
  .describe('A stored stream rule.');

export const streamAnswerSchema = storedStreamSchema
  .extend({
    similar: z.string().optional().describe('one of the feeds has no source: an existing feed with a similar name'),
    saved,
  })
  .describe('A stream rule that is in force.');

export const storedDestinationSchema = z
  .strictObject({
    id: z.string(),
    stream: z.string(),
    destination: z.string(),
    tokenSet: z.literal(true).optional().describe('the rule has a token, which is never shown'),
    swap: z.enum(['make', 'break']).optional(),
  })
  .describe('A stored destination rule.');

export const destinationAnswerSchema = storedDestinationSchema
  .extend({
    similar: z
      .string()
      .optional()
      .describe('the feed has no source, or the stream has no rule: an existing one with a similar name'),
    saved,
  })
  .describe('A destination rule that is in force.');

const mutedFeed = z.string().describe('a feed, or all');
const passedBinary = z.literal('pass').describe('binary messages pass; without it they are dropped');

export const storedMuteSchema = z
  .strictObject({ feed: mutedFeed, tracks: mutedTracksSchema, binary: passedBinary.optional() })
  .describe('A stored mute.');

export const muteAnswerSchema = z
  .strictObject({
    feed: mutedFeed,
    tracks: mutedTracksSchema,
    binary: z
      .enum(['drop', 'pass'])
      .describe('how binary messages, which may be sound, are treated; text passes a mute of the sound'),
    known: z
      .boolean()
      .describe('whether a rule names the feed or it has or had a source; if not, it is muted as soon as it appears'),
    similar: z.string().optional().describe('the known feed whose name is closest'),
    saved,
  })
  .describe('A mute that is in force.');

export const streamListSchema = z
  .record(z.string(), z.array(z.string()))
  .describe('The feeds of every stream, by its name.');
export const destinationListSchema = z.record(z.string(), storedDestinationSchema).describe('Every rule by its id.');
export const muteListSchema = z.record(z.string(), mutedTracksSchema).describe('The muted tracks, by feed.');

export const deletedSchema = z.string().describe('the name of what was deleted');

export const allRulesSchema = z
  .strictObject({
    streams: z.array(storedStreamSchema),
    destinations: z.array(storedDestinationSchema),
    mutes: z.array(storedMuteSchema),
    mutesUnknown: z
      .literal(true)
      .optional()
      .describe('the saved rules were lost, and it is unknown what was muted: the sound of every feed is withheld'),
  })
  .describe('Every rule, each in the form in which it can be posted again.');
