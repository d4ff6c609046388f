// What the server does, for Prometheus. Counters are read when they are asked for.

import { labels, MetricsText, type Sample } from '../metrics.js';
import type { Hall } from './hall.js';

/** Every metric as text. */
export function metricsText(hall: Hall): string {
  const text = new MetricsText();
  const total = hall.rooms.total();
  const { heapUsed, rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  text.gauge('vw_serve_clients', 'WebSockets that are here.', hall.size);
  text.counter('vw_serve_refusals_total', 'Refused tokens and codes.', hall.entrance.refusals);
  text.counter('vw_serve_received_bytes_total', 'Bytes of messages from publishers.', total.receivedBytes);
  text.counter('vw_serve_received_messages_total', 'Messages from publishers.', total.receivedMessages);
  text.counter('vw_serve_sent_bytes_total', 'Bytes of messages to viewers.', total.sentBytes);
  text.counter('vw_serve_sent_messages_total', 'Messages to viewers.', total.sentMessages);
  text.counter('vw_serve_dropped_bytes_total', 'Bytes that slow viewers went without.', total.droppedBytes);
  text.counter('vw_serve_dropped_messages_total', 'Messages that slow viewers went without.', total.droppedMessages);
  text.counter('vw_serve_log_lost_lines_total', 'Lines of the log that were lost.', hall.log.state?.lostLines ?? 0);
  text.counter('vw_serve_stuck_viewers_total', 'Viewers closed because they took nothing.', total.stuckViewers);

  text.counter('vw_serve_throttled_reads_total', 'Reads that held a flood of tiny messages.', total.throttledReads);

  // Of a topic as long as it is there: one that comes again begins at 0, which rate() knows.
  const topics = Object.entries(hall.rooms.stats(performance.now())).map(([topic, stats]) => {
    return { own: labels({ topic }), stats };
  });
  const each = (of: (stats: (typeof topics)[number]['stats']) => number): Sample[] => {
    return topics.map(({ own, stats }) => [own, of(stats)]);
  };
  const topic = (name: string, help: string, of: Parameters<typeof each>[0]) => {
    text.counter(`vw_serve_topic_${name}_total`, help, each(of));
  };
  text.gauge(
    'vw_serve_topic_publishers',
    'Publishers of a topic.',
    each(({ publishers }) => publishers),
  );
  text.gauge(
    'vw_serve_topic_viewers',
    'Viewers of a topic.',
    each(({ viewers }) => viewers),
  );
  topic('received_bytes', 'Bytes from its publishers.', ({ receivedBytes }) => receivedBytes);
  topic('received_messages', 'Messages from its publishers.', ({ receivedMessages }) => receivedMessages);
  topic('sent_bytes', 'Bytes to its viewers.', ({ sentBytes }) => sentBytes);
  topic('sent_messages', 'Messages to its viewers.', ({ sentMessages }) => sentMessages);
  topic('dropped_bytes', 'Bytes that its slow viewers went without.', ({ droppedBytes }) => droppedBytes);
  topic('dropped_messages', 'Messages that its slow viewers went without.', ({ droppedMessages }) => droppedMessages);
  topic('throttled_reads', 'Reads that held a flood of tiny messages.', ({ throttledReads }) => throttledReads);
  topic('continuity_errors', 'Packets lost before they came here.', ({ continuityErrors }) => continuityErrors);

  text.gauge('vw_serve_resident_memory_bytes', 'Memory of the process.', rss);
  text.gauge('vw_serve_heap_used_bytes', 'Memory of its JavaScript objects.', heapUsed);
  text.counter('vw_serve_cpu_seconds_total', 'Processor time of the process.', (user + system) / 1e6);
  return text.toString();
}
