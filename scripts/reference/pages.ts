// The pages of docs/reference, made from what the code knows. `npm run docs` writes them; a test compares them.

import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { OpenApi } from '../../src/http/openapi/openapi.js';
import { startServer } from '../../src/api/server.js';
import { relayPages } from '../../src/web/server/relay-pages.js';
import { loadConfig } from '../../src/config/stream-config.js';
import { createLog } from '../../src/log/log.js';
import { Relay } from '../../src/relay/relay.js';
import { loadServeConfig } from '../../src/config/serve-config.js';
import { servePages } from '../../src/web/server/serve-pages.js';
import { startServe } from '../../src/serve/serve-server.js';
import { eventsPage, restPage, SERVE_REST, statsPage, STREAM_REST } from './api.js';
import { commandsPage } from './commands.js';
import { errorsPage } from './errors.js';
import { metricsPage } from './metrics.js';
import { settingsPage } from './settings.js';

const log = createLog('error', 'json');

/** What a relay says of its API; one with a key, which has every path. */
async function askRelay(): Promise<{ document: OpenApi; errors: string }> {
  const key = 'a-key';
  const config = loadConfig({ port: '0', 'api-key': key }, {});
  const relay = new Relay(config.limits, log);
  const server = await startServer(relay, config, relayPages(), log);
  try {
    const response = await fetch(`${server.url}/api/openapi.json`, { headers: { Authorization: `Bearer ${key}` } });
    return { document: (await response.json()) as OpenApi, errors: errorsPage(relay) };
  } finally {
    await Promise.all([server.close(), relay.close()]);
  }
}

/** The metrics of a relay server that has a topic. */
async function fetchServeMetrics(): Promise<string> {
  const server = await startServe(loadServeConfig({ port: '0' }, {}), log);
  try {
    const publisher = new WebSocket(`${server.url.replace('http', 'ws')}/in/topic`);
    await once(publisher, 'open');
    return await (await fetch(`${server.url}/metrics`)).text();
  } finally {
    await server.close();
  }
}

/** What a relay server says of its API; one with a secret and pages, which has every path and error. */
async function askServe(): Promise<OpenApi> {
  const config = loadServeConfig({ port: '0' }, { VW_SERVE_SECRET: 'x'.repeat(32), VW_SERVE_AUDIENCE: 'ws://a' });
  const server = await startServe(config, log, servePages({ wantsToken: true, embedders: [] }));
  try {
    return (await (await fetch(`${server.url}/api/openapi.json`)).json()) as OpenApi;
  } finally {
    await server.close();
  }
}

/** The index of the reference. */
const INDEX = `# Reference

These pages are generated from the code by \`npm run docs\`, so they are complete.

| page | has |
|---|---|
| [Settings](settings.md) | every environment variable and option, with its default and what it accepts |
| [Commands](commands.md) | what \`--help\` of each command prints |
| [REST](rest.md) | every path of \`vw stream\`: parameters, bodies, answers, errors |
| [REST of vw serve](serve-rest.md) | the same of \`vw serve\` |
| [Errors](errors.md) | every error code, and what to do |
| [Stats](stats.md) | every field of \`/api/stats\` |
| [Events](events.md) | every event of \`/api/events\` |
| [Metrics](metrics.md) | every metric of \`/metrics\`, of both servers |

[Faults](../troubleshooting.md#faults), what can be wrong with media and links, are under Troubleshooting.
`;

/** Each page of docs/reference by its file name. Requires the built program. */
export async function referencePages(): Promise<Readonly<Record<string, string>>> {
  const [{ document, errors }, serveDocument, serveMetrics, commands] = await Promise.all([
    askRelay(),
    askServe(),
    fetchServeMetrics(),
    commandsPage(),
  ]);
  return {
    'README.md': INDEX,
    'settings.md': settingsPage(),
    'commands.md': commands,
    'rest.md': restPage(document, STREAM_REST),
    'serve-rest.md': restPage(serveDocument, SERVE_REST),
    'errors.md': errors,
    'stats.md': statsPage(document),
    'events.md': eventsPage(document),
    'metrics.md': metricsPage(serveMetrics),
  };
}
