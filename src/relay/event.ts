// What happens in a relay, as one list of kinds: the journal keeps them, `GET /api/events` sends them, the log tells them.
// Plain data; the schema here serves types, the API's document and the tests.

import * as z from 'zod';
import { TRACK_KINDS } from '../mpegts/track.js';

/** What can be wrong with a feed, a stream or a link, told apart by a word that stays. Of a stream's feeds the worst comes first. */
export const FAULTS = [
  'no-rule', // a destination or a viewer wants a stream that has no rule
  'no-source', // a feed that a rule or a reader wants has no source
  'silent', // a source is connected, and sends nothing
  'track-stopped', // its video has stopped while its audio goes on, or the reverse
  'no-tables', // packets come, and no PAT or PMT that could be read
  'waits-for-keyframe', // a reader has to wait for the next keyframe, which is long in coming
  'opaque-ts', // MPEG-TS comes, or is sent, as opaque messages, which cannot be played
  'token-required', // the endpoint wants a token, and the rule has none
  'refused', // the endpoint rejects the token or the connection
  'token-expired', // the token's `exp` has passed
  'unreachable', // nothing listens at the address, or there is no route to it
  'unresolvable', // the name has no address
  'untrusted', // the certificate is not one that is trusted
  'wrong-scheme', // it speaks TLS where the address says it does not, or the other way round
  'wrong-path', // the endpoint answers 404
  'no-answer', // nothing came in time
  'lost', // the link was open and broke
  'slow-source', // it encodes more slowly than time passes
  'late', // its units come so late that a stream cannot wait for them
  'dropped', // part of what it sends is not sent on in a stream: damaged, scrambled, or no room for it
  'slow', // it takes less than it is sent, and messages are dropped for it
  'other',
] as const;
export type FaultCode = (typeof FAULTS)[number];

export const faultSchema = z.strictObject({
  code: z.enum(FAULTS).describe('a word that stays, to act on'),
  words: z.string().describe('the same for people, with the reason that was given'),
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
    rule: z.record(z.string(), z.unknown()).describe('as the API shows it: without its token'),
  }),
  z.object({ type: z.literal('rule-deleted'), kind: ruleKind, name: text('as in rule-set') }),
  z.object({
    type: z.literal('feed-up'),
    feed: z.string(),
    source: text('who sends'),
    before: text('whose place it took, where there was one').optional(),
  }),
  z.object({ type: z.literal('feed-down'), feed: z.string(), source: text('who sent') }),
  z.object({
    type: z.literal('feed-fault'),
    feed: z.string(),
    fault: faultSchema.nullable().describe('what is wrong with what comes; null: nothing any more'),
  }),
  z.object({
    type: z.literal('tracks-changed'),
    name: text('a feed or a stream'),
    tracks: z.array(trackSchema).describe('as its PMT lists them now'),
  }),
  z.object({ type: z.literal('link-open'), destination: z.string(), farEnd: text('the address, without query') }),
  z.object({ type: z.literal('link-lost'), destination: z.string(), farEnd: z.string(), fault: faultSchema }),
  z.object({
    type: z.literal('link-refused'),
    destination: z.string(),
    farEnd: z.string(),
    fault: faultSchema.describe('why a dial came to nothing; told once for each reason until the link is open'),
  }),
  z.object({
    type: z.literal('destination-fault'),
    destination: z.string(),
    fault: faultSchema.nullable().describe('what is wrong with what is sent, the link apart; null: nothing any more'),
  }),
  z.object({
    type: z.literal('drops-began'),
    reader: text('destination or viewer'),
    name: text('its id, or what it watches'),
  }),
  z.object({
    type: z.literal('drops-ended'),
    reader: z.string(),
    name: z.string(),
    messages: z.int().describe('what it went without'),
    bytes: z.int(),
  }),
] as const;

/** The kinds of events. */
export const EVENT_TYPES = bodies.map(({ shape }) => shape.type.value);
export type EventType = (typeof EVENT_TYPES)[number];

const stamp = {
  id: z.int().min(1).describe('counts up from 1 since the relay was started'),
  atMs: z.int().describe('when, milliseconds since 1970'),
};
const [first, ...others] = bodies;
export const eventSchema = z.discriminatedUnion('type', [
  first.extend(stamp),
  ...others.map((body) => body.extend(stamp)),
]);

/** One thing that happened, as it is told. */
export type EventBody = z.infer<(typeof bodies)[number]>;
/** One thing that happened, with its number and its time. */
export type RelayEvent = EventBody & { readonly id: number; readonly atMs: number };

/** Told by `GET /api/events` alone, to a client that comes back: not all that it missed is there. */
export const historyLostSchema = z.object({
  type: z.literal('history-lost'),
  words: z.string().describe('why'),
  firstId: z.int().min(1).describe('the first event after the gap'),
});
export type HistoryLost = z.infer<typeof historyLostSchema>;
