// What the relay is doing, for programs: is it there, and what comes and goes.

import * as z from 'zod';
import { METRICS_TYPE } from '../metrics.js';
import { EVENT_TYPES, eventSchema, historyLostSchema } from '../relay/event.js';
import { statsSchema } from '../relay/stats-schema.js';
import type { Actions } from './actions.js';
import { metricsText } from './metrics.js';
import { answer, content, json, type Route } from './route.js';
import type { EventStreams } from './event-stream.js';

/** What `GET /api/events` tells, one at a time. */
export const toldSchema = z.union([eventSchema, historyLostSchema]);

/** The routes of what can be seen. */
export function seeingRoutes(actions: Actions, events: EventStreams): Route[] {
  return [
    {
      name: 'health',
      path: '/healthcheck',
      tag: 'Seeing',
      operations: [
        {
          methods: ['GET'],
          id: 'healthcheck',
          summary: 'Says that the relay is there',
          answer: json('It is.', z.literal('ok'), 'ok'),
          errors: [],
          handlers: [answer(() => 'ok')],
        },
      ],
    },
    {
      name: 'stats',
      path: '/api/stats',
      tag: 'Seeing',
      operations: [
        {
          methods: ['GET'],
          id: 'getStats',
          summary: 'Tells what comes in, what goes out and what is lost',
          answer: json('Every feed, stream and destination, and the process.', statsSchema),
          errors: [],
          handlers: [answer(() => actions.stats())],
        },
      ],
    },
    {
      name: 'metrics',
      path: '/metrics',
      tag: 'Seeing',
      operations: [
        {
          methods: ['GET'],
          id: 'getMetrics',
          summary: 'The same for Prometheus',
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
      tag: 'Seeing',
      operations: [
        {
          methods: ['GET'],
          id: 'watchEvents',
          summary: 'Tells what happens, as it happens',
          description:
            'Server-sent events without an end: `id`, `event` (the type) and `data`, which is JSON as in the schema. Who comes back ' +
            'with the id of the last event it had gets what it missed; where that is not kept any more, `history-lost` comes first.',
          parameters: [
            {
              in: 'query',
              name: 'types',
              description: `Only these: ${EVENT_TYPES.join(', ')}.`,
              example: 'feed-up,feed-down',
            },
            {
              in: 'query',
              name: 'lastEventId',
              description: 'The same as Last-Event-ID. 0: all that is kept.',
              example: '0',
            },
            { in: 'header', name: 'Last-Event-ID', description: 'The id of the last event that came.', example: '0' },
          ],
          answer: {
            status: 200,
            words: 'Events; each as its `data` has it.',
            type: 'text/event-stream',
            schema: toldSchema,
            example: { type: 'feed-up', feed: 'video0', source: '127.0.0.1:40112', id: 1, atMs: 1764000000000 },
          },
          errors: ['ERR_BAD_EVENT_TYPES', 'ERR_PIPELINED', 'ERR_TOO_MANY_CLIENTS'],
          handlers: [(request, response) => events.tell(request, response)],
        },
      ],
    },
  ];
}
