// Schemas of what `vw serve` answers, for its document and its tests. Code imports types of this file only: zod is loaded
// when the document is asked for.

import * as z from 'zod';
import { faultSchema } from '../../relay/events/event.js';
import { logStatsSchema, playStatusSchema } from '../../relay/stats-schema.js';

const count = (description: string) => z.int().min(0).describe(description);
const codecs = z.array(z.string()).describe("its tracks' codecs, as ffmpeg spells them");
const muted = z
  .enum(['audio', 'all'])
  .nullable()
  .describe('what the publisher reports as muted; null: nothing, or no report');

export const healthSchema = z.literal('ok');

export const topicStatsSchema = z
  .strictObject({
    sinceMs: z.int().describe('when its first client came, milliseconds since 1970'),
    publishers: count('clients that publish, or may'),
    publishingSinceMs: z
      .int()
      .nullable()
      .describe('when the active publisher started, milliseconds since 1970; null: there is none'),
    viewers: count('clients that view'),
    fault: faultSchema.nullable().describe('what is wrong with what arrives; null: nothing'),
    muted,
    codecs,
    receivedMessages: count('messages from its publishers'),
    receivedBytes: count('bytes from its publishers'),
    receivedBitsPerSecond: count('over the last few seconds'),
    heldBackMessages: count('messages of publishers that were not active'),
    sentMessages: count('messages to its viewers'),
    sentBytes: count('bytes to its viewers'),
    sentBitsPerSecond: count('over the last few seconds'),
    droppedMessages: count('messages dropped for its slow viewers'),
    droppedBytes: count('bytes dropped for its slow viewers'),
    stuckViewers: count('viewers that were closed because they read nothing'),
    throttledReads: count('throttled reads (floods of tiny messages)'),
    packets: count('MPEG-TS packets that arrived'),
    continuityErrors: count('packets lost before they arrived here'),
  })
  .describe('The state of a topic.');

/** The state of a topic, for `/status`. */
export type TopicStats = z.infer<typeof topicStatsSchema>;

export const serverStateSchema = z
  .strictObject({
    clients: count('connected WebSockets'),
    refusals: count('refused tokens and codes since the start'),
    log: logStatsSchema,
    topics: z.record(z.string(), topicStatsSchema).describe('each topic by its name; those of /bi begin with bi/'),
  })
  .describe('The state of the server and of each topic.');

/** What `/status` answers. */
export type ServerState = z.infer<typeof serverStateSchema>;

export const topicEntrySchema = z
  .strictObject({
    topic: z.string().describe('its name'),
    isPublished: z.boolean().describe('whether there is an active publisher'),
    codecs,
    muted,
  })
  .describe('A topic that can be played.');

/** An entry of `/api/topics`. */
export type TopicEntry = z.infer<typeof topicEntrySchema>;

export const topicListSchema = z.array(topicEntrySchema).describe('The topics that can be played.');

export const sessionSchema = z
  .strictObject({
    uri: z.string().describe('the address of a WebSocket, with a code that can be used once, within 30 s'),
  })
  .describe('Access to a topic.');

export { playStatusSchema };
