// Rules by REST: streams, destinations and mutes. Each handler makes one call of Actions.

import { RuleError } from '../../errors.js';
import { muteBodySchema } from '../../relay/rules/mute-rule.js';
import { destinationSchema, streamSchema } from '../../relay/rules/rules.js';
import * as z from 'zod';
import type { RelayOperations } from '../control/actions.js';
import { JSON_ERRORS, jsonBody, optionalJsonBody } from '../../http/routes/json-body.js';
import { answer, json, type Parameter } from '../../http/routes/route.js';
import { nameIn, type RelayRoute } from './relay-route.js';
import {
  allRulesSchema,
  deletedSchema,
  destinationAnswerSchema,
  destinationListSchema,
  storedDestinationSchema,
  muteAnswerSchema,
  mutedTracksSchema,
  muteListSchema,
  streamAnswerSchema,
  streamListSchema,
} from './rule-schemas.js';

const FRONT = { stream: 'stream/front', feeds: ['video0', 'audio0'], trimMs: { audio0: -40 } };
const ENDPOINT = { id: '0', stream: 'stream/front', destination: 'ws://127.0.0.1:9001/in/front' };
const JSON_TYPE = 'application/json';
const ALL = z.literal('all');

function parameter(what: string, example: string): Parameter {
  const slashes = 'It may contain "/", literally or as %2F; one leading "/" is dropped.';
  return { name: 'name', description: `${what} ${slashes}`, example };
}

/** The routes of stream rules. */
export function streamRoutes(actions: RelayOperations): RelayRoute[] {
  return [
    {
      name: 'streams',
      path: '/api/streams',
      tag: 'Streams',
      operations: [
        {
          methods: ['POST', 'PUT'],
          id: 'setStream',
          summary: 'Sets a stream rule',
          description:
            'It is in force by the time the answer arrives. Posted again with other feeds, it changes in place; posted unchanged, it has no effect.',
          body: { type: JSON_TYPE, schema: streamSchema, example: FRONT },
          answer: json('The stored rule.', streamAnswerSchema, FRONT),
          errors: [
            ...JSON_ERRORS,
            'ERR_BAD_STREAM_RULE',
            'ERR_DUPLICATE_FEED',
            'ERR_BAD_TRIM',
            'ERR_TOO_MANY_RULES',
            'ERR_TOO_MANY_FEEDS',
            'ERR_NOT_SAVED',
          ],
          handlers: [...jsonBody, answer((request) => actions.setStream(request.body))],
        },
      ],
    },
    {
      name: 'all streams',
      path: '/api/streams/all',
      tag: 'Streams',
      operations: [
        {
          methods: ['GET'],
          id: 'listStreams',
          summary: 'Lists stream rules',
          answer: json('The feeds of each stream.', streamListSchema, { [FRONT.stream]: FRONT.feeds }),
          errors: [],
          handlers: [answer(() => actions.feedsByStream())],
        },
        {
          methods: ['DELETE'],
          id: 'deleteAllStreams',
          summary: 'Deletes every stream rule',
          answer: json('All are deleted.', ALL, 'all'),
          errors: ['ERR_NOT_SAVED'],
          handlers: [answer(() => actions.deleteAllStreams())],
        },
      ],
    },
    {
      name: 'one stream',
      path: '/api/streams/{name}',
      tag: 'Streams',
      parameter: parameter("The stream's name.", FRONT.stream),
      operations: [
        {
          methods: ['GET'],
          id: 'getStream',
          summary: 'Returns the feeds of a stream',
          answer: json('Its feeds.', z.array(z.string()), FRONT.feeds),
          errors: ['ERR_NOT_FOUND', 'ERR_BAD_PATH'],
          handlers: [answer((request) => actions.stream(nameIn(request)))],
        },
        {
          methods: ['DELETE'],
          id: 'deleteStream',
          summary: 'Deletes a stream rule',
          description:
            'Destinations and viewers of the stream stay connected, and get nothing until there is a rule again.',
          answer: json('Deleted.', deletedSchema, FRONT.stream),
          errors: ['ERR_NOT_FOUND', 'ERR_BAD_PATH', 'ERR_NOT_SAVED'],
          handlers: [answer((request) => actions.deleteStream(nameIn(request)))],
        },
      ],
    },
  ];
}

