// What GET /api/stats may answer, made by hand: for whoever reads it. Checked by the schema, so that it cannot be wrong.

import { type Stats, statsSchema } from '../../../src/relay/stats-schema.js';

/** The moment at which all of it was asked. */
export const NOW_MS = 1_750_000_000_000;
const SECOND = 1000;
const HOUR = 3600 * SECOND;

type FeedStats = Stats['feeds'][string];
type StreamStats = Stats['streams'][string];
type LinkStats = Stats['destinations'][string]['live'];

const NOT_TOLD = { width: null, height: null, frameRate: null, sampleRate: null, channels: null };

export const VIDEO = {
  pid: 256,
  streamType: 1,
  kind: 'video' as const,
  ...NOT_TOLD,
  codec: 'mpeg1video',
  width: 640,
  height: 480,
  frameRate: 25,
};
export const AUDIO = {
  pid: 257,
  streamType: 3,
  kind: 'audio' as const,
  ...NOT_TOLD,
  codec: 'mp2',
  sampleRate: 44_100,
  channels: 1,
};

/** A feed to which a camera sends. */
export function feedStats(more: Partial<FeedStats> = {}): FeedStats {
  return {
    state: 'live',
    sinceMs: NOW_MS - 3 * HOUR - 4 * 60 * SECOND,
    fault: null,
    source: '127.0.0.1:40312',
    bytes: 1_000_000,
    messages: 1000,
    opaqueMessages: 0,
    packets: 5319,
    nullPackets: 0,
    continuityErrors: 0,
    transportErrors: 0,
    badSections: 0,
    skippedBytes: 0,
    bitsPerSecond: { now: 1_024_000, minute: 1_020_000 },
    tracks: [VIDEO],
    program: { number: 1, of: 1 },
    randomAccessPoints: 100,
    lastRandomAccessMs: NOW_MS - 300,
    gopMs: 480,
    subscribers: 1,
    clients: 0,
    muted: null,
    mutedBinary: null,
    withheld: [],
    withheldMessages: 0,
    cacheBytes: 0,
    throttledReads: 0,
    ...more,
  };
}

/** A stream of `video0` and `audio0`. */
export function streamStats(more: Partial<StreamStats> = {}): StreamStats {
  const track = { inputPid: 256, streamId: 0xe0 };
  return {
    feeds: ['video0', 'audio0'],
    fault: null,
    tracks: [
      { ...VIDEO, ...track, feed: 'video0' },
      { ...AUDIO, ...track, feed: 'audio0' },
    ],
    pmtVersion: 0,
    bytes: 1_000_000,
    bitsPerSecond: { now: 1_152_000, minute: 1_150_000 },
    clocks: [
      { feed: 'video0', offsetMs: 0, errorMs: 0, driftPpm: 0, isReference: true },
      { feed: 'audio0', offsetMs: 1400, errorMs: 3.2, driftPpm: -12.4, isReference: false },
    ],
    counters: {
      received: 6000,
      sent: 5900,
      nulls: 0,
      tables: 100,
      unknown: 0,
      omitted: 0,
      duplicates: 0,
      damaged: 0,
      lost: 0,
      omittedTracks: 0,
    },
    timing: { heldUnits: 2, lateUnits: 0, jumps: 0 },
    muted: null,
    withheld: [],
    withheldMessages: 0,
    subscribers: 1,
    cacheBytes: 0,
    throttledReads: 0,
    ...more,
  };
}

/** What all links of a destination have done. */
export const TOTAL: Stats['destinations'][string]['total'] = {
  attempts: 3,
  opens: 2,
  sentMessages: 20_000,
  sentBytes: 40_000_000,
  droppedMessages: 0,
  droppedBytes: 0,
  receivedMessages: 0,
  throttledReads: 0,
};

/** A link that is open and sends. */
export function linkStats(more: Partial<LinkStats> = {}): LinkStats {
  return {
    url: 'wss://relay.example.org/in/front',
    state: 'open',
    sinceMs: NOW_MS - 2 * HOUR,
    fault: null,
    attempts: 1,
    opens: 1,
    lastError: null,
    lastErrorMs: null,
    nextDialMs: null,
    sentMessages: 1000,
    sentBytes: 1_000_000,
    bitsPerSecond: { now: 1_152_000, minute: 1_150_000 },
    waitingBytes: 0,
    isDropping: false,
    droppedMessages: 0,
    droppedBytes: 0,
    receivedMessages: 0,
    throttledReads: 0,
    pingMs: 12.3,
    ...more,
  };
}

