// What the API answers about rules, as schemas: for its document and its tests. What it takes is in relay/rules.ts.

import * as z from 'zod';

export const mutedTracksSchema = z.enum(['audio', 'all']).describe('what goes nowhere: the sound, or everything');

export const keptStreamSchema = z
  .strictObject({
    stream: z.string(),
    feeds: z.array(z.string()).describe('feeds, or their #video or #audio'),
    trimMs: z.record(z.string(), z.number()).optional(),
  })
  .describe('A stream rule as it is kept.');

export const streamAnswerSchema = keptStreamSchema
  .extend({
    similar: z.string().optional().describe('nobody sends to one of the feeds: a feed that may have been meant'),
  })
  .describe('A stream rule that is in force.');

export const keptDestinationSchema = z
  .strictObject({
    id: z.string(),
    stream: z.string(),
    destination: z.string(),
    tokenSet: z.literal(true).optional().describe('there is a token; it is never shown'),
    swap: z.enum(['make', 'break']).optional(),
  })
  .describe('A destination rule as it is kept.');

export const destinationAnswerSchema = keptDestinationSchema
  .extend({
    similar: z
      .string()
      .optional()
      .describe('nobody sends to the feed, or the stream has no rule: a feed or stream that may have been meant'),
  })
  .describe('A destination rule that is in force.');

const mutedFeed = z.string().describe('a feed, or all');
const passedBinary = z.literal('pass').describe('binary messages pass; left out: they are dropped');

export const keptMuteSchema = z
  .strictObject({ feed: mutedFeed, tracks: mutedTracksSchema, binary: passedBinary.optional() })
  .describe('A mute as it is kept.');

export const muteAnswerSchema = z
  .strictObject({
    feed: mutedFeed,
    tracks: mutedTracksSchema,
    binary: z
      .enum(['drop', 'pass'])
      .describe('what becomes of binary messages, which may be sound; text passes a mute of the sound'),
    known: z
      .boolean()
      .describe(
        'whether a rule names the feed or somebody publishes or has published to it; if not, it will be muted when it comes',
      ),
    similar: z.string().optional().describe('the known feed that may have been meant'),
  })
  .describe('A mute that is in force.');

export const streamListSchema = z
  .record(z.string(), z.array(z.string()))
  .describe('The feeds of every stream, by its name.');
export const destinationListSchema = z.record(z.string(), keptDestinationSchema).describe('Every rule by its id.');
export const muteListSchema = z.record(z.string(), mutedTracksSchema).describe('What is muted, by feed.');

export const deletedSchema = z.string().describe('the name of what is gone');

export const allRulesSchema = z
  .strictObject({
    streams: z.array(keptStreamSchema),
    destinations: z.array(keptDestinationSchema),
    mutes: z.array(keptMuteSchema),
  })
  .describe('Every rule, each as it may be posted again.');