/** The routes of destination rules. */
export function destinationRoutes(actions: RelayOperations): RelayRoute[] {
  return [
    {
      name: 'destinations',
      path: '/api/destinations',
      tag: 'Destinations',
      operations: [
        {
          methods: ['POST', 'PUT'],
          id: 'setDestination',
          summary: 'Sets a destination rule',
          description:
            'Its link is opened in the background and reopened whenever it is lost. Posted again with another endpoint, the new one is dialled while the old one still gets media.',
          body: { type: JSON_TYPE, schema: destinationSchema, example: ENDPOINT },
          answer: json('The stored rule, without its token.', destinationAnswerSchema, ENDPOINT),
          errors: [
            ...JSON_ERRORS,
            'ERR_BAD_DESTINATION_RULE',
            'ERR_BAD_URL',
            'ERR_BAD_TOKEN',
            'ERR_TOKEN_REQUIRED',
            'ERR_TOO_MANY_RULES',
            'ERR_TOO_MANY_FEEDS',
            'ERR_NOT_SAVED',
          ],
          handlers: [...jsonBody, answer((request) => actions.setDestination(request.body))],
        },
      ],
    },
    {
      name: 'all destinations',
      path: '/api/destinations/all',
      tag: 'Destinations',
      operations: [
        {
          methods: ['GET'],
          id: 'listDestinations',
          summary: 'Lists destination rules',
          answer: json('Every rule, by its id.', destinationListSchema, { [ENDPOINT.id]: ENDPOINT }),
          errors: [],
          handlers: [answer(() => actions.destinations())],
        },
        {
          methods: ['DELETE'],
          id: 'deleteAllDestinations',
          summary: 'Deletes every destination rule except the reserved one',
          answer: json('All are deleted and their links closed.', ALL, 'all'),
          errors: ['ERR_NOT_SAVED'],
          handlers: [answer(() => actions.deleteAllDestinations())],
        },
      ],
    },
    {
      name: 'one destination',
      path: '/api/destinations/{name}',
      tag: 'Destinations',
      parameter: parameter("The rule's id.", ENDPOINT.id),
      operations: [
        {
          methods: ['GET'],
          id: 'getDestination',
          summary: 'Returns a destination rule',
          answer: json('The rule, without its token.', storedDestinationSchema, ENDPOINT),
          errors: ['ERR_NOT_FOUND', 'ERR_BAD_PATH'],
          handlers: [answer((request) => actions.destination(nameIn(request)))],
        },
        {
          methods: ['DELETE'],
          id: 'deleteDestination',
          summary: 'Deletes a destination rule',
          answer: json('Deleted, and its link closed.', deletedSchema, ENDPOINT.id),
          errors: ['ERR_NOT_FOUND', 'ERR_RESERVED', 'ERR_BAD_PATH', 'ERR_NOT_SAVED'],
          handlers: [answer((request) => actions.deleteDestination(nameIn(request)))],
        },
      ],
    },
  ];
}

