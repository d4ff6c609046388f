// The types of events of a relay: the journal keeps them, `GET /api/events` sends them, the log has a line for each.
// Plain data; types, the OpenAPI document and the tests are derived from the schema here.

import * as z from 'zod';
import { TRACK_KINDS } from '../../mpegts/psi/track.js';

/** What can be wrong with a feed, a stream or a link, as stable codes, worst first: a stream has its worst feed's. */
export const FAULTS = [
  'mutes-unknown', // neither the saved rules nor their previous version can be read
  'not-saved', // rules cannot be saved
  'previous-rules', // the saved rules cannot be read, and their previous version is in force
  'no-rule', // a destination or a viewer wants a stream that has no rule
  'no-source', // a feed that a rule or a reader wants has no source
  'silent', // a source is connected but sends nothing
  'track-stopped', // its video has stopped while its audio goes on, or the reverse
  'no-tables', // packets arrive, but no valid PAT or PMT
  'waiting-for-keyframe', // a reader waits for the next keyframe, and keyframes are rare
  'opaque-ts', // MPEG-TS is received or sent as opaque messages, which cannot be played
  'token-required', // the endpoint wants a token, and the rule has none
  'refused', // the endpoint rejects the token or the connection
  'token-expired', // the token's `exp` has passed
  'unreachable', // nothing listens at the address, or it has no route
  'unresolvable', // the host name has no address
  'untrusted', // the certificate is not trusted
  'wrong-scheme', // the address says plain and the endpoint speaks TLS, or the reverse
  'wrong-path', // the endpoint answers 404
  'no-answer', // a time-out
  'lost', // an open link failed
  'slow-source', // it encodes more slowly than real time
  'late', // its access units arrive later than a stream waits for them
  'dropped', // part of it is left out of a stream: damaged, scrambled, or no room in the PMT
  'slow', // it is slower than the stream, and messages are dropped for it
  'other',
] as const;
export type FaultCode = (typeof FAULTS)[number];

export const faultSchema = z.strictObject({
  code: z.enum(FAULTS).describe('a stable code, for programs'),
  message: z.string().describe('a message for people, with the reason that was given'),
});
/** What is wrong: a code for programs and a message for people. */
export type Fault = z.infer<typeof faultSchema>;

const ruleKind = z.enum(['stream', 'destination', 'mute']);
const text = (description: string) => z.string().describe(description);
const trackSchema = z.object({ pid: z.int(), kind: z.enum(TRACK_KINDS), codec: z.string() });

const bodies = [
  z.object({
    type: z.literal('rule-set'),
    kind: ruleKind,
    name: text("the stream's name, the destination's id, the muted feed or all"),
    rule: z.record(z.string(), z.unknown()).describe('as the API returns it: without its token'),
  }),
  z.object({ type: z.literal('rule-deleted'), kind: ruleKind, name: text('as in rule-set') }),
  z.object({
    type: z.literal('feed-up'),
    feed: z.string(),
    source: text('the address of the source'),
    before: text('the source that it replaced, if there was one').optional(),
  }),
  z.object({ type: z.literal('feed-down'), feed: z.string(), source: text('the address of the source') }),
  z.object({
    type: z.literal('feed-fault'),
    feed: z.string(),
    fault: faultSchema.nullable().describe('what is wrong with the feed now; null: the fault is over'),
  }),
  z.object({
    type: z.literal('tracks-changed'),
    name: text('a feed or a stream'),
    tracks: z.array(trackSchema).describe('as its PMT lists them now'),
  }),
  z.object({ type: z.literal('link-open'), destination: z.string(), endpoint: text('the address, without query') }),
  z.object({ type: z.literal('link-lost'), destination: z.string(), endpoint: z.string(), fault: faultSchema }),
  z.object({
    type: z.literal('link-refused'),
    destination: z.string(),
    endpoint: z.string(),
    fault: faultSchema.describe('why the dial failed; one event for each reason until the link is open'),
  }),
  z.object({
    type: z.literal('destination-fault'),
    destination: z.string(),
    fault: faultSchema
      .nullable()
      .describe('what is wrong with what is sent, apart from the link; null: the fault is over'),
  }),
  z.object({
    type: z.literal('state-fault'),
    fault: faultSchema.nullable().describe('what is wrong with the saved rules now; null: the fault is over'),
  }),
  z.object({
    type: z.literal('dropping-started'),
    reader: text('destination or viewer'),
    name: text("the destination's id, or the feed or stream of the viewer"),
  }),
  z.object({
    type: z.literal('dropping-ended'),
    reader: z.string(),
    name: z.string(),
    messages: z.int().describe('dropped messages'),
    bytes: z.int().describe('dropped bytes'),
  }),
] as const;

/** The kinds of events. */
export const EVENT_TYPES = bodies.map(({ shape }) => shape.type.value);
export type EventType = (typeof EVENT_TYPES)[number];

const stamp = {
  id: z.int().min(1).describe('a sequence number, from 1 when the relay is started'),
  atMs: z.int().describe('time, milliseconds since 1970'),
};
const [first, ...others] = bodies;
export const eventSchema = z.discriminatedUnion('type', [
  first.extend(stamp),
  ...others.map((body) => body.extend(stamp)),
]);

/** An event without number and time. */
export type EventBody = z.infer<(typeof bodies)[number]>;
/** An event with its number and its time. */
export type RelayEvent = EventBody & { readonly id: number; readonly atMs: number };

/** Sent by `GET /api/events` only, to a client that reconnects: some of the events that it missed are no longer kept. */
export const historyLostSchema = z.object({
  type: z.literal('history-lost'),
  message: z.string().describe('why'),
  firstId: z.int().min(1).describe('the first event after the gap'),
});
export type HistoryLost = z.infer<typeof historyLostSchema>;
