// The table of settings of `vw serve`. Settings in common with `vw stream` have the same name.

import { DEFAULT_SERVE_LIMITS } from '../serve/serve-limits.js';
import {
  type Definition,
  DEFINITIONS,
  hostName,
  list,
  ms,
  origins,
  pemFile,
  secret,
  whole,
} from './stream-settings.js';
import { trimSlashes } from '../http/request/path.js';
import { isAddressRange } from '../serve/clients/client-address.js';

function yesOrNo(text: string): string {
  const lower = text.trim().toLowerCase();
  if (lower !== 'true' && lower !== 'false') throw new Error('true or false');
  return lower;
}

/** Addresses that tokens are issued for: kept as written, without a trailing slash. */
function audiences(text: string): string {
  const entries = splitAudiences(text);
  const isGood = (entry: string) => URL.canParse(entry) && /^(wss?|https?):$/.test(new URL(entry).protocol);
  if (!entries.every((entry) => entry.length < 500 && isGood(entry) && !/[?#]/.test(entry))) {
    throw new Error('addresses separated by commas, the first as viewers reach it, e.g. wss://relay.example.org');
  }
  return entries.join(',');
}

/** The entries of VW_SERVE_AUDIENCE. */
export function splitAudiences(text: string): string[] {
  return text
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .map(trimSlashes);
}

const addressRanges = list(
  isAddressRange,
  'addresses or ranges separated by commas, e.g. 127.0.0.1,10.0.0.0/8,fd00::/8',
);

/** Where the player may be embedded: origins, or * for everywhere. */
function embedders(text: string): string {
  return text.trim() === '*' ? '*' : origins(text);
}

/** Every setting of `vw serve` by its name in the program, in the order of `--help`. */
export const SERVE_DEFINITIONS = {
  port: {
    env: 'VW_SERVE_PORT',
    option: 'port',
    fallback: 8889,
    read: whole(0, 65535),
    doc: 'TCP port to listen on; 0: any free one',
  },
  host: {
    env: 'VW_SERVE_HOST',
    option: 'host',
    fallback: '127.0.0.1',
    read: hostName,
    doc: 'address to listen on; 0.0.0.0: all',
  },
  cert: {
    env: 'VW_SERVE_CERT',
    option: 'cert',
    fallback: '',
    read: pemFile,
    doc: 'PEM file of the server certificate with its chain; makes it serve https and wss',
  },
  key: {
    env: 'VW_SERVE_KEY',
    option: 'key',
    fallback: '',
    read: pemFile,
    doc: 'PEM file of its private key',
  },
  secret: {
    env: 'VW_SERVE_SECRET',
    option: 'secret',
    fallback: '',
    read: secret,
    isSecret: true,
    doc: 'secret that tokens are signed with (HS256); 32 characters or more',
  },
  audience: {
    env: 'VW_SERVE_AUDIENCE',
    option: 'audience',
    fallback: '',
    read: audiences,
    doc: 'the address that tokens are for, as boards and viewers reach it',
  },
  open: {
    env: 'VW_SERVE_OPEN',
    option: 'open',
    fallback: 'false',
    read: yesOrNo,
    doc: 'true admits everyone without a token, from anywhere',
  },
  embed: {
    env: 'VW_SERVE_EMBED',
    option: 'embed',
    fallback: '',
    read: embedders,
    doc: 'origins whose pages may embed the player in a frame; *: all',
  },
  trustedProxies: {
    env: 'VW_TRUSTED_PROXIES',
    option: 'trusted-proxies',
    fallback: '',
    read: addressRanges,
    doc: 'addresses and ranges whose X-Forwarded-For is trusted',
  },
  maxTopics: {
    env: 'VW_SERVE_MAX_TOPICS',
    option: 'max-topics',
    fallback: DEFAULT_SERVE_LIMITS.maxTopics,
    read: whole(1, 1e6),
    doc: 'topics at a time',
  },
  maxTopicClients: {
    env: 'VW_SERVE_MAX_CLIENTS',
    option: 'max-clients',
    fallback: DEFAULT_SERVE_LIMITS.maxTopicClients,
    read: whole(1, 1e6),
    doc: 'viewers of one topic, including clients that may also publish',
  },
  maxTopicPublishers: {
    env: 'VW_SERVE_MAX_PUBLISHERS',
    option: 'max-publishers',
    fallback: DEFAULT_SERVE_LIMITS.maxTopicPublishers,
    read: whole(1, 1e6),
    doc: 'publishers of one topic; beyond it the one that has been silent longest is closed',
  },
  maxAddressClients: {
    env: 'VW_SERVE_MAX_ADDRESS_CLIENTS',
    option: 'max-address-clients',
    fallback: DEFAULT_SERVE_LIMITS.maxAddressClients,
    read: whole(1, 1e6),
    doc: 'WebSockets from one address',
  },
  maxUnauthorised: {
    env: 'VW_SERVE_MAX_UNAUTHORISED',
    option: 'max-unauthorised',
    fallback: DEFAULT_SERVE_LIMITS.maxUnauthorised,
    read: whole(1, 1e6),
    doc: 'WebSockets that have not sent a token; beyond it the oldest of the address with the most is closed',
  },
  tokenTimeoutMs: {
    env: 'VW_SERVE_TOKEN_TIMEOUT_MS',
    option: 'token-timeout-ms',
    fallback: DEFAULT_SERVE_LIMITS.tokenTimeoutMs,
    read: ms,
    doc: 'how long a WebSocket may take to send its token',
  },
  maxRefusals: {
    env: 'VW_SERVE_MAX_REFUSALS',
    option: 'max-refusals',
    fallback: DEFAULT_SERVE_LIMITS.maxRefusals,
    read: whole(1, 1e6),
    doc: 'refused tokens from one address in a minute; further refusals give no reason. Valid tokens are still accepted',
  },
  logLevel: DEFINITIONS.logLevel,
  headersTimeoutMs: DEFINITIONS.headersTimeoutMs,
  keepAliveMs: DEFINITIONS.keepAliveMs,
  pingIntervalMs: DEFINITIONS.pingIntervalMs,
  pongTimeoutMs: DEFINITIONS.pongTimeoutMs,
  closeTimeoutMs: DEFINITIONS.closeTimeoutMs,
  highWaterBytes: DEFINITIONS.highWaterBytes,
  keyframeWaitMs: DEFINITIONS.keyframeWaitMs,
  resumeAfterMs: DEFINITIONS.resumeAfterMs,
  stuckAfterMs: DEFINITIONS.stuckAfterMs,
  cacheMb: DEFINITIONS.cacheMb,
  maxMessageBytes: DEFINITIONS.maxMessageBytes,
  // Higher than the limit of WebSockets, so that one token cannot use up the connections of others behind the same
  // address.
  maxConnections: { ...DEFINITIONS.maxConnections, fallback: 2 * DEFAULT_SERVE_LIMITS.maxAddressClients },
  maxPending: DEFINITIONS.maxPending,
  allowedOrigins: DEFINITIONS.allowedOrigins,
  allowedHosts: DEFINITIONS.allowedHosts,
} satisfies Record<string, Definition>;

export type ServeName = keyof typeof SERVE_DEFINITIONS;
