// The schema of `GET /api/stats`: types, the OpenAPI document and the tests are derived from it. Times are milliseconds
// since 1970 (`…Ms` of a moment) or milliseconds (of a duration); rates are bits a second. null: not measured, or not known
// from the media.

import * as z from 'zod';
import { TRACK_KINDS } from '../mpegts/psi/track.js';
import { faultSchema } from './events/event.js';

const count = (description: string) => z.int().min(0).describe(description);
const number = (description: string) => z.number().describe(description);
const maybe = (description: string) => z.number().nullable().describe(description);
const message = (description: string) => z.string().nullable().describe(description);
const moment = (description: string) => z.int().describe(`${description}, milliseconds since 1970`);

/** The trace of a flood of tiny messages: see framing/read-throttle.ts. */
const THROTTLED = 'reads with so many tiny messages that they were processed in several steps';

const rateSchema = z
  .strictObject({
    now: number('over the last second or two'),
    minute: number('over the last minute, or since the start if that is shorter'),
  })
  .describe('bits a second');

const muted = z.enum(['audio', 'all']).nullable().describe('what of it is muted; null: nothing');
const mutedBinary = z.enum(['drop', 'pass']);
const kind = z.enum(TRACK_KINDS).describe('other: known to be data; unknown: it may be sound');

const mediaShape = {
  codec: z.string().describe("ffmpeg's name, e.g. mpeg1video, h264, aac; 0x86 if the stream_type has no name here"),
  width: maybe('pixels (video)'),
  height: maybe('pixels (video)'),
  frameRate: maybe('pictures a second, from the media or from its time stamps (video)'),
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
    .describe('absent: no source; live: data arrives; silent: a source is connected but sends nothing'),
  sinceMs: moment('when it entered that state'),
  fault: faultSchema.nullable().describe('what is wrong with it now; null: nothing'),
  source: message('the address of the source; null: none'),
  bytes: count('bytes received'),
  messages: count('messages received: reads of an upload, WebSocket messages'),
  opaqueMessages: count('of these, text and binary messages, which are passed on unchanged'),
  packets: count('MPEG-TS packets received'),
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
    .describe('the program in use, of those that the PAT lists; null: none yet'),
  randomAccessPoints: count('random access points (keyframes; audio if there is no video)'),
  lastRandomAccessMs: moment('when the last of them was received').nullable(),
  gopMs: maybe('time between the last two keyframes, by their time stamps, milliseconds'),
  subscribers: count('destinations, streams and HTTP players that read it'),
  clients: count('local WebSockets on it'),
  muted,
  mutedBinary: mutedBinary.nullable().describe('what a mute does with binary messages; null: it is not muted'),
  withheld: z
    .array(
      z.strictObject({
        pid: count('PID'),
        streamType: count('stream_type, as its PMT says; null: no PMT lists it').nullable(),
        reason: z.string().describe('why, in words'),
        packets: count('packets, since the mute or since the reason was known'),
      }),
    )
    .describe('what a mute of the sound withholds now'),
  withheldMessages: count('text and binary messages that mutes have withheld'),
  cacheBytes: count('cached for late subscribers'),
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
  offsetMs: number("the offset that is added to the feed's time stamps"),
  errorMs: maybe('the difference between that and the offset that it should have'),
  driftPpm: number("the drift of the feed's clock against this machine's, parts per million"),
  isReference: z.boolean().describe("whether the stream's clock is that of this feed"),
});

export const streamStatsSchema = z.strictObject({
  feeds: z.array(z.string()).describe("the rule's"),
  fault: faultSchema.nullable().describe('what is wrong with it now; null: nothing'),
  tracks: z.array(streamTrackSchema).describe('as its PMT lists them'),
  pmtVersion: z.int().describe('version_number of its PMT; -1 before the first'),
  bytes: count('bytes sent'),
  bitsPerSecond: rateSchema,
  clocks: z.array(clockSchema),
  counters: z
    .strictObject({
      received: count('packets received'),
      sent: count('of these, sent'),
      nulls: count('left out: stuffing'),
      tables: count("left out: the inputs' own tables"),
      unknown: count('left out: of PIDs that no PMT lists'),
      omitted: count('left out: of tracks that are muted, not selected, or wait for their first unit'),
      duplicates: count('left out: duplicates'),
      damaged: count('left out: damaged or scrambled'),
      lost: count('missing when they were expected'),
      omittedTracks: count('tracks for which the PMT has no room, now'),
    })
    .describe('packets'),
  timing: z.strictObject({
    heldUnits: count('units whose DTS was raised because it would have decreased'),
    lateUnits: count('units that were sent late: with a DTS before the PCR'),
    jumps: count('times that a feed was realigned: its time stamps jumped, or it had fallen behind'),
  }),
  muted,
  withheld: z
    .array(
      z.strictObject({
        feed: z.string(),
        pid: count('PID in the feed'),
        streamType: count('stream_type, as its PMT says'),
        reason: z.string().describe('why, in words'),
      }),
    )
    .describe('audio, and what may be audio, of feeds of which the rule selects only the video'),
  withheldMessages: count('binary messages of feeds of which the rule selects only the video: they may be sound'),
  subscribers: count('destinations and viewers that read it'),
  cacheBytes: count('cached for late subscribers'),
  throttledReads: count(`${THROTTLED}: of its local WebSockets`),
});

