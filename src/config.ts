// What can be set: one table of settings, read from arguments and environment by convict. Arguments go before.

import { readFileSync } from 'node:fs';
import convict from 'convict';
import { type CertificateFiles, readCertificate } from './http/certificate.js';
import type { AllowedHosts } from './http/hosts.js';
import type { LogLevel } from './log.js';
import { DEFAULT_LIMITS, type Limits } from './relay/limits.js';
import { type Definition, DEFINITIONS, NAMES, type Name, splitList } from './settings.js';

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
  readonly maxConnections: number;
  readonly maxPending: number;
  readonly apiKey: string | null;
  readonly allowed: AllowedHosts;
  readonly certificate: CertificateFiles | null;
  readonly commands: { readonly url: string; readonly token: string | null } | null;
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
  // An empty variable is not set: environment files leave such lines.
  const variables: NodeJS.ProcessEnv = Object.fromEntries(Object.entries(env).filter(([, text]) => text !== ''));
  if (variables.VW_LOGLEVEL !== undefined) variables.VW_LOG_LEVEL ??= variables.VW_LOGLEVEL;
  // Arguments go over the environment, in it: convict's own reader of arguments takes 0x10 and 1e3 for numbers.
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
    maxConnections: number('maxConnections'),
    maxPending: number('maxPending'),
    apiKey: textOr(value.apiKey),
    allowed: {
      hosts: new Set(splitList(String(value.allowedHosts))),
      origins: new Set(splitList(String(value.allowedOrigins))),
    },
    certificate: certificateOf(textOr(value.cert), textOr(value.key)),
    commands: commandsOf(textOr(value.api), textOr(value.apiToken)),
  };
}

/** A text setting; empty means not set. */
function textOr(value: string | number | undefined): string | null {
  return value === undefined || value === '' ? null : String(value);
}

function certificateOf(cert: string | null, key: string | null): CertificateFiles | null {
  if (cert === null && key === null) return null;
  if (cert === null || key === null) {
    throw new ConfigError('VW_CERT and VW_KEY go together: one of them is missing; accepted: both, or none');
  }
  try {
    readCertificate({ cert, key });
  } catch (cause) {
    throw new ConfigError(
      `VW_CERT="${cert}" and VW_KEY="${key}" cannot be used (${(cause as Error).message}); accepted: a PEM certificate and its key`,
      { cause },
    );
  }
  return { cert, key };
}

function commandsOf(url: string | null, token: string | null): Config['commands'] {
  if (url === null) {
    if (token !== null) throw new ConfigError('VW_API_TOKEN is set without VW_API; accepted: both, or none');
    return null;
  }
  if (token === null && /^http/i.test(url)) {
    throw new ConfigError('VW_API is an http address, which wants VW_API_TOKEN; accepted: ws:// or wss://, or both');
  }
  return { url, token };
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
    const { env: variable, option, read, isSecret } = DEFINITIONS[name] as Definition;
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
      const value = isSecret === true ? '(secret)' : `"${text}"`;
      return new ConfigError(`${from}=${value} cannot be used; accepted: ${(fault as Error).message}`, { cause });
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
