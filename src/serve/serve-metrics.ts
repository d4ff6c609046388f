// The server's metrics for Prometheus. Counters are read at each scrape.

import { labels, MetricsText, type Sample } from '../metrics.js';
import type { ClientRegistry } from './clients/client-registry.js';

/** Every metric as text. */
export function metricsText(clients: ClientRegistry): string {
  const text = new MetricsText();
  const total = clients.topics.total();
  const { heapUsed, rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  text.gauge('vw_serve_clients', 'Connected WebSockets.', clients.size);
  text.counter('vw_serve_refusals_total', 'Refused tokens and codes.', clients.policy.refusals);
  text.counter('vw_serve_received_bytes_total', 'Bytes of messages from publishers.', total.receivedBytes);
  text.counter('vw_serve_received_messages_total', 'Messages from publishers.', total.receivedMessages);
  text.counter('vw_serve_sent_bytes_total', 'Bytes of messages to viewers.', total.sentBytes);
  text.counter('vw_serve_sent_messages_total', 'Messages to viewers.', total.sentMessages);
  text.counter('vw_serve_dropped_bytes_total', 'Bytes dropped for slow viewers.', total.droppedBytes);
  text.counter('vw_serve_dropped_messages_total', 'Messages dropped for slow viewers.', total.droppedMessages);
  text.counter(
    'vw_serve_log_lost_lines_total',
    'Log lines that could not be written.',
    clients.log.state?.lostLines ?? 0,
  );
  text.counter('vw_serve_stuck_viewers_total', 'Viewers closed because they read nothing.', total.stuckViewers);

  text.counter('vw_serve_throttled_reads_total', 'Throttled reads (floods of tiny messages).', total.throttledReads);

  // Of existing topics only: one that is created again starts at 0, which rate() handles.
  const topics = Object.entries(clients.topics.stats(performance.now())).map(([topic, stats]) => {
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
  topic('dropped_bytes', 'Bytes dropped for its slow viewers.', ({ droppedBytes }) => droppedBytes);
  topic('dropped_messages', 'Messages dropped for its slow viewers.', ({ droppedMessages }) => droppedMessages);
  topic('throttled_reads', 'Throttled reads (floods of tiny messages).', ({ throttledReads }) => throttledReads);
  topic('continuity_errors', 'Packets lost before they arrived here.', ({ continuityErrors }) => continuityErrors);

  text.gauge('vw_serve_resident_memory_bytes', 'Memory of the process.', rss);
  text.gauge('vw_serve_heap_used_bytes', 'Memory of its JavaScript objects.', heapUsed);
  text.counter('vw_serve_cpu_seconds_total', 'Processor time of the process.', (user + system) / 1e6);
  return text.toString();
}