const linkCounters = {
  attempts: count('dials'),
  opens: count('times that the link opened'),
  sentMessages: count('messages sent'),
  sentBytes: count('bytes of messages sent'),
  droppedMessages: count('messages dropped'),
  droppedBytes: count('bytes dropped'),
  receivedMessages: count('messages received from it'),
  throttledReads: count(THROTTLED),
};

export const linkStatsSchema = z.strictObject({
  url: z.string().describe('the URL of the relay server, without query'),
  state: z.enum(['waiting', 'dialling', 'authorising', 'open', 'closing', 'closed']),
  sinceMs: moment('when it entered that state'),
  fault: faultSchema.nullable().describe('what is wrong with it now; null: nothing'),
  ...linkCounters,
  lastError: message('why the last dial failed or the link was last lost, for people; null: never'),
  lastErrorMs: moment('when that was').nullable(),
  nextDialMs: moment('when it is redialled').nullable(),
  bitsPerSecond: rateSchema,
  waitingBytes: count('bytes that the system has not taken yet'),
  isDropping: z.boolean().describe('whether messages are dropped for it now because it is slow'),
  pingMs: maybe('round-trip time, milliseconds'),
});

export const destinationStatsSchema = z.strictObject({
  stream: z.string().describe('the feed or stream that the rule names'),
  live: linkStatsSchema,
  total: z.strictObject(linkCounters).describe('of all its links so far, including those to previous relay servers'),
  pending: linkStatsSchema.nullable().describe('the link to a new relay server while the old one is in use'),
});

/** The status of one feed, stream or topic for its viewers; `vw serve` reports the same. */
export const playStatusSchema = z.strictObject({
  state: z
    .enum(['live', 'silent', 'absent'])
    .describe('live: media arrives; silent: a source is connected and sends nothing; absent: there is no source'),
  fault: faultSchema.nullable().describe('its current fault, as in the stats; null: none'),
  muted: z.enum(['audio', 'all']).nullable().describe('what is muted; null: nothing'),
});

/** The state of the log; `vw serve` reports the same. */
export const logStatsSchema = z
  .strictObject({
    lostLines: count('lines that could not be written, or were dropped because the reader had stopped reading'),
    waitingBytes: count('bytes that wait for the reader of the log'),
    error: message('why the log cannot be written now, for people; null: it can'),
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
  cacheBytes: count('cached for late subscribers, of all feeds and streams'),
  eventLoopDelayMs: z
    .strictObject({ p50: number('median'), p99: number('99th percentile'), max: number('longest') })
    .describe('event loop delay, milliseconds, over the last minute or so'),
  log: logStatsSchema,
});

export const muteStatsSchema = z.strictObject({
  tracks: z.enum(['audio', 'all']).describe('what is muted: the sound, or everything'),
  binary: mutedBinary.describe('what happens to binary messages'),
  known: z
    .boolean()
    .describe('whether there is such a feed, or a rule names it; otherwise it will be muted once there is'),
});

export const stateStatsSchema = z
  .strictObject({
    file: message('the file of VW_STATE; null: rules are kept in memory only, and a restart loses them'),
    saved: z.boolean().describe('whether a restart would bring back every rule that is in force'),
    savedMs: moment('when rules were last written').nullable(),
    damaged: z
      .array(
        z.strictObject({
          path: z.string().describe('where it is now'),
          reason: z.string().describe('why it was not read, for people'),
        }),
      )
      .describe('files with saved rules that could not be read at the start, and were set aside'),
    fault: faultSchema.nullable().describe('what is wrong with what is saved; null: nothing'),
  })
  .describe('what is kept over a restart');

export const statsSchema = z.strictObject({
  nowMs: moment('time of this answer'),
  process: processStatsSchema,
  state: stateStatsSchema,
  feeds: z.record(z.string(), feedStatsSchema),
  streams: z.record(z.string(), streamStatsSchema),
  destinations: z.record(z.string(), destinationStatsSchema),
  mutes: z.record(z.string(), muteStatsSchema).describe('by feed; all: every feed'),
});

/** The answer of `GET /api/stats`. */
export type Stats = z.infer<typeof statsSchema>;

/** What a relay keeps over a restart that has no file for it. */
export const KEPT_IN_MEMORY: Stats['state'] = { file: null, saved: false, savedMs: null, damaged: [], fault: null };

export type Rate = z.infer<typeof rateSchema>;
export type FeedStats = z.infer<typeof feedStatsSchema>;
export type FeedState = FeedStats['state'];
export type StreamStats = z.infer<typeof streamStatsSchema>;
export type LinkCounters = DestinationStats['total'];
export type LinkStats = z.infer<typeof linkStatsSchema>;
export type LinkState = LinkStats['state'];
export type DestinationStats = z.infer<typeof destinationStatsSchema>;
export type ProcessSnapshot = z.infer<typeof processStatsSchema>;
