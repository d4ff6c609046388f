// What `GET /api/stats` answers, as one schema: types, the API's document and the tests come from here.
// Times are milliseconds since 1970 (`…Ms` of a moment) or milliseconds (of a duration); rates are bits a second. What is
// not measured, or not told by the media, is null.

import * as z from 'zod';
import { TRACK_KINDS } from '../mpegts/track.js';
import { faultSchema } from './event.js';

const count = (description: string) => z.int().min(0).describe(description);
const number = (description: string) => z.number().describe(description);
const maybe = (description: string) => z.number().nullable().describe(description);
const words = (description: string) => z.string().nullable().describe(description);
const moment = (description: string) => z.int().describe(`${description}, milliseconds since 1970`);

/** What a flood of tiny messages leaves: see framing/read-throttle.ts. */
const THROTTLED = 'reads that held so many tiny messages that others were served in between';

const rateSchema = z
  .strictObject({
    now: number('over the last second or two'),
    minute: number('over the last minute, or since it began where that is less'),
  })
  .describe('bits a second');

const muted = z.enum(['audio', 'all']).nullable().describe('what of it goes nowhere; null: nothing');
const mutedBinary = z.enum(['drop', 'pass']);
const kind = z.enum(TRACK_KINDS).describe('other: known to be data; unknown: it may be sound');

const mediaShape = {
  codec: z.string().describe('as ffmpeg calls it, e.g. mpeg1video, h264, aac; 0x86 where stream_type has no name here'),
  width: maybe('pixels (video)'),
  height: maybe('pixels (video)'),
  frameRate: maybe('pictures a second as the media says, or as its time stamps do (video)'),
  sampleRate: maybe('Hz (audio)'),
  channels: maybe('channels (audio)'),
};

const trackSchema = z.strictObject({
  pid: count('PID'),
  streamType: count('stream_type, ISO/IEC 13818-1 table 2-34'),
  kind,
  ...mediaShape,
});

export const feedStatsSchema = z.strictObject({
  state: z
    .enum(['absent', 'live', 'silent'])
    .describe('absent: nobody sends; live: media comes; silent: somebody is there and sends nothing'),
  sinceMs: moment('since when it is in that state'),
  fault: faultSchema.nullable().describe('what is wrong with it now; null: nothing'),
  source: words('who sends; null: nobody'),
  bytes: count('bytes that came'),
  messages: count('messages that came: pieces of an upload, WebSocket messages'),
  opaqueMessages: count('of these, text and binary ones that are passed as they are'),
  packets: count('MPEG-TS packets that came'),
  nullPackets: count('of these, stuffing'),
  continuityErrors: count('packets whose continuity_counter was not the next one'),
  transportErrors: count('packets with transport_error_indicator'),
  badSections: count('damaged tables'),
  skippedBytes: count('bytes that belonged to no packet'),
  bitsPerSecond: rateSchema,
  tracks: z.array(trackSchema).describe('as its PMT lists them'),
  program: z
    .strictObject({ number: count('program_number'), of: count('how many programs the PAT lists') })
    .nullable()
    .describe('the program that is followed, of those that the PAT lists; null: none yet'),
  randomAccessPoints: count('random access points (key pictures; sound where there is no picture)'),
  lastRandomAccessMs: moment('when the last of them came').nullable(),
  gopMs: maybe('from the last but one key picture to the last, by their time stamps, milliseconds'),
  sinks: count('destinations, streams and HTTP players that take it'),
  clients: count('local WebSockets on it'),
  muted,
  mutedBinary: mutedBinary.nullable().describe('what a mute does with binary messages; null: there is no mute'),
  withheld: z
    .array(
      z.strictObject({
        pid: count('PID'),
        streamType: count('stream_type, as its PMT says; null: no PMT lists it').nullable(),
        why: z.string().describe('why, in words'),
        packets: count('packets, since the mute or since this was known'),
      }),
    )
    .describe('what a mute of the sound withholds now'),
  withheldMessages: count('text and binary messages that mutes have withheld'),
  cacheBytes: count('kept for those who join'),
  throttledReads: count(`${THROTTLED}: of its local WebSockets`),
});

const streamTrackSchema = z.strictObject({
  feed: z.string(),
  inputPid: count('PID in the feed'),
  pid: count('PID in the stream'),
  streamType: count('stream_type, ISO/IEC 13818-1 table 2-34'),
  kind,
  streamId: z.int().describe('PES stream_id as sent; -1 before the first unit'),
  ...mediaShape,
});

const clockSchema = z.strictObject({
  feed: z.string(),
  offsetMs: number("what is added to the feed's time stamps"),
  errorMs: maybe('how far that is from where it should be'),
  driftPpm: number("the feed's clock against this machine's, millionths"),
  isReference: z.boolean().describe("whether the stream's time is the time of this feed"),
});

