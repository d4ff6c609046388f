// The configuration of `vw stream`, from its settings.

import type { LogLevel } from '../log/log.js';
import { SERVE_SETTINGS, STREAM_SETTINGS } from './definitions.js';
import { DEFAULT_LIMITS, type Limits, limitsFrom } from './limits.js';
import { ConfigError, describeSettings, readSettings, type Setting, textOr } from './read-settings.js';
import { splitList } from './setting-types.js';
import type { StreamName } from './settings.js';

export { ConfigError, type Setting };

/** The files of a server's certificate. */
export interface CertificatePaths {
  /** PEM: the certificate with its chain. */
  readonly cert: string;
  /** PEM: its private key. */
  readonly key: string;
}

/** What is allowed beyond a server's own address; in lower case. */
export interface AllowedNames {
  readonly hosts: ReadonlySet<string>;
  readonly origins: ReadonlySet<string>;
}

/** The configuration of `vw stream`. */
export interface Config {
  readonly port: number;
  readonly host: string;
  readonly logLevel: LogLevel;
  /** The PEM file of extra authorities; null: none. */
  readonly caFile: string | null;
  readonly headersTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly limits: Limits;
  readonly maxConnections: number;
  readonly maxPending: number;
  readonly apiKey: string | null;
  readonly allowed: AllowedNames;
  readonly certificate: CertificatePaths | null;
  /** Where rules are kept over a restart; null: in memory only. */
  readonly state: { readonly path: string; readonly isOptional: boolean } | null;
  readonly commands: { readonly url: string; readonly token: string | null } | null;
}

/** Every setting, in the order of `--help`. */
export function settings(): Setting[] {
  return describeSettings(STREAM_SETTINGS);
}

/**
 * The configuration from arguments (`{port: '9000'}`, by option name) and environment. Throws {@link ConfigError}.
 */
export function loadConfig(options: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv): Config {
  const value = readSettings(STREAM_SETTINGS, options, env);
  const number = (name: StreamName) => Number(value[name]);
  const limits = limitsFrom(DEFAULT_LIMITS, value);
  if (limits.backoffMaxMs < limits.backoffMinMs) {
    throw new ConfigError(
      `VW_BACKOFF_MIN_MS="${limits.backoffMinMs}" and VW_BACKOFF_MAX_MS="${limits.backoffMaxMs}" cannot be used together; accepted: a maximum of at least VW_BACKOFF_MIN_MS`,
    );
  }
  return {
    port: number('port'),
    host: String(value.host),
    logLevel: value.logLevel as LogLevel,
    caFile: textOr(value.ca),
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
    certificate: certificateOf(['VW_CERT', textOr(value.cert)], ['VW_KEY', textOr(value.key)]),
    state: stateOf(textOr(value.state), value.stateOptional as 'true' | 'false'),
    commands: commandsOf(textOr(value.api), textOr(value.apiToken)),
  };
}

/** The certificate of two settings; null: neither is set. Throws {@link ConfigError} if only one is. */
export function certificateOf(
  [certName, cert]: readonly [name: string, path: string | null],
  [keyName, key]: readonly [name: string, path: string | null],
): CertificatePaths | null {
  if (cert === null && key === null) return null;
  if (cert === null || key === null) {
    throw new ConfigError(`${certName} and ${keyName} go together: one of them is missing; accepted: both, or none`);
  }
  return { cert, key };
}

function stateOf(path: string | null, optional: 'true' | 'false'): Config['state'] {
  if (path !== null) return { path, isOptional: optional === 'true' };
  if (optional === 'true') throw new ConfigError('VW_STATE_OPTIONAL is true without VW_STATE; accepted: both, or none');
  return null;
}

function commandsOf(url: string | null, token: string | null): Config['commands'] {
  if (url === null) {
    if (token !== null) throw new ConfigError('VW_API_TOKEN is set without VW_API; accepted: both, or none');
    return null;
  }
  return { url, token };
}

/** Every variable that some command uses. */
export function knownVariables(): string[] {
  // Those of every command (VW_URL: vw status and vw rules): one file of settings may serve several of them.
  const tables = [...Object.values(STREAM_SETTINGS), ...Object.values(SERVE_SETTINGS)];
  return [...new Set([...tables.map((definition) => definition.env), 'VW_URL', 'VW_LOGLEVEL'])];
}

/** Variables that begin with VW_ and that no command uses: probably misspelt. */
export function unknownVariables(env: NodeJS.ProcessEnv): string[] {
  const known = new Set(knownVariables());
  return Object.keys(env).filter((name) => name.startsWith('VW_') && !known.has(name));
}
