// Monitoring for programs (health check, stats, metrics), and the pages, which are served before any route.

import { answer, content, json } from '../../http/routes/route.js';
import { LOG_HEALTHY } from '../../log/log-output.js';
import { METRICS_TYPE } from '../../metrics.js';
import { requireStatsToken } from '../auth/token-check.js';
import type { ClientRegistry } from '../clients/client-registry.js';
import type { ServerState } from '../openapi/serve-schemas.js';
import { metricsText } from '../serve-metrics.js';
import { schemaOf, type ServeRoute, TOPIC } from './serve-route.js';

const NEEDS_STATS = 'Where tokens are required, it needs one with the scope `stats`.';

/** The routes for monitoring. */
export function serverRoutes(clients: ClientRegistry): ServeRoute[] {
  const stats = (name: string, path: string, id: string): ServeRoute => ({
    name,
    path,
    tag: 'Monitoring',
    operations: [
      {
        methods: ['GET'],
        id,
        summary: 'Returns the state of the server and of each topic',
        description: NEEDS_STATS,
        answer: json('The state.', schemaOf('serverStateSchema')),
        errors: [],
        needsToken: true,
        handlers: [requireStatsToken(clients), answer(() => statsOf(clients))],
      },
    ],
  });
  return [
    {
      name: 'health',
      path: '/healthcheck',
      tag: 'Monitoring',
      operations: [
        {
          methods: ['GET'],
          id: 'healthcheck',
          summary: 'Health check',
          answer: json('The server is running.', schemaOf('healthSchema'), 'ok'),
          errors: [],
          handlers: [answer(() => 'ok')],
        },
      ],
    },
    stats('stats', '/api/stats', 'getStats'),
    stats("stats at practable's path", '/status', 'getStatus'),
    {
      name: 'metrics',
      path: '/metrics',
      tag: 'Monitoring',
      operations: [
        {
          methods: ['GET'],
          id: 'getMetrics',
          summary: 'Counters and gauges in Prometheus format',
          description: NEEDS_STATS,
          answer: content('text/plain', "Prometheus's text format, version 0.0.4."),
          errors: [],
          needsToken: true,
          handlers: [
            requireStatsToken(clients),
            (_request, response) => {
              response.set('Content-Type', METRICS_TYPE).send(metricsText(clients));
            },
          ],
        },
      ],
    },
  ];
}

function statsOf({ size, policy, log, topics }: ClientRegistry): ServerState {
  return {
    clients: size,
    refusals: policy.refusals,
    log: log.state ?? LOG_HEALTHY,
    topics: topics.stats(performance.now()),
  };
}

const PAGE = content('text/html', 'The page.');

/** The pages: described here, and served by a PageHandler. */
export const PAGE_ROUTES: readonly ServeRoute[] = [
  {
    name: 'front page',
    path: '/',
    tag: 'Pages',
    answeredBy: 'pages',
    operations: [
      {
        methods: ['GET'],
        id: 'frontPage',
        summary: 'A page that lists the topics',
        answer: PAGE,
        errors: [],
        handlers: [],
      },
    ],
  },
  {
    name: 'player',
    path: '/play/{topic}',
    tag: 'Pages',
    parameter: TOPIC,
    answeredBy: 'pages',
    operations: [
      {
        methods: ['GET'],
        id: 'playerPage',
        summary: 'A page that plays a topic',
        description: 'Where tokens are required, it asks for one, or takes it from the fragment: `#token=TOKEN`.',
        answer: PAGE,
        errors: ['ERR_BAD_TOPIC'],
        handlers: [],
      },
    ],
  },
  {
    name: "player's files",
    path: '/player/{file}',
    tag: 'Pages',
    parameter: { name: 'file', description: 'A file that the pages refer to.', example: 'main.js' },
    answeredBy: 'pages',
    operations: [
      {
        methods: ['GET'],
        id: 'pageFile',
        summary: 'Scripts, styles and icons of the pages',
        answer: content('text/javascript', 'The file, with its own media type.'),
        others: [{ status: 304, description: 'Not modified (ETag).', type: null, schema: null }],
        errors: ['ERR_NO_SUCH_PATH'],
        handlers: [],
      },
    ],
  },
];
