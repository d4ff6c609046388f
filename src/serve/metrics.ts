// What the server does, for Prometheus: its text format, version 0.0.4. Counters are read when they are asked for.

import type { Hall } from './hall.js';

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

type Labels = Readonly<Record<string, string>>;

/** Every metric as text. */
export function metricsText(hall: Hall): string {
  const lines: string[] = [];
  const metric = (name: string, type: 'gauge' | 'counter', help: string, values: readonly [Labels, number][]) => {
    lines.push(`# HELP vw_serve_${name} ${help}`, `# TYPE vw_serve_${name} ${type}`);
    for (const [labels, value] of values) lines.push(`vw_serve_${name}${labelsText(labels)} ${value}`);
  };
  const one = (value: number): [Labels, number][] => [[{}, value]];
  const total = hall.rooms.total();
  const { heapUsed, rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  metric('clients', 'gauge', 'WebSockets that are here', one(hall.size));
  metric('refusals_total', 'counter', 'Refused tokens and codes', one(hall.entrance.refusals));
  metric('received_bytes_total', 'counter', 'Bytes of messages from publishers', one(total.receivedBytes));
  metric('received_messages_total', 'counter', 'Messages from publishers', one(total.receivedMessages));
  metric('sent_bytes_total', 'counter', 'Bytes of messages to viewers', one(total.sentBytes));
  metric('sent_messages_total', 'counter', 'Messages to viewers', one(total.sentMessages));
  metric('dropped_bytes_total', 'counter', 'Bytes that slow viewers went without', one(total.droppedBytes));
  metric('dropped_messages_total', 'counter', 'Messages that slow viewers went without', one(total.droppedMessages));
  metric('stuck_viewers_total', 'counter', 'Viewers closed because they took nothing', one(total.stuckViewers));
  const topics = Object.entries(hall.rooms.stats(performance.now()));
  const each = (of: (stats: (typeof topics)[number][1]) => number) =>
    topics.map(([topic, stats]): [Labels, number] => [{ topic }, of(stats)]);
  metric(
    'topic_publishers',
    'gauge',
    'Publishers of a topic',
    each(({ publishers }) => publishers),
  );
  metric(
    'topic_viewers',
    'gauge',
    'Viewers of a topic',
    each(({ viewers }) => viewers),
  );
  metric(
    'topic_received_bytes',
    'gauge',
    'Bytes received since the topic is there',
    each((s) => s.receivedBytes),
  );
  metric(
    'topic_sent_bytes',
    'gauge',
    'Bytes sent since the topic is there',
    each((s) => s.sentBytes),
  );
  metric(
    'topic_dropped_messages',
    'gauge',
    'Messages dropped since the topic is there',
    each((s) => s.droppedMessages),
  );
  metric(
    'topic_continuity_errors',
    'gauge',
    'Packets lost before they came here',
    each((s) => s.continuityErrors),
  );
  metric('resident_memory_bytes', 'gauge', 'Memory of the process', one(rss));
  metric('heap_used_bytes', 'gauge', 'Memory of its JavaScript objects', one(heapUsed));
  metric('cpu_seconds_total', 'counter', 'Processor time of the process', one((user + system) / 1e6));
  return `${lines.join('\n')}\n`;
}

function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) =>
      `${name}="${value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
