// `GET /metrics` of `vw stream`: the stats as Prometheus wants them, in its base units (seconds, bytes).
// A feed, stream or destination that is gone has no series.

import { type Labels, labels, MetricsText, type Sample } from '../metrics.js';
import type { FaultCode } from '../relay/event.js';
import type {
  DestinationStats,
  FeedStats,
  LinkCounters,
  LinkStats,
  ProcessStats,
  Stats,
  StreamStats,
} from '../relay/stats-schema.js';

/** An object with the labels that its series have. */
type Labelled<T> = readonly [name: string, labels: Labels, stats: T];

/** Everything in `stats`, as text. */
export function metricsText(stats: Stats): string {
  const text = new MetricsText();
  writeProcess(text, stats.process);
  writeFeeds(text, labelled('feed', stats.feeds));
  writeStreams(text, labelled('stream', stats.streams));
  writeDestinations(text, labelled('destination', stats.destinations));
  return text.toString();
}

function labelled<T>(what: string, all: Readonly<Record<string, T>>): Labelled<T>[] {
  return Object.entries(all).map(([name, stats]) => [name, labels({ [what]: name }), stats]);
}

/** One series for each object. */
function each<T>(all: readonly Labelled<T>[], of: (stats: T) => number | null): Sample[] {
  return all.map(([, own, stats]) => [own, of(stats)]);
}

/** As many series for an object as there is something to tell. */
function some<T>(all: readonly Labelled<T>[], of: (name: string, stats: T) => Sample[]): Sample[] {
  return all.flatMap(([name, , stats]) => of(name, stats));
}

function writeProcess(text: MetricsText, stats: ProcessStats): void {
  const { eventLoopDelayMs: delay } = stats;
  text.gauge('vw_build_info', 'Which vw this is; always 1.', [
    [labels({ version: stats.version, node: stats.node }), 1],
  ]);
  text.gauge('vw_cache_bytes', 'Kept for those who join, of all feeds and streams.', stats.cacheBytes);
  text.counter('vw_log_lost_lines_total', 'Lines of the log that were lost.', stats.log.lostLines);
  text.gauge('process_start_time_seconds', 'When it was started, since 1970.', stats.startedMs / 1000);
  text.counter('process_cpu_seconds_total', 'Processor time.', stats.cpuMs / 1000);
  text.gauge('process_resident_memory_bytes', 'Resident memory.', stats.rssBytes);
  text.gauge('nodejs_heap_size_used_bytes', 'Memory of JavaScript objects.', stats.heapUsedBytes);
  text.gauge('nodejs_external_memory_bytes', 'Memory of buffers.', stats.externalBytes);
  text.gauge('nodejs_eventloop_lag_p50_seconds', 'Median delay over the last minute or so.', delay.p50 / 1000);
  text.gauge('nodejs_eventloop_lag_p99_seconds', '99th percentile of the delay.', delay.p99 / 1000);
  text.gauge('nodejs_eventloop_lag_max_seconds', 'Longest delay.', delay.max / 1000);
}

