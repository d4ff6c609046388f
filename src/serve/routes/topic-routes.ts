// The routes of the topics: which there are, their status for viewers, access to one, and their WebSockets.

import type { Request } from 'express';
import { allowOnly } from '../../http/answer/problem.js';
import type { PlayStatus } from '../../http/answer/play-status.js';
import { answer, json, parameterOf, WEBSOCKET_OPEN } from '../../http/routes/route.js';
import type { Codes } from '../auth/codes.js';
import { checkToken } from '../auth/token-check.js';
import { openGrant } from '../auth/tokens.js';
import type { ClientRegistry } from '../clients/client-registry.js';
import type { TopicEntry } from '../openapi/serve-schemas.js';
import { topicPath } from '../topics/topic-path.js';
import { requireUpgrade, schemaOf, type ServeRoute, TOPIC } from './serve-route.js';

/** The topics that can be played, and the status of one. */
export function topicRoutes(clients: ClientRegistry): ServeRoute[] {
  return [
    {
      name: 'topics',
      path: '/api/topics',
      tag: 'Topics',
      operations: [
        {
          methods: ['GET'],
          id: 'listTopics',
          summary: 'Lists the topics that the client may play',
          description: 'Where tokens are required, it needs one, and lists only the topic that the token is for.',
          answer: json('The topics; those of /bi are not listed.', schemaOf('topicListSchema')),
          errors: [],
          needsToken: true,
          handlers: [answer((request) => playableTopics(clients, request))],
        },
      ],
    },
    {
      name: 'play status',
      path: '/api/play/{topic}',
      tag: 'Topics',
      parameter: TOPIC,
      operations: [
        {
          methods: ['GET'],
          id: 'getPlayStatus',
          summary: 'Returns the status of a topic for a player',
          description: 'Where tokens are required, it needs one for the topic.',
          answer: json('The status; a topic without clients is `absent`.', schemaOf('playStatusSchema'), {
            state: 'absent',
            fault: null,
            muted: null,
          }),
          errors: ['ERR_BAD_TOPIC', 'ERR_BAD_PATH'],
          needsToken: true,
          handlers: [answer((request) => playStatus(clients, request))],
        },
      ],
    },
  ];
}

/** Access to a topic by a code. `webSocketBase`: see ServeAppOptions. */
export function sessionRoutes(
  clients: ClientRegistry,
  codes: Codes,
  webSocketBase: (host: string | undefined) => string,
): ServeRoute[] {
  const access = async (request: Request) => {
    const path = topicPath('session', parameterOf(request, 'topic'));
    const { tokens } = clients;
    const grant = await checkToken(clients, request, (token, nowMs) => {
      return tokens === null ? openGrant(path.direction) : tokens.admit(token, path, nowMs);
    });
    const code = codes.issue(path.topic, grant, clients.admit(request), performance.now());
    return { uri: `${webSocketBase(request.headers.host)}${path.path}?code=${code}` };
  };
  return [
    {
      name: 'session',
      path: '/session/{topic}',
      tag: 'Topics',
      parameter: TOPIC,
      operations: [
        {
          methods: ['POST'],
          id: 'getAccess',
          summary: 'Gives access to a topic',
          description: "As practable's relay servers do. Where tokens are required, it needs one. It takes no body.",
          answer: json('Where to connect.', schemaOf('sessionSchema')),
          errors: ['ERR_BAD_TOPIC', 'ERR_BAD_PATH'],
          needsToken: true,
          handlers: [answer(access)],
        },
        {
          methods: ['GET'],
          id: 'connectSession',
          summary: 'A WebSocket that publishes to a topic, plays it, or both, as the token allows',
          parameters: [
            {
              in: 'query',
              name: 'code',
              description: 'The code in the answer to the POST; where tokens are required.',
              example: 'CODE',
            },
          ],
          answer: WEBSOCKET_OPEN,
          errors: ['ERR_UPGRADE_REQUIRED', 'ERR_BAD_TOPIC', 'ERR_BAD_PATH'],
          handlers: [
            (request, response, next) => {
              if (request.method === 'HEAD')
                next(); // no WebSocket begins with it
              else void requireUpgrade(request, response, next);
            },
          ],
        },
      ],
      otherwise: allowOnly('POST'),
    },
  ];
}

/** The WebSockets of topics. Upgrades are not routed here: see topic-sockets.ts. */
export const SOCKET_ROUTES: readonly ServeRoute[] = (
  [
    ['publish', '/in/{topic}', 'A WebSocket that publishes to a topic'],
    ['play', '/out/{topic}', 'A WebSocket that plays a topic'],
    ['exchange', '/bi/{topic}', 'A WebSocket whose messages go to all others at the same path'],
  ] as const
).map(([id, path, summary]) => ({
  name: `${id} by WebSocket`,
  path,
  tag: 'Media',
  parameter: TOPIC,
  operations: [
    {
      methods: ['GET'],
      id,
      summary,
      description: 'Where tokens are required, the first message is the token, and is answered.',
      answer: WEBSOCKET_OPEN,
      errors: ['ERR_UPGRADE_REQUIRED', 'ERR_BAD_TOPIC', 'ERR_BAD_PATH'],
      handlers: [requireUpgrade],
    },
  ],
  otherwise: requireUpgrade,
}));

async function playableTopics(clients: ClientRegistry, request: Request): Promise<TopicEntry[]> {
  const { topics, tokens } = clients;
  const readable =
    tokens &&
    (await checkToken(
      clients,
      request,
      async (token, nowMs) => (await tokens.readableTopic(token, nowMs)) ?? '', // no topic has an empty name
    ));
  return topics.names
    .filter((name) => !name.startsWith('bi/') && (readable === null || name === readable))
    .map((name) => ({
      topic: name,
      isPublished: topics.get(name)?.activePublisher !== null,
      codecs: topics.get(name)?.codecs() ?? [],
      muted: topics.get(name)?.playStatus().muted ?? null,
    }));
}

async function playStatus(clients: ClientRegistry, request: Request): Promise<PlayStatus> {
  const { topics, tokens } = clients;
  const path = topicPath('out', parameterOf(request, 'topic'));
  if (tokens) await checkToken(clients, request, (token, nowMs) => tokens.admit(token, path, nowMs));
  return topics.get(path.topic)?.playStatus() ?? { state: 'absent', fault: null, muted: null };
}
