// The table of all settings: a row has everything that is known of one, and everything else is made from it: the
// configuration, `Limits`, --help, --check-config, docs/reference/settings.md. To add a setting is to add a row here; one that is
// no limit is also read in stream-config.ts or serve-config.ts.

import { LOG_LEVELS } from '../log/log.js';
import {
  addressRanges,
  audiences,
  anyText,
  embedders,
  filePath,
  hostName,
  hostNames,
  level,
  ms,
  origins,
  pemFile,
  secret,
  whole,
  yesOrNo,
} from './setting-types.js';

/** A command that has settings of its own. */
export type Command = 'stream' | 'serve';

/** What may differ between the commands that have a setting. */
export interface SettingSource {
  readonly env: string;
  readonly default: string | number;
  readonly doc?: string;
}

/** A row: a setting of one command, of each in its own way, or of both in the same way. */
export interface SettingRow {
  readonly stream?: SettingSource;
  readonly serve?: SettingSource;
  readonly both?: SettingSource;
  readonly option: string;
  /** Parses the text; throws an Error whose message says what is accepted. */
  readonly read: (text: string) => string | number;
  readonly doc: string;
  /** Its value is never shown. */
  readonly isSecret?: true;
  /** It is one of the limits of relaying, or one that only `vw serve` has: see limits.ts. */
  readonly limit?: 'relay' | 'serve';
}

