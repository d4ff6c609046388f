// What can be set: one table of settings, read from arguments and environment by convict. Arguments go before.

import { existsSync, readFileSync } from 'node:fs';
import convict from 'convict';
import { LOG_LEVELS, type LogLevel } from './log.js';
import { DEFAULT_LIMITS, type Limits } from './relay/limits.js';

/** What `vw stream` runs with. */
export interface Config {
  readonly port: number;
  readonly host: string;
  readonly logLevel: LogLevel;
  /** PEM text of extra authorities; null: none. */
  readonly ca: string | null;
  readonly headersTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly limits: Limits;
}

/** A setting that cannot be used. The message names the variable, the value and what is accepted. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** One setting as `--help` and the README show it. */
export interface Setting {
  readonly name: string;
  readonly env: string;
  readonly option: string;
  readonly defaultText: string;
  readonly doc: string;
}

interface Definition {
  readonly env: string;
  readonly option: string;
  readonly doc: string;
  readonly fallback: string | number;
  /** Turns what was given into the value; throws an Error whose message says what is accepted. */
  readonly read: (text: string) => string | number;
}

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text.trim()) ? Number(text) : NaN;
    if (!(value >= least && value <= most)) throw new Error(`a whole number from ${least} to ${most}`);
    return value;
  };
}

function level(text: string): string {
  const lower = text.trim().toLowerCase();
  const name = lower === 'warning' ? 'warn' : lower;
  if (!(LOG_LEVELS as readonly string[]).includes(name)) throw new Error(`${LOG_LEVELS.join(', ')} (in any case)`);
  return name;
}

function hostName(text: string): string {
  if (!/^[A-Za-z0-9.:_%-]+$/.test(text))
    throw new Error('an address or host name of this machine, e.g. 127.0.0.1 or 0.0.0.0');
  return text;
}

function pemFile(text: string): string {
  if (text === '') return '';
  if (!existsSync(text)) throw new Error('a PEM file that is there and can be read');
  return text;
}

const HOUR_MS = 3_600_000;
const ms = whole(1, 24 * HOUR_MS);

const DEFINITIONS = {
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
    doc: 'PEM file of extra authorities to trust for wss',
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
    doc: 'silence of a connection after which TCP asks whether the other side is still there',
  },
  dialTimeoutMs: {
    env: 'VW_DIAL_TIMEOUT_MS',
    option: 'dial-timeout-ms',
    fallback: DEFAULT_LIMITS.dialTimeoutMs,
    read: ms,
    doc: 'a dial that is not answered for so long has failed',
  },
  backoffMinMs: {
    env: 'VW_BACKOFF_MIN_MS',
    option: 'backoff-min-ms',
    fallback: DEFAULT_LIMITS.backoffMinMs,
    read: ms,
    doc: 'first delay before a far end is dialled again; it doubles',
  },
  backoffMaxMs: {
    env: 'VW_BACKOFF_MAX_MS',
    option: 'backoff-max-ms',
    fallback: DEFAULT_LIMITS.backoffMaxMs,
    read: ms,
    doc: 'longest delay before a far end is dialled again',
  },
  goodAfterMs: {
    env: 'VW_GOOD_AFTER_MS',
    option: 'good-after-ms',
    fallback: DEFAULT_LIMITS.goodAfterMs,
    read: ms,
    doc: 'a link that was open for so long is good: the delays start over',
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
    doc: 'a WebSocket that does not answer a ping for so long is dead',
  },
  closeTimeoutMs: {
    env: 'VW_CLOSE_TIMEOUT_MS',
    option: 'close-timeout-ms',
    fallback: DEFAULT_LIMITS.closeTimeoutMs,
    read: whole(1, 4000),
    doc: 'how long the closing of a link may take before it is cut',
  },
  highWaterBytes: {
    env: 'VW_HIGH_WATER_BYTES',
    option: 'high-water-bytes',
    fallback: DEFAULT_LIMITS.highWaterBytes,
    read: whole(65_536, 1e9),
    doc: 'bytes waiting for one reader above which messages are dropped for it',
  },
  resumeAfterMs: {
    env: 'VW_RESUME_AFTER_MS',
    option: 'resume-after-ms',
    fallback: DEFAULT_LIMITS.resumeAfterMs,
    read: ms,
    doc: 'how long a reader that keeps up again waits for a random access point',
  },
  maxMessageBytes: {
    env: 'VW_MAX_MESSAGE_BYTES',
    option: 'max-message-bytes',
    fallback: DEFAULT_LIMITS.maxMessageBytes,
    read: whole(1024, 1e8),
    doc: 'largest message a WebSocket may bring',
  },
  maxClients: {
    env: 'VW_MAX_CLIENTS',
    option: 'max-clients',
    fallback: DEFAULT_LIMITS.maxClients,
    read: whole(1, 100_000),
    doc: 'local WebSockets on one feed or stream',
  },
  maxRules: {
    env: 'VW_MAX_RULES',
    option: 'max-rules',
    fallback: DEFAULT_LIMITS.maxRules,
    read: whole(1, 1e6),
    doc: 'stream rules, and destination rules',
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
    doc: 'a feed with no source, rule or client is forgotten after so long',
  },
} satisfies Record<string, Definition>;