function writeFeeds(text: MetricsText, feeds: readonly Labelled<FeedStats>[]): void {
  const counter = (name: string, help: string, of: (stats: FeedStats) => number) =>
    text.counter(`vw_feed_${name}_total`, help, each(feeds, of));
  const gauge = (name: string, help: string, of: (stats: FeedStats) => number | null) =>
    text.gauge(`vw_feed_${name}`, help, each(feeds, of));
  gauge('up', 'Whether media comes.', ({ state }) => Number(state === 'live'));
  text.gauge(
    'vw_feed_fault',
    'What is wrong with it now; no series: nothing.',
    some(feeds, (feed, { fault }) => (fault ? [[labels({ feed, code: fault.code }), 1]] : [])),
  );
  text.gauge(
    'vw_feed_muted',
    'What of it goes nowhere; no series: nothing.',
    some(feeds, (feed, { muted }) => (muted ? [[labels({ feed, tracks: muted }), 1]] : [])),
  );
  counter('withheld_messages', 'Text and binary messages that mutes have withheld.', (stats) => stats.withheldMessages);
  text.gauge(
    'vw_feed_track_info',
    'A track of it; always 1.',
    some(feeds, (feed, { tracks }) =>
      once(tracks).map(({ pid, kind, codec, width, height, sampleRate, channels }) => {
        return [labels({ feed, pid, kind, codec, width, height, sample_rate: sampleRate, channels }), 1];
      }),
    ),
  );
  text.gauge(
    'vw_feed_frame_rate_hertz',
    'Pictures a second of a track, as the media tells it.',
    some(feeds, (feed, { tracks }) => once(tracks).map(({ pid, frameRate }) => [labels({ feed, pid }), frameRate])),
  );
  counter('bytes', 'Bytes that came.', ({ bytes }) => bytes);
  counter('messages', 'Messages that came.', ({ messages }) => messages);
  counter('opaque_messages', 'Messages that came and are no MPEG-TS.', ({ opaqueMessages }) => opaqueMessages);
  counter('packets', 'MPEG-TS packets that came.', ({ packets }) => packets);
  counter('null_packets', 'Of these, stuffing.', ({ nullPackets }) => nullPackets);
  counter('continuity_errors', 'Packets that were not the next one.', ({ continuityErrors }) => continuityErrors);
  counter('transport_errors', 'Packets with transport_error_indicator.', ({ transportErrors }) => transportErrors);
  counter('bad_sections', 'Damaged tables.', ({ badSections }) => badSections);
  counter('skipped_bytes', 'Bytes that belonged to no packet.', ({ skippedBytes }) => skippedBytes);
  counter('random_access_points', 'Key pictures, or what else can be begun at.', (stats) => stats.randomAccessPoints);
  gauge('last_random_access_timestamp_seconds', 'When the last of them came, since 1970.', (stats) =>
    seconds(stats.lastRandomAccessMs),
  );
  gauge('gop_seconds', 'Time between the last two key pictures.', ({ gopMs }) => seconds(gopMs));
  gauge('sinks', 'Destinations, streams and players that take it.', ({ sinks }) => sinks);
  counter('throttled_reads', 'Reads of local WebSockets that held a flood.', ({ throttledReads }) => throttledReads);
  gauge('clients', 'Local WebSockets on it.', ({ clients }) => clients);
  gauge('cache_bytes', 'Kept for those who join.', ({ cacheBytes }) => cacheBytes);
}

/** Why a stream leaves packets out, as its counters call it. */
const REASONS = ['nulls', 'tables', 'unknown', 'leftOut', 'duplicates', 'damaged'] as const;
const REASON_LABELS = {
  nulls: 'stuffing',
  tables: 'tables',
  unknown: 'unknown_pid',
  leftOut: 'track',
  duplicates: 'duplicate',
  damaged: 'damaged',
} as const;

function writeStreams(text: MetricsText, streams: readonly Labelled<StreamStats>[]): void {
  const counter = (name: string, help: string, of: (stats: StreamStats) => number) =>
    text.counter(`vw_stream_${name}_total`, help, each(streams, of));
  const gauge = (name: string, help: string, of: (stats: StreamStats) => number | null) =>
    text.gauge(`vw_stream_${name}`, help, each(streams, of));
  text.gauge(
    'vw_stream_fault',
    'What is wrong with it now; no series: nothing.',
    some(streams, (stream, { fault }) => (fault ? [[labels({ stream, code: fault.code }), 1]] : [])),
  );
  counter('bytes', 'Bytes that were sent on.', ({ bytes }) => bytes);
  counter('taken_packets', 'Packets that came.', ({ counters }) => counters.taken);
  counter('sent_packets', 'Of these, sent on.', ({ counters }) => counters.sent);
  text.counter(
    'vw_stream_left_out_packets_total',
    'Of these, left out.',
    some(streams, (stream, { counters }) =>
      REASONS.map((reason) => [labels({ stream, reason: REASON_LABELS[reason] }), counters[reason]]),
    ),
  );
  counter('lost_packets', 'Packets missing when they should have come.', ({ counters }) => counters.lost);
  counter(
    'held_units',
    'Units whose DTS was held up because it would have gone back.',
    ({ timing }) => timing.heldUnits,
  );
  counter('late_units', 'Units that were sent after their time.', ({ timing }) => timing.lateUnits);
  counter('clock_jumps', 'Times that a feed was lined up anew.', ({ timing }) => timing.jumps);
  const clocks = (name: string, help: string, of: (clock: StreamStats['clocks'][number]) => number | null) =>
    text.gauge(
      `vw_stream_clock_${name}`,
      help,
      some(streams, (stream, stats) => stats.clocks.map((clock) => [labels({ stream, feed: clock.feed }), of(clock)])),
    );
  clocks('offset_seconds', "What is added to a feed's time stamps.", ({ offsetMs }) => offsetMs / 1000);
  clocks('error_seconds', 'How far that is from where it should be.', ({ errorMs }) => seconds(errorMs));
  clocks('drift_ratio', "A feed's clock against this machine's: seconds a second.", ({ driftPpm }) => driftPpm / 1e6);
  gauge('pmt_version', 'version_number of its PMT.', ({ pmtVersion }) => (pmtVersion === -1 ? null : pmtVersion));
  gauge('tracks', 'Tracks in its PMT.', ({ tracks }) => tracks.length);
  counter('throttled_reads', 'Reads of local WebSockets that held a flood.', ({ throttledReads }) => throttledReads);
  gauge('readers', 'Destinations and viewers that take it.', ({ readers }) => readers);
  gauge('cache_bytes', 'Kept for those who join.', ({ cacheBytes }) => cacheBytes);
}

