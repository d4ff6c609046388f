// Media by HTTP: uploads and players at /ts, WebSockets at /ws, and the page that plays.

import type { RequestHandler } from 'express';
import * as z from 'zod';
import { HttpError } from '../http/problem.js';
import type { Relay } from '../relay/relay.js';
import { parseFeedName, parseSourceName, trimName } from '../relay/rules.js';
import { playerRoutes } from '../web/player-routes.js';
import { takeHttpUpload } from './http-upload.js';
import type { HttpViewers } from './http-viewer.js';
import { mayLast } from './let-in.js';
import { content, json, nameIn, noSuchPath, type Parameter, type Route, TO_LOGIN } from './route.js';
import type { UploadRefusals } from './upload-refusals.js';

const MP2T = 'video/mp2t';
const HTML = 'text/html';

export const uploadSummarySchema = z
  .strictObject({
    feed: z.string(),
    bytes: z.int().min(0),
    packets: z.int().min(0).describe('MPEG-TS packets'),
    skippedBytes: z.int().min(0).describe('bytes that belonged to no packet'),
  })
  .describe('What an upload has brought.');

function source(example: string): Parameter {
  const description = 'A feed\'s or a stream\'s name. It may hold "/", as it is or as %2F; streams begin with stream/.';
  return { name: 'name', description, example };
}

const upgradeRequired: RequestHandler = () => {
  throw new HttpError(426, 'ERR_UPGRADE_REQUIRED', 'this path speaks WebSocket: connect to it as ws://', {
    Upgrade: 'websocket',
  });
};

/** The routes of media. */
export function mediaRoutes(relay: Relay, viewers: HttpViewers, refusals: UploadRefusals): Route[] {
  const upload: RequestHandler = (request, response) => {
    const feed = relay.feed(parseFeedName(nameIn(request)));
    mayLast(request);
    refusals.accepted({ path: request.path, from: request.socket.remoteAddress ?? '' });
    takeHttpUpload(request, response, feed);
  };
  const play: RequestHandler = (request, response) => {
    viewers.play(parseSourceName(nameIn(request)), request, response);
  };
  const player = playerRoutes({
    socketPath: '/ws/',
    readName: (name) => parseSourceName(trimName(name)),
    wantsToken: false,
    frameAncestors: [],
  });
  const playerOr404: RequestHandler = (request, response) => {
    player(request, response, () => {
      throw noSuchPath(request.path);
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
          summary: 'Plays a feed or stream for as long as the client stays',
          description: 'Begins with tables and the last random access point that is kept.',
          answer: content(MP2T, 'MPEG-TS without an end.'),
          errors: ['ERR_BAD_NAME', 'ERR_BAD_PATH', 'ERR_NOT_FOUND', 'ERR_PIPELINED', 'ERR_TOO_MANY_CLIENTS'],
          handlers: [play],
        },
        {
          methods: ['POST', 'PUT'],
          id: 'upload',
          summary: 'Takes MPEG-TS for a feed for as long as it comes',
          description:
            'Not for streams. Answered when the upload ends; the newest upload has the feed. From this machine it needs no key.',
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
          summary: 'A WebSocket in and out of a feed, or out of a stream',
          description: 'What is sent on it goes into the feed, message for message; a stream plays only.',
          answer: { status: 101, words: 'The WebSocket is open (RFC 6455).', type: null, schema: null },
          errors: [
            'ERR_UPGRADE_REQUIRED',
            'ERR_BAD_NAME',
            'ERR_BAD_PATH',
            'ERR_TOO_MANY_CLIENTS',
            'ERR_TOO_MANY_FEEDS',
          ],
          handlers: [upgradeRequired], // upgrades do not come this way: see upgrades.ts
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
      parameter: { name: 'file', description: 'A file that the pages name.', example: 'main.js' },
      operations: [
        {
          methods: ['GET'],
          id: 'pageFile',
          summary: 'Scripts, styles and icons of the pages',
          answer: content('text/javascript', 'The file, with the type it has.'),
          others: [{ status: 304, words: 'The browser has it (ETag).', type: null, schema: null }],
          errors: ['ERR_NO_SUCH_PATH', 'ERR_BAD_PATH'],
          handlers: [playerOr404],
        },
      ],
    },
  ];
}
