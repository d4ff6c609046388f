// GET /metrics as Prometheus sees it: its own checker, and the real one scraping a relay that is at work.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { metricsText } from '../../../src/api/routes/relay-metrics.js';
import { labels, METRICS_TYPE, MetricsText } from '../../../src/metrics.js';
import { afterTest } from '../../support/cleanup.js';
import { readDocument } from '../../support/programs/documents.js';
import { TestEndpoint } from '../../support/relay/test-endpoint.js';
import { scratch } from '../../support/media/ffmpeg.js';
import { CAMERA_WITH_SOUND, live, MICROPHONE } from '../../support/media/live.js';
import { checkMetrics } from '../../support/programs/promtool.js';
import { until } from '../../support/wait.js';
import { freePort } from '../../support/programs/command.js';
import { TestRelay } from '../../support/relay/relay.js';

const KEY = 'a-key';
const MONITORING = readDocument('docs/monitoring.md');
const REFERENCE = readDocument('docs/reference/metrics.md');
const BEARER = { Authorization: `Bearer ${KEY}` };

/** A relay with everything that there is a metric of: live, silent, muted, endpoints that are there and that are not. */
async function atWork(): Promise<TestRelay> {
  const relay = await TestRelay.start({ apiKey: KEY, limits: { pingIntervalMs: 100 } });
  const set = async (path: string, body: unknown) => {
    const { status, text } = await relay.api('PUT', path, body, BEARER);
    expect(status, text).to.equal(200);
  };
  const endpoint = await TestEndpoint.start();
  await set('/api/streams', { stream: 'stream/front', feeds: ['cam#video', 'cam#audio', 'mic'] });
  await set('/api/destinations', { id: '0', stream: 'stream/front', destination: endpoint.url });
  await set('/api/destinations', { id: 'away/_1_', stream: 'cam', destination: 'ws://127.0.0.1:9/x' });
  await set('/api/streams', { stream: 'stream/back', feeds: ['nobody'] });
  await set('/api/mutes/mic', {});
  live(relay.url, 'cam', CAMERA_WITH_SOUND, 60);
  live(relay.url, 'mic', MICROPHONE, 60);
  await until('everything is at work', () => {
    const { feeds, streams, destinations } = relay.relay.stats();
    return (
      (feeds.cam?.gopMs ?? null) !== null &&
      (feeds.mic?.bytes ?? 0) > 0 &&
      (streams['stream/front']?.clocks.length ?? 0) > 0 &&
      (destinations['0']?.live.sentBytes ?? 0) > 0 &&
      (destinations['0']?.live.pingMs ?? null) !== null &&
      (feeds.nobody?.fault ?? null) !== null &&
      destinations['away/_1_']?.live.fault?.code === 'unreachable'
    );
  });
  return relay;
}

/** Debian's Prometheus with this configuration. */
async function startPrometheus(config: string): Promise<string> {
  const folder = scratch();
  const port = await freePort();
  writeFileSync(join(folder, 'prometheus.yml'), config);
  const child: ChildProcess = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  afterTest(async () => {
    child.kill('SIGKILL');
    await once(child, 'close');
  });
  return `http://127.0.0.1:${port}`;
}

interface Found {
  readonly data: {
    readonly result: readonly { readonly metric: Record<string, string>; readonly value: [number, string] }[];
  };
}

/** What Prometheus knows; nothing while it is not there yet. */
async function query(prometheus: string, what: string): Promise<Found['data']['result']> {
  const response = await fetch(`${prometheus}/api/v1/query?query=${encodeURIComponent(what)}`).catch(() => null);
  return response?.ok ? ((await response.json()) as Found).data.result : [];
}

