// The table of settings of `vw stream`: each with its variable, option, default and parser.

import { existsSync } from 'node:fs';
import { LOG_LEVELS } from '../log/log.js';
import { DEFAULT_LIMITS } from '../relay/limits.js';
import { parseDestinationRule } from '../relay/rules/rules.js';

/** One setting: where it comes from and how it is parsed. */
export interface Definition {
  readonly env: string;
  readonly option: string;
  readonly doc: string;
  readonly fallback: string | number;
  /** Parses the text; throws an Error whose message says what is accepted. */
  readonly read: (text: string) => string | number;
  /** Its value is never shown. */
  readonly isSecret?: true;
}

/** An integer within bounds. */
export function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text.trim()) ? Number(text) : NaN;
    if (!(value >= least && value <= most)) throw new Error(`a whole number from ${least} to ${most}`);
    return value;
  };
}

/** A log level, in any case. */
export function level(text: string): string {
  const lower = text.trim().toLowerCase();
  const name = lower === 'warning' ? 'warn' : lower;
  if (!(LOG_LEVELS as readonly string[]).includes(name)) throw new Error(`${LOG_LEVELS.join(', ')} (in any case)`);
  return name;
}

/** An address or name to listen on. */
export function hostName(text: string): string {
  if (!/^[A-Za-z0-9.:_%-]+$/.test(text))
    throw new Error('an address or host name of this machine, e.g. 127.0.0.1 or 0.0.0.0');
  return text;
}

/** The path of an existing file; empty: none. */
export function pemFile(text: string): string {
  if (text === '') return '';
  if (!existsSync(text)) throw new Error('a PEM file that exists');
  return text;
}

/** A list of valid entries. */
export function list(isGood: (entry: string) => boolean, accepted: string): (text: string) => string {
  return (text) => {
    const entries = splitList(text);
    if (!entries.every(isGood)) throw new Error(accepted);
    return entries.join(',');
  };
}

/** The entries of a list setting: separated by commas or spaces. */
export function splitList(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '');
}

/** A list of origins as browsers send them. */
export const origins = list(
  (entry) => URL.canParse(entry) && /^https?:$/.test(new URL(entry).protocol) && new URL(entry).origin === entry,
  'origins separated by commas, e.g. https://lab.example,http://10.0.0.7:3000',
);
const hostNames = list(
  (entry) => /^[a-z0-9._-]+$/.test(entry),
  'host names without port, separated by commas, e.g. board.lab.example',
);

/** A text that is allowed in a header field. */
export function secret(text: string): string {
  if (!/^[\x21-\x7e]{0,8192}$/.test(text)) throw new Error('up to 8192 printable ASCII characters without spaces');
  return text;
}

function commandEndpoint(text: string): string {
  if (text === '') return '';
  try {
    parseDestinationRule({ id: 'api-rule', stream: 'commands', destination: text });
  } catch {
    throw new Error('ws://host[:port]/path or wss://host[:port]/path');
  }
  return text;
}

const HOUR_MS = 3_600_000;
/** A time of up to a day. */
export const ms = whole(1, 24 * HOUR_MS);

