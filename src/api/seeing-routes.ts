// What the relay is doing, for programs: is it there, and what comes and goes.

import { z } from 'zod';
import type { Actions } from './actions.js';
import { answer, json, type Route } from './route.js';
import { statsSchema } from './stats-schema.js';

/** The routes of what can be seen. */
export function seeingRoutes(actions: Actions): Route[] {
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
  ];
}
