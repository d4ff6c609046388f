// The routes of media: uploads and players at /ts, WebSockets at /ws, and the player's page.

import type { RequestHandler } from 'express';
import * as z from 'zod';
import { HttpError } from '../../http/answer/problem.js';
import type { PageHandler } from '../../http/page-handler.js';
import type { Relay } from '../../relay/relay.js';
import { parseFeedName, parseSourceName } from '../../relay/rules/rules.js';
import { refuseCodings, receiveHttpUpload } from '../live/http-upload.js';
import type { HttpViewers } from '../live/http-viewer.js';
import { exemptFromBodyTimeout } from '../access/authorize.js';
import { content, json, type Parameter, WEBSOCKET_OPEN } from '../../http/routes/route.js';
import { nameIn, notFoundError, type RelayRoute, TO_LOGIN } from './relay-route.js';
import type { UploadRefusals } from '../live/upload-refusals.js';

const MP2T = 'video/mp2t';
const HTML = 'text/html';

export const uploadSummarySchema = z
  .strictObject({
    feed: z.string(),
    bytes: z.int().min(0),
    packets: z.int().min(0).describe('MPEG-TS packets'),
    skippedBytes: z.int().min(0).describe('bytes outside any packet'),
  })
  .describe('What an upload has delivered.');

function source(example: string): Parameter {
  const description =
    'A feed\'s or a stream\'s name. It may contain "/", literally or as %2F; names of streams begin with stream/.';
  return { name: 'name', description, example };
}

const upgradeRequired: RequestHandler = () => {
  throw new HttpError(426, 'ERR_UPGRADE_REQUIRED', 'this path accepts WebSockets only; connect with ws:// or wss://', {
    Upgrade: 'websocket',
  });
};

/** The routes of media. `pages` serves the player. */
export function mediaRoutes(
  relay: Relay,
  viewers: HttpViewers,
  refusals: UploadRefusals,
  pages: PageHandler,
): RelayRoute[] {
  const upload: RequestHandler = (request, response) => {
    const name = parseFeedName(nameIn(request));
    refuseCodings(request); // before there is a feed: one without a source would stay
    const feed = relay.feed(name);
    exemptFromBodyTimeout(request);
    refusals.onAccepted({ path: request.path, from: request.socket.remoteAddress ?? '' });
    receiveHttpUpload(request, response, feed);
  };
  const play: RequestHandler = (request, response) => {
    viewers.play(parseSourceName(nameIn(request)), request, response);
  };
  const playerOr404: RequestHandler = (request, response) => {
    pages(request, response, () => {
      throw notFoundError(request.path);
    });
  };
  return [
    {
      name: 'media over HTTP',
      path: '/ts/{name}',
      tag: 'Media',
      parameter: source('video0'),
      operations: [
        {
          methods: ['GET'],
          id: 'play',
          summary: 'Plays a feed or stream until the client disconnects',
          description: 'Starts with the tables and the last keyframe in the cache.',
          answer: content(MP2T, 'An endless MPEG-TS.'),
          errors: ['ERR_BAD_NAME', 'ERR_BAD_PATH', 'ERR_NOT_FOUND', 'ERR_PIPELINED', 'ERR_TOO_MANY_CLIENTS'],
          handlers: [play],
        },
        {
          methods: ['POST', 'PUT'],
          id: 'upload',
          summary: 'Publishes MPEG-TS to a feed for as long as it arrives',
          description:
            'Not for streams. Answered when the upload ends; a newer upload takes the feed over. Uploads from this machine need no key.',
          body: { type: MP2T, schema: null },
          answer: json('The upload has ended.', uploadSummarySchema, {
            feed: 'video0',
            bytes: 376,
            packets: 2,
            skippedBytes: 0,
          }),
          errors: [
            'ERR_BAD_FEED_NAME',
            'ERR_BAD_PATH',
            'ERR_BAD_CHUNK',
            'ERR_TRANSFER_CODING',
            'ERR_CONTENT_CODING',
            'ERR_SUPERSEDED',
            'ERR_TOO_MANY_FEEDS',
            'ERR_STOPPING',
          ],
          takesAnyHost: true,
          handlers: [upload],
        },
      ],
    },
    {
      name: 'media over WebSocket',
      path: '/ws/{name}',
      tag: 'Media',
      parameter: source('data0'),
      operations: [
        {
          methods: ['GET'],
          id: 'connect',
          summary: 'A WebSocket that publishes to and plays a feed, or plays a stream',
          description: 'Each message sent on it is published to the feed; a stream only plays.',
          answer: WEBSOCKET_OPEN,
          errors: [
            'ERR_UPGRADE_REQUIRED',
            'ERR_BAD_NAME',
            'ERR_BAD_PATH',
            'ERR_TOO_MANY_CLIENTS',
            'ERR_TOO_MANY_FEEDS',
          ],
          handlers: [upgradeRequired], // upgrades are not routed here: see upgrades.ts
        },
      ],
      otherwise: upgradeRequired,
    },
    {
      name: 'player',
      path: '/play/{name}',
      tag: 'Pages',
      parameter: source('stream/front'),
      operations: [
        {
          methods: ['GET'],
          id: 'playerPage',
          summary: 'A page that plays a feed or stream',
          answer: content(HTML, 'The page.'),
          others: [TO_LOGIN],
          errors: ['ERR_BAD_NAME', 'ERR_BAD_PATH'],
          handlers: [playerOr404],
        },
      ],
    },
    {
      name: "player's files",
      path: '/player/{file}',
      tag: 'Pages',
      parameter: { name: 'file', description: 'A file that the pages refer to.', example: 'main.js' },
      operations: [
        {
          methods: ['GET'],
          id: 'pageFile',
          summary: 'Scripts, styles and icons of the pages',
          answer: content('text/javascript', 'The file, with its own media type.'),
          others: [{ status: 304, description: 'Not modified (ETag).', type: null, schema: null }],
          errors: ['ERR_NO_SUCH_PATH', 'ERR_BAD_PATH'],
          handlers: [playerOr404],
        },
      ],
    },
  ];
}