/** Every setting of `vw stream` by its name in the program, in the order of `--help`. */
export const DEFINITIONS = {
  port: {
    env: 'VW_PORT',
    option: 'port',
    fallback: 8888,
    read: whole(0, 65535),
    doc: 'TCP port to listen on; 0: any free one',
  },
  host: {
    env: 'VW_HOST',
    option: 'host',
    fallback: '127.0.0.1',
    read: hostName,
    doc: 'address to listen on; 0.0.0.0: all',
  },
  logLevel: {
    env: 'VW_LOG_LEVEL',
    option: 'log-level',
    fallback: 'info',
    read: level,
    doc: `${LOG_LEVELS.join(', ')}; VW_LOGLEVEL works too`,
  },
  ca: {
    env: 'VW_CA',
    option: 'ca',
    fallback: '',
    read: pemFile,
    doc: 'PEM file of extra authorities to trust for wss:// and https:// destinations',
  },
  headersTimeoutMs: {
    env: 'VW_HEADERS_TIMEOUT_MS',
    option: 'headers-timeout-ms',
    fallback: 10_000,
    read: ms,
    doc: 'how long the head of a request may take',
  },
  keepAliveMs: {
    env: 'VW_KEEP_ALIVE_MS',
    option: 'keep-alive-ms',
    fallback: 15_000,
    read: ms,
    doc: 'silence of a connection after which TCP keep-alive probes the peer',
  },
  dialTimeoutMs: {
    env: 'VW_DIAL_TIMEOUT_MS',
    option: 'dial-timeout-ms',
    fallback: DEFAULT_LIMITS.dialTimeoutMs,
    read: ms,
    doc: 'how long connecting to an endpoint may take, TLS and upgrade included',
  },
  backoffMinMs: {
    env: 'VW_BACKOFF_MIN_MS',
    option: 'backoff-min-ms',
    fallback: DEFAULT_LIMITS.backoffMinMs,
    read: ms,
    doc: 'first delay before an endpoint is dialled again; it doubles',
  },
  backoffMaxMs: {
    env: 'VW_BACKOFF_MAX_MS',
    option: 'backoff-max-ms',
    fallback: DEFAULT_LIMITS.backoffMaxMs,
    read: ms,
    doc: 'longest delay before an endpoint is dialled again',
  },
  goodAfterMs: {
    env: 'VW_GOOD_AFTER_MS',
    option: 'good-after-ms',
    fallback: DEFAULT_LIMITS.goodAfterMs,
    read: ms,
    doc: 'after being open for this long, a link is stable: its fault is over, and the delays start over',
  },
  pingIntervalMs: {
    env: 'VW_PING_INTERVAL_MS',
    option: 'ping-interval-ms',
    fallback: DEFAULT_LIMITS.pingIntervalMs,
    read: ms,
    doc: 'how often WebSockets are pinged',
  },
  pongTimeoutMs: {
    env: 'VW_PONG_TIMEOUT_MS',
    option: 'pong-timeout-ms',
    fallback: DEFAULT_LIMITS.pongTimeoutMs,
    read: ms,
    doc: 'a WebSocket that does not answer a ping for this long is closed',
  },
  closeTimeoutMs: {
    env: 'VW_CLOSE_TIMEOUT_MS',
    option: 'close-timeout-ms',
    fallback: DEFAULT_LIMITS.closeTimeoutMs,
    read: whole(1, 4000),
    doc: 'how long the closing handshake of a link may take',
  },
  highWaterBytes: {
    env: 'VW_HIGH_WATER_BYTES',
    option: 'high-water-bytes',
    fallback: DEFAULT_LIMITS.highWaterBytes,
    read: whole(65_536, 1e9),
    doc: 'bytes waiting for one reader above which messages are dropped for it; each waiting message counts 256 more',
  },
  keyframeWaitMs: {
    env: 'VW_KEYFRAME_WAIT_MS',
    option: 'keyframe-wait-ms',
    fallback: DEFAULT_LIMITS.keyframeWaitMs,
    read: ms,
    doc: 'how long a new reader waits for a keyframe if the source sends keyframes',
  },
  resumeAfterMs: {
    env: 'VW_RESUME_AFTER_MS',
    option: 'resume-after-ms',
    fallback: DEFAULT_LIMITS.resumeAfterMs,
    read: ms,
    doc: 'how long a new reader, or one after drops, waits for a keyframe if the source has never sent one',
  },
  maxMessageBytes: {
    env: 'VW_MAX_MESSAGE_BYTES',
    option: 'max-message-bytes',
    fallback: DEFAULT_LIMITS.maxMessageBytes,
    read: whole(1024, 1e8),
    doc: 'largest message that a WebSocket may send',
  },
  stuckAfterMs: {
    env: 'VW_STUCK_AFTER_MS',
    option: 'stuck-after-ms',
    fallback: DEFAULT_LIMITS.stuckAfterMs,
    read: ms,
    doc: 'a viewer that has read nothing for this long is closed',
  },
  cacheMb: {
    env: 'VW_CACHE_MB',
    option: 'cache-mb',
    fallback: DEFAULT_LIMITS.cacheMb,
    read: whole(0, 65_536),
    doc: 'megabytes cached of all feeds and streams for late viewers; 0: none, and they wait for a keyframe',
  },
  maxClients: {
    env: 'VW_MAX_CLIENTS',
    option: 'max-clients',
    fallback: DEFAULT_LIMITS.maxClients,
    read: whole(1, 100_000),
    doc: 'local clients of one feed or stream: WebSockets and players',
  },
  maxRules: {
    env: 'VW_MAX_RULES',
    option: 'max-rules',
    fallback: DEFAULT_LIMITS.maxRules,
    read: whole(1, 1e6),
    doc: 'most stream rules, and most destination rules',
  },
  maxFeeds: {
    env: 'VW_MAX_FEEDS',
    option: 'max-feeds',
    fallback: DEFAULT_LIMITS.maxFeeds,
    read: whole(1, 1e6),
    doc: 'feeds at a time',
  },
  forgetAfterMs: {
    env: 'VW_FORGET_AFTER_MS',
    option: 'forget-after-ms',
    fallback: DEFAULT_LIMITS.forgetAfterMs,
    read: ms,
    doc: 'a feed without source, rule and client is removed after this',
  },
  silentAfterMs: {
    env: 'VW_SILENT_AFTER_MS',
    option: 'silent-after-ms',
    fallback: DEFAULT_LIMITS.silentAfterMs,
    read: ms,
    doc: 'a source that has sent nothing for this long is reported as silent',
  },
  maxConnections: {
    env: 'VW_MAX_CONNECTIONS',
    option: 'max-connections',
    fallback: 1000,
    read: whole(1, 1e6),
    doc: 'connections from one address',
  },
  maxPending: {
    env: 'VW_MAX_PENDING',
    option: 'max-pending',
    fallback: 500,
    read: whole(1, 1e6),
    doc: 'connections without a complete request; beyond it the oldest of the address with the most is closed',
  },
  api: {
    env: 'VW_API',
    option: 'api',
    fallback: '',
    read: commandEndpoint,
    isSecret: true, // it may contain a key in its query
    doc: 'endpoint that is dialled and may then set rules by JSON commands; listed as destination apiRule',
  },
  apiToken: {
    env: 'VW_API_TOKEN',
    option: 'api-token',
    fallback: '',
    read: secret,
    isSecret: true,
    doc: 'token for VW_API',
  },
  apiKey: {
    env: 'VW_API_KEY',
    option: 'api-key',
    fallback: '',
    read: secret,
    isSecret: true,
    doc: 'key for /api, /ws, pages and uploads from other machines',
  },
  allowedOrigins: {
    env: 'VW_ALLOWED_ORIGINS',
    option: 'allowed-origins',
    fallback: '',
    read: origins,
    doc: 'origins whose pages may use the relay',
  },
  allowedHosts: {
    env: 'VW_ALLOWED_HOSTS',
    option: 'allowed-hosts',
    fallback: '',
    read: hostNames,
    doc: 'further host names of the relay',
  },
  cert: {
    env: 'VW_CERT',
    option: 'cert',
    fallback: '',
    read: pemFile,
    doc: 'PEM file of the server certificate with its chain; makes it serve https',
  },
  key: { env: 'VW_KEY', option: 'key', fallback: '', read: pemFile, doc: 'PEM file of its private key' },
} satisfies Record<string, Definition>;

export type Name = keyof typeof DEFINITIONS;
