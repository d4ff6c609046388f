// The errors in the API's document, each once: its status and meaning. A test provokes every one.

/** Each code with its status and meaning, for the document. */
export const ERRORS = {
  ERR_BAD_JSON: [400, 'The body is not JSON.'],
  ERR_BAD_STREAM_RULE: [400, 'A field of the stream rule is missing, misspelt or of the wrong kind.'],
  ERR_BAD_DESTINATION_RULE: [400, 'A field of the destination rule is missing, misspelt or of the wrong kind.'],
  ERR_BAD_MUTE: [
    400,
    'The mute names no feed, something other than "audio" or "all", or lets binary messages pass under "all".',
  ],
  ERR_FEED_TWICE: [400, 'A feed is named twice.'],
  ERR_BAD_TRIM: [400, 'trimMs names a feed that the rule does not have.'],
  ERR_BAD_URL: [400, 'The URL cannot be dialled.'],
  ERR_BAD_TOKEN: [400, 'The token is malformed.'],
  ERR_TOKEN_WANTED: [400, 'An http:// or https:// address requires a token.'],
  ERR_BAD_FEED_NAME: [400, 'The path does not name a feed.'],
  ERR_BAD_NAME: [400, 'The path names neither a feed nor a stream.'],
  ERR_BAD_PATH: [400, 'The path cannot be decoded.'],
  ERR_BAD_CHUNK: [400, 'The chunked coding of the body is invalid.'],
  ERR_BAD_EVENT_TYPES: [400, '`types` names an unknown event type.'],
  ERR_PIPELINED: [400, 'Another request on this connection is not answered yet.'],
  ERR_BAD_HTTP: [400, 'The request is not valid HTTP/1.1.'],
  ERR_BAD_TARGET: [400, 'The request target is neither a path nor an absolute URL with one.'],
  ERR_TWO_HOSTS: [400, 'The request has more than one Host field.'],
  ERR_BAD_REQUEST: [400, 'The body does not match its header fields, or cannot be read.'],
  ERR_KEY: [401, 'A key (VW_API_KEY) is required, and the request has none or a wrong one.'],
  ERR_ORIGIN: [403, 'The request comes from a page of an origin that is not allowed.'],
  ERR_NOT_FOUND: [404, 'Nothing has that name.'],
  ERR_NO_SUCH_PATH: [404, 'There is no such path.'],
  ERR_METHOD: [405, 'The path does not support that method; the Allow header field lists the methods that it does.'],
  ERR_TIMEOUT: [408, 'The request took too long to arrive.'],
  ERR_SUPERSEDED: [409, 'A newer upload has taken the feed over.'],
  ERR_STANDING: [409, 'The rule is reserved (VW_API).'],
  ERR_TOO_LARGE: [413, 'The body is over 64 KiB.'],
  ERR_CONTENT_TYPE: [415, 'The request has no Content-Type: application/json.'],
  ERR_HOST: [421, 'The host name in the request (Host, or an absolute URL as target) is not one of the relay\'s.'],
  ERR_UPGRADE_REQUIRED: [426, 'The path accepts WebSockets only.'],
  ERR_TOO_MANY_KEYS: [429, 'Ten wrong keys came from that address: wait a minute.'],
  ERR_HEADERS: [431, 'The request line and header fields exceed 16 KiB.'],
  ERR_UNKNOWN_METHOD: [501, 'The request method is unknown.'],
  ERR_HTTP_VERSION: [505, 'The HTTP version is neither 1.1 nor 1.0.'],
  ERR_INTERNAL: [500, 'An internal error of vw; its log has the cause.'],
  ERR_TOO_MANY_RULES: [503, 'The limit of rules is reached (VW_MAX_RULES).'],
  ERR_TOO_MANY_FEEDS: [503, 'The limit of feeds is reached (VW_MAX_FEEDS).'],
  ERR_TOO_MANY_CLIENTS: [
    503,
    'The limit of clients is reached: VW_MAX_CLIENTS of a feed or stream, 50 of events.',
  ],
  ERR_TOO_MANY_CONNECTIONS: [503, 'The limit of connections from one address is reached (VW_MAX_CONNECTIONS).'],
  ERR_STOPPING: [503, 'The relay is stopping.'],
} as const satisfies Readonly<Record<string, readonly [status: number, words: string]>>;

export type ErrorCode = keyof typeof ERRORS;

/** Errors that any request can get. */
export const ANYWHERE: readonly ErrorCode[] = [
  'ERR_BAD_HTTP',
  'ERR_BAD_TARGET',
  'ERR_TWO_HOSTS',
  'ERR_METHOD',
  'ERR_UNKNOWN_METHOD',
  'ERR_HTTP_VERSION',
  'ERR_NO_SUCH_PATH',
  'ERR_TIMEOUT',
  'ERR_HEADERS',
  'ERR_INTERNAL',
  'ERR_TOO_MANY_CONNECTIONS',
];