export const streamStatsSchema = z.strictObject({
  feeds: z.array(z.string()).describe("the rule's"),
  fault: faultSchema.nullable().describe('what is wrong with it now; null: nothing'),
  tracks: z.array(streamTrackSchema).describe('as its PMT lists them'),
  pmtVersion: z.int().describe('version_number of its PMT; -1 before the first'),
  bytes: count('bytes that were sent on'),
  bitsPerSecond: rateSchema,
  clocks: z.array(clockSchema),
  counters: z
    .strictObject({
      taken: count('packets that came'),
      sent: count('of these, sent on'),
      nulls: count('left out: stuffing'),
      tables: count("left out: the inputs' own tables"),
      unknown: count('left out: of PIDs that no PMT lists'),
      leftOut: count('left out: of tracks that are muted, not asked for, or wait for their first unit'),
      duplicates: count('left out: duplicates'),
      damaged: count('left out: damaged or scrambled'),
      lost: count('missing when they should have come'),
      tracksLeftOut: count('tracks for which the PMT has no room, now'),
    })
    .describe('packets'),
  timing: z.strictObject({
    heldUnits: count('units whose DTS was held up because it would have gone back'),
    lateUnits: count('units that were sent after their time: with a DTS before the PCR'),
    jumps: count('times that a feed was lined up anew: its time stamps jumped, or it had fallen behind'),
  }),
  withheld: z
    .array(
      z.strictObject({
        feed: z.string(),
        pid: count('PID in the feed'),
        streamType: count('stream_type, as its PMT says'),
        why: z.string().describe('why, in words'),
      }),
    )
    .describe('the sound, and what may be sound, of feeds of which the rule takes the picture alone'),
  withheldMessages: count('binary messages of feeds of which the rule takes the picture alone: they may be sound'),
  readers: count('destinations and viewers that take it'),
  cacheBytes: count('kept for those who join'),
  throttledReads: count(`${THROTTLED}: of its local WebSockets`),
});

const linkCounters = {
  attempts: count('dials'),
  opens: count('times that it was open'),
  sentMessages: count('messages sent'),
  sentBytes: count('bytes of messages sent'),
  droppedMessages: count('messages that it went without'),
  droppedBytes: count('bytes that it went without'),
  receivedMessages: count('messages that came back'),
  throttledReads: count(THROTTLED),
};

export const linkStatsSchema = z.strictObject({
  url: z.string().describe('the far end, without query'),
  state: z.enum(['waiting', 'dialling', 'authorising', 'open', 'closing', 'closed']),
  sinceMs: moment('since when it is in that state'),
  fault: faultSchema.nullable().describe('what is wrong with it now; null: nothing'),
  ...linkCounters,
  lastError: words('why it was last not reached or lost, in words; null: never'),
  lastErrorMs: moment('when that was').nullable(),
  nextDialMs: moment('when it is dialled again').nullable(),
  bitsPerSecond: rateSchema,
  waitingBytes: count('bytes that the system has not taken yet'),
  isDropping: z.boolean().describe('whether it goes without messages now, being slow'),
  pingMs: maybe('there and back, milliseconds'),
});

export const destinationStatsSchema = z.strictObject({
  stream: z.string().describe('the feed or stream that the rule names'),
  live: linkStatsSchema,
  total: z.strictObject(linkCounters).describe('of all links that it has had, also to far ends before this one'),
  coming: linkStatsSchema.nullable().describe('the link to a new far end while the old one goes on'),
});

/** What became of the lines of the log; `vw serve` says the same. */
export const logStatsSchema = z
  .strictObject({
    lostLines: count('lines that could not be written, or that a reader who stopped reading did not get'),
    waitingBytes: count('bytes that wait for whoever reads the log'),
    error: words('why the log cannot be written now, in words; null: it can'),
  })
  .describe('the log');

export const processStatsSchema = z.strictObject({
  version: z.string(),
  node: z.string(),
  pid: count('process id'),
  startedMs: moment('when it was started'),
  uptimeMs: number('milliseconds since then'),
  cpuMs: number('processor time, milliseconds'),
  rssBytes: count('resident memory'),
  heapUsedBytes: count('memory of JavaScript objects'),
  externalBytes: count('memory of buffers'),
  cacheBytes: count('kept for those who join, of all feeds and streams'),
  eventLoopDelayMs: z
    .strictObject({ p50: number('median'), p99: number('99th percentile'), max: number('longest') })
    .describe('how late the program was with what was due, over the last minute or so'),
  log: logStatsSchema,
});

export const muteStatsSchema = z.strictObject({
  tracks: z.enum(['audio', 'all']).describe('what goes nowhere: the sound, or everything'),
  binary: mutedBinary.describe('what becomes of binary messages'),
  known: z
    .boolean()
    .describe('whether there is such a feed, or a rule names it; otherwise it will be muted when it comes'),
});

export const statsSchema = z.strictObject({
  nowMs: moment('when this was asked'),
  process: processStatsSchema,
  feeds: z.record(z.string(), feedStatsSchema),
  streams: z.record(z.string(), streamStatsSchema),
  destinations: z.record(z.string(), destinationStatsSchema),
  mutes: z.record(z.string(), muteStatsSchema).describe('by feed; all: every feed'),
});

/** What `GET /api/stats` answers. */
export type Stats = z.infer<typeof statsSchema>;

export type Rate = z.infer<typeof rateSchema>;
export type FeedStats = z.infer<typeof feedStatsSchema>;
export type FeedState = FeedStats['state'];
export type StreamStats = z.infer<typeof streamStatsSchema>;
export type LinkCounters = DestinationStats['total'];
export type LinkStats = z.infer<typeof linkStatsSchema>;
export type LinkState = LinkStats['state'];
export type DestinationStats = z.infer<typeof destinationStatsSchema>;
export type ProcessStats = z.infer<typeof processStatsSchema>;
