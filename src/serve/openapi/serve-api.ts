// What the document of the API of `vw serve` has beside its routes: the schemas with a name, the token, and the errors.

import type { ApiDescription } from '../../http/openapi/api-description.js';
import { ANY_REQUEST_ERRORS } from '../../http/openapi/http-errors.js';
import { faultSchema } from '../../relay/events/event.js';
import { playStatusSchema } from '../../relay/stats-schema.js';
import { SERVE_TAGS } from '../routes/serve-route.js';
import type { GuardMode } from '../topic-policy.js';
import { SERVE_API_ERRORS, type ServeErrorCode } from './serve-errors.js';
import {
  serverStateSchema,
  sessionSchema,
  topicEntrySchema,
  topicListSchema,
  topicStatsSchema,
} from './serve-schemas.js';

const OUTPUT_SCHEMAS = {
  Stats: serverStateSchema,
  TopicStats: topicStatsSchema,
  TopicEntry: topicEntrySchema,
  TopicList: topicListSchema,
  PlayStatus: playStatusSchema,
  Session: sessionSchema,
  Fault: faultSchema,
};

const DESCRIPTION = [
  'vw serve receives what boards send to /in/{topic} and sends it to every viewer at /out/{topic}, by WebSocket. ' +
    'This API lists the topics and their state, and gives access to one.',
  'Every error is a problem document with a `code`. HEAD is supported wherever GET is.',
];

/** What is said of permission. */
const PERMISSION: Readonly<Record<GuardMode, string>> = {
  tokens:
    'This server requires tokens (VW_SERVE_SECRET). Where an operation needs one, send it as a bearer token, or bare, in ' +
    '`Authorization`. On a WebSocket it is the first message.',
  loopback: 'This server has no secret: it serves its own machine only, and requires no token.',
  open: 'This server admits everyone, and requires no token.',
};

/** How a token is shown. */
const TOKEN_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The token (vw token).' },
  bare: {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description: 'The token alone, as clients of practable send it.',
  },
} as const;

/** The errors of the guard itself, by mode. */
const GUARD_ERRORS: Readonly<Record<GuardMode, readonly ServeErrorCode[]>> = {
  tokens: [],
  loopback: ['ERR_LOOPBACK_ONLY', 'ERR_ORIGIN', 'ERR_HOST'],
  open: [],
};

/** Describes the API of a server. */
export function serveApi(mode: GuardMode): ApiDescription {
  const hasTokens = mode === 'tokens';
  const tokenErrors: readonly ServeErrorCode[] = hasTokens ? ['ERR_TOKEN', 'ERR_TOO_MANY_REFUSALS'] : [];
  return {
    program: 'vw serve',
    title: 'vw serve: relay server for video over WebSockets',
    about: [...DESCRIPTION, PERMISSION[mode]].join('\n\n'),
    server: 'server',
    tags: SERVE_TAGS,
    schemas: { input: {}, output: OUTPUT_SCHEMAS },
    security: { isRequired: hasTokens, schemes: hasTokens ? TOKEN_SCHEMES : {} },
    errors: SERVE_API_ERRORS,
    anyRequestErrors: Object.keys(ANY_REQUEST_ERRORS),
    guard: {
      codes: [...GUARD_ERRORS[mode], ...tokenErrors],
      errorsOf: ({ path }, { needsToken }) => [
        ...(path === '/healthcheck' ? [] : GUARD_ERRORS[mode]), // see topicAdmission
        ...(needsToken ? tokenErrors : []),
      ],
      isOpen: (_route, { needsToken }) => !needsToken,
    },
  };
}