/** What may be wrong with a link that is up. */
const UP_FAULTS: ReadonlySet<FaultCode> = new Set(['slow', 'no-rule', 'opaque-ts']);

function writeDestinations(text: MetricsText, destinations: readonly Labelled<DestinationStats>[]): void {
  const counter = (name: string, help: string, of: (total: LinkCounters) => number) =>
    text.counter(
      `vw_destination_${name}_total`,
      help,
      each(destinations, ({ total }) => of(total)),
    );
  const gauge = (name: string, help: string, of: (live: LinkStats) => number | null) =>
    text.gauge(
      `vw_destination_${name}`,
      help,
      each(destinations, ({ live }) => of(live)),
    );
  gauge('up', 'Whether its link is open, and not only for a moment.', ({ state, fault }) =>
    Number(state === 'open' && (fault === null || UP_FAULTS.has(fault.code))),
  );
  text.gauge(
    'vw_destination_info',
    'What it sends, and where to; always 1.',
    some(destinations, (destination, { stream, live }) => [[labels({ destination, stream, far_end: live.url }), 1]]),
  );
  text.gauge(
    'vw_destination_fault',
    'What is wrong with its link now; no series: nothing.',
    some(destinations, (destination, { live: { fault } }) => {
      return fault ? [[labels({ destination, code: fault.code }), 1]] : [];
    }),
  );
  text.gauge(
    'vw_destination_changing',
    'Whether a link to a new far end is being made.',
    each(destinations, ({ coming }) => Number(coming !== null)),
  );
  counter('attempts', 'Dials.', ({ attempts }) => attempts);
  counter('opens', 'Times that it was open.', ({ opens }) => opens);
  counter('sent_bytes', 'Bytes of messages sent.', ({ sentBytes }) => sentBytes);
  counter('sent_messages', 'Messages sent.', ({ sentMessages }) => sentMessages);
  counter('received_messages', 'Messages that came back.', ({ receivedMessages }) => receivedMessages);
  counter('throttled_reads', 'Reads that held a flood of tiny messages.', ({ throttledReads }) => throttledReads);
  counter('dropped_bytes', 'Bytes that it went without, being slow.', ({ droppedBytes }) => droppedBytes);
  counter('dropped_messages', 'Messages that it went without.', ({ droppedMessages }) => droppedMessages);
  gauge('dropping', 'Whether it goes without messages now.', ({ isDropping }) => Number(isDropping));
  gauge('waiting_bytes', 'Bytes that the system has not taken yet.', ({ waitingBytes }) => waitingBytes);
  gauge('ping_seconds', 'There and back.', ({ pingMs }) => seconds(pingMs));
  gauge('last_error_timestamp_seconds', 'When it was last not reached or lost, since 1970.', (live) =>
    seconds(live.lastErrorMs),
  );
}

/** Tracks by their PID: a damaged PMT may list one twice, and a series may be there once. */
function once(tracks: FeedStats['tracks']): FeedStats['tracks'] {
  return tracks.filter(({ pid }, index) => tracks.findIndex((other) => other.pid === pid) === index);
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}