type Name = keyof typeof DEFINITIONS;
const NAMES = Object.keys(DEFINITIONS) as Name[];

/** Every setting, in the order of `--help`. */
export function settings(): Setting[] {
  return NAMES.map((name) => {
    const { env, option, fallback, doc } = DEFINITIONS[name];
    return { name, env, option, defaultText: fallback === '' ? 'none' : String(fallback), doc };
  });
}

/**
 * The configuration that arguments (`{port: '9000'}`, by option name) and environment make. Throws {@link ConfigError}.
 */
export function loadConfig(options: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv): Config {
  // Arguments go over the environment, in it: convict's own reader of arguments takes 0x10 and 1e3 for numbers.
  const variables: NodeJS.ProcessEnv = { ...env, VW_LOG_LEVEL: env.VW_LOG_LEVEL ?? env.VW_LOGLEVEL };
  for (const name of NAMES) {
    const { env: variable, option } = DEFINITIONS[name];
    if (options[option] !== undefined) variables[variable] = options[option];
  }
  const config = convict(schema(), { env: variables, args: [] });
  try {
    config.validate({ allowed: 'strict' });
  } catch (cause) {
    throw blame(options, env, cause);
  }
  const value = config.getProperties();
  const number = (name: Name) => Number(value[name]);
  const limits = Object.fromEntries(
    Object.keys(DEFAULT_LIMITS).map((name) => [name, number(name as Name)]),
  ) as unknown as Limits; // each of its names is a setting: a test holds that
  if (limits.backoffMaxMs < limits.backoffMinMs) {
    throw new ConfigError(
      `VW_BACKOFF_MAX_MS="${limits.backoffMaxMs}" cannot be used; accepted: at least VW_BACKOFF_MIN_MS (${limits.backoffMinMs})`,
    );
  }
  return {
    port: number('port'),
    host: String(value.host),
    logLevel: value.logLevel as LogLevel,
    ca: value.ca === '' ? null : readPem(String(value.ca)),
    headersTimeoutMs: number('headersTimeoutMs'),
    keepAliveMs: number('keepAliveMs'),
    limits,
  };
}

function schema(): convict.Schema<Record<string, string | number>> {
  const all: convict.Schema<Record<string, string | number>> = {};
  for (const name of NAMES) {
    const { env, option, fallback, doc, read } = DEFINITIONS[name] as Definition;
    convict.addFormat({ name: `vw ${option}`, validate: (value) => void read(String(value)), coerce: tolerant(read) });
    all[name] = { doc, default: fallback, format: `vw ${option}`, env, arg: option };
  }
  return all;
}

/** Reads what can be read; what cannot is left for the validation to refuse. */
function tolerant(read: Definition['read']): (text: unknown) => unknown {
  return (text) => {
    try {
      return read(String(text));
    } catch {
      return text;
    }
  };
}

/** Names the variable or option that convict refused, its value, and what is accepted. */
function blame(options: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv, cause: unknown): ConfigError {
  for (const name of NAMES) {
    const { env: variable, option, read } = DEFINITIONS[name] as Definition;
    const places: [string, string | undefined][] = [
      [`--${option}`, options[option]],
      [variable, env[variable]],
      ...(name === 'logLevel' ? [['VW_LOGLEVEL', env.VW_LOGLEVEL] as [string, string | undefined]] : []),
    ];
    const [from, text] = places.find(([, given]) => given !== undefined) ?? [variable, undefined];
    if (text === undefined) continue;
    try {
      read(text);
    } catch (fault) {
      return new ConfigError(`${from}="${text}" cannot be used; accepted: ${(fault as Error).message}`, { cause });
    }
  }
  return new ConfigError((cause as Error).message, { cause });
}

/** Variables that begin with VW_ and mean nothing: misspelt ones, most likely. */
export function unknownVariables(env: NodeJS.ProcessEnv): string[] {
  const known = new Set<string>(['VW_LOGLEVEL', ...NAMES.map((name) => DEFINITIONS[name].env)]);
  return Object.keys(env).filter((name) => name.startsWith('VW_') && !known.has(name));
}

function readPem(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigError(`VW_CA="${path}" cannot be read (${(cause as Error).message}); accepted: a PEM file`, {
      cause,
    });
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----')) {
    throw new ConfigError(`VW_CA="${path}" holds no certificate; accepted: a PEM file with at least one`);
  }
  return text;
}