describe('GET /metrics', () => {
  it('wants the key, as all of the API does', async () => {
    const relay = await TestRelay.start({ apiKey: KEY });
    expect((await relay.api('GET', '/metrics', undefined, { Accept: 'text/plain' })).status).to.equal(401);
    const { status, headers } = await relay.api('GET', '/metrics', undefined, BEARER);
    expect([status, headers.get('content-type')]).to.deep.equal([200, METRICS_TYPE]);
  });

  it('is what promtool finds nothing wrong with', async () => {
    const relay = await atWork();
    const { text } = await relay.api('GET', '/metrics', undefined, BEARER);
    expect(await checkMetrics(text)).to.equal('');
    expect(text).to.contain('vw_feed_up{feed="cam"} 1\n').and.contain('vw_feed_muted{feed="mic",tracks="audio"} 1\n');
    expect(text).to.match(
      /^vw_feed_track_info\{feed="cam",pid="256",kind="video",codec="mpeg1video",width="640",height="480"\} 1$/m,
    );
    expect(text).to.match(/^vw_feed_frame_rate_hertz\{feed="cam",pid="256"\} 25$/m);
    expect(text).to.match(/^vw_feed_bytes_total\{feed="cam"\} \d+$/m);
    expect(text).to.match(/^vw_stream_clock_drift_ratio\{stream="stream\/front",feed="cam"\} -?[\de.-]+$/m);
    expect(text)
      .to.contain('vw_destination_up{destination="0"} 1\n')
      .and.contain('vw_destination_up{destination="away/_1_"} 0\n');
    expect(text).to.contain('vw_destination_fault{destination="away/_1_",code="unreachable"} 1\n');
    const there = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name!);
    const documented = [...REFERENCE.matchAll(/^\| `((?!vw_serve)\w+)` \|/gm)].map(([, name]) => name!);
    expect(documented.sort(), 'docs/reference/metrics.md').to.deep.equal(there.sort());
    const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const names = series.map((line) => line.slice(0, line.lastIndexOf(' ')));
    expect(new Set(names).size, 'each series once').to.equal(names.length);
  });

  it('is what a real Prometheus scrapes', async () => {
    const relay = await atWork();
    const scrape = {
      job_name: 'vw',
      scrape_interval: '200ms',
      scrape_timeout: '200ms',
      authorization: { credentials: KEY },
      static_configs: [{ targets: [`127.0.0.1:${relay.port}`] }],
    };
    const prometheus = await startPrometheus(JSON.stringify({ scrape_configs: [scrape] })); // JSON is YAML
    await until('it is scraped', async () => (await query(prometheus, 'up'))[0]?.value[1] === '1');
    await until(
      'its rate is known',
      async () => Number((await query(prometheus, 'rate(vw_feed_bytes_total{feed="cam"}[5s])'))[0]?.value[1]) > 0,
    );
    await until('every series is there', async () => {
      const { text } = await relay.api('GET', '/metrics', undefined, BEARER);
      const [counted] = await query(prometheus, 'count({__name__=~"vw_.*"})');
      return Number(counted?.value[1]) === text.match(/^vw_.*$/gm)!.length;
    });
    expect((await query(prometheus, 'vw_destination_fault'))[0]!.metric).to.include({
      destination: 'away/_1_',
      code: 'unreachable',
    });
  }).timeout(60_000);

  it('is scraped with the lines that docs/monitoring.md shows', async () => {
    const [, lines] = /```yaml\n(scrape_configs:[^]*?)```/.exec(MONITORING)!;
    const relay = await TestRelay.start({ apiKey: KEY });
    const ours = lines!.replace('KEY', KEY).replace('127.0.0.1:8888', `127.0.0.1:${relay.port}`);
    const prometheus = await startPrometheus(`global: { scrape_interval: 200ms, scrape_timeout: 200ms }\n${ours}`);
    await until('it is scraped', async () => (await query(prometheus, 'vw_build_info')).length === 1);
  }).timeout(60_000);

  it('has a series once, whatever a damaged PMT lists', async () => {
    const relay = await atWork();
    const stats = relay.relay.stats();
    const { cam } = stats.feeds;
    const twice = { ...stats, feeds: { cam: { ...cam!, tracks: [...cam!.tracks, ...cam!.tracks] } } };
    expect(metricsText(twice).match(/^vw_feed_frame_rate_hertz/gm)).to.have.lengthOf(1);
  });

  it('has no series of what is gone', async () => {
    const relay = await TestRelay.start({ limits: { forgetAfterMs: 20 } });
    relay.relay.setStream({ stream: 'stream/a', feeds: ['a'] });
    relay.relay.setDestination({ id: '0', stream: 'stream/a', destination: 'ws://127.0.0.1:9/' });
    const text = async () => (await relay.api('GET', '/metrics')).text;
    expect(await text())
      .to.contain('feed="a"')
      .and.contain('stream="stream/a"')
      .and.contain('destination="0"');
    await relay.relay.deleteDestination('0');
    relay.relay.deleteStream('stream/a');
    await until('it is forgotten', async () => !(await text()).includes('feed='));
    expect(await text()).not.to.match(/vw_(feed|stream|destination)_/);
  });
});

describe('MetricsText', () => {
  it('escapes what a label may hold', async () => {
    const text = new MetricsText();
    const hard = 'a "quoted" \\ back\nslash ü';
    text.gauge('vw_x_info', 'With a label.', [[labels({ hard }), 1]]);
    expect(text.toString()).to.contain('{hard="a \\"quoted\\" \\\\ back\\nslash ü"} 1\n');
    expect(await checkMetrics(text.toString())).to.equal('');
  });

  it('leaves out what is not measured, and metrics with nothing in them', () => {
    const text = new MetricsText();
    text.counter('vw_a_total', 'Nobody has it.', []);
    text.gauge('vw_b', 'Of one it is known.', [
      [labels({ of: 'x' }), null],
      [labels({ of: 'y', is: null }), 0.5],
    ]);
    expect(text.toString()).to.equal('# HELP vw_b Of one it is known.\n# TYPE vw_b gauge\nvw_b{of="y"} 0.5\n');
  });
});