/** Every setting, by its name in the program and in the order of `--help`. */
export const SETTINGS = {
  port: {
    stream: { env: 'VW_PORT', default: 8888 },
    serve: { env: 'VW_SERVE_PORT', default: 8889 },
    option: 'port',
    read: whole(0, 65535),
    doc: 'TCP port to listen on; 0: any free one',
  },
  host: {
    stream: { env: 'VW_HOST', default: '127.0.0.1' },
    serve: { env: 'VW_SERVE_HOST', default: '127.0.0.1' },
    option: 'host',
    read: hostName,
    doc: 'address to listen on; 0.0.0.0: all',
  },
  cert: {
    stream: { env: 'VW_CERT', default: '' },
    serve: {
      env: 'VW_SERVE_CERT',
      default: '',
      doc: 'PEM file of the server certificate with its chain; makes it serve https and wss',
    },
    option: 'cert',
    read: pemFile,
    doc: 'PEM file of the server certificate with its chain; makes it serve https',
  },
  key: {
    stream: { env: 'VW_KEY', default: '' },
    serve: { env: 'VW_SERVE_KEY', default: '' },
    option: 'key',
    read: pemFile,
    doc: 'PEM file of its private key',
  },
  secret: {
    serve: { env: 'VW_SERVE_SECRET', default: '' },
    option: 'secret',
    read: secret,
    isSecret: true,
    doc: 'secret that tokens are signed with (HS256); 32 characters or more',
  },
  audience: {
    serve: { env: 'VW_SERVE_AUDIENCE', default: '' },
    option: 'audience',
    read: audiences,
    doc: 'the address that tokens are for, as boards and viewers reach it',
  },
  open: {
    serve: { env: 'VW_SERVE_OPEN', default: 'false' },
    option: 'open',
    read: yesOrNo,
    doc: 'true admits everyone without a token, from anywhere',
  },
  embed: {
    serve: { env: 'VW_SERVE_EMBED', default: '' },
    option: 'embed',
    read: embedders,
    doc: 'origins whose pages may embed the player in a frame; *: all',
  },
  trustedProxies: {
    serve: { env: 'VW_TRUSTED_PROXIES', default: '' },
    option: 'trusted-proxies',
    read: addressRanges,
    doc: 'addresses and ranges whose X-Forwarded-For is trusted',
  },
  apiKey: {
    stream: { env: 'VW_API_KEY', default: '' },
    option: 'api-key',
    read: secret,
    isSecret: true,
    doc: 'key for /api, /ws, pages and uploads from other machines',
  },
  ca: {
    stream: { env: 'VW_CA', default: '' },
    option: 'ca',
    read: pemFile,
    doc: 'PEM file of extra authorities to trust for wss:// and https:// destinations',
  },
  api: {
    stream: { env: 'VW_API', default: '' },
    option: 'api',
    read: anyText,
    isSecret: true, // it may contain a key in its query
    doc: 'endpoint that is dialled and may then set rules by JSON commands; listed as destination apiRule',
  },
  apiToken: {
    stream: { env: 'VW_API_TOKEN', default: '' },
    option: 'api-token',
    read: secret,
    isSecret: true,
    doc: 'token for VW_API',
  },
  state: {
    stream: { env: 'VW_STATE', default: '' },
    option: 'state',
    read: filePath,
    doc: 'file in which rules are kept over a restart; its folder must exist',
  },
  stateOptional: {
    stream: { env: 'VW_STATE_OPTIONAL', default: 'false' },
    option: 'state-optional',
    read: yesOrNo,
    doc: 'true: a rule that cannot be saved comes in force all the same, until a restart; not the end of a mute',
  },
  allowedOrigins: {
    both: { env: 'VW_ALLOWED_ORIGINS', default: '' },
    option: 'allowed-origins',
    read: origins,
    doc: 'origins whose pages may use the relay',
  },
  allowedHosts: {
    both: { env: 'VW_ALLOWED_HOSTS', default: '' },
    option: 'allowed-hosts',
    read: hostNames,
    doc: 'further host names of the relay',
  },
  logLevel: {
    both: { env: 'VW_LOG_LEVEL', default: 'info' },
    option: 'log-level',
    read: level,
    doc: `${LOG_LEVELS.join(', ')}; VW_LOGLEVEL works too`,
  },
  headersTimeoutMs: {
    both: { env: 'VW_HEADERS_TIMEOUT_MS', default: 10_000 },
    option: 'headers-timeout-ms',
    read: ms,
    doc: 'how long the head of a request may take',
  },
  keepAliveMs: {
    both: { env: 'VW_KEEP_ALIVE_MS', default: 15_000 },
    option: 'keep-alive-ms',
    read: ms,
    doc: 'silence of a connection after which TCP keep-alive probes the peer',
  },
  maxConnections: {
    stream: { env: 'VW_MAX_CONNECTIONS', default: 1000 },
    // Higher than the limit of WebSockets, so that one token cannot use up the connections of others behind the same address.
    serve: { env: 'VW_MAX_CONNECTIONS', default: 2000 },
    option: 'max-connections',
    read: whole(1, 1e6),
    doc: 'connections from one address',
  },
  maxPending: {
    both: { env: 'VW_MAX_PENDING', default: 500 },
    option: 'max-pending',
    read: whole(1, 1e6),
    doc: 'connections without a complete request; beyond it the oldest of the address with the most is closed',
  },
  dialTimeoutMs: {
    stream: { env: 'VW_DIAL_TIMEOUT_MS', default: 10_000 },
    option: 'dial-timeout-ms',
    read: ms,
    limit: 'relay',
    doc: 'how long connecting to an endpoint may take, TLS and upgrade included',
  },
  backoffMinMs: {
    stream: { env: 'VW_BACKOFF_MIN_MS', default: 1_000 },
    option: 'backoff-min-ms',
    read: ms,
    limit: 'relay',
    doc: 'first delay before an endpoint is dialled again; it doubles',
  },
  backoffMaxMs: {
    stream: { env: 'VW_BACKOFF_MAX_MS', default: 10_000 },
    option: 'backoff-max-ms',
    read: ms,
    limit: 'relay',
    doc: 'longest delay before an endpoint is dialled again',
  },
  goodAfterMs: {
    stream: { env: 'VW_GOOD_AFTER_MS', default: 5_000 },
    option: 'good-after-ms',
    read: ms,
    limit: 'relay',
    doc: 'after being open for this long, a link is stable: its fault is over, and the delays start over',
  },
  pingIntervalMs: {
    both: { env: 'VW_PING_INTERVAL_MS', default: 15_000 },
    option: 'ping-interval-ms',
    read: ms,
    limit: 'relay',
    doc: 'how often WebSockets are pinged',
  },
  pongTimeoutMs: {
    both: { env: 'VW_PONG_TIMEOUT_MS', default: 30_000 },
    option: 'pong-timeout-ms',
    read: ms,
    limit: 'relay',
    doc: 'a WebSocket that does not answer a ping for this long is closed',
  },
  closeTimeoutMs: {
    both: { env: 'VW_CLOSE_TIMEOUT_MS', default: 1_000 },
    option: 'close-timeout-ms',
    read: whole(1, 4000),
    limit: 'relay',
    doc: 'how long the closing handshake of a link may take',
  },
  highWaterBytes: {
    both: { env: 'VW_HIGH_WATER_BYTES', default: 2_000_000 },
    option: 'high-water-bytes',
    read: whole(65_536, 1e9),
    limit: 'relay',
    doc: 'bytes waiting for one reader above which messages are dropped for it; each waiting message counts 256 more',
  },
  keyframeWaitMs: {
    both: { env: 'VW_KEYFRAME_WAIT_MS', default: 15_000 },
    option: 'keyframe-wait-ms',
    read: ms,
    limit: 'relay',
    doc: 'how long a new reader waits for a keyframe if the source sends keyframes',
  },
  resumeAfterMs: {
    both: { env: 'VW_RESUME_AFTER_MS', default: 2_000 },
    option: 'resume-after-ms',
    read: ms,
    limit: 'relay',
    doc: 'how long a new reader, or one after drops, waits for a keyframe if the source has never sent one',
  },
  stuckAfterMs: {
    both: { env: 'VW_STUCK_AFTER_MS', default: 30_000 },
    option: 'stuck-after-ms',
    read: ms,
    limit: 'relay',
    doc: 'a viewer that has read nothing for this long is closed',
  },
  cacheMb: {
    both: { env: 'VW_CACHE_MB', default: 32 },
    option: 'cache-mb',
    read: whole(0, 65_536),
    limit: 'relay',
    doc: 'megabytes cached of all feeds and streams for late viewers; 0: none, and they wait for a keyframe',
  },
  maxMessageBytes: {
    both: { env: 'VW_MAX_MESSAGE_BYTES', default: 10 * 1024 * 1024 },
    option: 'max-message-bytes',
    read: whole(1024, 1e8),
    limit: 'relay',
    doc: 'largest message that a WebSocket may send',
  },
  maxClients: {
    stream: { env: 'VW_MAX_CLIENTS', default: 100 },
    option: 'max-clients',
    read: whole(1, 100_000),
    limit: 'relay',
    doc: 'local clients of one feed or stream: WebSockets and players',
  },
  maxRules: {
    stream: { env: 'VW_MAX_RULES', default: 10_000 },
    option: 'max-rules',
    read: whole(1, 1e6),
    limit: 'relay',
    doc: 'most stream rules, and most destination rules',
  },
  maxFeeds: {
    stream: { env: 'VW_MAX_FEEDS', default: 10_000 },
    option: 'max-feeds',
    read: whole(1, 1e6),
    limit: 'relay',
    doc: 'feeds at a time',
  },
  forgetAfterMs: {
    stream: { env: 'VW_FORGET_AFTER_MS', default: 60_000 },
    option: 'forget-after-ms',
    read: ms,
    limit: 'relay',
    doc: 'a feed without source, rule and client is removed after this',
  },
  silentAfterMs: {
    stream: { env: 'VW_SILENT_AFTER_MS', default: 5_000 },
    option: 'silent-after-ms',
    read: ms,
    limit: 'relay',
    doc: 'a source that has sent nothing for this long is reported as silent',
  },
  maxTopics: {
    serve: { env: 'VW_SERVE_MAX_TOPICS', default: 1000 },
    option: 'max-topics',
    read: whole(1, 1e6),
    limit: 'serve',
    doc: 'topics at a time',
  },
  maxTopicClients: {
    serve: { env: 'VW_SERVE_MAX_CLIENTS', default: 2000 },
    option: 'max-clients',
    read: whole(1, 1e6),
    limit: 'serve',
    doc: 'viewers of one topic, including clients that may also publish',
  },
  maxTopicPublishers: {
    serve: { env: 'VW_SERVE_MAX_PUBLISHERS', default: 10 },
    option: 'max-publishers',
    read: whole(1, 1e6),
    limit: 'serve',
    doc: 'publishers of one topic; beyond it the one that has been silent longest is closed',
  },
  maxAddressClients: {
    serve: { env: 'VW_SERVE_MAX_ADDRESS_CLIENTS', default: 1000 },
    option: 'max-address-clients',
    read: whole(1, 1e6),
    limit: 'serve',
    doc: 'WebSockets from one address',
  },
  maxUnauthorised: {
    serve: { env: 'VW_SERVE_MAX_UNAUTHORISED', default: 500 },
    option: 'max-unauthorised',
    read: whole(1, 1e6),
    limit: 'serve',
    doc: 'WebSockets that have not sent a token; beyond it the oldest of the address with the most is closed',
  },
  tokenTimeoutMs: {
    serve: { env: 'VW_SERVE_TOKEN_TIMEOUT_MS', default: 10_000 },
    option: 'token-timeout-ms',
    read: ms,
    limit: 'serve',
    doc: 'how long a WebSocket may take to send its token',
  },
  maxRefusals: {
    serve: { env: 'VW_SERVE_MAX_REFUSALS', default: 30 },
    option: 'max-refusals',
    read: whole(1, 1e6),
    limit: 'serve',
    doc: 'refused tokens from one address in a minute; further refusals give no reason. Valid tokens are still accepted',
  },
} satisfies Record<string, SettingRow>;

type Rows = typeof SETTINGS;
/** The names of a command's settings. */
type NameOf<C extends Command> = {
  [K in keyof Rows]: Rows[K] extends { readonly [P in C]: SettingSource } | { readonly both: SettingSource }
    ? K
    : never;
}[keyof Rows];
export type StreamName = NameOf<'stream'>;
export type ServeName = NameOf<'serve'>;
/** The names of the settings that are limits. */
export type LimitName<L extends 'relay' | 'serve'> = {
  [K in keyof Rows]: Rows[K] extends { readonly limit: L } ? K : never;
}[keyof Rows];