/** The routes of mutes. */
export function muteRoutes(actions: RelayOperations): RelayRoute[] {
  // A mute without a body mutes the sound.
  const body = { type: JSON_TYPE, schema: muteBodySchema, example: { tracks: 'audio' }, isOptional: true };
  const message = 'What is withheld from now on.';
  return [
    {
      name: 'all mutes',
      path: '/api/mutes/all',
      tag: 'Mutes',
      operations: [
        {
          methods: ['GET'],
          id: 'listMutes',
          summary: 'Lists mutes',
          answer: json('The muted tracks, by feed; all means every feed.', muteListSchema, { video0: 'audio' }),
          errors: [],
          handlers: [answer(() => actions.mutes())],
        },
        {
          methods: ['PUT', 'POST'],
          id: 'muteAll',
          summary: 'Mutes every feed, including later ones',
          body,
          answer: json(message, muteAnswerSchema, { feed: 'all', tracks: 'audio', binary: 'drop', known: true }),
          errors: [...JSON_ERRORS, 'ERR_BAD_MUTE', 'ERR_NOT_SAVED'],
          handlers: [...optionalJsonBody, answer((request) => actions.setMute('all', request.body))],
        },
        {
          methods: ['DELETE'],
          id: 'unmuteAll',
          summary: 'Deletes every mute, those of single feeds too',
          description: 'With feeds=keep it deletes the mute of every feed only, and single feeds stay muted.',
          parameters: [
            { in: 'query', name: 'feeds', description: 'keep: mutes of single feeds stay.', example: 'keep' },
          ],
          answer: json('Deleted.', ALL, 'all'),
          errors: ['ERR_NOT_FOUND', 'ERR_BAD_MUTE', 'ERR_NOT_SAVED'],
          handlers: [
            answer(({ query: { feeds } }) => {
              if (feeds === undefined) return actions.deleteMute('all');
              if (feeds === 'keep') return actions.deleteMuteOfAll();
              throw new RuleError(
                'ERR_BAD_MUTE',
                'the value of "feeds" is not accepted; accepted: feeds=keep, or no "feeds"',
              );
            }),
          ],
        },
      ],
    },
    {
      name: 'one mute',
      path: '/api/mutes/{name}',
      tag: 'Mutes',
      parameter: parameter("The feed's name.", 'video0'),
      operations: [
        {
          methods: ['GET'],
          id: 'getMute',
          summary: 'Returns the mute of one feed',
          answer: json('What is muted.', mutedTracksSchema, 'audio'),
          errors: ['ERR_NOT_FOUND', 'ERR_BAD_PATH'],
          handlers: [answer((request) => actions.mute(nameIn(request)))],
        },
        {
          methods: ['PUT', 'POST'],
          id: 'muteFeed',
          summary: 'Mutes a feed',
          description:
            'The feed need not exist yet; known says whether it does. Nothing captured after the answer is sent, not from caches either. ' +
            'A mute of the sound withholds everything that is not known to be picture or data.',
          body,
          answer: json(message, muteAnswerSchema, { feed: 'video0', tracks: 'audio', binary: 'drop', known: true }),
          errors: [...JSON_ERRORS, 'ERR_BAD_MUTE', 'ERR_BAD_PATH', 'ERR_TOO_MANY_RULES', 'ERR_NOT_SAVED'],
          handlers: [...optionalJsonBody, answer((request) => actions.setMute(nameIn(request), request.body))],
        },
        {
          methods: ['DELETE'],
          id: 'unmuteFeed',
          summary: 'Deletes the mute of a feed',
          answer: json('Deleted.', deletedSchema, 'video0'),
          errors: ['ERR_NOT_FOUND', 'ERR_BAD_PATH', 'ERR_NOT_SAVED'],
          handlers: [answer((request) => actions.deleteMute(nameIn(request)))],
        },
      ],
    },
  ];
}

/** The route of all rules. */
export function allRulesRoutes(actions: RelayOperations): RelayRoute[] {
  const example = { streams: [FRONT], destinations: [ENDPOINT], mutes: [{ feed: 'video0', tracks: 'audio' }] };
  return [
    {
      name: 'all rules',
      path: '/api/rules',
      tag: 'Rules',
      operations: [
        {
          methods: ['GET'],
          id: 'listRules',
          summary: 'Lists every rule, each in the form in which it can be posted again',
          description: 'Without tokens, and without the reserved rule (VW_API).',
          answer: json('Every rule.', allRulesSchema, example),
          errors: [],
          handlers: [answer(() => actions.rules())],
        },
      ],
    },
  ];
}
