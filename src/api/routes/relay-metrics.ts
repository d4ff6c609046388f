// `GET /metrics` of `vw stream`: the stats in Prometheus's format and base units (seconds, bytes).
// A feed, stream or destination that no longer exists has no series.

import { type Labels, labels, MetricsText, type Sample } from '../../metrics.js';
import type { FaultCode } from '../../relay/events/event.js';
import type {
  DestinationStats,
  FeedStats,
  LinkCounters,
  LinkStats,
  ProcessSnapshot,
  Stats,
  StreamStats,
} from '../../relay/stats-schema.js';

/** An object with the labels of its series. */
type Labelled<T> = readonly [name: string, labels: Labels, stats: T];

/** All of `stats` as text. */
export function metricsText(stats: Stats): string {
  const text = new MetricsText();
  writeProcess(text, stats.process);
  text.gauge('vw_rules_fault', 'Whether something is wrong with the saved rules.', Number(stats.state.fault !== null));
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

/** Any number of series for each object. */
function some<T>(all: readonly Labelled<T>[], of: (name: string, stats: T) => Sample[]): Sample[] {
  return all.flatMap(([name, , stats]) => of(name, stats));
}

function writeProcess(text: MetricsText, stats: ProcessSnapshot): void {
  const { eventLoopDelayMs: delay } = stats;
  text.gauge('vw_build_info', 'The version of vw; always 1.', [
    [labels({ version: stats.version, node: stats.node }), 1],
  ]);
  text.gauge('vw_cache_bytes', 'Size of the caches for late viewers, of all feeds and streams.', stats.cacheBytes);
  text.counter('vw_log_lost_lines_total', 'Log lines that could not be written.', stats.log.lostLines);
  text.gauge('process_start_time_seconds', 'Start time of the process, since 1970.', stats.startedMs / 1000);
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
  gauge('up', 'Whether media arrives.', ({ state }) => Number(state === 'live'));
  text.gauge(
    'vw_feed_fault',
    'Its current fault; no series: none.',
    some(feeds, (feed, { fault }) => (fault ? [[labels({ feed, code: fault.code }), 1]] : [])),
  );
  text.gauge(
    'vw_feed_muted',
    'Its muted tracks; no series: none.',
    some(feeds, (feed, { muted }) => (muted ? [[labels({ feed, tracks: muted }), 1]] : [])),
  );
  counter('withheld_messages', 'Text and binary messages that mutes have withheld.', (stats) => stats.withheldMessages);
  writeTracks(text, feeds);
  counter('bytes', 'Bytes received.', ({ bytes }) => bytes);
  counter('messages', 'Messages received.', ({ messages }) => messages);
  counter('opaque_messages', 'Messages received that are not MPEG-TS.', ({ opaqueMessages }) => opaqueMessages);
  counter('packets', 'MPEG-TS packets received.', ({ packets }) => packets);
  counter('null_packets', 'Null packets among them.', ({ nullPackets }) => nullPackets);
  counter(
    'continuity_errors',
    'Packets with an unexpected continuity_counter.',
    ({ continuityErrors }) => continuityErrors,
  );
  counter('transport_errors', 'Packets with transport_error_indicator.', ({ transportErrors }) => transportErrors);
  counter('bad_sections', 'Damaged table sections.', ({ badSections }) => badSections);
  counter('skipped_bytes', 'Bytes outside any packet.', ({ skippedBytes }) => skippedBytes);
  counter(
    'random_access_points',
    'Keyframes, or other places where decoding can start.',
    (stats) => stats.randomAccessPoints,
  );
  gauge('last_random_access_timestamp_seconds', 'Arrival of the last of them, since 1970.', (stats) =>
    seconds(stats.lastRandomAccessMs),
  );
  gauge('gop_seconds', 'Time between the last two keyframes.', ({ gopMs }) => seconds(gopMs));
  gauge('subscribers', 'Destinations, streams and players that receive it.', ({ subscribers }) => subscribers);
  counter(
    'throttled_reads',
    'Throttled reads of local WebSockets (floods of tiny messages).',
    ({ throttledReads }) => throttledReads,
  );
  gauge('clients', 'Local WebSockets connected to it.', ({ clients }) => clients);
  gauge('cache_bytes', 'Size of its cache for late viewers.', ({ cacheBytes }) => cacheBytes);
}

function writeTracks(text: MetricsText, feeds: readonly Labelled<FeedStats>[]): void {
  text.gauge(
    'vw_feed_track_info',
    'One of its tracks; always 1.',
    some(feeds, (feed, { tracks }) =>
      once(tracks).map(({ pid, kind, codec, width, height, sampleRate, channels }) => {
        return [labels({ feed, pid, kind, codec, width, height, sample_rate: sampleRate, channels }), 1];
      }),
    ),
  );
  text.gauge(
    'vw_feed_frame_rate_hertz',
    'Frame rate of a track, as signalled in the media.',
    some(feeds, (feed, { tracks }) => once(tracks).map(({ pid, frameRate }) => [labels({ feed, pid }), frameRate])),
  );
}

/** Why a stream discards packets, by the names of its counters. */
const REASONS = ['nulls', 'tables', 'unknown', 'omitted', 'duplicates', 'damaged'] as const;
const REASON_LABELS = {
  nulls: 'stuffing',
  tables: 'tables',
  unknown: 'unknown_pid',
  omitted: 'track',
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
    'Its current fault; no series: none.',
    some(streams, (stream, { fault }) => (fault ? [[labels({ stream, code: fault.code }), 1]] : [])),
  );
  counter('bytes', 'Bytes sent.', ({ bytes }) => bytes);
  counter('received_packets', 'Packets received.', ({ counters }) => counters.received);
  counter('sent_packets', 'Packets of these that were sent.', ({ counters }) => counters.sent);
  text.counter(
    'vw_stream_omitted_packets_total',
    'Packets of these that were discarded.',
    some(streams, (stream, { counters }) =>
      REASONS.map((reason) => [labels({ stream, reason: REASON_LABELS[reason] }), counters[reason]]),
    ),
  );
  counter('lost_packets', 'Packets missing by their continuity_counter.', ({ counters }) => counters.lost);
  counter('held_units', 'Units whose DTS was raised so that it does not go back.', ({ timing }) => timing.heldUnits);
  counter('late_units', 'Units that were sent after their DTS.', ({ timing }) => timing.lateUnits);
  counter('clock_jumps', 'Times that a feed was realigned.', ({ timing }) => timing.jumps);
  const clocks = (name: string, help: string, of: (clock: StreamStats['clocks'][number]) => number | null) =>
    text.gauge(
      `vw_stream_clock_${name}`,
      help,
      some(streams, (stream, stats) => stats.clocks.map((clock) => [labels({ stream, feed: clock.feed }), of(clock)])),
    );
  clocks('offset_seconds', "The offset added to a feed's time stamps.", ({ offsetMs }) => offsetMs / 1000);
  clocks('error_seconds', 'Deviation of that offset from its target.', ({ errorMs }) => seconds(errorMs));
  clocks(
    'drift_ratio',
    "Drift of a feed's clock against this machine's, in seconds per second.",
    ({ driftPpm }) => driftPpm / 1e6,
  );
  gauge('pmt_version', 'version_number of its PMT.', ({ pmtVersion }) => (pmtVersion === -1 ? null : pmtVersion));
  gauge('tracks', 'Tracks in its PMT.', ({ tracks }) => tracks.length);
  counter(
    'throttled_reads',
    'Throttled reads of local WebSockets (floods of tiny messages).',
    ({ throttledReads }) => throttledReads,
  );
  gauge('subscribers', 'Destinations and viewers that receive it.', ({ subscribers }) => subscribers);
  gauge('cache_bytes', 'Size of its cache for late viewers.', ({ cacheBytes }) => cacheBytes);
}

