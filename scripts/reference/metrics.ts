// docs/reference/metrics.md, from what the two servers answer at /metrics.

import { metricsText } from '../../src/api/routes/relay-metrics.js';
import { code, table } from './markdown.js';
import { FAULTS } from '../../src/relay/events/event.js';
import { feedStats, linkStats, stats, TOTAL } from '../../test/support/relay/stats.js';

/** A metric as its text describes it. */
interface Metric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** The metrics in Prometheus's text format, as MetricsText writes it: help, type and a series of each. */
function metricsIn(text: string): Metric[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    if (!line.startsWith('# HELP ')) return [];
    const [name, ...help] = line.slice('# HELP '.length).split(' ') as [string, ...string[]];
    const type = lines[index + 1]!.split(' ').pop()!;
    const series = lines[index + 2]!;
    const labels = [...series.matchAll(/[{,]([a-z_]+)="/g)].map(([, label]) => label!);
    return [{ name, type, help: help.join(' '), labels }];
  });
}

/** A relay's metrics, each with a series. */
function relayMetrics(): Metric[] {
  const fault = { code: FAULTS[0], message: '' };
  const all = stats();
  const [[streamName, stream]] = Object.entries(all.streams) as [[string, (typeof all.streams)[string]]];
  const link = linkStats({ fault, lastErrorMs: 0 });
  return metricsIn(
    metricsText({
      ...all,
      feeds: { ...all.feeds, video0: feedStats({ fault, muted: 'audio' }) },
      streams: { [streamName]: { ...stream, fault } },
      destinations: { 0: { stream: streamName, live: link, total: TOTAL, pending: null } },
    }),
  );
}

function metricsTable(metrics: readonly Metric[]): string {
  const rows = metrics.map(({ name, type, help, labels }) => [code(name), type, labels.map(code).join(', '), help]);
  return table(['metric', 'type', 'labels', 'meaning'], rows);
}

/** @param serveText what vw serve answers at /metrics, with a topic. */
export function metricsPage(serveText: string): string {
  const groups: [heading: string, prefix: RegExp][] = [
    ['Feeds', /^vw_feed_/],
    ['Streams', /^vw_stream_/],
    ['Destinations', /^vw_destination_/],
    ['Process', /^(?!vw_(?:feed|stream|destination)_)/],
  ];
  const all = relayMetrics();
  const parts = groups.map(([heading, prefix]) => {
    return `### ${heading}\n\n${metricsTable(all.filter(({ name }) => prefix.test(name)))}`;
  });
  return `# Metrics

\`GET /metrics\` of \`vw stream\` and of \`vw serve\`, in [Prometheus's](https://prometheus.io) text format. [How to scrape
them](../monitoring.md#prometheus). A feed, stream, destination or topic that no longer exists has no series. The codes of
\`vw_..._fault\` are [faults](../troubleshooting.md#faults).

## vw stream

${parts.join('\n\n')}

## vw serve

${metricsTable(metricsIn(serveText))}
`;
}
