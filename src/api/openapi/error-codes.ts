// The errors in the document of the relay's API, each once: its status and meaning. A test provokes every one.

import type { ErrorTable } from '../../http/openapi/api-description.js';
import { ANY_REQUEST_ERRORS, ROUTE_ERRORS } from '../../http/openapi/http-errors.js';

/** Each code with its status and meaning, for the document. */
export const ERRORS = {
  ...ROUTE_ERRORS,
  ...ANY_REQUEST_ERRORS,
  ERR_BAD_STREAM_RULE: [400, 'A field of the stream rule is missing, misspelt or of the wrong kind.'],
  ERR_BAD_DESTINATION_RULE: [400, 'A field of the destination rule is missing, misspelt or of the wrong kind.'],
  ERR_BAD_MUTE: [
    400,
    'The mute names no feed, something other than "audio" or "all", or lets binary messages pass under "all".',
  ],
  ERR_DUPLICATE_FEED: [400, 'A feed is named twice.'],
  ERR_BAD_TRIM: [400, 'trimMs names a feed that the rule does not have.'],
  ERR_BAD_URL: [400, 'The URL cannot be dialled.'],
  ERR_BAD_TOKEN: [400, 'The token is malformed.'],
  ERR_TOKEN_REQUIRED: [400, 'An http:// or https:// address requires a token.'],
  ERR_BAD_FEED_NAME: [400, 'The path does not name a feed.'],
  ERR_BAD_NAME: [400, 'The path names neither a feed nor a stream.'],
  ERR_BAD_CHUNK: [400, 'The chunked coding of the body is invalid.'],
  ERR_BAD_EVENT_TYPES: [400, '`types` names an unknown event type.'],
  ERR_PIPELINED: [400, 'Another request on this connection is not answered yet.'],
  ERR_KEY: [401, 'A key (VW_API_KEY) is required, and the request has none or a wrong one.'],
  ERR_NOT_FOUND: [404, 'Nothing has that name.'],
  ERR_SUPERSEDED: [409, 'A newer upload has taken the feed over.'],
  ERR_RESERVED: [409, 'The rule is reserved (VW_API).'],
  ERR_CONTENT_CODING: [415, 'The body of an upload has a Content-Encoding.'],
  ERR_HOST: [421, "The host name in the request (Host, or an absolute URL as target) is not one of the relay's."],
  ERR_TOO_MANY_KEYS: [429, 'Ten wrong keys came from that address: wait a minute.'],
  ERR_TRANSFER_CODING: [501, 'The body of an upload has a transfer coding other than chunked.'],
  ERR_TOO_MANY_RULES: [503, 'The limit of rules is reached (VW_MAX_RULES).'],
  ERR_TOO_MANY_FEEDS: [503, 'The limit of feeds is reached (VW_MAX_FEEDS).'],
  ERR_TOO_MANY_CLIENTS: [503, 'The limit of clients is reached: VW_MAX_CLIENTS of a feed or stream, 50 of events.'],
  ERR_STOPPING: [503, 'The relay is stopping.'],
  ERR_NOT_SAVED: [507, 'The change cannot be saved in the file of VW_STATE, and is not made.'],
} as const satisfies ErrorTable;

export type ErrorCode = keyof typeof ERRORS;