/** A relay where all is well. */
export function stats(more: Partial<Stats> = {}): Stats {
  const all: Stats = {
    nowMs: NOW_MS,
    state: { file: '/var/lib/vw/rules', saved: true, savedMs: NOW_MS, damaged: [], fault: null },
    process: {
      version: '0.1.0',
      node: 'v20.20.2',
      pid: 4711,
      startedMs: NOW_MS - 75 * HOUR,
      uptimeMs: 75 * HOUR,
      cpuMs: 100_000,
      rssBytes: 84_000_000,
      heapUsedBytes: 20_000_000,
      externalBytes: 10_000_000,
      cacheBytes: 500_000,
      eventLoopDelayMs: { p50: 0.3, p99: 2.1, max: 12 },
      log: { lostLines: 0, waitingBytes: 0, error: null },
    },
    feeds: {
      video0: feedStats(),
      audio0: feedStats({
        source: '127.0.0.1:40318',
        tracks: [AUDIO],
        bitsPerSecond: { now: 128_000, minute: 128_000 },
        gopMs: null,
      }),
    },
    streams: { 'stream/front': streamStats() },
    destinations: { 0: { stream: 'stream/front', live: linkStats(), total: TOTAL, pending: null } },
    mutes: {},
    ...more,
  };
  return statsSchema.parse(all);
}

/** A relay in trouble: a camera that is gone, an endpoint that says no, one that is slow, one that is being changed. */
export function troubledStats(): Stats {
  return stats({
    feeds: {
      ...stats().feeds,
      video10: feedStats({
        state: 'silent',
        sinceMs: NOW_MS - 42 * SECOND,
        fault: { code: 'silent', message: 'somebody sends, and nothing has come for 42 s' },
        bitsPerSecond: { now: 0, minute: 20_000 },
        continuityErrors: 12,
        badSections: 1,
        skippedBytes: 1880,
        gopMs: 10_240,
      }),
      video2: feedStats({
        state: 'absent',
        source: null,
        fault: { code: 'no-source', message: 'no source publishes to it' },
        bitsPerSecond: { now: 0, minute: 0 },
        tracks: [],
        gopMs: null,
        muted: 'audio',
        mutedBinary: 'drop',
      }),
      data0: feedStats({ tracks: [], opaqueMessages: 214, bitsPerSecond: { now: 640, minute: 600 }, gopMs: null }),
    },
    streams: {
      'stream/front': streamStats(),
      'stream/workshop/bench-with-the-long-name/left': streamStats({
        feeds: ['video10', 'video2#video'],
        tracks: [],
        bitsPerSecond: { now: 0, minute: 0 },
        clocks: [],
        fault: { code: 'no-source', message: 'no source publishes to video2' },
        subscribers: 0,
      }),
    },
    destinations: {
      0: {
        stream: 'stream/front',
        live: linkStats({
          opens: 12,
          attempts: 14,
          lastError: 'the relay server closed the link (1006)',
          lastErrorMs: NOW_MS - 62 * SECOND,
        }),
        total: TOTAL,
        pending: linkStats({
          url: 'wss://new.example.org/in/front',
          state: 'waiting',
          sinceMs: NOW_MS - 2 * SECOND,
          nextDialMs: NOW_MS + 6 * SECOND,
          attempts: 4,
          opens: 0,
          fault: { code: 'unreachable', message: 'new.example.org: connection refused' },
          lastError: 'connection refused',
          lastErrorMs: NOW_MS - 2 * SECOND,
        }),
      },
      lab: {
        stream: 'video0',
        live: linkStats({
          url: 'wss://far.example.org/session/a-very-long-topic-name-0123456789/and-more',
          isDropping: true,
          droppedMessages: 310,
          droppedBytes: 5_000_000,
          waitingBytes: 2_000_000,
          pingMs: 840,
        }),
        total: TOTAL,
        pending: null,
      },
    },
  });
}
