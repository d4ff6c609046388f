// Monitoring for programs: health check, stats, metrics and events.

import * as z from 'zod';
import { METRICS_TYPE } from '../../metrics.js';
import { EVENT_TYPES, eventSchema, historyLostSchema } from '../../relay/events/event.js';
import { statsSchema } from '../../relay/stats-schema.js';
import type { RelayOperations } from '../control/actions.js';
import { metricsText } from './relay-metrics.js';
import { answer, content, json } from '../../http/routes/route.js';
import { type RelayRoute } from './relay-route.js';
import type { EventStreams } from '../live/event-stream.js';

/** One event of `GET /api/events`. */
export const recordedEventSchema = z.union([eventSchema, historyLostSchema]);

/** The routes for monitoring. */
export function monitoringRoutes(actions: RelayOperations, events: EventStreams): RelayRoute[] {
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
          description: 'It is answered with 200 as long as the relay runs: a restart would make nothing better.',
          answer: json(
            'The relay is running.',
            z.string().describe('ok, or what is wrong with the saved rules: see `state` in the stats'),
            'ok',
          ),
          errors: [],
          handlers: [answer(() => actions.health())],
        },
      ],
    },
    {
      name: 'stats',
      path: '/api/stats',
      tag: 'Monitoring',
      operations: [
        {
          methods: ['GET'],
          id: 'getStats',
          summary: 'Returns what comes in, what goes out and what is lost',
          answer: json('Every feed, stream and destination, and the process.', statsSchema),
          errors: [],
          handlers: [answer(() => actions.stats())],
        },
      ],
    },
    {
      name: 'metrics',
      path: '/metrics',
      tag: 'Monitoring',
      operations: [
        {
          methods: ['GET'],
          id: 'getMetrics',
          summary: 'The same in Prometheus format',
          answer: content('text/plain', "Prometheus's text format, version 0.0.4."),
          errors: [],
          handlers: [
            (_request, response) => {
              response.set('Content-Type', METRICS_TYPE).send(metricsText(actions.stats()));
            },
          ],
        },
      ],
    },
    {
      name: 'events',
      path: '/api/events',
      tag: 'Monitoring',
      operations: [
        {
          methods: ['GET'],
          id: 'watchEvents',
          summary: 'Sends events as they happen',
          description:
            'An endless stream of server-sent events: `id`, `event` (the type) and `data`, which is JSON as in the schema. A client that ' +
            'reconnects with the id of its last event gets those it missed; if they are no longer kept, `history-lost` comes first.',
          parameters: [
            {
              in: 'query',
              name: 'types',
              description: `Only these types, separated by commas: ${EVENT_TYPES.join(', ')}.`,
              example: 'feed-up,feed-down',
            },
            {
              in: 'query',
              name: 'lastEventId',
              description: 'The same as Last-Event-ID. 0: all events that are kept.',
              example: '0',
            },
            {
              in: 'header',
              name: 'Last-Event-ID',
              description: 'The id of the last event that was received.',
              example: '0',
            },
          ],
          answer: {
            status: 200,
            description: 'Events, each with the `data` of the schema.',
            type: 'text/event-stream',
            schema: recordedEventSchema,
            example: { type: 'feed-up', feed: 'video0', source: '127.0.0.1:40112', id: 1, atMs: 1764000000000 },
          },
          errors: ['ERR_BAD_EVENT_TYPES', 'ERR_PIPELINED', 'ERR_TOO_MANY_CLIENTS'],
          handlers: [(request, response) => events.serve(request, response)],
        },
      ],
    },
  ];
}
