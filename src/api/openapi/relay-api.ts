// What the document of the relay's API has beside its routes: the schemas with a name, the key, and the errors.

import type { ApiDescription } from '../../http/openapi/api-description.js';
import { ANY_REQUEST_ERRORS } from '../../http/openapi/http-errors.js';
import { eventSchema, faultSchema, historyLostSchema } from '../../relay/events/event.js';
import { muteBodySchema } from '../../relay/rules/mute-rule.js';
import { destinationSchema, streamSchema } from '../../relay/rules/rules.js';
import {
  destinationStatsSchema,
  feedStatsSchema,
  linkStatsSchema,
  muteStatsSchema,
  processStatsSchema,
  statsSchema,
  streamStatsSchema,
} from '../../relay/stats-schema.js';
import { OPEN_PATHS } from '../access/key-policy.js';
import { COOKIE_NAME } from '../access/keys.js';
import { uploadSummarySchema } from '../routes/media-routes.js';
import { recordedEventSchema } from '../routes/monitoring-routes.js';
import { TAGS } from '../routes/relay-route.js';
import {
  allRulesSchema,
  destinationListSchema,
  storedDestinationSchema,
  storedMuteSchema,
  storedStreamSchema,
  muteAnswerSchema,
  muteListSchema,
  streamListSchema,
} from '../routes/rule-schemas.js';
import { ERRORS } from './error-codes.js';

/** The named schemas of the document: of requests, and of responses. */
const INPUT_SCHEMAS = { StreamRule: streamSchema, DestinationRule: destinationSchema, Mute: muteBodySchema };
const OUTPUT_SCHEMAS = {
  KeptStreamRule: storedStreamSchema,
  KeptDestinationRule: storedDestinationSchema,
  KeptMute: storedMuteSchema,
  MuteAnswer: muteAnswerSchema,
  StreamList: streamListSchema,
  DestinationList: destinationListSchema,
  MuteList: muteListSchema,
  AllRules: allRulesSchema,
  UploadSummary: uploadSummarySchema,
  Stats: statsSchema,
  ProcessStats: processStatsSchema,
  FeedStats: feedStatsSchema,
  StreamStats: streamStatsSchema,
  DestinationStats: destinationStatsSchema,
  LinkStats: linkStatsSchema,
  MuteStats: muteStatsSchema,
  EventRecord: recordedEventSchema,
  Event: eventSchema,
  HistoryLost: historyLostSchema,
  Fault: faultSchema,
};

const DESCRIPTION = [
  'vw receives MPEG-TS at /ts/{feed} and sends feeds, and streams made of them, to relay servers over outbound WebSockets. ' +
    'This API changes what goes where while it runs.',
  'Every error is a problem document with a `code`. HEAD is supported wherever GET is.',
  'If a key is set (VW_API_KEY), send it as a bearer token, as the password of Basic with any user name, or use the ' +
    "login's cookie.",
].join('\n\n');

/** Whether a relay requires a key. */
export type RelayAccess = 'key' | 'open';

/** Describes the API of a relay. */
export function relayApi(access: RelayAccess): ApiDescription {
  const hasKey = access === 'key';
  return {
    program: 'vw',
    title: 'vw: video over WebSockets',
    about: DESCRIPTION,
    server: 'relay',
    tags: TAGS,
    schemas: { input: INPUT_SCHEMAS, output: OUTPUT_SCHEMAS },
    security: {
      isRequired: hasKey,
      schemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'The key (VW_API_KEY).' },
        basic: {
          type: 'http',
          scheme: 'basic',
          description: 'The key as the password; the user name is ignored.',
        },
        ...(hasKey && {
          cookie: { type: 'apiKey', in: 'cookie', name: COOKIE_NAME, description: 'The cookie that the login sets.' },
        }),
      },
    },
    errors: ERRORS,
    anyRequestErrors: Object.keys(ANY_REQUEST_ERRORS),
    guard: {
      codes: ['ERR_KEY', 'ERR_ORIGIN', 'ERR_HOST', 'ERR_TOO_MANY_KEYS'],
      errorsOf: ({ path }, { takesAnyHost }) => {
        const errors = takesAnyHost ? ['ERR_ORIGIN'] : ['ERR_ORIGIN', 'ERR_HOST'];
        return OPEN_PATHS.has(path) ? errors : [...errors, 'ERR_KEY', 'ERR_TOO_MANY_KEYS'];
      },
      isOpen: ({ path }) => OPEN_PATHS.has(path),
    },
  };
}
