// The errors that the API's document tells of, each once: its status and what it means. A test makes every one happen.

/** Each code with its status and what it means, for the document. */
export const ERRORS = {
  ERR_BAD_JSON: [400, 'The body is no JSON.'],
  ERR_BAD_STREAM_RULE: [400, 'A field of the stream rule is missing, misspelt or of the wrong kind.'],
  ERR_BAD_DESTINATION_RULE: [400, 'A field of the destination rule is missing, misspelt or of the wrong kind.'],
  ERR_BAD_MUTE: [
    400,
    'The mute names no feed, something else than "audio" and "all", or lets binary messages through "all".',
  ],
  ERR_FEED_TWICE: [400, 'A feed is named twice.'],
  ERR_BAD_TRIM: [400, 'trimMs names a feed that the rule does not have.'],
  ERR_BAD_URL: [400, 'The address cannot be dialled.'],
  ERR_BAD_TOKEN: [400, 'The token is not one.'],
  ERR_TOKEN_WANTED: [400, 'An http:// or https:// address wants a token.'],
  ERR_BAD_FEED_NAME: [400, 'The path names no feed.'],
  ERR_BAD_NAME: [400, 'The path names no feed and no stream.'],
  ERR_BAD_PATH: [400, 'The path cannot be decoded.'],
  ERR_BAD_CHUNK: [400, 'The body is not chunked as it should be.'],
  ERR_BAD_EVENT_TYPES: [400, '`types` names what is no type of event.'],
  ERR_PIPELINED: [400, 'Another request on this connection is not answered yet.'],
  ERR_BAD_HTTP: [400, 'What was sent is not HTTP/1.1 as it should be.'],
  ERR_BAD_TARGET: [400, 'The request target is no path, and no address with one.'],
  ERR_TWO_HOSTS: [400, 'The request has more than one Host field.'],
  ERR_BAD_REQUEST: [400, 'The body is not as its header says, or cannot be read.'],
  ERR_KEY: [401, 'There is a key (VW_API_KEY), and the request shows none, or a wrong one.'],
  ERR_ORIGIN: [403, 'A page from elsewhere asks.'],
  ERR_NOT_FOUND: [404, 'There is nothing of that name.'],
  ERR_NO_SUCH_PATH: [404, 'There is no such path.'],
  ERR_METHOD: [405, 'The path does not have that method; the header Allow lists those it has.'],
  ERR_TIMEOUT: [408, 'The request took too long to arrive.'],
  ERR_SUPERSEDED: [409, 'A newer upload has taken the feed over.'],
  ERR_STANDING: [409, "The rule is the relay's own (VW_API)."],
  ERR_TOO_LARGE: [413, 'The body is over 64 KiB.'],
  ERR_CONTENT_TYPE: [415, 'The body does not say that it is JSON (Content-Type: application/json).'],
  ERR_HOST: [421, 'The relay does not go by the name that it was asked for (Host, or an address as target).'],
  ERR_UPGRADE_REQUIRED: [426, 'The path speaks WebSocket only.'],
  ERR_TOO_MANY_KEYS: [429, 'Ten wrong keys came from that address: wait a minute.'],
  ERR_HEADERS: [431, 'The head of the request is over 16 KiB.'],
  ERR_UNKNOWN_METHOD: [501, 'HTTP has no such method.'],
  ERR_HTTP_VERSION: [505, 'The request is not of HTTP/1.1 or HTTP/1.0.'],
  ERR_INTERNAL: [500, "A fault of vw's; its log says more."],
  ERR_TOO_MANY_RULES: [503, 'There are as many rules as VW_MAX_RULES allows.'],
  ERR_TOO_MANY_FEEDS: [503, 'There are as many feeds as VW_MAX_FEEDS allows.'],
  ERR_TOO_MANY_CLIENTS: [
    503,
    'There are as many clients as there is room for: VW_MAX_CLIENTS of a feed or stream, 50 of events.',
  ],
  ERR_TOO_MANY_CONNECTIONS: [503, 'That address has as many connections as VW_MAX_CONNECTIONS allows.'],
  ERR_STOPPING: [503, 'The relay is stopping.'],
} as const satisfies Readonly<Record<string, readonly [status: number, words: string]>>;

export type ErrorCode = keyof typeof ERRORS;

/** What may answer any request, whatever it asks for. */
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