/** Faults that a link can have while it is up. */
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
  gauge('up', 'Whether its link is open and stable.', ({ state, fault }) =>
    Number(state === 'open' && (fault === null || UP_FAULTS.has(fault.code))),
  );
  text.gauge(
    'vw_destination_info',
    'What it sends and where; always 1.',
    some(destinations, (destination, { stream, live }) => [[labels({ destination, stream, endpoint: live.url }), 1]]),
  );
  text.gauge(
    'vw_destination_fault',
    'The current fault of its link; no series: none.',
    some(destinations, (destination, { live: { fault } }) => {
      return fault ? [[labels({ destination, code: fault.code }), 1]] : [];
    }),
  );
  text.gauge(
    'vw_destination_changing',
    'Whether a link to a new endpoint is being opened.',
    each(destinations, ({ pending }) => Number(pending !== null)),
  );
  counter('attempts', 'Dial attempts.', ({ attempts }) => attempts);
  counter('opens', 'Times that its link was opened.', ({ opens }) => opens);
  counter('sent_bytes', 'Bytes of messages sent.', ({ sentBytes }) => sentBytes);
  counter('sent_messages', 'Messages sent.', ({ sentMessages }) => sentMessages);
  counter('received_messages', 'Messages received from the endpoint.', ({ receivedMessages }) => receivedMessages);
  counter('throttled_reads', 'Throttled reads (floods of tiny messages).', ({ throttledReads }) => throttledReads);
  counter('dropped_bytes', 'Bytes dropped because it was slow.', ({ droppedBytes }) => droppedBytes);
  counter('dropped_messages', 'Messages dropped because it was slow.', ({ droppedMessages }) => droppedMessages);
  gauge('dropping', 'Whether messages are being dropped now.', ({ isDropping }) => Number(isDropping));
  gauge('waiting_bytes', 'Bytes waiting to be sent.', ({ waitingBytes }) => waitingBytes);
  gauge('ping_seconds', 'Round-trip time of the last ping.', ({ pingMs }) => seconds(pingMs));
  gauge('last_error_timestamp_seconds', 'When a dial last failed or the link was last lost, since 1970.', (live) =>
    seconds(live.lastErrorMs),
  );
}

/** The first track of each PID: a damaged PMT may list a PID twice, and a series may occur only once. */
function once(tracks: FeedStats['tracks']): FeedStats['tracks'] {
  return tracks.filter(({ pid }, index) => tracks.findIndex((other) => other.pid === pid) === index);
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}
